"""Sending current facts again: the same order, the same content, to the bit."""

from __future__ import annotations

from services.measurement.use_cases.republish import republish
from shared.contracts.child import ChildV1, MeasurementV1
from shared.contracts.fact import Fact
from tests.integration.measurement.desk import DESA_B, POSYANDU_B, Desk


def read(body: bytes) -> Fact:
    return (ChildV1 if b'"residences"' in body else MeasurementV1).read(body)


async def test_a_republished_fact_has_the_content_hash_it_had_when_it_was_first_sent(desk: Desk) -> None:
    child_id = await desk.register_child(birth_weight_kg=2.95, household_risks=["spacing_under_2_years", "tb_contact"])
    measured = (await desk.record(child_id, weight_kg=10.35, muac_cm=14.1, oedema=False)).json()["measurement_id"]
    await desk.send("PATCH", f"/v1/measurements/{measured}", {"weight_kg": 10.4}, etag='"1.1"')
    move = {"valid_from": "2025-08-01", "desa_code": DESA_B, "posyandu_code": POSYANDU_B}
    await desk.send("POST", f"/v1/children/{child_id}/relocations", move, etag='"1.1"')
    rows = await desk.worker.fetch("SELECT bodies FROM outbox ORDER BY id")
    newest = {fact.fact_id: fact for row in rows for body in row["bodies"] for fact in [read(body)]}
    await desk.superuser("TRUNCATE outbox")
    assert await republish(desk.worker) == 11 + 2
    rows = await desk.worker.fetch("SELECT bodies FROM outbox WHERE topic = 'tumbuh.measurement.v1' ORDER BY id")
    again = {fact.fact_id: fact for row in rows for body in row["bodies"] for fact in [read(body)]}
    assert again == newest
    assert {fact.event_id for fact in again.values()} == {fact.event_id for fact in newest.values()}
    assert {fact.content_hash() for fact in again.values()} == {fact.content_hash() for fact in newest.values()}
