"""Republish, the sweep for orders without a laboratory, the ledger, the catalogue and who may do what."""

import uuid
from collections import Counter

import pytest

from services.lab.app import COMMANDS, OWNS
from services.lab.jobs.housekeeping import Housekeeping
from services.lab.store.holding import HOLDS
from services.lab.store.results import DRAWS, RESULTS, SLOTS
from services.lab.use_cases.republish import republish
from shared.contracts.fact import Fact
from shared.ledger.census import take_census
from tests.integration.lab.desk import DESA_A, HOSPITAL, KABUPATEN, Desk, hb


async def worked_desk(desk: Desk) -> None:
    for _ in range(3):
        order = await desk.open_order()
        await desk.report(order_id=order.fact_id, value=6.1)


async def test_republish_sends_every_current_fact_at_unchanged_order(desk: Desk) -> None:
    await worked_desk(desk)
    newest: dict[uuid.UUID, Fact] = {event.fact_id: event for event in await desk.events()}
    await desk.worker.execute("DELETE FROM outbox")
    assert await republish(desk.worker) == 9
    again = await desk.events()
    assert Counter(event.kind for event in again) == {"lab-order": 3, "lab-result": 3, "critical-value": 3}
    assert {event.fact_id: event for event in again} == newest


async def test_the_operators_door_republishes_with_the_workers_credentials(desk: Desk) -> None:
    await worked_desk(desk)
    await desk.worker.execute("DELETE FROM outbox")
    assert await COMMANDS["republish"].run(desk.settings("worker"), []) == 0
    assert len(await desk.events()) == 9


async def test_the_ledger_counts_what_is_owned_and_held(desk: Desk) -> None:
    await worked_desk(desk)
    async with desk.api.acquire() as connection:  # no area: totals all the same
        census = await take_census(connection, [*OWNS, *HOLDS])
    totals = {kind: sum(n for n, _ in days.values()) for kind, days in census.items()}
    assert totals == {"lab-order": 3, "lab-result": 3, "critical-value": 3, "child": 3, "case": 3}


async def test_an_order_and_a_laboratory_that_missed_each_other_are_brought_together(bare_desk: Desk) -> None:
    order = await bare_desk.open_order()
    await bare_desk.superuser(f"INSERT INTO laboratory VALUES ('{HOSPITAL}', 'RSUD', ARRAY['{KABUPATEN}'], 240)")
    woken: list[bool] = []
    keeping = Housekeeping(bare_desk.worker, lambda: woken.append(True), 365)
    await keeping.once()
    await keeping.once()
    routed = await bare_desk.order(order.child_id)
    assert (routed.laboratory_code, routed.revision, woken) == (HOSPITAL, 2, [True])
    assert [event.fact_id for event in await bare_desk.events()] == [order.fact_id] * 2


async def test_a_report_does_not_read_all_results_ever_stored(desk: Desk) -> None:
    """Under row-level security a join by the natural key alone would: seconds a batch once the table has grown."""
    await worked_desk(desk)
    await desk.superuser(
        "INSERT INTO lab_result SELECT child_id, gen_random_uuid(), epoch, revision, known_at, gen_random_uuid(), "
        "laboratory_code, test_code, draw, drawn_on, reported_at, voided, void_reason, specimen_id, content "
        "FROM lab_result, generate_series(1, 5000)"
    )
    await desk.superuser("ANALYZE lab_result")
    owner = await desk.worker.fetchval("SELECT owner FROM lab_result LIMIT 1")
    async with desk.api.acquire() as connection, connection.transaction():
        await connection.execute("SELECT set_config('tumbuh.areas', $1, true)", HOSPITAL)
        for condition, values in ((SLOTS, ([owner], ["haemoglobin"], ["x"])), (DRAWS, ([owner], ["x"]))):
            plan = await connection.fetch(f"EXPLAIN {RESULTS.select} WHERE {condition}", *values)
            assert "Seq Scan on lab_result" not in "\n".join(row[0] for row in plan)


async def test_without_an_area_nothing_is_seen(desk: Desk) -> None:
    await worked_desk(desk)
    async with desk.api.acquire() as connection:
        for table in ("child", "child_case", "lab_order", "lab_result", "specimen", "critical_value"):
            assert await connection.fetchval(f"SELECT count(*) FROM {table}") == 0


async def test_the_catalogue_names_units_limits_and_sources(desk: Desk) -> None:
    catalogue = (await desk.send("GET", "/v1/catalogue")).json()
    tests = {test["test_code"]: test for test in catalogue["tests"]}
    assert len(tests) == 36
    assert tests["haemoglobin"]["critical_below"] == 70.0
    assert [unit["unit"] for unit in tests["crp"]["units"]] == ["mg/L", "mg/dL", "ug/L"]
    assert tests["zinc"]["needs"] == ["draw_time"]
    assert tests["stool_parasites"]["findings"][0]["finding"] == "none_seen"
    assert all(test["source"] and test["status"] for test in tests.values())


async def test_laboratories_are_listed(desk: Desk) -> None:
    shown = (await desk.send("GET", "/v1/laboratories", role="puskesmas", areas=[DESA_A])).json()
    (hospital,) = shown["items"]
    assert {"code": HOSPITAL, "name": "RSUD Batu Bara", "area_codes": [KABUPATEN], "tests_per_day": 240}.items() <= (
        hospital.items()
    )


@pytest.mark.parametrize("role", ["kader", "puskesmas", "clinician", "district", "kecamatan", "province", "ops"])
async def test_only_laboratories_report_results(desk: Desk, role: str) -> None:
    order = await desk.open_order()
    areas = [] if role == "ops" else [KABUPATEN]
    answer = await desk.send("POST", "/v1/results", hb(order_id=order.fact_id), role=role, areas=areas)
    assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")
