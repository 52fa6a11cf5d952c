"""The one place that wires the scoring service: settings → pools, rule set, consumer, relay, routes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Final

from fastapi import APIRouter

from services.scoring.consumers.evidence_handler import EvidenceHandler
from services.scoring.domain.ruleset import load
from services.scoring.http import (
    case_audits,
    cases,
    children,
    follow_ups,
    hints,
    missing_tests,
    replays,
    rulesets,
    tier_shares,
    zscores,
)
from services.scoring.jobs import rule_switch
from services.scoring.jobs.rule_switch import SwitchPublisher
from services.scoring.jobs.sessions import SILENT_SECONDS, SessionJudge
from services.scoring.store import sessions
from services.scoring.store.replays import unpublished
from services.scoring.use_cases.judge_measurements import Clock
from services.scoring.use_cases.rules_in_force import RulesInForce, install_shipped
from shared.auth.tokens import TokenVerifier
from shared.calendar import now_utc, today_jakarta
from shared.http.app import create_app
from shared.http.health import Health
from shared.http.serve import Process, Task
from shared.ledger.census import CensusTable
from shared.ledger.routes import ledger_router
from shared.messaging.kafka import Broker
from shared.messaging.worker import Worker
from shared.postgres.migrate import migrate
from shared.postgres.pool import Connection, open_pool
from shared.settings import ServiceSettings

SERVICE: Final = "scoring"
MIGRATIONS: Final = Path(__file__).parent / "store" / "migrations"
HOLDS: Final = (
    CensusTable("child", "child"),
    CensusTable("measurement", "measurement"),
    CensusTable("intervention", "intervention"),
    CensusTable("lab-order", "lab_order"),
    CensusTable("lab-result", "lab_result"),
    CensusTable("critical-value", "critical_value"),
)
OWNS: Final = (
    CensusTable("assessment", "assessment"),
    CensusTable("risk-status", "risk_status"),
    CensusTable("case", "child_case"),
    CensusTable("follow-up", "follow_up"),
    CensusTable("hint", "hint"),
)


async def run_migrations(settings: ServiceSettings) -> list[str]:
    """Bring schema `scoring` up to date, as its owner."""
    return await migrate(settings.database_address("owner"), SERVICE, MIGRATIONS)


def clock() -> Clock:
    """The edge's word on time."""
    return Clock(today_jakarta(), now_utc())


def handler(rules: RulesInForce | None = None) -> EvidenceHandler:
    """The consumer's handler; it judges by the rule set in force."""
    return EvidenceHandler(rules or RulesInForce(load()), clock)


@asynccontextmanager
async def build(settings: ServiceSettings) -> AsyncIterator[Process]:
    """What one process needs; which half is running follows from its door."""
    rules = RulesInForce(load())  # a broken rule set stops the start, not the first batch
    health = Health()
    tasks: Mapping[str, Task] = {}
    state: dict[str, Any] = {"rules": rules}
    async with AsyncExitStack() as stack:
        if settings.door.runs_worker:
            address = settings.database_address("worker")
            pool = await stack.enter_async_context(open_pool(address))
            async with pool.acquire() as connection, connection.transaction():
                await install_shipped(connection, now_utc())
            await rules.now(pool)  # one that this release cannot read stops the start, too
            worker = Worker(SERVICE, pool, address, Broker.of(settings), handler(rules))
            worker.register(health)
            judge = SessionJudge(pool, worker.wake)
            health.loop("sessions", lambda: judge.moved_at, SILENT_SECONDS)
            publisher = SwitchPublisher(pool, rules, worker.wake)
            health.loop("rule-switch", lambda: publisher.moved_at, rule_switch.SILENT_SECONDS)
            tasks = {**worker.tasks(), "sessions": judge.run, "rule-switch": publisher.run}
            state["after_commit"] = worker.wake
        if not settings.door.serves_api:
            yield Process(create_app(settings, routers=[], health=health), health, tasks)
            return
        reads = await stack.enter_async_context(open_pool(settings.database_address("api")))
        health.ping("database", lambda: reads.fetchval("SELECT 1"))
        app = create_app(
            settings,
            routers=routers(),
            health=health,
            verifier=TokenVerifier.of(settings),
            state={**state, "pool": reads},
        )
        yield Process(app, health, tasks)


def routers() -> list[APIRouter]:
    """Every route of the service."""
    return [
        children.router,
        cases.router,
        case_audits.router,
        follow_ups.router,
        missing_tests.router,
        tier_shares.router,
        replays.router,
        rulesets.router,
        hints.router,
        zscores.router,
        ledger_router(SERVICE, owns=OWNS, holds=HOLDS, extra=_waiting),
    ]


async def _waiting(connection: Connection) -> dict[str, Any]:
    waiting, _ = await sessions.waiting(connection)
    return {"sessions_waiting": waiting, "switches_waiting": await unpublished(connection)}
