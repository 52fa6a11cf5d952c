"""The one place that wires the measurement service: settings → pools, vault, routes, relay, jobs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Final

from fastapi import APIRouter

from services.measurement.http import (
    children,
    course_list,
    history,
    household_risks,
    intake_decisions,
    interventions,
    mappings,
    measurements,
    merge_candidates,
    merges,
    profiles,
    referrals,
    register,
    review,
    review_jobs,
)
from services.measurement.http import exports as export_routes
from services.measurement.http import intake as intake_routes
from services.measurement.http import reconciliations as reconciliation_routes
from services.measurement.http import waterfall as waterfall_routes
from services.measurement.jobs.handlers import handlers
from services.measurement.jobs.housekeeping import Housekeeping
from services.measurement.jobs.matching import Matching
from services.measurement.jobs.parsing import Parser
from services.measurement.store import counts
from services.measurement.store.vault import Vault
from services.measurement.use_cases.republish import republish
from shared.auth.tokens import TokenVerifier
from shared.http.app import create_app
from shared.http.health import Health
from shared.http.serve import Command, Process, Task
from shared.jobs.runner import JobRunner
from shared.ledger.census import CensusTable
from shared.ledger.routes import ledger_router
from shared.messaging.kafka import Broker
from shared.messaging.worker import Worker
from shared.outbox.republish_door import republish_command
from shared.postgres.migrate import migrate
from shared.postgres.pool import Connection, open_pool
from shared.settings import ServiceSettings

SERVICE: Final = "measurement"
MIGRATIONS: Final = Path(__file__).parent / "store" / "migrations"
SILENT_SECONDS: Final = 120.0  # of the job loop: longer than any chunk takes
OWNS: Final = (
    CensusTable("register-entry", "register_entry"),
    CensusTable("child", "child_census"),
    CensusTable("measurement", "measurement_census"),
    CensusTable("intervention", "intervention_census"),
)


async def run_migrations(settings: ServiceSettings) -> list[str]:
    """Bring schema `measurement` up to date, as its owner."""
    return await migrate(settings.database_address("owner"), SERVICE, MIGRATIONS)


@asynccontextmanager
async def build(settings: ServiceSettings) -> AsyncIterator[Process]:
    """What one process needs; which half is running follows from its door."""
    health = Health()
    vault = Vault(settings.key("master"), settings.key("match"))
    parser = Parser()
    state: dict[str, Any] = {"vault": vault, "parser": parser}
    tasks: dict[str, Task] = {}
    async with AsyncExitStack() as stack:
        stack.callback(parser.close)
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
            verifier=TokenVerifier.of(settings) if settings.door.serves_api else None,
            state=state,
        )
        yield Process(app, health, tasks)


async def _worker(
    settings: ServiceSettings, stack: AsyncExitStack, health: Health, state: dict[str, Any]
) -> dict[str, Task]:
    """Relay and jobs; a commit of this process wakes them at once."""
    address = settings.database_address("worker")
    pool = await stack.enter_async_context(open_pool(address))
    worker = Worker(SERVICE, pool, address, Broker.of(settings), None)
    worker.register(health)
    vault = state["vault"]
    runner = JobRunner(pool, handlers(pool, vault, state["parser"], worker.wake))
    matching = Matching(pool, vault)
    health.loop("jobs", lambda: runner.moved_at, SILENT_SECONDS)
    health.state("jobs", runner.ready)

    def after_commit() -> None:
        worker.wake()
        runner.wake()

    state["after_commit"] = after_commit
    return {**worker.tasks(), "jobs": runner.run, "housekeeping": Housekeeping(pool).run, "matching": matching.run}


def routers() -> list[APIRouter]:
    """Every route of the service."""
    return [
        register.router,
        children.router,
        history.router,
        household_risks.router,
        merges.router,
        merge_candidates.router,
        measurements.router,
        course_list.router,
        interventions.router,
        referrals.router,
        intake_routes.router,
        intake_decisions.router,
        mappings.router,
        profiles.router,
        review.router,
        review_jobs.router,
        export_routes.router,
        reconciliation_routes.router,
        waterfall_routes.router,
        ledger_router(SERVICE, owns=OWNS, holds=(), extra=_intake_ledger),
    ]


async def _intake_ledger(connection: Connection) -> dict[str, Any]:
    return {"intake": await counts.totals(connection)}


COMMANDS: Final[Mapping[str, Command]] = {"republish": republish_command(republish)}
