"""What interventions do to tasks and cases, and how they are shown beside growth."""

from __future__ import annotations

import asyncio
import random
import uuid
from datetime import date, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deploy.local.stack import Stack
from shared.contracts.fact import Fact
from shared.contracts.intervention import InterventionV1
from shared.contracts.risk import CaseV1
from shared.postgres.pool import Pool
from tests.integration.scoring import doors_desk
from tests.integration.scoring.doors_desk import DESA_B, Desk, days_ago
from tests.integration.scoring.evidence import TODAY, any_order_ends_alike, arrive, child, of, visit
from tests.integration.scoring.interventions import feeding, referral

SEEN = date(2026, 4, 20)
FEEDING, REFERRAL = "start_supplementary_feeding", "attend_referral"
OPEN = "SELECT task FROM follow_up WHERE state = 'open' AND task = ANY($1) ORDER BY 1"


def light_and_short(child_id: uuid.UUID, **changes: Any) -> Fact:
    """Suspected by its height, and so light that feeding is asked for."""
    return visit(child_id, SEEN, 8.8, 76.4, **changes)


async def waiting(pool: Pool) -> list[str]:
    return [row["task"] for row in await pool.fetch(OPEN, [FEEDING, REFERRAL])]


async def milestones(pool: Pool) -> list[tuple[str, date, uuid.UUID | None]]:
    contents = await pool.fetch("SELECT content::text FROM child_case")
    return [
        (each.name, each.on, each.fact_id)
        for row in contents
        for each in CaseV1.read(row["content"]).milestones
        if each.name in {"referred", "care_started"}
    ]


async def test_a_course_ends_the_task_that_asked_for_it_and_opens_it_again_when_it_is_voided(pool: Pool) -> None:
    a = uuid.uuid4()
    opened = of(await arrive(pool, child(a), light_and_short(a)), "follow-up")
    assert FEEDING in {task.task for task in opened}
    course = feeding(a, SEEN + timedelta(days=3))
    told = await arrive(pool, course)
    (done,) = of(told, "follow-up")
    assert (done.task, done.state, done.closing_fact_id) == (FEEDING, "done", course.fact_id)
    assert (done.done_on, done.closed_by) == (SEEN + timedelta(days=3), None)
    (case,) = of(told, "case")
    assert [(each.name, each.on, each.fact_id) for each in case.milestones] == [
        ("care_started", SEEN + timedelta(days=3), course.fact_id)
    ]
    assert await arrive(pool, course) == [], "a duplicate says nothing new"
    later = await arrive(pool, feeding(a, SEEN + timedelta(days=5), revision=2))
    assert [(task.state, task.done_on) for task in of(later, "follow-up")] == [("done", SEEN + timedelta(days=5))]
    told = await arrive(pool, feeding(a, SEEN + timedelta(days=5), revision=3, voided=True))
    assert [(task.task, task.state, task.closing_fact_id) for task in of(told, "follow-up")] == [
        (FEEDING, "open", None)
    ]
    assert [case.milestones for case in of(told, "case")] == [()]


async def test_while_a_course_runs_no_measurement_asks_for_another(pool: Pool) -> None:
    a = uuid.uuid4()
    await arrive(pool, child(a), feeding(a, SEEN - timedelta(days=9)))
    opened = of(await arrive(pool, light_and_short(a)), "follow-up")
    assert FEEDING not in {task.task for task in opened}
    await arrive(pool, feeding(a, SEEN - timedelta(days=9), SEEN - timedelta(days=1), revision=2))
    assert await waiting(pool) == [FEEDING], "it had ended before the child was weighed"


async def test_a_referral_waits_as_a_task_until_its_reply(pool: Pool) -> None:
    """B058: whoever was referred is on a list until somebody answers."""
    a = uuid.uuid4()
    await arrive(pool, child(a), light_and_short(a))
    sent = referral(a, SEEN + timedelta(days=1))
    told = await arrive(pool, sent)
    (task,) = of(told, "follow-up")
    assert (task.task, task.because_fact_id, task.due_on) == (REFERRAL, sent.fact_id, SEEN + timedelta(days=4))
    assert [case.milestones[-1].name for case in of(told, "case")] == ["referred"]
    (done,) = of(await arrive(pool, referral(a, SEEN + timedelta(days=1), TODAY, revision=2)), "follow-up")
    assert (done.state, done.done_on, done.closing_fact_id) == ("done", TODAY, sent.fact_id)
    told = await arrive(pool, referral(a, SEEN, revision=3, voided=True))
    assert of(told, "follow-up") == [], "what was answered is not asked again"
    b = uuid.uuid4()
    await arrive(pool, child(b), referral(b, SEEN))
    assert await waiting(pool) == [REFERRAL, FEEDING], "a child needs no case to be referred"
    (cancelled,) = of(await arrive(pool, referral(b, SEEN, revision=2, voided=True)), "follow-up")
    assert cancelled.state == "cancelled"


def world(seed: int) -> tuple[list[Fact], list[InterventionV1], set[uuid.UUID]]:
    """A suspected child and one that is perhaps merged into it; the last words on interventions, and the family."""
    rng = random.Random(seed)
    a, b = (uuid.UUID(int=rng.getrandbits(128), version=4) for _ in range(2))
    facts: list[Fact] = [child(a), child(b), light_and_short(a)]
    last: list[InterventionV1] = []
    for who in (a, a, b):
        for make in (feeding, referral):
            fact_id, start = uuid.UUID(int=rng.getrandbits(128), version=4), SEEN + timedelta(days=rng.randint(-6, 6))
            for revision in range(1, rng.randint(1, 4)):
                end = rng.choice([None, start + timedelta(days=rng.randint(0, 7))])
                voided = rng.random() < 0.3
                fact = make(who, start, end, revision, fact_id=fact_id, voided=voided)
                facts.append(fact)
                last = [*(known for known in last if known.fact_id != fact_id), fact]
    family = {a}
    if rng.random() < 0.6:
        facts.append(child(b, 2, merged_into=a))
        family.add(b)
    return facts, last, family


async def ending(pool: Pool) -> tuple[list[str], list[tuple[str, date]]]:
    of_a = "SELECT c.root_id FROM child_case k JOIN child c ON c.child_id = k.child_id"
    rows = await pool.fetch(
        "SELECT DISTINCT f.task FROM follow_up f JOIN child c ON c.child_id = f.child_id WHERE f.state = 'open' "
        f"AND f.task = ANY($1) AND c.root_id IN ({of_a}) ORDER BY 1",
        [FEEDING, REFERRAL],
    )
    return [row["task"] for row in rows], sorted({(name, on) for name, on, _ in await milestones(pool)})


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 100_000), order=st.randoms(use_true_random=False), cut=st.integers(1, 7))
def test_any_order_duplication_correction_merge_and_void_ends_in_what_the_last_words_say(
    ground: Stack, seed: int, order: random.Random, cut: int
) -> None:
    facts, last, family = world(seed)
    seen = asyncio.run(any_order_ends_alike(ground.address("scoring_worker"), facts, order, cut, ending))
    living = [fact for fact in last if not fact.voided and fact.child_id in family]
    courses = [fact.part for fact in living if fact.type == "supplementary_feeding"]
    fed = any(course.last_day is None or course.last_day >= SEEN for course in courses)
    sent = any(fact.type == "referral" and fact.part.last_day is None for fact in living)
    told = {"supplementary_feeding": "care_started", "referral": "referred"}
    dated = {(told[fact.type], fact.part.first_day) for fact in living if fact.part.first_day >= SEEN}
    assert seen == ([*([REFERRAL] if sent else []), *([] if fed else [FEEDING])], sorted(dated))


async def test_an_intervention_stands_beside_what_was_measured_before_during_and_after(desk: Desk) -> None:
    a, b, born = uuid.uuid4(), uuid.uuid4(), days_ago(500)
    start, end = days_ago(80), days_ago(25)
    visits = [
        visit(a, days_ago(90), 7.9, 76.0),
        visit(a, days_ago(73), 8.0, None),
        visit(b, days_ago(30), 8.6, 77.5),
        visit(a, days_ago(3), 9.0, 78.2),
    ]
    course = feeding(b, start, end)
    facts = [doors_desk.child(a, birth_date=born), doors_desk.child(b, birth_date=born, merged_into=a)]
    await desk.arrive(*facts, *visits, course, referral(a, days_ago(2)))
    document = await desk.get(f"/v1/children/{a}/interventions")
    assert "bukan bukti" in document["notice_id"]
    fed, sent = document["items"]
    assert (fed["intervention_id"], fed["child_id"], fed["state"]) == (str(course.fact_id), str(b), "ended")
    assert fed["before"]["measurement_id"] == str(visits[0].fact_id)
    assert [item["measurement_id"] for item in fed["during"]] == [str(each.fact_id) for each in visits[1:3]]
    assert fed["after"]["measurement_id"] == str(visits[3].fact_id)
    weight, whz = fed["changes"]["weight_kg"], fed["changes"]["whz"]
    assert (weight["change_during"], weight["change_after"]) == (0.7, 1.1)
    assert whz["change_during"] == round(whz["during"]["value"] - whz["before"]["value"], 2) > 0
    assert fed["gain_g_per_kg_per_day"] == round(700 / 7.9 / 60, 2)
    assert (fed["course"]["planned_days"], fed["course"]["end_overdue"]) == (56, False)
    assert (sent["state"], sent["after"], "course" in sent) == ("open", None, False)
    for language, words in (
        ("id", ("PMT dari", "bukan bukti", "belum ada balasan")),
        ("en", ("PMT from", "no proof", "no reply yet")),
    ):
        explained = await desk.get(f"/v1/children/{a}/explanation?lang={language}")
        growth = next(each for each in explained["sections"] if each["section"] == "growth")
        told = " ".join(line["text"] for line in growth["lines"])
        assert all(word in told for word in words), told
        assert any(entry["word"] == "PMT" for entry in explained["glossary"])
    assert (await desk.send("GET", f"/v1/children/{a}/interventions", areas=(DESA_B,))).status_code == 404


async def test_a_merge_brings_the_referrals_and_results_of_both_children_to_the_survivor(desk: Desk) -> None:
    """B078."""
    a, b = uuid.uuid4(), uuid.uuid4()
    facts = [
        doors_desk.child(a),
        doors_desk.child(b),
        visit(a, days_ago(9), 8.4, 74.0),
        visit(b, days_ago(8), 8.5, 74.2),
    ]
    sent = [referral(a, days_ago(5)), referral(b, days_ago(4))]
    tested = [doors_desk.result(a, "haemoglobin", 96.0), doors_desk.result(b, "ferritin", 8.0)]
    await desk.arrive(*facts, *sent, *tested)
    assert len((await desk.get("/v1/cases"))["items"]) == 2
    await desk.arrive(doors_desk.child(b, 2, merged_into=a))
    shown = (await desk.get(f"/v1/children/{a}/interventions"))["items"]
    assert [item["intervention_id"] for item in shown] == [str(each.fact_id) for each in sent]
    status = await desk.get(f"/v1/children/{a}/status")
    assert {reading["result_id"] for reading in status["readings"]} >= {str(each.fact_id) for each in tested}
    (case,) = (await desk.get("/v1/cases"))["items"]
    told = {each["fact_id"] for each in case["content"]["milestones"] if each["name"] == "referred"}
    assert (case["child_id"], told) == (str(a), {str(each.fact_id) for each in sent})


async def test_a_person_may_end_a_task_with_an_intervention_as_evidence(desk: Desk) -> None:
    child_id, case = await desk.suspected()
    moved = await desk.move(case, "refer", days_ago(2))
    assert moved.status_code == 200, moved.text
    sent = referral(child_id, days_ago(2))
    await desk.arrive(sent)
    tasks = [item for item in (await desk.get("/v1/follow-ups"))["items"] if item["task"] == REFERRAL]
    assert len(tasks) == 1, "the clinician's word and the fact are one task"
    path = f"/v1/follow-ups/{tasks[0]['fact_id']}:complete"
    body = {"state": "done", "done_on": days_ago(1).isoformat(), "fact_id": str(sent.fact_id)}
    answer = await desk.send("POST", path, body, etag=tasks[0].get("etag", '"1.1"'))
    assert answer.status_code == 200, answer.text
    await desk.arrive(visit(child_id, days_ago(1), 8.5, 74.1))
    after = [item["task"] for item in (await desk.get("/v1/follow-ups"))["items"]]
    assert REFERRAL not in after, "what a person ended is not asked again for the same referral"
    case = await desk.case_of(child_id)
    assert [each["name"] for each in case["content"]["milestones"]].count("referred") == 1
