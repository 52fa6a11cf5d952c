"""The one place that wires the measurement service: settings → pools, vault, routes, relay, jobs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Final

from fastapi import APIRouter

from services.measurement.http import children, measurements, merges, register
from services.measurement.store import counts
from services.measurement.store.vault import Vault
from shared.auth.keys import KeySet, from_file, from_url
from shared.auth.tokens import TokenVerifier
from shared.http.app import create_app
from shared.http.health import Health
from shared.http.serve import Process, Task
from shared.ledger.census import CensusTable
from shared.ledger.routes import ledger_router
from shared.messaging.kafka import Broker
from shared.messaging.worker import Worker
from shared.postgres.migrate import migrate
from shared.postgres.pool import Connection, open_pool
from shared.settings import Mode, ServiceSettings

SERVICE: Final = "measurement"
MIGRATIONS: Final = Path(__file__).parent / "store" / "migrations"
OWNS: Final = (
    CensusTable("register-entry", "register_entry"),
    CensusTable("child", "child_census"),
    CensusTable("measurement", "measurement_census"),
)


async def run_migrations(settings: ServiceSettings) -> list[str]:
    """Bring schema `measurement` up to date, as its owner."""
    return await migrate(settings.database_address("owner"), SERVICE, MIGRATIONS)


@asynccontextmanager
async def build(settings: ServiceSettings) -> AsyncIterator[Process]:
    """What one process needs; which half is running follows from its door."""
    health = Health()
    vault = Vault(settings.key("master"), settings.key("match"))
    state: dict[str, Any] = {"vault": vault}
    tasks: dict[str, Task] = {}
    async with AsyncExitStack() as stack:
        if settings.door.runs_worker:
            tasks |= await _worker(settings, stack, health, state)
        if settings.door.serves_api:
            pool = await stack.enter_async_context(open_pool(settings.database_address("api")))
            health.ping("database", lambda: pool.fetchval("SELECT 1"))
            state["pool"] = pool
        app = create_app(
            settings,
            routers=routers() if settings.door.serves_api else [],
            health=health,
            verifier=_verifier(settings) if settings.door.serves_api else None,
            state=state,
        )
        yield Process(app, health, tasks)


async def _worker(
    settings: ServiceSettings, stack: AsyncExitStack, health: Health, state: dict[str, Any]
) -> dict[str, Task]:
    """Relay and jobs; a commit of this process wakes them at once."""
    address = settings.database_address("worker")
    pool = await stack.enter_async_context(open_pool(address))
    worker = Worker(SERVICE, pool, address, _broker(settings), None)
    worker.register(health)
    state["after_commit"] = worker.relay.wake
    return worker.tasks()


def routers() -> list[APIRouter]:
    """Every route of the service."""
    return [
        register.router,
        children.router,
        merges.router,
        measurements.router,
        ledger_router(SERVICE, owns=OWNS, holds=(), extra=_intake_ledger),
    ]


async def _intake_ledger(connection: Connection) -> dict[str, Any]:
    return {"intake": await counts.totals(connection)}


def _broker(settings: ServiceSettings) -> Broker:
    kafka = settings.kafka
    return Broker(kafka.bootstrap, kafka.username, kafka.password.get_secret_value(), settings.mode is not Mode.LOCAL)


def _verifier(settings: ServiceSettings) -> TokenVerifier:
    tokens = settings.tokens
    source = from_url(tokens.jwks_url) if tokens.jwks_url else from_file(Path(str(tokens.jwks_file)))
    return TokenVerifier(KeySet(source), issuer=tokens.token_issuer, audience=tokens.token_audience)
