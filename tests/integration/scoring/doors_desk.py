"""Scoring as its clients see it: the real application on real PostgreSQL, facts brought by the real handler."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import httpx
import orjson

from deploy.local.stack import Stack
from services.scoring.app import MIGRATIONS, SERVICE, routers
from services.scoring.consumers.evidence_handler import EvidenceHandler
from services.scoring.domain.ruleset import load
from services.scoring.store.laboratory_tables import LAB_ORDERS
from services.scoring.use_cases.judge_measurements import Clock
from services.scoring.use_cases.rules_in_force import RulesInForce
from shared.calendar import now_utc, today_jakarta
from shared.contracts.child import ChildV1, Residence
from shared.contracts.fact import Fact
from shared.contracts.lab import LabOrderV1, LabResultV1
from shared.contracts.risk import CaseV1
from shared.http.app import create_app
from shared.http.health import Health
from shared.outbox.append import append
from shared.postgres.merge import merge_facts
from shared.postgres.migrate import migrate
from shared.postgres.pool import Pool, open_pool
from tests.integration.scoring import evidence
from tests.integration.scoring.evidence import visit
from tests.integration.shared import small_service
from tests.integration.shared.callers import ask

DESA_A = "12.19.01.2003"
DESA_B = "12.19.01.2004"
TABLES = (
    *("child", "measurement", "lab_order", "lab_result", "critical_value", "intervention"),
    *("assessment", "risk_status", "child_case", "follow_up", "follow_up_note", "session_mark", "hint", "outbox"),
    *("case_audit", "case_audit_revision"),
    *("replay_mark", "replay_child", "replay", "rule_set_activation", "rule_set"),
)
SETTINGS = small_service.settings_of(SERVICE)


@dataclass
class Desk:
    """The service's pools and a client; every request says who asks."""

    api: Pool
    worker: Pool
    client: httpx.AsyncClient

    async def send(self, method: str, path: str, body: Any = None, **who: Any) -> httpx.Response:
        """One request, of the clinician unless said otherwise."""
        who = {"role": "clinician", "areas": (DESA_A, DESA_B)} | who
        return await ask(self.client, method, path, body, **who)

    async def get(self, path: str, **who: Any) -> Any:
        """The document at `path`."""
        answer = await self.send("GET", path, **who)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def move(self, case: dict[str, Any], move: str, on: date, **rest: Any) -> httpx.Response:
        """A move of a case as the list showed it."""
        reason = {name: rest.pop(name) for name in ("reason", "cause") if name in rest}
        return await self.send(
            "POST",
            f"/v1/cases/{case['fact_id']}:move",
            {"move": move, "on": on.isoformat(), **reason},
            etag=rest.pop("etag", case["etag"]),
            **rest,
        )

    async def arrive(self, *facts: Fact, today: date | None = None) -> None:
        """One batch, as the consumer takes it."""
        handler = EvidenceHandler(RulesInForce(load()), lambda: Clock(today or today_jakarta(), now_utc()))
        async with self.worker.acquire() as connection, connection.transaction():
            effect = await handler.apply(connection, facts)
            await append(connection, effect.messages)

    async def suspected(self, **changes: Any) -> tuple[uuid.UUID, dict[str, Any]]:
        """A child measured far too short ten days ago, and its case."""
        child_id = uuid.uuid4()
        await self.arrive(child(child_id, **changes), visit(child_id, days_ago(10), 8.4, 74.0))
        return child_id, await self.case_of(child_id)

    async def case_of(self, child_id: uuid.UUID) -> dict[str, Any]:
        """The only case of the child, as the list shows it."""
        (case,) = [
            item
            for state in ("", "?state=closed")
            for item in (await self.get(f"/v1/cases{state}"))["items"]
            if item["child_id"] == str(child_id)
        ]
        found: dict[str, Any] = case
        return found

    async def published(self, kind: str) -> list[dict[str, Any]]:
        """Events of that kind that wait in the outbox, oldest first."""
        rows = await self.worker.fetch("SELECT headers, bodies FROM outbox ORDER BY id")
        return [
            orjson.loads(body)
            for row in rows
            for headers, body in zip(row["headers"], row["bodies"], strict=True)
            if dict(orjson.loads(headers))["ce_type"] == f"tumbuh.{kind}"
        ]


def days_ago(days: int) -> date:
    return today_jakarta() - timedelta(days=days)


def child(child_id: uuid.UUID, revision: int = 1, **changes: Any) -> ChildV1:
    """A boy of some twenty months in desa A."""
    born = days_ago(610)
    ours = {
        "known_at": now_utc() - timedelta(days=300) + timedelta(minutes=revision),
        "birth_date": born,
        "residences": (Residence(valid_from=born, desa_code=DESA_A),),
    }
    return evidence.child(child_id, revision, **(ours | changes))


def result(
    child_id: uuid.UUID, test_code: str, value: float, drawn_on: date | None = None, **changes: Any
) -> LabResultV1:
    """A venous result, of five days ago unless said otherwise."""
    ours = {"fact_id": uuid.uuid5(child_id, f"{test_code}{value}"), "known_at": now_utc(), "reported_at": now_utc()}
    return evidence.result(child_id, test_code, value, drawn_on or days_ago(5), **(ours | changes))


async def require_tests(desk: Desk, case: dict[str, Any], tests: Sequence[str], states: dict[str, str]) -> None:
    """The case asks for these tests, and its order stands so."""
    child_id = uuid.UUID(case["child_id"])
    content = CaseV1.model_validate({**case["content"], "required_tests": tuple(tests)})
    await desk.worker.execute(
        "UPDATE child_case SET content = $2::text::json WHERE fact_id = $1", content.fact_id, content.body().decode()
    )
    if not states:
        return
    order = LabOrderV1.model_validate(
        {
            "fact_id": uuid.uuid5(content.fact_id, "lab-order"),
            "child_id": child_id,
            "epoch": 1,
            "revision": 1,
            "change": "opened",
            "known_at": content.known_at,
            "case_id": content.fact_id,
            "priority": "routine",
            "state": "open",
            "ordered_on": days_ago(20),
            "tests": [{"orderable": name, "state": state, "added_on": days_ago(20)} for name, state in states.items()],
        }
    )
    async with desk.worker.acquire() as connection, connection.transaction():
        await merge_facts(connection, LAB_ORDERS, [order])


@asynccontextmanager
async def open_desk(database: Stack) -> AsyncIterator[Desk]:
    """The service on a migrated database."""
    await migrate(database.address(f"{SERVICE}_owner"), SERVICE, MIGRATIONS)
    async with (
        open_pool(database.address(f"{SERVICE}_api"), max_size=8) as api,
        open_pool(database.address(f"{SERVICE}_worker")) as worker,
    ):
        app = create_app(
            SETTINGS,
            routers=routers(),
            health=Health(),
            verifier=small_service.verifier(),
            state={"pool": api, "rules": RulesInForce(load())},
        )
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://scoring") as client:
            yield Desk(api, worker, client)


async def empty(desk: Desk) -> None:
    """Forget everything."""
    await desk.worker.execute("; ".join(f"DELETE FROM {table}" for table in (*TABLES, "idempotency_key")))
