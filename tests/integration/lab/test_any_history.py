"""Whatever comes, in whatever order and at the same moment: tables, orders, alerts and the last event agree."""

import asyncio
import random
import uuid
from typing import Any

import pytest

from services.lab.domain.catalogue import load
from shared.contracts.fact import Fact
from shared.contracts.lab import CriticalValueV1, LabOrderV1, LabResultV1
from tests.integration.lab.desk import (
    CLINIC,
    CORE,
    DESA_A,
    DESA_B,
    HOSPITAL,
    Desk,
    case_fact,
    child_fact,
    hb,
    yesterday,
)

STEPS = 40
VALUES = (("haemoglobin", "g/dL", (6.1, 9.8, 12.0)), ("haematocrit", "%", (15.0, 33.0)), ("ferritin", "ng/mL", (9.0,)))
LIMITS = {"haemoglobin": 70.0, "haematocrit": 0.2}
CLOSED = {"state": "closed", "close_reason": "cleared"}


class Walk:
    """A random history of a few children, everything sent twice now and then."""

    def __init__(self, desk: Desk, seed: int) -> None:
        self.desk, self.rng = desk, random.Random(seed)
        self.children = [uuid.uuid4() for _ in range(3)]
        self.revisions = dict.fromkeys(self.children, 1)
        self.required = {child_id: {"blood_count"} for child_id in self.children}
        self.facts: list[Fact] = [
            fact for child_id in self.children for fact in (child_fact(child_id), case_fact(child_id))
        ]
        self.answers: list[int] = []

    async def step(self) -> None:
        child_id = self.rng.choice(self.children)
        await self.rng.choice(
            [self.change_case, self.move, self.report, self.report, self.receive, self.retract, self.correct]
        )(child_id)

    async def change_case(self, child_id: uuid.UUID) -> None:
        self.revisions[child_id] += 1
        self.required[child_id].add(self.rng.choice(CORE))
        ended: dict[str, Any] = CLOSED if self.rng.random() < 0.4 else {}
        fact = case_fact(child_id, self.revisions[child_id], sorted(self.required[child_id]), **ended)
        await self.consume(fact)

    async def move(self, child_id: uuid.UUID) -> None:
        self.revisions[child_id] += 1
        await self.consume(child_fact(child_id, self.revisions[child_id], self.rng.choice([DESA_A, DESA_B])))

    async def consume(self, fact: Fact) -> None:
        self.facts.append(fact)
        await self.desk.consume(*self.rng.choices(self.facts, k=2), fact, fact)

    async def report(self, child_id: uuid.UUID) -> None:
        order = await self.desk.order(child_id)
        code, unit, values = self.rng.choice(VALUES)
        row = hb(order_id=order.fact_id, test_code=code, unit=unit, value=self.rng.choice(values))
        await self.send("POST", "/v1/results", row)

    async def receive(self, child_id: uuid.UUID) -> None:
        order = await self.desk.order(child_id)
        tube = {"specimen": "venous", "drawn_at": yesterday().isoformat(), "orderables": [self.rng.choice(CORE)]}
        answer = await self.send("POST", f"/v1/orders/{order.fact_id}/specimens", tube)
        if answer is not None and self.rng.random() < 0.5:
            await self.send("POST", f"/v1/specimens/{answer['specimen_id']}:reject", {"reason": "clotted"})

    async def retract(self, child_id: uuid.UUID) -> None:
        for result in await self.results(child_id):
            path = f"/v1/results/{result['result_id']}:void"
            await self.send("POST", path, {"reason": "duplicate"}, etag=result["etag"])

    async def correct(self, child_id: uuid.UUID) -> None:
        for result in await self.results(child_id):
            body = {"value": self.rng.choice([6.4, 10.1]), "unit": "g/dL"}
            if result["test_code"] == "haemoglobin":
                await self.send("PATCH", f"/v1/results/{result['result_id']}", body, etag=result["etag"])

    async def results(self, child_id: uuid.UUID) -> list[dict[str, Any]]:
        found = (await self.desk.send("GET", f"/v1/results?child_id={child_id}")).json()["items"]
        return self.rng.sample(found, k=min(1, len(found)))

    async def send(self, method: str, path: str, body: Any, **how: Any) -> dict[str, Any] | None:
        answer = await self.desk.send(method, path, body, areas=[self.rng.choice([HOSPITAL, CLINIC])], **how)
        self.answers.append(answer.status_code)
        return answer.json() if answer.status_code in {200, 201} else None


@pytest.mark.parametrize("seed", range(2))
async def test_tables_orders_alerts_and_events_agree_after_any_history(desk: Desk, seed: int) -> None:
    await desk.enter_laboratory(CLINIC, ["12.19.02"])
    walk = Walk(desk, seed)
    await desk.consume(*walk.facts)
    for _ in range(STEPS // 4):  # four at the same moment: consumer and clients meet at the same orders
        await asyncio.gather(*(walk.step() for _ in range(4)))
    assert not [status for status in walk.answers if status >= 500]
    assert {200, 201} & set(walk.answers)
    await agree(desk)
    before = len(await desk.events())
    await desk.consume(*random.Random(seed).sample(walk.facts, k=len(walk.facts)))
    assert len(await desk.events()) == before  # silent without anything new


async def agree(desk: Desk) -> None:
    orders = await read(desk, LabOrderV1, "lab_order")
    results = await read(desk, LabResultV1, "lab_result")
    alerts = await read(desk, CriticalValueV1, "critical_value")
    assert len({order.case_id for order in orders}) == len(orders) == 3
    valid = [result for result in results if not result.voided]
    assert len({(result.order_id, result.test_code, result.drawn_at) for result in valid}) == len(valid)
    live = {row["fact_id"] for row in await desk.worker.fetch("SELECT fact_id FROM child_case WHERE state <> 'closed'")}
    tubes = await desk.worker.fetch(
        "SELECT order_id, unnest(orderables) AS code FROM specimen WHERE rejected_at IS NULL"
    )
    for order in orders:
        resulted = {load().leads.get(result.test_code) for result in valid if result.order_id == order.fact_id}
        collected = {row["code"] for row in tubes if row["order_id"] == order.fact_id}
        for test in order.tests:
            assert (test.state == "resulted") is (test.orderable in resulted)
            assert (test.state == "collected") is (test.orderable in collected - resulted)
            assert test.state not in ({"cancelled"} if order.case_id in live else {"ordered"})
    low = {
        (result.order_id, result.laboratory_code, result.test_code): result.fact_id
        for result in valid
        if result.test_code in LIMITS and (result.value or 0) < LIMITS[result.test_code]
    }
    wanted = {
        fact_id
        for (order_id, laboratory, code), fact_id in low.items()  # a laboratory judges the values it has itself
        if code == "haemoglobin" or (order_id, laboratory, "haemoglobin") not in low
    }
    assert {alert.result_id for alert in alerts if alert.state != "withdrawn"} == wanted
    last: dict[uuid.UUID, Fact] = {}
    for event in await desk.events():
        if event.fact_id not in last or last[event.fact_id].order < event.order:
            last[event.fact_id] = event
    assert last == {fact.fact_id: fact for fact in (*orders, *results, *alerts)}


async def read(desk: Desk, model: Any, table: str) -> list[Any]:
    rows = await desk.worker.fetch(f"SELECT content::text FROM {table}")
    return [model.read(row["content"]) for row in rows]
