"""The figures follow from the set of facts, whatever the order, the batches and the repetitions in which they came."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deploy.local.stack import Stack
from services.reporting.domain.periods import LENGTHS
from services.reporting.use_cases.project_facts import project_facts
from services.reporting.use_cases.rebuild import rebuild
from services.reporting.use_cases.verify import verify
from shared.contracts.child import MeasurementV1
from shared.contracts.fact import Fact
from shared.contracts.risk import AssessmentV1
from shared.postgres.pool import Pool, connect
from tests.integration.reporting import ground
from tests.unit.reporting.history import (
    BORN,
    DESA,
    POSYANDU,
    assessment,
    case,
    child,
    measurement,
    random_history,
    risk_status,
)

PROPERTY = settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None
)


@PROPERTY
@given(seed=st.integers(0, 10**9), steps=st.integers(1, 60), size=st.integers(1, 40), merging=st.booleans())
async def test_any_order_duplication_and_batching_of_facts_ends_in_the_same_figures(
    pool: Pool, seed: int, steps: int, size: int, *, merging: bool
) -> None:
    """B090: corrections, moves, merges, voids in any order: equal to the recount, equal to a rebuild.

    Without merges too: of children who stand alone, a batch folds only the months that it changes.
    """
    facts = random_history(seed, steps, merging=merging)
    await ground.empty(pool)
    await ground.deliver(pool, facts, size)
    in_order = await ground.derived(pool)
    async with pool.acquire() as connection:
        assert (await verify(connection))["differences"] == []

    shuffled = facts + random.Random(seed).sample(facts, len(facts) // 3)
    random.Random(seed + 1).shuffle(shuffled)
    await ground.empty(pool)
    await ground.deliver(pool, shuffled, size)
    assert await ground.derived(pool) == in_order
    async with pool.acquire() as connection:
        assert (await verify(connection))["differences"] == []
        assert (await rebuild(connection))["differences"] == []
    assert await ground.derived(pool) == in_order


async def test_workers_side_by_side_end_in_the_same_figures_without_deadlock(pool: Pool) -> None:
    """Children locked in one order, cells last in one order: nobody waits crosswise, and no sum is lost."""
    facts = _many_children()
    workers = [facts[number::4] + facts[number::8] for number in range(4)]
    await asyncio.gather(*(ground.deliver(pool, part, 7) for part in workers))
    beside = await ground.derived(pool)
    async with pool.acquire() as connection:
        assert (await verify(connection))["differences"] == []
    await ground.empty(pool)
    await ground.deliver(pool, facts, 100)
    assert await ground.derived(pool) == beside


async def test_one_batch_touching_few_cells_writes_few_rows(pool: Pool) -> None:
    """The write budget: a measurement costs reporting two facts and one child-month; cells are shared by a batch."""
    facts = _many_children()
    kinds = [[fact for fact in facts if fact.kind == kind] for kind in ("child", "measurement", "assessment")]
    for batch in kinds[:2]:
        await ground.deliver(pool, batch)
    written = await _rows_written(pool, kinds[2])
    assert written <= len(kinds[2]) + CHILDREN + CELLS + TALLIES + QUALITY_MARKS


async def test_a_status_costs_its_own_row_and_the_tally(pool: Pool) -> None:
    """Risk statuses and follow-ups change no figure."""
    facts = _many_children()
    await ground.deliver(pool, facts)
    statuses: list[Fact] = [risk_status(number) for number in range(CHILDREN)]
    assert await _rows_written(pool, statuses) == CHILDREN + 1


async def test_a_case_writes_a_month_only_where_it_says_something_new(pool: Pool) -> None:
    """A fact each; a version more where the month becomes known as covered or a step is reached, and else none."""
    facts = [fact for fact in _many_children() if not isinstance(fact, AssessmentV1)]
    judged = [assessment(fact, tier="suspected") for fact in facts if isinstance(fact, MeasurementV1)]
    await ground.deliver(pool, [*facts, *judged])
    steps: list[dict[str, Any]] = [
        {},
        {"state": "confirmed", "confirmed_by": "clinician", "confirmed_on": date(2025, 11, 9)},
        {"milestones": {"lab_ordered": date(2025, 11, 10)}},
    ]
    extra = []
    for revision, fields in enumerate(steps, start=1):
        cases = [case(of=number, revision=revision, known=10 * revision, **fields) for number in range(CHILDREN)]
        extra.append(await _rows_written(pool, cases) - CHILDREN - 1)
    ended_and_begun = 2 * CHILDREN
    mark_of_the_batch = 1  # of days of the case, to be counted anew; where cells move they have the same mark
    assert extra == [ended_and_begun + mark_of_the_batch, 0, ended_and_begun + CELLS]


@pytest.mark.parametrize("known_as_empty", [False, True])
async def test_a_long_history_is_not_read_for_a_new_month(pool: Pool, database: Stack, *, known_as_empty: bool) -> None:
    """What a measurement costs does not grow with the years that its child has been measured before.

    Nor where the server's statistics still know the tables as empty: so they do after an emptied table was vacuumed.
    """
    facts: list[Fact] = [child(1), child(2)]
    months = [date(2024 + (2 + back) // 12, (2 + back) % 12 + 1, 12) for back in range(1, 23)]
    for number, since in ((1, months[0]), (2, date(2026, 1, 1))):
        for on in months:
            if on >= since:  # the months of the same year are read, for its long periods
                taken = measurement(str(on), on, of=number)
                facts += [taken, assessment(taken)]
    await ground.deliver(pool, facts)
    if known_as_empty:
        await _as_owner_of_all(database, "UPDATE pg_class SET relpages = 1, reltuples = 0 WHERE oid = {table}")
    costs = []
    for number in (1, 2):
        taken = measurement("new", date(2026, 2, 3), of=number, known=9)
        costs.append(sum([await _rows_read(pool, [fact]) for fact in (taken, assessment(taken))]))
    await _as_owner_of_all(database, "UPDATE pg_class SET relpages = 0, reltuples = -1 WHERE oid = {table}")
    assert costs[0] == costs[1] > 0


async def test_a_second_visit_of_a_month_is_folded_with_the_first(pool: Pool) -> None:
    """It comes long after: what it lacks is taken from the first, and the month is versioned, not replaced."""
    first = measurement("a", date(2026, 2, 3), known=1)
    second = measurement("b", date(2026, 2, 20), known=9, length_height_cm=None)
    facts = [child(), first, assessment(first, haz=-2.5), second, assessment(second)]
    await ground.deliver(pool, facts, 1)
    one_by_one = await ground.derived(pool)
    assert len(one_by_one["child_month"]) == 2
    assert (await ground.cell(pool, "2026-02"))["stunted"] == 1
    await ground.empty(pool)
    await ground.deliver(pool, facts)
    assert await ground.derived(pool) == one_by_one


CHILDREN = 60
FOLDED_TABLES = ("child_fact", "measurement_fact", "assessment_fact", "case_fact", "child_month", "child_span")
# Two posyandu a desa, two kecamatan, the kabupaten, of a month, its quarter, semester and year; and what changed.
CELLS = (len(DESA) * 2 + 2 + 1) * len(LENGTHS) + 1
TALLIES = 1
QUALITY_MARKS = 1  # a batch, however many posyandu-months it touches


def _many_children() -> list[Fact]:
    """Children of all desa, each measured twice in one month."""
    facts: list[Fact] = []
    for number in range(CHILDREN):
        desa = DESA[number % len(DESA)]
        facts.append(child(number, homes=[(BORN, desa, POSYANDU[desa][number % 2])]))
    for day in (3, 17):
        for number in range(CHILDREN):
            taken = measurement(str(day), date(2025, 11, day), of=number)
            facts += [taken, assessment(taken, haz=-2.5 if number % 3 == 0 else -1.0)]
    return facts


async def _rows_written(pool: Pool, facts: Sequence[Fact]) -> int:
    """Rows that one batch of `facts` inserts, updates and deletes."""
    return await _cost(pool, facts, "n_tup_ins + n_tup_upd + n_tup_del", "true")


async def _rows_read(pool: Pool, facts: Sequence[Fact]) -> int:
    """Rows of single visits and months that one batch of `facts` reads."""
    tables = "relname IN ('measurement_fact', 'assessment_fact', 'child_month')"
    return await _cost(pool, facts, "seq_tup_read + idx_tup_fetch", tables)


async def _as_owner_of_all(database: Stack, sql: str) -> None:
    """Run `sql` for each table that a fold reads; `{table}` stands for its oid."""
    admin = await connect(database.address("postgres"))
    try:
        for table in FOLDED_TABLES:
            await admin.execute(sql.format(table=f"'reporting.{table}'::regclass"))
    finally:
        await admin.close()


async def _cost(pool: Pool, facts: Sequence[Fact], what: str, where: str) -> int:
    """Counted by the server in the batch's own transaction.

    The totals of all connections move for up to ten seconds after the last statement, when an idle one tells its share.
    """
    counted = f"SELECT coalesce(sum({what}), 0)::bigint FROM pg_stat_xact_user_tables WHERE {where}"
    async with pool.acquire() as connection, connection.transaction():
        before = await connection.fetchval(counted)
        await project_facts(connection, facts)
        return int(await connection.fetchval(counted) - before)
