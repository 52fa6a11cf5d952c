"""What the tests of reporting on a real database share: a migrated schema, deliveries, and looks at the result."""

from __future__ import annotations

import ipaddress
import uuid
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import httpx
from fastapi import FastAPI

from deploy.local.stack import Stack
from services.reporting.app import MIGRATIONS, SERVICE, routers
from services.reporting.formats.webhook import SecretVault
from services.reporting.http.feed import CURSORS, STREAMS, Streams
from services.reporting.http.feed_cursor import FeedCursors
from services.reporting.http.operations import WORKER_ADDRESS
from services.reporting.http.page import OPEN_PATHS
from services.reporting.http.page_answers import Entrance
from services.reporting.http.page_session import digest_of, new_session_word, seal_token
from services.reporting.http.scoring_door import ScoringDoor
from services.reporting.http.subscription_address import PLAIN_HTTP, PRIVATE_NETWORKS
from services.reporting.http.subscriptions import VAULT
from services.reporting.store.page_sessions import open_session
from services.reporting.use_cases.project_facts import project_facts
from services.reporting.use_cases.release_period import due, release_period
from shared.auth.roles import scopes_of
from shared.calendar import now_utc
from shared.contracts.fact import Fact
from shared.http.app import create_app
from shared.http.health import Health
from shared.messaging.batch import Applied
from shared.postgres.migrate import migrate
from shared.postgres.pool import Connection, Pool, connect, open_pool
from tests.integration.shared import small_service

PAGE_KEY = bytes(range(64, 96))
FEED_KEY = bytes(range(96, 128))
KABUPATEN = "12.19"
SOON = timedelta(minutes=5)
SETTINGS = small_service.settings_of(SERVICE)
FACTS = (
    "child_fact, measurement_fact, assessment_fact, risk_status_fact, case_fact, follow_up_fact, register_fact, "
    "intervention_fact"
)
QUALITY = ("quality_mark", "posyandu_quality", "quality_sum")
RELEASES = "release, released_kabupaten, released_area, release_turn, release_request, release_due"
DERIVED = ("child_month", "child_span", "child_service", "cell")

BOARD = (
    *("aksi_programme_version", "aksi_template", "aksi_value", "aksi_value_revision", "aksi_statement"),
    *("aksi_statement_revision", "aksi_unit", "aksi_transition", "aksi_submission", "aksi_submitted_value"),
    *("aksi_submitted_statement", "aksi_answer", "aksi_change", "decision", "decision_revision"),
)  # what people entered beside the figures


@dataclass
class Office:
    """The real application on real PostgreSQL, without a network between; every request says who asks."""

    stack: Stack
    api: Pool
    worker: Pool
    client: httpx.AsyncClient
    app: FastAPI

    async def get(
        self, path: str, *, role: str = "district", areas: Sequence[str] = (KABUPATEN,), **query: Any
    ) -> httpx.Response:
        """One read."""
        headers = {"authorization": f"Bearer {small_service.token(role, tuple(areas))}"}
        return await self.client.get(path, params=query, headers=headers)

    async def figures(self, path: str, **asked: Any) -> dict[str, Any]:
        """The body of a read that works."""
        answer = await self.get(path, **asked)
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    async def post(
        self, path: str, *, role: str = "ops", areas: Sequence[str] = (), body: dict[str, Any] | None = None
    ) -> httpx.Response:
        """An operation, or a write with a body."""
        headers = {
            "authorization": f"Bearer {small_service.token(role, tuple(areas))}",
            "idempotency-key": str(uuid.uuid4()),
        }
        return await self.client.post(path, headers=headers, json=body)


@asynccontextmanager
async def open_office(stack: Stack, scoring_door: ScoringDoor | None = None) -> AsyncIterator[Office]:
    """The service on a migrated database."""
    await migrate(stack.address(f"{SERVICE}_owner"), SERVICE, MIGRATIONS)
    async with (
        open_pool(stack.address(f"{SERVICE}_api")) as api,
        open_pool(stack.address(f"{SERVICE}_worker")) as worker,
    ):
        health = Health()
        app = create_app(
            SETTINGS,
            routers=routers(),
            health=health,
            verifier=small_service.verifier(),
            state={
                "pool": api,
                "entrance": Entrance(PAGE_KEY, secure=False),
                "scoring_door": scoring_door,
                CURSORS: FeedCursors(FEED_KEY),
                STREAMS: Streams(health),
                VAULT: SecretVault(FEED_KEY),
                PLAIN_HTTP: True,
                PRIVATE_NETWORKS: (ipaddress.ip_network("127.0.0.0/8"),),
                WORKER_ADDRESS: stack.address(f"{SERVICE}_worker"),
            },
            open_paths=OPEN_PATHS,
        )
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://reporting.test") as client:
            yield Office(stack, api, worker, client, app)


async def log_in(
    api: Pool, role: str, areas: Sequence[str], *, lasting: timedelta = SOON, access_token: str | None = None
) -> str:
    """A session as it stands after a log-in; the value of its cookie."""
    word = new_session_word()
    session = {"subject": f"one-{role}", "client_id": "dashboard", "name": "Petugas <Kabupaten>", "role": role}
    granted = {"scopes": sorted(scopes_of(role)), "granted_areas": list(areas)}
    told = access_token or small_service.token(role, tuple(areas), session["subject"])
    tokens = {"id_token": "e30.e30.e30", "sealed_access_token": seal_token(word, told)}
    await open_session(api, digest_of(word), {**session, **granted, **tokens, "expires_at": now_utc() + lasting})
    return word


async def empty(pool: Pool) -> None:
    """Forget everything that was projected."""
    beside = ("figure_mark", "feed_entry", "tally", "tally_due", "webhook_delivery", "subscription", *QUALITY)
    facts = (*FACTS.split(", "), "fact_tally", "child", "child_link", *DERIVED, "level_cell", *beside)
    others = (*BOARD, "cut_off", "export_piece", "export_file", "job", "exchange_code")
    await pool.execute(
        "; ".join(f"DELETE FROM {table}" for table in (*facts, *others, "generation WHERE state <> 'live'"))
    )


async def forget_alerts(stack: Stack) -> None:
    """As the owner, since steps are append-only for everybody else."""
    owner = await connect(stack.address(f"{SERVICE}_owner"))
    try:
        await owner.execute("TRUNCATE quality_alert, quality_alert_step")
    finally:
        await owner.close()


async def forget_history(stack: Stack) -> None:
    """As the owner, since what was judged is a record."""
    owner = await connect(stack.address(f"{SERVICE}_owner"))
    try:
        await owner.execute("TRUNCATE quality_history")
    finally:
        await owner.close()


async def forget_releases(stack: Stack) -> None:
    """As the owner, since a release is for good."""
    owner = await connect(stack.address(f"{SERVICE}_owner"))
    try:
        await owner.execute(f"TRUNCATE {RELEASES}")
    finally:
        await owner.close()


async def release_all(pool: Pool, today: date, periods: Collection[str] = ()) -> int:
    """Release everything that is due on `today`, or of it `periods` only; how many releases."""
    number = 0
    async with pool.acquire() as connection:
        for one in await due(connection, today):
            if not periods or str(one.period) in periods:
                async with connection.transaction(isolation="repeatable_read"):
                    number += await release_period(connection, *one, today) is not None
    return number


async def forget_quality_sums(stack: Stack) -> None:
    """As after an upgrade from a program that kept none."""
    owner = await connect(stack.address(f"{SERVICE}_owner"))
    try:
        await owner.execute("TRUNCATE quality_sum, quality_sums_kept")
    finally:
        await owner.close()


async def deliver(pool: Pool, facts: Sequence[Fact], size: int | None = None) -> list[Applied]:
    """Project `facts` in batches of `size`, each in a transaction of its own, as the consumer does."""
    outcomes: list[Applied] = []
    size = size or len(facts) or 1
    for start in range(0, len(facts), size):
        async with pool.acquire() as connection, connection.transaction():
            outcomes += await project_facts(connection, facts[start : start + size])
    return outcomes


async def derived(pool: Pool) -> dict[str, list[tuple[Any, ...]]]:
    """All derived rows of the live generation, without its number; cells that hold nothing left out."""
    rows: dict[str, list[tuple[Any, ...]]] = {}
    for table in DERIVED:
        found = await pool.fetch(
            f"SELECT * FROM {table} WHERE generation = (SELECT generation FROM generation WHERE state = 'live')"
        )
        rows[table] = sorted((tuple(row)[1:] for row in found), key=repr)
    rows["cell"] = [row for row in rows["cell"] if any(row[3:-1])]  # behind its place and before its length
    return rows


async def cell(connection: Connection | Pool, month: str, **where: str) -> dict[str, int]:
    """The sums of a month over the cells that match `where`, with S as `target_children`."""
    conditions = " AND ".join(f"{column} = '{value}'" for column, value in where.items()) or "true"
    row = await connection.fetchrow(
        f"SELECT to_jsonb(sums) AS sums FROM (SELECT {SUMS} FROM cell "
        f"WHERE months = 1 AND month = $1::text::date AND {conditions}) AS sums",
        f"{month}-01",
    )
    target = await connection.fetchval(
        "SELECT coalesce(sum(target_change), 0) FROM cell "
        f"WHERE months = 1 AND month <= $1::text::date AND {conditions}",
        f"{month}-01",
    )
    assert row is not None
    sums: dict[str, int] = dict(row["sums"])
    sums["target_children"] = target + sums.pop("target_shift")
    return sums


SUMS = ", ".join(
    f"coalesce(sum({name}), 0)::int AS {name}"
    for name in (
        "target_shift", "pending", "weighed", "height_measured", "both_measured", "height_whole_cm", "oedema",
        "haz_measured", "stunted", "severely_stunted", "haz_flagged", "waz_measured", "underweight",
        "severely_underweight", "waz_flagged", "whz_measured", "wasted", "severely_wasted", "overweight", "whz_flagged",
        "baz_measured", "baz_low", "baz_severely_low", "letter_n", "letter_t", "letter_o", "letter_b",
        "twice_not_gained", "below_red_line", "suspected", "urgent",
    )
)  # fmt: skip
