"""The one place that wires reporting: settings → pools, routes, page, consumer, jobs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Final

from fastapi import APIRouter

from services.reporting.consumers.facts import FactsHandler
from services.reporting.domain.quality_ruleset import load
from services.reporting.formats.webhook import SecretVault
from services.reporting.http import (
    areas,
    child_page,
    exchange_codes,
    exports,
    feed,
    indicators,
    login,
    operations,
    page,
    quality,
    quality_alerts,
    releases,
    reports,
    subscription_address,
    subscriptions,
    surveys,
    target_path,
    why_changed,
)
from services.reporting.http.aksi_routes import ROUTERS as BOARD
from services.reporting.http.feed_cursor import FeedCursors
from services.reporting.http.login_provider import Provider
from services.reporting.http.page import OPEN_PATHS
from services.reporting.http.page_answers import Entrance
from services.reporting.http.scoring_door import ScoringDoor
from services.reporting.jobs.cut_offs import CutOffs
from services.reporting.jobs.feed import SILENT_SECONDS, FeedGatherer
from services.reporting.jobs.handlers import handlers
from services.reporting.jobs.housekeeping import Housekeeping
from services.reporting.jobs.quality import SILENT_SECONDS as QUALITY_SILENT_SECONDS
from services.reporting.jobs.quality import QualityJudge
from services.reporting.jobs.releases import SILENT_SECONDS as RELEASES_SILENT_SECONDS
from services.reporting.jobs.releases import ReleaseKeeper
from services.reporting.jobs.tallies import SILENT_SECONDS as TALLIES_SILENT_SECONDS
from services.reporting.jobs.tallies import TallyKeeper
from services.reporting.jobs.webhooks import WebhookSender
from services.reporting.store import quality_marks
from services.reporting.store.fact_tables import HOLDS
from services.reporting.use_cases.keep_alerts import Clock
from shared.auth.tokens import TokenVerifier
from shared.calendar import now_utc, today_jakarta
from shared.contracts.fact import new_fact_id
from shared.http.app import create_app
from shared.http.health import Health
from shared.http.serve import Process, Task
from shared.jobs.runner import JobRunner
from shared.ledger.routes import ledger_router
from shared.messaging.kafka import Broker
from shared.messaging.worker import Worker
from shared.postgres.migrate import migrate
from shared.postgres.pool import Connection, open_pool
from shared.setting_groups import Mode
from shared.settings import ServiceSettings

SERVICE: Final = "reporting"
MIGRATIONS: Final = Path(__file__).parent / "store" / "migrations"
JOBS_SILENT_SECONDS: Final = 120.0  # of the job loop: longer than any file takes


async def run_migrations(settings: ServiceSettings) -> list[str]:
    """Bring schema `reporting` up to date, as its owner."""
    return await migrate(settings.database_address("owner"), SERVICE, MIGRATIONS)


@asynccontextmanager
async def build(settings: ServiceSettings) -> AsyncIterator[Process]:
    """What one process needs; which half is running follows from its door."""
    health = Health()
    state: dict[str, Any] = {}
    tasks: dict[str, Task] = {}
    async with AsyncExitStack() as stack:
        if settings.door.runs_worker:
            address = settings.database_address("worker")
            pool = await stack.enter_async_context(open_pool(address))
            worker = Worker(SERVICE, pool, address, Broker.of(settings), FactsHandler(now_utc))
            worker.register(health)
            health.ping("worker-database", lambda: pool.fetchval("SELECT 1"))
            gatherer = FeedGatherer(pool)
            health.loop("feed", lambda: gatherer.moved_at, SILENT_SECONDS)
            judge = QualityJudge(pool, load(), judge_clock)
            health.loop("quality", lambda: judge.moved_at, QUALITY_SILENT_SECONDS)
            keeper = TallyKeeper(pool, today_jakarta)
            health.loop("tallies", lambda: keeper.moved_at, TALLIES_SILENT_SECONDS)
            releaser = ReleaseKeeper(pool, today_jakarta)
            health.loop("releases", lambda: releaser.moved_at, RELEASES_SILENT_SECONDS)
            sender = WebhookSender(pool, SecretVault(settings.key("feed")), settings.webhooks.private_networks)
            health.loop("webhooks", lambda: sender.moved_at, SILENT_SECONDS)
            tasks |= {**worker.tasks(), "feed": gatherer.run, "quality": judge.run, "webhooks": sender.run}
            tasks |= {"tallies": keeper.run, "releases": releaser.run}
            runner = JobRunner(pool, handlers(pool))
            health.loop("jobs", lambda: runner.moved_at, JOBS_SILENT_SECONDS)
            health.state("jobs", runner.ready)
            tasks |= {"jobs": runner.run, "housekeeping": Housekeeping(pool).run}
            state["after_commit"] = runner.wake
            if worker.consumer is not None:
                tasks["cut-offs"] = CutOffs(pool, worker.consumer.note_ends, now_utc).run
            state[operations.WORKER_ADDRESS] = address
        verifier = None
        if settings.door.serves_api:
            api_pool = await stack.enter_async_context(open_pool(settings.database_address("api")))
            health.ping("database", lambda: api_pool.fetchval("SELECT 1"))
            verifier = TokenVerifier.of(settings)
            door = ScoringDoor.at(settings.login.scoring_url) if settings.login.scoring_url else None
            if door is not None:
                await stack.enter_async_context(door.client)
            state |= {"pool": api_pool, "entrance": _entrance(settings, verifier), "scoring_door": door}
            state |= {feed.CURSORS: FeedCursors(settings.key("feed")), feed.STREAMS: feed.Streams(health)}
            state |= {subscriptions.VAULT: SecretVault(settings.key("feed"))}
            state |= {subscription_address.PLAIN_HTTP: settings.mode is Mode.LOCAL}
            state |= {subscription_address.PRIVATE_NETWORKS: settings.webhooks.private_networks}
        app = create_app(
            settings,
            routers=routers() if settings.door.serves_api else [],
            health=health,
            verifier=verifier,
            state=state,
            open_paths=OPEN_PATHS,
        )
        yield Process(app, health, tasks)


def _entrance(settings: ServiceSettings, verifier: TokenVerifier) -> Entrance:
    login_settings = settings.login
    provider = None
    if login_settings.provider_url and login_settings.page_url:
        issuer = settings.tokens.token_issuer
        provider = Provider(login_settings.provider_url, login_settings.page_url, verifier, issuer)
    return Entrance(settings.key("page"), settings.mode is Mode.PRODUCTION, provider)


def routers() -> list[APIRouter]:
    """Every route of the service."""
    pages = [page.router, child_page.router, login.router]
    return [
        *BOARD,
        areas.router,
        why_changed.router,
        quality.router,
        quality_alerts.router,
        feed.router,
        subscriptions.router,
        releases.router,
        reports.router,
        surveys.router,
        target_path.router,
        indicators.router,
        exports.router,
        exchange_codes.router,
        operations.router,
        *pages,
        ledger_router(SERVICE, owns=(), holds=HOLDS, extra=_waiting),
    ]


async def _waiting(connection: Connection) -> dict[str, Any]:
    return {"quality_waiting": (await quality_marks.waiting(connection))[0]}


def judge_clock() -> Clock:
    """The edge's word on time, and new ids."""
    return Clock(today_jakarta(), now_utc(), new_fact_id)
