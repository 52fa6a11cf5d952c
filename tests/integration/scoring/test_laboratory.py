"""The laboratory in scoring, on real PostgreSQL: what results change, and what they never do."""

import asyncio
import uuid
from dataclasses import replace
from datetime import date, timedelta
from itertools import permutations
from typing import Any

import pytest

from services.scoring.domain.ruleset import load
from shared.contracts.fact import Fact
from shared.contracts.lab import LabOrderV1, LabResultV1
from shared.contracts.risk import CaseV1
from shared.postgres.pool import Pool
from tests.integration.scoring.evidence import (
    TODAY,
    apply,
    arrive,
    child,
    critical,
    desa,
    of,
    order,
    result,
    visit,
)

APRIL = date(2026, 4, 20)
CORE = ("blood_count", "ferritin", "crp", "urinalysis", "stool")
BLOOD = CORE[:3]


def voided(fact: LabResultV1) -> LabResultV1:
    return fact.model_copy(update={"revision": 2, "voided": True, "change": "voided"})


async def a_case(pool: Pool, **changes: Any) -> CaseV1:
    """A suspected child with its case, opened on 20 April."""
    c = uuid.uuid4()
    published = await arrive(pool, desa(10), child(c, **changes), visit(c, APRIL, 9.6, 76.4))
    (case,) = of(published, "case")
    assert (case.tier, case.opened_on) == ("suspected", APRIL)
    found: CaseV1 = case
    return found


def readings_of(status: Any) -> dict[str, tuple[str, str]]:
    return {reading.rule_id: (reading.abnormal, reading.grade) for reading in status.readings}


def milestones_of(case: CaseV1) -> dict[str, date]:
    return {milestone.name: milestone.on for milestone in case.milestones}


async def stored_case(pool: Pool, case_id: uuid.UUID) -> CaseV1:
    return CaseV1.read(await pool.fetchval("SELECT content::text FROM child_case WHERE fact_id = $1", case_id))


async def stored_tasks(pool: Pool) -> dict[str, str]:
    rows = await pool.fetch("SELECT task, state FROM follow_up")
    return {row["task"]: row["state"] for row in rows}


async def test_a_result_is_read_once_and_changes_no_growth_finding(pool: Pool) -> None:
    c = uuid.uuid4()
    await arrive(pool, desa(10), child(c), visit(c, APRIL, 10.9, 82.0))
    blood = result(c, "haemoglobin", 95, date(2026, 4, 22))
    published = await arrive(pool, blood)
    (status,) = of(published, "risk-status")
    assert len(published) == 1
    assert readings_of(status) == {
        "haemoglobin_who_2024": ("yes", "mild_anaemia"),
        "haemoglobin_who_2011": ("yes", "moderate_anaemia"),
    }
    assert (status.tier, status.known_at) == ("low", blood.known_at)
    assert await arrive(pool, blood, result(c, "platelets", 300, APRIL)) == [], "no reading, no news"


async def test_a_case_opens_with_the_core_panel(pool: Pool) -> None:
    assert (await a_case(pool)).required_tests == CORE


async def test_a_low_haemoglobin_told_three_times_asks_for_its_reflex_once(pool: Pool) -> None:
    """B056, under rules whose panel is the blood count alone."""
    shipped = load()
    rules = replace(shipped, laboratory=replace(shipped.laboratory, core_panel=("blood_count",)))
    c = uuid.uuid4()
    (case,) = of(await arrive(pool, child(c), desa(10), visit(c, APRIL, 9.6, 76.4), rules=rules), "case")
    assert case.required_tests == ("blood_count",)
    blood = result(c, "haemoglobin", 95, date(2026, 4, 22))
    told = [await arrive(pool, blood, rules=rules) for _ in range(3)]
    assert [[fact.required_tests for fact in of(facts, "case")] for facts in told] == [[BLOOD], [], []]
    await arrive(pool, voided(blood), rules=rules)
    assert (await stored_case(pool, case.fact_id)).required_tests == BLOOD, "it only grows"


@pytest.mark.parametrize(("ferritin", "grows"), [(11.0, False), (12.0, True), (29.0, True), (30.0, False)])
async def test_a_ferritin_that_depends_on_inflammation_asks_for_crp(
    pool: Pool, ferritin: float, *, grows: bool
) -> None:
    shipped = load()
    rules = replace(shipped, laboratory=replace(shipped.laboratory, core_panel=("ferritin",)))
    c = uuid.uuid4()
    await arrive(pool, child(c), visit(c, APRIL, 9.6, 76.4), rules=rules)
    published = await arrive(pool, result(c, "ferritin", ferritin, date(2026, 4, 22)), rules=rules)
    assert [case.required_tests for case in of(published, "case")] == ([("ferritin", "crp")] if grows else [])


def courses(child_id: uuid.UUID, case_id: uuid.UUID) -> list[LabOrderV1]:
    done = date(2026, 4, 28)
    return [
        order(child_id, case_id, 1, "open"),
        order(child_id, case_id, 2, "complete", completed_on=done),
        order(child_id, case_id, 3, "open"),
        order(child_id, case_id, 4, "complete", completed_on=done + timedelta(days=2)),
    ]


@pytest.mark.parametrize("last", [1, 2, 3, 4])
async def test_milestones_and_the_panel_task_end_as_the_newest_order_says_in_any_order_of_arrival(
    pool: Pool, last: int
) -> None:
    case = await a_case(pool)
    revisions = courses(case.child_id, case.fact_id)[:last]
    complete_on = {1: None, 2: date(2026, 4, 28), 3: None, 4: date(2026, 4, 30)}[last]
    expected = {"lab_ordered": date(2026, 4, 21)} | ({"lab_complete": complete_on} if complete_on else {})
    arrivals = list(permutations(revisions))
    for arrival in arrivals if last < 4 else arrivals[::5]:
        await pool.execute("DELETE FROM lab_order")
        for fact in arrival:
            await arrive(pool, fact)
        assert milestones_of(await stored_case(pool, case.fact_id)) == expected
        assert (await stored_tasks(pool))["laboratory_panel"] == ("done" if complete_on else "open")


async def test_a_panel_task_that_a_person_ended_is_not_opened_again(pool: Pool) -> None:
    case = await a_case(pool)
    await pool.execute(
        "UPDATE follow_up SET state = 'done', content = (content::jsonb || "
        '\'{"state": "done", "done_on": "2026-04-25"}\')::json WHERE task = \'laboratory_panel\''
    )
    await arrive(pool, order(case.child_id, case.fact_id, 1, "open"))
    assert (await stored_tasks(pool))["laboratory_panel"] == "done"


async def test_an_order_told_before_the_case_is_mirrored_when_the_case_opens(pool: Pool) -> None:
    case = await a_case(pool)
    complete = courses(case.child_id, case.fact_id)[1]
    for table in ("child", "measurement", "assessment", "risk_status", "child_case", "follow_up"):
        await pool.execute(f"DELETE FROM {table}")
    await arrive(pool, complete)
    await arrive(pool, child(case.child_id), visit(case.child_id, APRIL, 9.6, 76.4))
    again = await stored_case(pool, case.fact_id)
    assert milestones_of(again) == {"lab_ordered": date(2026, 4, 21), "lab_complete": date(2026, 4, 28)}
    assert (await stored_tasks(pool))["laboratory_panel"] == "done"


@pytest.mark.parametrize(("g_l", "tier"), [(69.4, "urgent"), (69.5, "low")])
async def test_a_haemoglobin_below_70_opens_a_case_and_an_assessment_within_a_day(
    pool: Pool, g_l: float, tier: str
) -> None:
    c = uuid.uuid4()
    await arrive(pool, desa(1_000), child(c), visit(c, APRIL, 10.9, 82.0))
    blood = result(c, "haemoglobin", g_l, date(2026, 4, 30))
    published = await arrive(pool, blood)
    assert of(published, "risk-status")[0].tier == tier
    assert [case.opened_by_fact_id for case in of(published, "case")] == ([blood.fact_id] if tier == "urgent" else [])
    if tier == "urgent":
        (case,) = of(published, "case")
        assert (case.opened_on, case.tier, case.required_tests, case.anaemia) == (
            date(2026, 4, 30), "urgent", CORE, "yes",
        )  # fmt: skip
        assert {(task.task, task.due_on, task.because_fact_id) for task in of(published, "follow-up")} == {
            ("urgent_assessment", TODAY + timedelta(days=1), blood.fact_id),
            ("laboratory_panel", TODAY + timedelta(days=14), blood.fact_id),
        }
        reason = of(published, "risk-status")[0].reasons[-1]
        assert (reason.rule_id, reason.fact_id, reason.value, reason.threshold) == (
            "critical_haemoglobin", blood.fact_id, 69.4, 70.0,
        )  # fmt: skip
        assert of(published, "risk-status")[0].tracks[:2] == ("assessment_within_24_hours", "referral")


async def test_a_critical_value_is_urgent_until_it_is_withdrawn_or_a_newer_result_replaces_it(pool: Pool) -> None:
    c = uuid.uuid4()
    await arrive(pool, child(c), visit(c, APRIL, 10.9, 82.0))
    blood = result(c, "platelets", 40, date(2026, 4, 22))
    alert = critical(blood)
    assert await arrive(pool, alert) == [], "before its result it says nothing"
    published = await arrive(pool, blood)
    assert [(reason.rule_id, reason.threshold) for reason in of(published, "risk-status")[0].reasons] == [
        ("critical_result", 53.0)
    ]
    assert len(of(published, "case")) == 1
    seen = await arrive(pool, critical(blood, 2, state="acknowledged"))
    assert seen == [], "a person knows: it is as urgent as before"
    newer = result(c, "platelets", 240, date(2026, 4, 25))
    assert of(await arrive(pool, newer), "risk-status")[0].tier == "low"
    assert of(await arrive(pool, voided(newer)), "risk-status")[0].tier == "urgent"
    assert of(await arrive(pool, critical(blood, 3, state="withdrawn")), "risk-status")[0].tier == "low"


async def test_a_voided_result_takes_back_its_task_and_puts_its_case_on_the_review_list(pool: Pool) -> None:
    c = uuid.uuid4()
    blood = result(c, "haemoglobin", 60, date(2026, 4, 30))
    await arrive(pool, child(c), visit(c, APRIL, 10.9, 82.0), blood)
    published = await arrive(pool, voided(blood))
    assert of(published, "case")[0].needs_review
    assert of(published, "case")[0].anaemia is None
    ended = {(task.task, task.state) for task in of(published, "follow-up")}
    assert ended == {("urgent_assessment", "cancelled"), ("laboratory_panel", "cancelled")}
    assert of(published, "risk-status")[0].readings == ()


@pytest.mark.parametrize(("days", "tier"), [(60, "urgent"), (61, "low")])
async def test_an_old_result_keeps_nobody_urgent_for_ever(pool: Pool, days: int, tier: str) -> None:
    """Old against the newest fact of the child, so that no day by itself changes what is stored."""
    c = uuid.uuid4()
    blood = result(c, "haemoglobin", 60, APRIL - timedelta(days=days))
    await arrive(pool, child(c), blood)
    published = await arrive(pool, visit(c, APRIL, 10.9, 82.0), today=date(2026, 9, 1))
    assert of(published, "risk-status")[0].tier == tier
    assert of(published, "case") == [], "nothing of it is fresh on that day"


async def test_two_years_of_history_open_no_case_and_no_task(pool: Pool) -> None:
    c = uuid.uuid4()
    facts: list[Fact] = [child(c)]
    for month in range(24):
        on = date(2025, 2, 20) + timedelta(days=15 * month)
        if (TODAY - on).days > 60:
            blood = result(c, "haemoglobin", 55 + month, on)
            facts += [visit(c, on, None, 64.0 + month / 4), blood, critical(blood, limit=70.0)]
    published = await arrive(pool, *facts)
    assert of(published, "case") == of(published, "follow-up") == []
    assert of(published, "risk-status")[0].tier == "urgent", "the finding stands"


async def test_anaemia_is_told_by_the_newest_haemoglobin_since_the_opening_and_frozen_at_the_end(pool: Pool) -> None:
    case = await a_case(pool)
    c, days = case.child_id, [APRIL + timedelta(days=offset) for offset in (-1, 0, 5, 6)]
    facts: list[tuple[Fact, str | None]] = [
        (result(c, "haemoglobin", 90, days[0]), None),
        (result(c, "haemoglobin", 120, days[1]), "no"),
        (result(c, "haemoglobin", 111, days[2]), "no"),
        (desa(None, 2), "indeterminate"),
        (desa(1_000, 3), "yes"),
        (voided(result(c, "haemoglobin", 111, days[2])), "no"),
        (child(c, 2, died_on=date(2026, 4, 29)), "no"),
        (result(c, "haemoglobin", 90, days[3]), "no"),
    ]
    for fact, anaemia in facts:
        await arrive(pool, fact)
        assert (await stored_case(pool, case.fact_id)).anaemia == anaemia


async def test_a_new_elevation_is_read_for_the_children_of_the_desa_who_have_results(pool: Pool) -> None:
    c, other = uuid.uuid4(), uuid.uuid4()
    blood = [result(who, "haemoglobin", 111, date(2026, 4, 22)) for who in (c, other)]
    elsewhere = child(other, residences=[{"valid_from": date(2024, 9, 3), "desa_code": "12.19.01.2004"}])
    await arrive(pool, child(c), elsewhere, visit(c, APRIL, 10.9, 82.0), *blood)
    kecamatan = desa(900, code="12.19.01", level="kecamatan", parent_code="12.19")
    assert await arrive(pool, kecamatan) == []
    (status,) = of(await arrive(pool, desa(1_200)), "risk-status")
    assert (status.child_id, readings_of(status)["haemoglobin_who_2024"]) == (c, ("yes", "mild_anaemia"))
    assert [unknown for unknown in status.unknowns if unknown.what == "haemoglobin"] == []
    assert await arrive(pool, desa(1_200)) == []
    (status,) = of(await arrive(pool, desa(None, 2)), "risk-status")
    (unknown,) = [unknown for unknown in status.unknowns if unknown.what == "haemoglobin"]
    assert (unknown.because, unknown.settle_with, unknown.fact_id) == (
        "elevation_unknown", "record_elevation", blood[0].fact_id,
    )  # fmt: skip
    (given_back,) = await arrive(pool, desa(1_200, 3))
    assert readings_of(given_back)["haemoglobin_who_2024"] == ("yes", "mild_anaemia")


async def test_a_result_stored_while_an_elevation_changes_is_read_by_the_new_one(pool: Pool) -> None:
    c = uuid.uuid4()
    await arrive(pool, desa(0), child(c), visit(c, APRIL, 10.9, 82.0))
    async with pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        (before,) = await apply(connection, result(c, "haemoglobin", 111, date(2026, 4, 22)))
        change = asyncio.create_task(arrive(pool, desa(1_200, 2)))
        while not await pool.fetchval("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"):
            assert not change.done()
        await transaction.commit()
    (after,) = await change
    assert readings_of(before)["haemoglobin_who_2024"] == ("no", "no_anaemia")
    assert readings_of(after)["haemoglobin_who_2024"] == ("yes", "mild_anaemia")


async def test_results_of_a_merged_child_speak_for_the_survivor(pool: Pool) -> None:
    """B078 for results: the ferritin of the one and the CRP of the other are read together."""
    a, b = uuid.uuid4(), uuid.uuid4()
    await arrive(pool, child(a), child(b), visit(a, APRIL, 10.9, 82.0))
    await arrive(pool, result(a, "ferritin", 20, APRIL), result(b, "crp", 9, APRIL))
    merged = await arrive(pool, child(b, 2, merged_into=a))
    statuses = {fact.child_id: fact for fact in of(merged, "risk-status")}
    assert readings_of(statuses[a]) == {"ferritin": ("yes", "deficient"), "crp": ("yes", "raised")}
    parted = await arrive(pool, child(b, 3))
    statuses = {fact.child_id: fact for fact in of(parted, "risk-status")}
    assert readings_of(statuses[a]) == {"ferritin": ("indeterminate", "depends_on_inflammation")}
    wrong = await arrive(pool, child(a, 2, voided=True))
    assert of(wrong, "risk-status")[0].voided


class TestClearing:
    """A re-measurement that clears the child ends a case nobody has confirmed."""

    async def test_the_case_ends_as_cleared_on_the_day_of_the_remeasurement(self, pool: Pool) -> None:
        case = await a_case(pool)
        taller = visit(case.child_id, date(2026, 4, 27), 10.9, 82.0, is_remeasurement=True)
        published = await arrive(pool, taller)
        (closed,) = of(published, "case")
        assert (closed.state, closed.close_reason, closed.closed_on, closed.closing_fact_id) == (
            "closed", "cleared", date(2026, 4, 27), taller.fact_id,
        )  # fmt: skip
        assert milestones_of(closed) == {"remeasured": date(2026, 4, 27)}
        assert (await stored_tasks(pool))["laboratory_panel"] == "cancelled"

    async def test_an_ordinary_visit_clears_nothing(self, pool: Pool) -> None:
        case = await a_case(pool)
        await arrive(pool, visit(case.child_id, date(2026, 4, 27), 10.9, 82.0))
        assert (await stored_case(pool, case.fact_id)).state == "open"

    async def test_what_a_clinician_confirmed_or_the_laboratory_opened_only_a_person_ends(self, pool: Pool) -> None:
        case = await a_case(pool)
        await pool.execute(
            "UPDATE child_case SET state = 'confirmed', content = (content::jsonb || "
            '\'{"state": "confirmed", "confirmed_by": "dr-4", "confirmed_on": "2026-04-25"}\')::json'
        )
        await arrive(pool, visit(case.child_id, date(2026, 4, 27), 10.9, 82.0, is_remeasurement=True))
        assert (await stored_case(pool, case.fact_id)).state == "confirmed"
        c = uuid.uuid4()
        await arrive(pool, child(c), visit(c, APRIL, 10.9, 82.0), result(c, "haemoglobin", 60, date(2026, 4, 21)))
        await arrive(pool, result(c, "haemoglobin", 120, date(2026, 4, 25)))
        published = await arrive(pool, visit(c, date(2026, 4, 27), 11.0, 82.2, is_remeasurement=True))
        assert [one.state for one in of(published, "case")] == ["open"], "it notes the re-measurement, no more"

    @pytest.mark.parametrize(
        "mistake",
        [
            {"voided": True, "change": "voided", "void_reason": "wrong_child"},
            {"length_height_cm": 76.6, "change": "corrected"},
        ],
    )
    async def test_a_mistaken_remeasurement_gives_the_case_and_its_panel_back(
        self, pool: Pool, mistake: dict[str, Any]
    ) -> None:
        case = await a_case(pool)
        taller = visit(case.child_id, date(2026, 4, 27), 10.9, 82.0, is_remeasurement=True)
        await arrive(pool, taller)
        await arrive(pool, taller.model_copy(update={"revision": 2, **mistake}))
        again = await stored_case(pool, case.fact_id)
        assert (again.state, again.closed_on, again.closing_fact_id) == ("open", None, None)
        assert (await stored_tasks(pool))["laboratory_panel"] == "open"
        assert await pool.fetchval("SELECT count(*) FROM child_case") == 1

    async def test_a_case_that_a_person_cleared_stays_closed_and_a_relapse_is_a_new_one(self, pool: Pool) -> None:
        case = await a_case(pool)
        await pool.execute(
            "UPDATE child_case SET state = 'closed', state_before = 'open', content = (content::jsonb || "
            '\'{"state": "closed", "close_reason": "cleared", "closed_on": "2026-04-25"}\')::json'
        )
        await arrive(pool, result(case.child_id, "crp", 2, date(2026, 4, 26)))
        assert (await stored_case(pool, case.fact_id)).state == "closed"
        published = await arrive(pool, visit(case.child_id, date(2026, 5, 2), 9.7, 76.6))
        assert [(one.state, one.opened_on) for one in of(published, "case")] == [("open", date(2026, 5, 2))]
