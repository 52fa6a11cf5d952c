"""Scoring on real PostgreSQL: whatever the order of arrival, the same judgements; cases and tasks without doubles."""

import asyncio
import random
import uuid
from datetime import date
from itertools import permutations
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deploy.local.stack import Stack
from services.scoring.use_cases.republish import republish
from shared.contracts.child import Residence
from shared.contracts.fact import Fact
from shared.contracts.kinds import KINDS
from shared.postgres.pool import Pool
from tests.integration.scoring.evidence import DESA, NOW, any_order_ends_alike, arrive, child, of, visit


async def judgements(pool: Pool) -> dict[str, Any]:
    """The judgement of everything, without what depends on how often it was judged."""
    assessments = await pool.fetch("SELECT measurement_id, measurement_revision, codes FROM assessment ORDER BY 1")
    statuses = await pool.fetch("SELECT child_id, fingerprint, voided, tier FROM risk_status ORDER BY 1")
    return {
        "assessments": [tuple(row) for row in assessments],
        # a voided status that was never published otherwise need not exist
        "statuses": [tuple(row) for row in statuses if not row["voided"]],
    }


async def test_each_revision_gets_an_assessment_and_the_status_only_when_it_changed(pool: Pool) -> None:
    c = uuid.uuid4()
    first = await arrive(pool, child(c), visit(c, date(2026, 4, 20), 9.9, 80.0))
    assert [(fact.haz, fact.waz) for fact in of(first, "assessment")] == [(-1.34, -1.14)]
    assert len(of(first, "risk-status")) == 1
    again = await arrive(pool, child(c), visit(c, date(2026, 4, 20), 9.9, 80.0))
    assert again == []
    corrected = await arrive(pool, visit(c, date(2026, 4, 20), 9.9, 80.0, revision=2, source="other"))
    assert [(fact.measurement_revision, fact.revision) for fact in of(corrected, "assessment")] == [(2, 2)]
    assert of(corrected, "risk-status") == []


async def test_a_measurement_that_arrives_before_its_child_is_judged_when_the_child_comes(pool: Pool) -> None:
    c = uuid.uuid4()
    assert await arrive(pool, visit(c, date(2026, 4, 20), 9.9, 80.0)) == []
    published = await arrive(pool, child(c))
    assert len(of(published, "assessment")) == 1
    assert of(published, "risk-status")[0].tier in {"low", "watch"}


async def test_a_suspected_child_gets_one_case_and_its_tasks_however_often_it_is_told(pool: Pool) -> None:
    c = uuid.uuid4()
    published = await arrive(pool, child(c), visit(c, date(2026, 4, 20), 8.4, 74.0))
    (case,) = of(published, "case")
    assert (case.state, case.tier, case.opened_on) == ("open", "suspected", date(2026, 4, 20))
    tasks = {task.task: task for task in of(published, "follow-up")}
    assert {"remeasure_severe", "laboratory_panel"} <= set(tasks)
    assert all(task.case_id == case.fact_id for task in tasks.values())
    later = await arrive(pool, visit(c, date(2026, 5, 2), 8.5, 74.4))
    assert of(later, "case") == []
    assert {(task.task, task.state) for task in of(later, "follow-up")} >= {("remeasure_severe", "done")}
    assert await pool.fetchval("SELECT count(*) FROM follow_up WHERE state = 'open' AND task = 'laboratory_panel'") == 1


async def test_importing_history_opens_no_case_and_no_task(pool: Pool) -> None:
    c = uuid.uuid4()
    published = await arrive(pool, child(c), visit(c, date(2025, 11, 3), 7.0, 68.0))
    assert of(published, "risk-status")[0].tier == "suspected"
    assert of(published, "case") == []
    assert of(published, "follow-up") == []


async def test_a_late_visit_changes_the_judgement_of_the_months_after_it(pool: Pool) -> None:
    """B094: June arrives after July; July keeps its score and its letter changes."""
    c = uuid.uuid4()
    await arrive(pool, child(c), visit(c, date(2026, 4, 20), 9.9, 80.0))
    published = await arrive(pool, visit(c, date(2026, 3, 20), 9.9, 79.0, known_at=NOW, recorded_at=NOW))
    letters = {fact.measured_on: fact.letter for fact in of(published, "assessment")}
    assert letters == {date(2026, 3, 20): "B", date(2026, 4, 20): "T"}
    assert {fact.known_at for fact in of(published, "assessment")} == {NOW}, "known when the late visit was recorded"


@pytest.mark.parametrize(
    "change", [{"sex": "female"}, {"birth_date": date(2024, 8, 3)}], ids=["another sex", "another birth date"]
)
async def test_a_changed_sex_or_birth_date_judges_the_whole_history_anew(pool: Pool, change: dict[str, Any]) -> None:
    c = uuid.uuid4()
    days = [date(2026, 1, 20), date(2026, 2, 20), date(2026, 3, 21), date(2026, 4, 20)]
    visits = [visit(c, on, 9.3 + i / 10, 78.0 + i, head_circumference_cm=46.0) for i, on in enumerate(days)]
    before = of(await arrive(pool, child(c), *visits), "assessment")
    published = await arrive(pool, child(c, 2, known_at=NOW, **change))
    after = {fact.measured_on: fact for fact in of(published, "assessment")}
    assert sorted(after) == days, "every month, the first as well"
    for old in before:
        new = after[old.measured_on]
        assert (new.haz, new.waz, new.hcz) != (old.haz, old.waz, old.hcz)
        assert (new.revision, new.change, new.measurement_revision) == (2, "corrected", 1)
        assert (new.fact_id, new.known_at) == (old.fact_id, NOW), "the same fact, known since the change"
    assert await pool.fetchval("SELECT count(*) FROM assessment WHERE revision = 2") == 4


async def test_a_child_that_moves_is_judged_as_before(pool: Pool) -> None:
    c = uuid.uuid4()
    await arrive(pool, child(c), visit(c, date(2026, 3, 20), 9.6, 79.0), visit(c, date(2026, 4, 20), 9.9, 80.0))
    homes = (
        Residence(valid_from=date(2024, 9, 3), desa_code=DESA),
        Residence(valid_from=date(2026, 4, 1), desa_code="12.19.01.2004"),
    )
    assert await arrive(pool, child(c, 2, residences=homes)) == []


async def test_head_arm_and_gain_are_judged_where_measured(pool: Pool) -> None:
    c = uuid.uuid4()
    first = visit(c, date(2025, 2, 3), 7.1, 63.3, head_circumference_cm=41.2, muac_cm=13.9)
    second = visit(c, date(2025, 4, 4), 8.0, 66.9)
    published = await arrive(pool, child(c), first, second)
    one, two = sorted(of(published, "assessment"), key=lambda fact: fact.measured_on)
    assert (one.hcz, one.acz, one.hcz_flagged, one.blank_reasons) == (-1.14, -0.15, False, {})
    assert (one.weight_velocity.reason, one.head_velocity.reason) == ("no_earlier_measurement",) * 2
    assert (two.hcz, two.acz, two.head_velocity, two.blank_reasons) == (None, None, None, {})
    assert (two.weight_velocity.days, two.length_velocity.days, two.length_velocity.low) == (60, 60, False)
    assert two.weight_velocity.z is not None


async def test_a_judgement_stored_before_the_newest_columns_is_still_read(pool: Pool) -> None:
    """Republishing says of it what it said; the next fact of the child judges it anew."""
    c = uuid.uuid4()
    (old,) = of(await arrive(pool, child(c), visit(c, date(2026, 4, 20), 9.9, 80.0)), "assessment")
    await pool.execute("UPDATE assessment SET codes = substring(codes FROM 1 FOR 4 * 23)")
    await pool.execute("DELETE FROM outbox")
    await republish(pool)
    bodies = await pool.fetchval("SELECT array_agg(b) FROM outbox, unnest(bodies) AS b")
    again = [fact for fact in map(orjson.loads, bodies) if "measurement_id" in fact]
    assert [(fact["haz"], fact.get("weight_velocity"), fact["revision"]) for fact in again] == [(old.haz, None, 1)]
    published = await arrive(pool, visit(c, date(2026, 5, 1), 10.0, None))
    assert {fact.revision for fact in of(published, "assessment")} == {1, 2}


async def live_cases(pool: Pool) -> list[uuid.UUID]:
    rows = await pool.fetch("SELECT child_id FROM child_case WHERE state <> 'closed'")
    return [row["child_id"] for row in rows]


async def test_a_voided_measurement_counts_no_more_and_its_case_is_reviewed(pool: Pool) -> None:
    c = uuid.uuid4()
    low = visit(c, date(2026, 4, 20), 8.4, 74.0)
    await arrive(pool, child(c), low)
    void = low.model_copy(update={"revision": 2, "voided": True, "change": "voided", "void_reason": "wrong_child"})
    published = await arrive(pool, void)
    assert of(published, "assessment")[0].voided
    assert of(published, "risk-status")[0].tier == "unknown"
    assert of(published, "case")[0].needs_review
    assert {task.state for task in of(published, "follow-up")} == {"cancelled"}


async def test_a_merge_folds_both_histories_as_one_child_and_loses_no_case(pool: Pool) -> None:
    """B078 for judgements: facts stay with their child, the survivor speaks for both; undone, both speak again."""
    a, b = uuid.uuid4(), uuid.uuid4()
    await arrive(
        pool, child(a), child(b), visit(a, date(2026, 4, 1), 9.9, 80.0), visit(b, date(2026, 4, 20), 8.4, 74.0)
    )
    merged = await arrive(pool, child(b, 2, merged_into=a))
    statuses = {fact.child_id: fact for fact in of(merged, "risk-status")}
    assert statuses[b].voided
    assert statuses[a].tier == "suspected"
    cases = {fact.child_id: fact for fact in of(merged, "case")}
    assert cases[b].close_reason == "merged"
    assert cases[a].state == "open"
    undone = await arrive(pool, child(b, 3))
    statuses = {fact.child_id: fact for fact in of(undone, "risk-status")}
    assert not statuses[b].voided
    assert statuses[b].tier == "suspected"
    cases = {fact.child_id: fact for fact in of(undone, "case")}
    assert cases[b].state == "open"
    assert cases[a].needs_review


@pytest.mark.parametrize("order", list(permutations(range(2))))
async def test_a_chain_of_merges_and_its_undoing_are_told_child_by_child_in_any_order(
    pool: Pool, order: tuple[int, ...]
) -> None:
    a, b, c = (uuid.uuid4() for _ in range(3))
    low = [visit(who, date(2026, 4, 20), 8.4, 74.0) for who in (a, b)]
    await arrive(pool, child(a), child(b), child(c), *low)
    await arrive(pool, child(a, 2, merged_into=b))

    chain = [child(b, 2, merged_into=c), child(a, 3, merged_into=c)]
    for place in order:
        await arrive(pool, chain[place])
    assert await live_cases(pool) == [c]

    undone = [child(b, 3), child(a, 4, merged_into=b)]
    for place in order:
        await arrive(pool, undone[place])
    assert sorted(await live_cases(pool)) == sorted([b, c])  # at the one without evidence a person looks
    await arrive(pool, child(a, 5))
    assert sorted(await live_cases(pool)) == sorted([a, b, c])


async def test_who_moved_away_and_is_one_with_a_record_that_is_here_goes_on_with_its_case(pool: Pool) -> None:
    a, b = uuid.uuid4(), uuid.uuid4()
    await arrive(pool, child(a), child(b), visit(b, date(2026, 4, 20), 8.4, 74.0))
    await arrive(pool, child(b, 2, departed_on=date(2026, 4, 25)))
    merged = await arrive(pool, child(b, 3, departed_on=date(2026, 4, 25), merged_into=a))
    (case,) = of(merged, "case")
    assert (case.child_id, case.state, case.opened_on) == (a, "open", date(2026, 4, 20))
    assert not of(await arrive(pool, child(a, 2)), "case")


async def test_a_child_that_died_ends_its_case_and_its_tasks(pool: Pool) -> None:
    c = uuid.uuid4()
    await arrive(pool, child(c), visit(c, date(2026, 4, 20), 8.4, 74.0))
    published = await arrive(pool, child(c, 2, died_on=date(2026, 4, 28)))
    assert [(case.state, case.close_reason, case.closed_on) for case in of(published, "case")] == [
        ("closed", "died", date(2026, 4, 28))
    ]
    assert {task.state for task in of(published, "follow-up")} == {"cancelled"}


async def test_a_child_that_moved_away_and_came_back_finds_its_case(pool: Pool) -> None:
    c = uuid.uuid4()
    await arrive(pool, child(c), visit(c, date(2026, 4, 20), 8.4, 74.0))
    away = await arrive(pool, child(c, 2, departed_on=date(2026, 4, 22)))
    back = await arrive(pool, child(c, 3))
    assert of(away, "case")[0].close_reason == "moved_out"
    assert of(back, "case")[0].state == "open"
    assert of(back, "case")[0].fact_id == of(away, "case")[0].fact_id


async def test_republishing_gives_the_very_events_that_were_published(pool: Pool) -> None:
    c = uuid.uuid4()
    published = await arrive(
        pool, child(c), visit(c, date(2026, 4, 20), 8.4, 74.0), visit(c, date(2026, 3, 2), 8.3, 73.5)
    )
    await pool.execute("DELETE FROM outbox")
    assert await republish(pool) == len(published)
    again = [
        KINDS[dict(orjson.loads(headers))["ce_type"].removeprefix("tumbuh.")].read(body)
        for row in await pool.fetch("SELECT headers, bodies FROM outbox")
        for headers, body in zip(row["headers"], row["bodies"], strict=True)
    ]
    assert sorted(again, key=str) == sorted(published, key=str)


def _world(seed: int) -> list[Fact]:
    """Children that are merged, perhaps in a chain and parted again, with corrected, voided and same-day visits."""
    rng = random.Random(seed)
    a, b, c = (uuid.UUID(int=rng.getrandbits(128)) for _ in range(3))
    facts: list[Fact] = [child(a), child(b), child(b, 2, merged_into=a), child(a, 2, sex="female"), child(c)]
    end = rng.choice(["pair", "parted", "chain", "chain parted"])
    if end == "parted":
        facts.append(child(b, 3))
    if end.startswith("chain"):
        facts += [child(a, 3, sex="female", merged_into=c), child(b, 3, merged_into=c)]
    if end == "chain parted":
        facts += [child(a, 4, sex="female"), child(b, 4, merged_into=a)]
    for who in (a, b, c):
        for month in range(1, 5):
            first = visit(
                who,
                date(2026, month, rng.randint(1, 28)),
                rng.choice([None, 8.0 + month / 4]),
                rng.choice([70.0, 76.5, 81.0]),
                fact_id=uuid.UUID(int=rng.getrandbits(128)),
                head_circumference_cm=rng.choice([None, 46.0 + month / 4]),
                danger_signs=rng.choice([None, None, (), ("convulsions",)]),
                temperature_c=rng.choice([None, 36.8, 39.0]),
            )
            facts.append(first)
            if rng.random() < 0.4:
                signs = rng.choice([first.danger_signs, ()])
                corrected = {"revision": 2, "weight_kg": 7.5, "danger_signs": signs, "change": "corrected"}
                facts.append(first.model_copy(update=corrected))
            if rng.random() < 0.2:
                facts.append(first.model_copy(update={"revision": 3, "voided": True, "change": "voided"}))
    return facts


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10_000), order=st.randoms(use_true_random=False), cut=st.integers(1, 9))
def test_any_order_duplication_and_batching_of_facts_ends_in_the_same_judgements(
    ground: Stack, seed: int, order: random.Random, cut: int
) -> None:
    asyncio.run(any_order_ends_alike(ground.address("scoring_worker"), _world(seed), order, cut, judgements))
