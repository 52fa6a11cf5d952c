"""Hints on real PostgreSQL: in whatever order facts arrive, the hints are the verdicts on the final facts."""

import asyncio
import random
import uuid
from collections.abc import Iterable
from dataclasses import fields
from datetime import date, timedelta
from typing import Any

import asyncpg
import numpy as np
import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deploy.local.stack import Stack
from services.scoring.domain.plausibility.detect import STREAM_POSYANDU_DAYS, judge_stream
from services.scoring.domain.plausibility.values import Param, Values
from services.scoring.domain.plausibility.verdicts import EVIDENCE_CODES, KIND_CODES
from services.scoring.jobs.sessions import SessionJudge
from services.scoring.store import sessions
from services.scoring.store.evidence_facts import POSITION_CODES, SEX_CODES, place_of
from services.scoring.use_cases import judge_sessions as judging
from services.scoring.use_cases.accept_hint import accept_hint
from services.scoring.use_cases.judge_measurements import Clock
from services.scoring.use_cases.judge_sessions import gather_marks, judge_all_anew, judge_turn
from services.scoring.use_cases.republish import republish
from shared.contracts.child import ChildV1, MeasurementV1
from shared.contracts.fact import Fact
from shared.contracts.hint import HintV1
from shared.growth.codes import Position
from shared.postgres.pool import Pool, open_pool
from tests.integration.scoring.evidence import NOW, arrive, child, empty, of, visit

FIRST_DAY = date(1970, 1, 1)
POSYANDU = "12.19.01.2003.P001"
Said = tuple[uuid.UUID, str, str, str]


async def judge_all(pool: Pool) -> None:
    """The worker, until nothing is marked."""
    judge = SessionJudge(pool, lambda: None, settled_seconds=0.0)
    while await judge.once():
        pass
    assert (await sessions_waiting(pool)) == 0


async def sessions_waiting(pool: Pool) -> int:
    async with pool.acquire() as connection:
        return (await sessions.waiting(connection))[0]


async def stored(pool: Pool, state: str = "open") -> list[HintV1]:
    rows = await pool.fetch("SELECT content::text FROM hint WHERE state = $1 ORDER BY fact_id", state)
    return [HintV1.read(row["content"]) for row in rows]


async def published(pool: Pool) -> list[HintV1]:
    """Hints in the outbox, oldest first; it is emptied."""
    rows = await pool.fetch("DELETE FROM outbox RETURNING id, bodies")
    return [HintV1.read(body) for row in sorted(rows, key=lambda row: int(row["id"])) for body in row["bodies"]]


def said(hints: Iterable[HintV1]) -> set[Said]:
    return {(hint.measurement_id, hint.param, hint.error_kind, hint.evidence.code) for hint in hints}


def final(facts: Iterable[Fact]) -> dict[uuid.UUID, Any]:
    newest: dict[uuid.UUID, Any] = {}
    for fact in facts:
        if fact.fact_id not in newest or fact.order > newest[fact.fact_id].order:
            newest[fact.fact_id] = fact
    return newest


def verdicts_of(facts: Iterable[Fact]) -> set[Said]:
    """`judge_stream` over the final facts at once, all rows asked."""
    newest = final(facts)
    children = {fact_id: fact for fact_id, fact in newest.items() if isinstance(fact, ChildV1)}
    number = {child_id: place for place, child_id in enumerate(sorted(children))}
    posyandu: dict[str, int] = {}
    rows = []
    visits = [fact for fact in newest.values() if isinstance(fact, MeasurementV1)]
    for place, fact in enumerate(visits):
        own = children[fact.child_id]
        root = children[own.merged_into or own.child_id]
        if fact.voided or own.voided:
            continue
        for param, value in ((Param.WEIGHT_KG, fact.weight_kg), (Param.LENGTH_HEIGHT_CM, fact.length_height_cm)):
            if value is not None:
                rows.append(
                    (
                        number[root.child_id],
                        place,
                        posyandu.setdefault(place_of(fact), len(posyandu)),
                        (fact.measured_on - FIRST_DAY).days,
                        (root.birth_date - FIRST_DAY).days,
                        SEX_CODES[root.sex],
                        param,
                        value,
                        Position.UNKNOWN if param == Param.WEIGHT_KG else POSITION_CODES[fact.measurement_position],
                    )
                )
    kinds = (*(np.int64,) * 3, *(np.int32,) * 2, *(np.int8,) * 2, np.float64, np.int8)
    values = Values(*(np.array([row[at] for row in rows], kind) for at, kind in enumerate(kinds)))
    assert len(fields(values)) == len(kinds)
    verdicts = judge_stream(values, np.ones(len(values), np.bool_))
    return {
        (
            visits[values.visit[at]].fact_id,
            ("weight_kg", "length_height_cm")[values.param[at]],
            KIND_CODES[verdicts.kind[at]],
            EVIDENCE_CODES[verdicts.evidence_code[at]],
        )
        for at in np.flatnonzero(verdicts.flagged).tolist()
    }


def history(child_id: uuid.UUID, born: date, months: range, rng: random.Random) -> list[MeasurementV1]:
    """Monthly visits of a plain child at the posyandu, on the posyandu's day."""
    visits = []
    for month in months:
        on = date(2025, 1, 12) + timedelta(days=28 * month)
        age = (on - born).days / 30.4375
        visits.append(
            visit(
                child_id,
                on,
                round(6.0 + 0.42 * min(age, 12) + 0.2 * max(0, age - 12) + rng.uniform(-0.1, 0.1), 1),
                round(57.0 + 1.5 * min(age, 12) + 0.9 * max(0, age - 12) + rng.uniform(-0.2, 0.2), 1),
                posyandu_code=POSYANDU,
                measurement_position="lying" if (on - born).days < 731 else "standing",
                fact_id=uuid.UUID(int=rng.getrandbits(128)),
            )
        )
    return visits


def posyandu(rng: random.Random, children: int = 6, months: int = 7) -> list[Fact]:
    facts: list[Fact] = []
    for _ in range(children):
        child_id = uuid.UUID(int=rng.getrandbits(128))
        born = date(2024, 5, 1) + timedelta(days=rng.randrange(120))
        facts += [child(child_id, birth_date=born), *history(child_id, born, range(months), rng)]
    return facts


def times_ten(fact: MeasurementV1) -> MeasurementV1:
    """A weight with its decimal point lost, small enough to be taken."""
    assert fact.weight_kg is not None
    return fact.model_copy(update={"weight_kg": 58.0})


async def one_wrong(pool: Pool) -> tuple[MeasurementV1, HintV1]:
    """A child with one impossible weight, judged."""
    rng = random.Random(1)
    own, *visits = posyandu(rng, children=1)
    wrong = times_ten(visits[-1])  # type: ignore[arg-type]
    await arrive(pool, own, *visits[:-1], wrong)
    await judge_all(pool)
    (hint,) = [hint for hint in await stored(pool) if hint.measurement_id == wrong.fact_id]
    return wrong, hint


async def test_an_impossible_value_gets_one_hint_and_its_neighbours_none(pool: Pool) -> None:
    wrong, hint = await one_wrong(pool)
    assert (hint.param, hint.state, hint.revision, hint.child_id) == ("weight_kg", "open", 1, wrong.child_id)
    assert hint.evidence.value == 58.0
    assert hint.measured_on == wrong.measured_on
    assert len(await stored(pool)) == 1
    assert said(await published(pool)) == said([hint])


async def test_told_again_nothing_is_judged_and_nothing_published(pool: Pool) -> None:
    wrong, _ = await one_wrong(pool)
    await published(pool)
    await arrive(pool, wrong)
    assert await sessions_waiting(pool) == 0
    await arrive(pool, wrong.model_copy(update={"revision": 2, "muac_cm": 14.0}))
    await judge_all(pool)
    assert await published(pool) == []


async def test_a_corrected_value_withdraws_its_hint(pool: Pool) -> None:
    wrong, hint = await one_wrong(pool)
    await published(pool)
    right = wrong.model_copy(update={"revision": 2, "weight_kg": 10.0, "change": "corrected", "known_at": NOW})
    await arrive(pool, right)
    await judge_all(pool)
    (told,) = await published(pool)
    assert (told.fact_id, told.revision, told.state, told.known_at) == (hint.fact_id, 2, "withdrawn", NOW)
    back = right.model_copy(update={"revision": 3, "weight_kg": 58.0})
    await arrive(pool, back)
    await judge_all(pool)
    (told,) = await published(pool)
    assert (told.fact_id, told.revision, told.state) == (hint.fact_id, 3, "open")


async def test_a_voided_measurement_withdraws_its_hint(pool: Pool) -> None:
    wrong, _ = await one_wrong(pool)
    await arrive(pool, wrong.model_copy(update={"revision": 2, "voided": True, "change": "voided"}))
    await judge_all(pool)
    assert await stored(pool) == []
    assert len(await stored(pool, "withdrawn")) == 1


async def test_a_child_entered_in_error_withdraws_the_hints_at_its_values(pool: Pool) -> None:
    wrong, _ = await one_wrong(pool)
    await arrive(pool, child(wrong.child_id, 2, voided=True))
    await judge_all(pool)
    assert await stored(pool) == []


async def test_a_visit_of_another_day_takes_its_hint_along(pool: Pool) -> None:
    wrong, hint = await one_wrong(pool)
    moved = wrong.model_copy(update={"revision": 2, "measured_on": wrong.measured_on + timedelta(days=3)})
    await arrive(pool, moved)
    await judge_all(pool)
    (now,) = await stored(pool)
    assert (now.fact_id, now.measured_on) == (hint.fact_id, moved.measured_on)


async def test_a_move_or_a_death_of_the_child_asks_for_no_judging(pool: Pool) -> None:
    wrong, _ = await one_wrong(pool)
    own = child(wrong.child_id, birth_date=date(2024, 5, 1))
    await arrive(pool, own.model_copy(update={"revision": 2}))
    await judge_all(pool)
    await arrive(pool, own.model_copy(update={"revision": 3, "died_on": date(2026, 4, 1)}))
    assert await sessions_waiting(pool) == 0


async def test_another_birth_date_marks_every_session_of_the_child(pool: Pool) -> None:
    wrong, _ = await one_wrong(pool)
    await arrive(pool, child(wrong.child_id, 2, birth_date=date(2024, 1, 1)))
    assert await sessions_waiting(pool) == 7


async def test_a_visit_that_comes_before_its_child_is_judged_when_the_child_comes(pool: Pool) -> None:
    own, *visits = posyandu(random.Random(1), children=1)
    await arrive(pool, *visits[:-1], times_ten(visits[-1]))  # type: ignore[arg-type]
    await judge_all(pool)
    assert await stored(pool) == []
    await arrive(pool, own)
    await judge_all(pool)
    assert len(await stored(pool)) == 1


async def test_an_accepted_value_stays_accepted_until_it_is_another_value(pool: Pool) -> None:
    wrong, hint = await one_wrong(pool)
    async with pool.acquire() as connection, connection.transaction():
        accepted = await accept_hint(connection, hint, "a", Clock(NOW.date(), NOW))
    assert (accepted.revision, accepted.accepted_on) == (2, NOW.date())
    await arrive(pool, wrong.model_copy(update={"revision": 2, "muac_cm": 14.0}))
    await judge_all(pool)
    assert await stored(pool, "accepted") == [accepted]
    await arrive(pool, wrong.model_copy(update={"revision": 3, "weight_kg": 57.0}))
    await judge_all(pool)
    (again,) = await stored(pool)
    assert (again.fact_id, again.accepted_by, again.evidence.value) == (hint.fact_id, None, 57.0)


async def test_a_severely_stunted_child_with_a_hint_keeps_status_case_and_tasks(pool: Pool) -> None:
    """The platform flags, a person decides: a hint hides nobody."""
    c = uuid.uuid4()
    low = visit(c, date(2026, 4, 20), 8.4, 66.0, posyandu_code=POSYANDU)  # beyond -6 SD: flagged, and on the lists
    facts = await arrive(pool, child(c), visit(c, date(2026, 4, 6), 8.4, 70.5, posyandu_code=POSYANDU), low)
    before = {table: await pool.fetch(f"SELECT content::text FROM {table} ORDER BY fact_id") for table in KEPT}
    await judge_all(pool)
    assert len(of(facts, "case")) == 1
    assert {table: await pool.fetch(f"SELECT content::text FROM {table} ORDER BY fact_id") for table in KEPT} == before
    assert await stored(pool) != []
    assert await arrive(pool, low) == [], "nor does the next batch know of it"


KEPT = ("risk_status", "child_case", "follow_up")


async def test_a_mark_that_is_written_while_its_session_is_judged_stays(pool: Pool) -> None:
    await arrive(pool, *posyandu(random.Random(2), children=2))
    async with pool.acquire() as connection, connection.transaction():
        await gather_marks(connection)
    async with pool.acquire() as connection, connection.transaction():
        turn = await sessions.claim_turn(connection, 0.0)
        assert turn is not None
        async with pool.acquire() as other, other.transaction():
            assert await sessions.claim_turn(other, 0.0) is None, "nobody else takes what is held"
            await sessions.mark(other, {turn.sessions[0]: {uuid.uuid4()}})
            assert await gather_marks(other) > 0
        await judge_turn(connection, turn)
    assert await sessions_waiting(pool) >= 1


async def test_a_session_marked_by_many_batches_is_judged_once_and_after_those_that_rest(pool: Pool) -> None:
    own, *visits = posyandu(random.Random(2), children=1, months=3)
    elsewhere = visit(own.fact_id, visits[0].measured_on, 9.0, 75.0, posyandu_code="12.19.01.2003.P009")  # type: ignore[attr-defined]
    for fact in (own, *visits, elsewhere):
        await arrive(pool, fact)
    async with pool.acquire() as connection, connection.transaction():
        assert await gather_marks(connection) == 4
    await arrive(pool, visits[-1].model_copy(update={"revision": 2, "weight_kg": 9.9}))
    async with pool.acquire() as connection, connection.transaction():
        assert await gather_marks(connection) == 4
        turn = await sessions.claim_turn(connection, 0.0)
    assert turn is not None
    assert len(turn.sessions) == len(set(turn.sessions)) == 4
    assert turn.sessions[-1] == (POSYANDU, visits[-1].measured_on)  # type: ignore[attr-defined]
    assert await sessions_waiting(pool) == 4


async def test_a_new_detector_judges_every_session_once_more(pool: Pool) -> None:
    await one_wrong(pool)
    await pool.execute("DELETE FROM detector")
    async with pool.acquire() as connection, connection.transaction():
        assert await judge_all_anew(connection, "1")
        assert not await judge_all_anew(connection, "1")
    assert await sessions_waiting(pool) == 7
    await pool.execute("DELETE FROM hint")
    await judge_all(pool)
    assert len(await stored(pool)) == 1
    async with pool.acquire() as connection, connection.transaction():
        assert await judge_all_anew(connection, "2")
    assert await sessions_waiting(pool) == 7
    await judge_all(pool)
    assert len(await stored(pool)) == 1


async def test_marks_wait_for_a_quiet_moment_and_not_for_ever(pool: Pool) -> None:
    await arrive(pool, *posyandu(random.Random(2), children=1))
    async with pool.acquire() as connection:
        assert not await sessions.to_gather(connection, 60.0, 60.0)
        await connection.execute("UPDATE session_mark SET marked_at = marked_at - interval '5 minutes'")
        assert await sessions.to_gather(connection, 60.0, 6000.0)
        await sessions.mark(connection, {(POSYANDU, NOW.date()): {uuid.uuid4()}})
        assert not await sessions.to_gather(connection, 60.0, 6000.0)
        assert await sessions.to_gather(connection, 60.0, 60.0)


async def affected(pool: Pool) -> set[sessions.Session]:
    """The sessions that wait, with those that follow from them; nothing is judged."""
    async with pool.acquire() as connection, connection.transaction():
        found = await sessions.affected(connection, await sessions.claim(connection, 100), STREAM_POSYANDU_DAYS)
    return {item.session for item in found}


async def test_a_visit_of_another_day_or_place_has_both_sessions_judged(pool: Pool) -> None:
    own, *visits = posyandu(random.Random(7), children=1, months=2)
    neighbour = visit(uuid.uuid4(), visits[0].measured_on, 9.0, 75.0, posyandu_code=POSYANDU)  # type: ignore[attr-defined]
    await arrive(pool, own, *visits, neighbour)
    await judge_all(pool)
    day = visits[1].measured_on  # type: ignore[attr-defined]
    await arrive(pool, visits[0].model_copy(update={"revision": 2, "measured_on": day + timedelta(days=7)}))
    assert await affected(pool) == {(POSYANDU, on) for on in (neighbour.measured_on, day, day + timedelta(days=7))}


async def test_a_late_visit_has_later_sessions_of_the_child_and_near_ones_of_the_place_judged(pool: Pool) -> None:
    late, other, elsewhere = uuid.uuid4(), uuid.uuid4(), "12.19.01.2003.P002"
    first = date(2025, 3, 1)
    near, far = first + timedelta(days=STREAM_POSYANDU_DAYS), first + timedelta(days=STREAM_POSYANDU_DAYS + 1)
    own = first + timedelta(days=300)
    await arrive(
        pool,
        child(late),
        child(other),
        visit(late, own, 11.0, 83.0, posyandu_code=elsewhere),
        *(visit(other, on, 10.0, 80.0, posyandu_code=POSYANDU) for on in (first - timedelta(days=20), near, far)),
    )
    await judge_all(pool)
    await arrive(pool, visit(late, first, 9.0, 75.0, posyandu_code=POSYANDU))
    assert await affected(pool) == {(POSYANDU, first), (POSYANDU, near), (elsewhere, own)}


async def test_what_is_too_much_for_one_turn_is_judged_in_the_next(pool: Pool) -> None:
    await arrive(pool, *posyandu(random.Random(3), children=3, months=5))
    async with pool.acquire() as connection, connection.transaction():
        await gather_marks(connection, visits_a_turn=7)
        turn = await sessions.claim_turn(connection, 0.0)
        assert turn is not None
        assert len(turn.sessions) == 2, "two sessions of three visits"
        await judge_turn(connection, turn)
    assert await sessions_waiting(pool) == 3
    await judge_all(pool)


async def test_a_session_that_makes_the_detector_fail_is_set_aside_and_the_others_go_on(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = posyandu(random.Random(4), children=1), posyandu(random.Random(5), children=1)
    poison = visit(bad[0].fact_id, date(2026, 2, 3), 31.25, None, posyandu_code="12.19.01.2003.P009")
    wrong = times_ten(good[-1])  # type: ignore[arg-type]
    await arrive(pool, bad[0], poison, *good[:-1], wrong)

    def failing(values: Values, asked: Any) -> Any:
        if (values.value[asked] == 31.25).any():
            raise ZeroDivisionError
        return judge_stream(values, asked)

    monkeypatch.setattr(judging, "judge_stream", failing)
    judge = SessionJudge(pool, lambda: None, settled_seconds=0.0)
    turns = 0
    while await judge.once():
        turns += 1
    sessions_there = 1 + len(good) - 1
    assert turns == 1 + sessions_there, "all together, then each for itself; the failing one waits for its time"
    assert [hint.measurement_id for hint in await stored(pool)] == [wrong.fact_id]
    assert await sessions_waiting(pool) == 1, "nothing is forgotten: the mark grows old and an alert tells"
    monkeypatch.undo()
    await pool.execute("UPDATE session_mark SET tried_at = tried_at - interval '1 hour'")
    await judge_all(pool)
    assert {hint.measurement_id for hint in await stored(pool)} == {wrong.fact_id, poison.fact_id}


async def test_republishing_sends_the_hints_as_they_were_published(pool: Pool) -> None:
    await one_wrong(pool)
    before = await published(pool)
    await republish(pool)
    rows = await pool.fetch("SELECT headers, bodies FROM outbox")
    again = [
        HintV1.read(body)
        for row in rows
        for headers, body in zip(row["headers"], row["bodies"], strict=True)
        if dict(orjson.loads(headers))["ce_type"] == "tumbuh.hint"
    ]
    assert again == before


def _world(seed: int) -> list[Fact]:
    """A posyandu with wrong values, some corrected, voided or moved, a merged child and a corrected birth date."""
    rng = random.Random(seed)
    facts = posyandu(rng, children=5, months=3)
    children = [fact for fact in facts if isinstance(fact, ChildV1)]
    visits = [fact for fact in facts if isinstance(fact, MeasurementV1)]
    told: list[Fact] = list(children)
    for at, fact in enumerate(visits):
        chance = rng.random()
        first = fact
        if chance < 0.1:
            first = times_ten(fact)
        elif chance < 0.2 and at:
            first = fact.model_copy(
                update={"weight_kg": visits[at - 1].weight_kg, "length_height_cm": visits[at - 1].length_height_cm}
            )
        elif chance < 0.25:
            first = fact.model_copy(update={"posyandu_code": None, "desa_code": rng.choice([None, POSYANDU[:13]])})
        told.append(first)
        if rng.random() < 0.15:
            changes: dict[str, Any] = rng.choice(
                [
                    {"weight_kg": 9.9},
                    {"length_height_cm": 75.0, "weight_kg": None},
                    {"measured_on": fact.measured_on + timedelta(days=rng.choice([-28, 3, 28]))},
                    {"posyandu_code": "12.19.01.2003.P002"},
                    {"voided": True},
                ]
            )
            told.append(first.model_copy(update={"revision": 2, "change": "corrected", **changes}))
    told.append(
        children[0].model_copy(update={"revision": 2, "birth_date": children[0].birth_date + timedelta(days=200)})
    )
    told.append(children[1].model_copy(update={"revision": 2, "sex": "female"}))
    told.append(children[2].model_copy(update={"revision": 2, "merged_into": children[3].child_id}))
    if rng.random() < 0.3:
        told.append(children[2].model_copy(update={"revision": 3}))
    if rng.random() < 0.3:
        told.append(children[4].model_copy(update={"revision": 2, "voided": True}))
    return told


@pytest.mark.timeout(300)
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10_000), order=st.randoms(use_true_random=False), cut=st.integers(1, 25))
def test_any_order_duplication_and_correction_ends_in_the_verdicts_on_the_final_facts(
    ground: Stack, seed: int, order: random.Random, cut: int
) -> None:
    async def any_order() -> set[Said]:
        facts = _world(seed)
        shuffled = [*facts, *order.sample(facts, len(facts) // 3)]
        order.shuffle(shuffled)
        async with open_pool(ground.address("scoring_worker")) as pool:
            await empty(pool)
            for start in range(0, len(shuffled), cut):
                await arrive(pool, *shuffled[start : start + cut])
                if order.random() < 0.5:
                    await SessionJudge(pool, lambda: None, settled_seconds=0.0).once()
            await judge_all(pool)
            return said(await stored(pool))

    assert asyncio.run(any_order()) == verdicts_of(_world(seed))


async def test_batches_and_judging_at_once_end_in_the_verdicts_on_the_final_facts(ground: Stack) -> None:
    """Two judges and two consumers on the same children: nobody overwrites a newer verdict with an older one."""
    rng = random.Random(6)
    facts = _world(77)
    rng.shuffle(facts)
    async with open_pool(ground.address("scoring_worker")) as pool:
        await empty(pool)
        stop = asyncio.Event()
        judges = [
            asyncio.create_task(SessionJudge(pool, lambda: None, settled_seconds=0.0).run(stop)) for _ in range(2)
        ]
        # One partition is one consumer's: all facts of a child go the same way, in batches.
        halves = [[fact for fact in facts if fact.child_id.int % 2 == half] for half in range(2)]  # type: ignore[attr-defined]

        async def consume(half: list[Fact]) -> None:
            for start in range(0, len(half), 4):
                await _until_done(pool, half[start : start + 4])

        await asyncio.gather(*(consume(half) for half in halves))
        stop.set()
        await asyncio.gather(*judges)
        await judge_all(pool)
        assert said(await stored(pool)) == verdicts_of(facts)


async def _until_done(pool: Pool, batch: list[Fact]) -> None:
    """As the consumer: a deadlock is tried again."""
    while True:
        try:
            await arrive(pool, *batch)
        except asyncpg.DeadlockDetectedError:
            continue
        return
