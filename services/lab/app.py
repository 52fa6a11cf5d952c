"""The one place that wires the laboratory service: settings → pools, consumer, relay, routes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Final

from fastapi import APIRouter

from services.lab.consumers.facts import FactsHandler
from services.lab.domain import catalogue
from services.lab.http import catalogue as catalogue_routes
from services.lab.http import (
    criticals,
    fhir,
    held_groups,
    held_results,
    hl7,
    inbound_messages,
    laboratories,
    orders,
    result_files,
    results,
    specimens,
)
from services.lab.jobs.housekeeping import Housekeeping
from services.lab.jobs.mllp import MllpListener
from services.lab.store.holding import HOLDS
from services.lab.use_cases.republish import republish
from shared.auth.tokens import TokenVerifier
from shared.http.app import create_app
from shared.http.health import Health
from shared.http.serve import Command, Process, Task
from shared.ledger.census import CensusTable
from shared.ledger.routes import ledger_router
from shared.messaging.kafka import Broker
from shared.messaging.redrive_door import redrive_command
from shared.messaging.worker import Worker
from shared.outbox.republish_door import republish_command
from shared.postgres.migrate import migrate
from shared.postgres.pool import open_pool
from shared.settings import ServiceSettings

SERVICE: Final = "lab"
MIGRATIONS: Final = Path(__file__).parent / "store" / "migrations"
OWNS: Final = (
    CensusTable("lab-order", "lab_order"),
    CensusTable("lab-result", "lab_result"),
    CensusTable("critical-value", "critical_value"),
)


async def run_migrations(settings: ServiceSettings) -> list[str]:
    """Bring schema `lab` up to date, as its owner."""
    return await migrate(settings.database_address("owner"), SERVICE, MIGRATIONS)


def routers() -> list[APIRouter]:
    """Every route of the service."""
    return [
        catalogue_routes.router,
        laboratories.router,
        orders.router,
        specimens.router,
        results.router,
        result_files.router,
        held_results.router,
        held_groups.router,
        fhir.router,
        hl7.router,
        inbound_messages.router,
        criticals.router,
        ledger_router(SERVICE, owns=OWNS, holds=HOLDS),
    ]


@asynccontextmanager
async def build(settings: ServiceSettings) -> AsyncIterator[Process]:
    """What one process needs; which half is running follows from its door."""
    catalogue.load()  # a broken catalogue stops the start, not the first result
    health = Health()
    tasks: Mapping[str, Task] = {}
    state: dict[str, Any] = {}
    async with AsyncExitStack() as stack:
        if settings.door.runs_worker:
            address = settings.database_address("worker")
            pool = await stack.enter_async_context(open_pool(address))
            worker = Worker(SERVICE, pool, address, Broker.of(settings), FactsHandler())
            worker.register(health)
            tasks = {
                **worker.tasks(),
                "housekeeping": Housekeeping(pool, worker.wake, settings.lab.inbound_kept_days).run,
            }
            state["after_commit"] = worker.wake
        if not settings.door.serves_api:
            yield Process(create_app(settings, routers=[], health=health), health, tasks)
            return
        api = await stack.enter_async_context(open_pool(settings.database_address("api")))
        health.ping("database", lambda: api.fetchval("SELECT 1"))
        if settings.lab.mllp_port is not None:
            listener = MllpListener(api, settings.lab, state.get("after_commit", _nobody_waits))
            tasks = {**tasks, "mllp": listener.run}
        app = create_app(
            settings,
            routers=routers(),
            health=health,
            verifier=TokenVerifier.of(settings),
            state={"pool": api, **state},
        )
        yield Process(app, health, tasks)


def _nobody_waits() -> None:
    """The relay of another process polls by itself."""


COMMANDS: Final[Mapping[str, Command]] = {
    "republish": republish_command(republish),
    "redrive": redrive_command(SERVICE, FactsHandler()),
}
