"""The one place that wires the laboratory service: settings → pools, consumer, relay, routes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final

from services.lab.consumers.facts import FactsHandler
from services.lab.store.holding import HOLDS
from shared.auth.tokens import TokenVerifier
from shared.http.app import create_app
from shared.http.health import Health
from shared.http.serve import Command, Process, Task
from shared.ledger.routes import ledger_router
from shared.messaging.kafka import Broker
from shared.messaging.redrive_door import redrive_command
from shared.messaging.worker import Worker
from shared.postgres.migrate import migrate
from shared.postgres.pool import open_pool
from shared.settings import ServiceSettings

SERVICE: Final = "lab"
MIGRATIONS: Final = Path(__file__).parent / "store" / "migrations"
COMMANDS: Final[Mapping[str, Command]] = {"redrive": redrive_command(SERVICE, FactsHandler())}


async def run_migrations(settings: ServiceSettings) -> list[str]:
    """Bring schema `lab` up to date, as its owner."""
    return await migrate(settings.database_address("owner"), SERVICE, MIGRATIONS)


@asynccontextmanager
async def build(settings: ServiceSettings) -> AsyncIterator[Process]:
    """What one process needs; which half is running follows from its door."""
    health = Health()
    tasks: Mapping[str, Task] = {}
    async with AsyncExitStack() as stack:
        if settings.door.runs_worker:
            address = settings.database_address("worker")
            pool = await stack.enter_async_context(open_pool(address))
            worker = Worker(SERVICE, pool, address, Broker.of(settings), FactsHandler())
            worker.register(health)
            tasks = worker.tasks()
        if not settings.door.serves_api:
            yield Process(create_app(settings, routers=[], health=health), health, tasks)
            return
        reads = await stack.enter_async_context(open_pool(settings.database_address("api")))
        health.ping("database", lambda: reads.fetchval("SELECT 1"))
        app = create_app(
            settings,
            routers=[ledger_router(SERVICE, owns=(), holds=HOLDS)],
            health=health,
            verifier=TokenVerifier.of(settings),
            state={"pool": reads},
        )
        yield Process(app, health, tasks)
