"""The laboratory service as its clients and its consumer see it: the real application on real PostgreSQL."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import orjson
from fastapi import FastAPI

from deploy.local import postgres
from deploy.local.ports import POSTGRES_PORT
from deploy.local.stack import Stack
from services.lab.app import MIGRATIONS, SERVICE, routers
from services.lab.consumers.facts import FactsHandler
from shared.calendar import now_utc
from shared.contracts.child import ChildV1, Residence
from shared.contracts.codec import decode
from shared.contracts.fact import Fact, derived_fact_id
from shared.contracts.lab import LabOrderV1
from shared.contracts.risk import CaseState, CaseV1
from shared.http.app import create_app
from shared.http.health import Health
from shared.outbox.append import append
from shared.postgres.migrate import migrate
from shared.postgres.pool import Pool, open_pool
from shared.setting_groups import DatabaseSettings, Role
from shared.settings import ServiceSettings
from tests.integration.shared import small_service
from tests.integration.shared.callers import ask
from tests.integration.shared.emptying import Empty, emptying

KABUPATEN = "12.19"
DESA_A, DESA_B, DESA_ELSEWHERE = "12.19.01.2003", "12.19.02.2001", "12.20.01.2001"
HOSPITAL, CLINIC = "LAB.12.19.RSUD", "LAB.12.19.02.PKM"
CORE = ("blood_count", "ferritin", "crp")
BORN = date(2024, 5, 17)
EMPTIED = (
    "child, child_case, lab_order, specimen, lab_result, held_result, critical_value, critical_limit, "
    "laboratory, outbox, idempotency_key, reported_result, inbound_message, learnt_word, catalogue_version, "
    "order_addition, order_cancellation, reference_range"
)

SETTINGS = small_service.settings_of(SERVICE)


YESTERDAY = now_utc().replace(microsecond=0) - timedelta(days=1)


def yesterday() -> datetime:
    """A draw that is neither history nor future: the same one as long as the tests run."""
    return YESTERDAY


def child_fact(child_id: uuid.UUID, revision: int = 1, desa_code: str = DESA_A, **changed: Any) -> ChildV1:
    return ChildV1(
        fact_id=child_id,
        child_id=child_id,
        epoch=1,
        revision=revision,
        change="recorded",
        known_at=datetime(2026, 3, 1, 3, tzinfo=UTC) + timedelta(days=revision),
        sex="female",
        birth_date=BORN,
        residences=(Residence(valid_from=BORN, desa_code=desa_code, posyandu_code=f"{desa_code}.P001"),),
        **changed,
    )


def case_fact(
    child_id: uuid.UUID, revision: int = 1, tests: Sequence[str] = CORE, state: CaseState = "open", **changed: Any
) -> CaseV1:
    values: dict[str, Any] = {
        "fact_id": uuid.uuid5(child_id, "case"),
        "change": "opened" if state == "open" else "closed",
        "known_at": datetime(2026, 3, 1, 3, tzinfo=UTC) + timedelta(days=revision),
        "opened_on": date(2026, 3, 1),
        "tier": "suspected",
    }
    return CaseV1(
        child_id=child_id,
        epoch=1,
        revision=revision,
        opened_by_fact_id=uuid.uuid5(child_id, "measurement"),
        state=state,
        required_tests=tuple(tests),
        ruleset_version="2026-01",
        **{**values, **changed},
    )


@dataclass
class Desk:
    """The service's two pools and a client; every request says who asks."""

    stack: Stack
    api: Pool
    worker: Pool
    client: httpx.AsyncClient
    app: FastAPI
    forget: Empty

    async def send(self, method: str, path: str, body: Any = None, **who: Any) -> httpx.Response:
        """One request, of the hospital's analyst unless said otherwise."""
        who = {"role": "laboratory", "areas": (HOSPITAL,), "subject": "analyst-1"} | who
        return await ask(self.client, method, path, body, **who)

    async def district(self, method: str, path: str, body: Any = None) -> httpx.Response:
        return await self.send(method, path, body, role="district", areas=[KABUPATEN])

    async def enter_laboratory(self, code: str = HOSPITAL, areas: Sequence[str] = (KABUPATEN,)) -> None:
        body = {"code": code, "name": "RSUD Batu Bara", "area_codes": list(areas), "tests_per_day": 240}
        answer = await self.district("POST", "/v1/laboratories", body)
        assert answer.status_code == 201, answer.text

    async def consume(self, *facts: Fact) -> list[str]:
        """A batch as the consumer's transaction handles it; outcomes."""
        async with self.worker.acquire() as connection, connection.transaction():
            effect = await FactsHandler().apply(connection, facts)
            await append(connection, effect.messages)
        return list(effect.outcomes)

    async def open_order(self, tests: Sequence[str] = CORE, desa_code: str = DESA_A, **changed: Any) -> LabOrderV1:
        """A child with a case: its order."""
        child_id = uuid.uuid4()
        await self.consume(child_fact(child_id, desa_code=desa_code), case_fact(child_id, tests=tests, **changed))
        return await self.order(child_id)

    async def order(self, child_id: uuid.UUID) -> LabOrderV1:
        """The one order of the child's first case."""
        order_id = derived_fact_id(uuid.uuid5(child_id, "case"), "lab-order")
        content = await self.worker.fetchval("SELECT content::text FROM lab_order WHERE fact_id = $1", order_id)
        return LabOrderV1.read(content)

    async def report(self, **values: Any) -> httpx.Response:
        """One result; haemoglobin 11.2 g/dL of yesterday unless told otherwise."""
        return await self.send("POST", "/v1/results", hb(**values))

    async def events(self) -> list[Fact]:
        """All messages that wait in the outbox, oldest first, decoded as every consumer would."""
        rows = await self.worker.fetch("SELECT topic, keys, headers, bodies FROM outbox ORDER BY id")
        found = []
        for row in rows:
            for key, headers, body in zip(row["keys"], row["headers"], row["bodies"], strict=True):
                pairs = [(name, value.encode()) for name, value in orjson.loads(headers)]
                found.append(decode(row["topic"], key.encode(), pairs, body))
        return found

    def settings(self, role: Role) -> ServiceSettings:
        """What a process is given that may connect as `role`."""
        address = self.stack.address(f"{SERVICE}_{role}")
        database = DatabaseSettings.model_validate(
            {"host": address.host, "port": address.port, "name": address.database, f"{role}_password": address.password}
        )
        return SETTINGS.model_copy(update={"database": database})

    async def superuser(self, statement: str) -> list[Any]:
        """A statement as who may do anything."""
        connection = await postgres.connect_superuser(
            self.stack.ports[POSTGRES_PORT], self.stack.secrets, self.stack.database
        )
        try:
            await connection.execute("SET search_path = lab")
            return list(await connection.fetch(statement))
        finally:
            await connection.close()


def hb(**values: Any) -> dict[str, Any]:
    plain = {
        "test_code": "haemoglobin",
        "value": 11.2,
        "unit": "g/dL",
        "drawn_at": yesterday().isoformat(),
        "specimen": "venous",
    }
    merged = {**plain, **values}
    return {
        name: str(value) if isinstance(value, uuid.UUID) else value for name, value in merged.items() if value != ...
    }


def states(order: LabOrderV1) -> dict[str, str]:
    """Where each test stands."""
    return {test.orderable: test.state for test in order.tests}


@asynccontextmanager
async def open_desk(database: Stack) -> AsyncIterator[Desk]:
    """The service on a migrated database."""
    await migrate(database.address(f"{SERVICE}_owner"), SERVICE, MIGRATIONS)
    async with (
        open_pool(database.address(f"{SERVICE}_api"), max_size=12) as api,
        open_pool(database.address(f"{SERVICE}_worker")) as worker,
        emptying(database, {SERVICE: EMPTIED}) as forget,
    ):
        app = create_app(
            SETTINGS,
            routers=routers(),
            health=Health(),
            verifier=small_service.verifier(),
            state={"pool": api},
        )
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://lab") as client:
            yield Desk(database, api, worker, client, app, forget)
