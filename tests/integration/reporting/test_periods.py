"""Quarters, semesters and years, groups of sex and age: as a count by other means has them, whatever happened."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.reporting.domain.areas import Entry
from services.reporting.domain.child_month import MARKS
from services.reporting.domain.groups import BANDS
from services.reporting.domain.periods import Period, parse_period
from services.reporting.store.group_sums import sums_by_group
from services.reporting.store.sums import sums_by_place, where_of
from services.reporting.use_cases.rebuild import rebuild
from services.reporting.use_cases.verify import verify
from shared.calendar import end_of_day
from shared.postgres.pool import Connection
from tests.integration.reporting import ground
from tests.integration.reporting.ground import Office, deliver
from tests.integration.reporting.test_areas import summary_of, visit
from tests.unit.reporting.history import (
    BORN,
    DESA,
    KECAMATAN,
    POSYANDU,
    START,
    assessment,
    child,
    measurement,
    random_history,
    register,
)
from tests.unit.reporting.period_recount import Counted, Recount

LONG = ("2025-Q4", "2025-S2", "2025", "2026-Q1", "2026-S1", "2026")
PERIODS = [parse_period(text) for text in ("2025-12", "2026-01", *LONG)]
PROPERTY = settings(
    max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None
)


def told_by(counted: Sequence[Counted], key: Any) -> dict[Any, dict[str, int]]:
    """Sums by `key` of a child, in the words of the store."""
    sums: dict[Any, dict[str, int]] = {}
    for row in counted:
        found = sums.setdefault(key(row), dict.fromkeys(("target_children", *MARKS), 0))
        found["target_children"] += 1
        for mark in row.marks:
            found[mark] += 1
    return sums


def without_pending(counts: dict[str, int]) -> dict[str, int]:
    return {name: counts[name] for name in ("target_children", *MARKS)}


async def compare_with(connection: Connection, recount: Recount, period: Period, known: datetime | None) -> None:
    """Posyandu, desa, kecamatan and kabupaten, and every group: each as the recount says."""
    counted = recount.period(period.first, period.last_day)
    kabupaten = where_of(Entry("area", ground.KABUPATEN, "", "kabupaten", None, (), None))
    places = await sums_by_place(connection, kabupaten, period, known)
    stored = {(row.desa_code, row.posyandu_code): without_pending(row.counts) for row in places}
    expected = told_by(counted, lambda row: (row.desa_code, row.posyandu_code))
    assert {key: row for key, row in stored.items() if any(row.values())} == expected, (str(period), known)
    for code in (*KECAMATAN, ground.KABUPATEN):
        where = where_of(Entry("area", code, "", None, None, (), None))
        rows = await sums_by_place(connection, where, period, known, "own")
        inside = told_by([row for row in counted if row.desa_code.startswith(code)], lambda _: "area")
        sums = {name: sum(row.counts[name] for row in rows) for name in ("target_children", *MARKS)}
        assert sums == inside.get("area", dict.fromkeys(sums, 0)), (code, str(period), known)
    groups = await sums_by_group(connection, kabupaten, period, known)
    grouped = {(row.desa_code, row.sex, BANDS[row.band or 0]): without_pending(row.counts) for row in groups}
    assert grouped == told_by(counted, lambda row: (row.desa_code, row.sex, row.band)), (str(period), known)
    post = POSYANDU[DESA[0]][0]
    at_post = await sums_by_place(
        connection, where_of(Entry("posyandu", post, "", None, None, (), None)), period, known
    )
    lives = told_by([row for row in counted if row.posyandu_code == post], lambda row: row.desa_code)
    assert {row.desa_code: without_pending(row.counts) for row in at_post if row.counts["target_children"]} == lives


@PROPERTY
@given(seed=st.integers(0, 10**9), size=st.integers(1, 40), days=st.integers(0, 40))
async def test_figures_of_every_length_place_and_group_are_those_of_a_count_by_hand(
    office: Office, seed: int, size: int, days: int
) -> None:
    """B090, B102: any order, duplicates, corrections, moves, merges, voids, deaths, late data; now and as of a day."""
    facts = random_history(seed, 45)
    shuffled = facts + random.Random(seed).sample(facts, len(facts) // 3)
    random.Random(seed + 1).shuffle(shuffled)
    await ground.empty(office.worker)
    await deliver(office.worker, shuffled, size)
    day = START.date() + timedelta(days=days)
    async with office.api.acquire() as connection, connection.transaction():
        await connection.execute("SELECT set_config('tumbuh.areas', $1, true)", ground.KABUPATEN)
        for known in (None, end_of_day(day)):
            recount = Recount(facts, known)
            for period in PERIODS:
                await compare_with(connection, recount, period, known)


async def test_a_child_counts_once_in_each_period_where_it_was_measured_last(office: Office) -> None:
    """B102: measured on both sides of a move; each index from the latest month that has it."""
    moved = child(1, homes=[(BORN, DESA[0], None), (date(2025, 6, 15), DESA[2], None)])
    facts = [*register(), moved, *visit(1, date(2025, 4, 3), haz=-2.5), *visit(1, date(2025, 5, 3), haz=None)]
    await deliver(office.worker, [*facts, *visit(1, date(2025, 8, 3), haz=-1.0)])
    for period, at_home, stunted in (("2025-Q2", 0, 1), ("2025-S1", 0, 1), ("2025-Q3", 2, 0), ("2025", 2, 0)):
        for number in (0, 2):
            told = await summary_of(office, DESA[number], period)
            counted = int(number == at_home)
            assert [told[name] for name in ("target_children", "measured_children", "haz_measured")] == [counted] * 3
            assert told["stunted"] == (stunted if counted else 0), period


async def test_who_left_the_callers_area_in_the_quarter_is_not_counted_twice_as_of_a_day(office: Office) -> None:
    """The months that decide lie outside the caller's area; the answer is that of the whole district all the same."""
    moved = child(1, homes=[(BORN, DESA[0], None), (date(2025, 11, 15), DESA[2], None)])
    await deliver(office.worker, [*register(), moved, *visit(1, date(2025, 10, 3)), *visit(1, date(2025, 12, 3))])
    for code, counted in ((DESA[0], 0), (DESA[2], 1)):
        asked: dict[str, Any] = {"role": "puskesmas", "areas": (code,)}
        now = await summary_of(office, code, "2025-Q4", **asked)
        then = await summary_of(office, code, "2025-Q4", as_of="2026-02-01", **asked)
        assert (now["measured_children"], then["measured_children"]) == (counted, counted)
        assert (now["target_children"], then["target_children"]) == (counted, counted)


async def test_a_period_that_has_begun_is_answered_and_is_what_the_trend_shows(office: Office) -> None:
    await deliver(
        office.worker, [*register(), child(1), *visit(1, date(2026, 1, 6)), measurement("x", date(2026, 2, 1))]
    )
    points = (await office.figures("/v1/areas/12.19/trend", until="2026", months=24))["points"]
    assert [point["period"] for point in points] == ["2025", "2026"]
    told = await summary_of(office, "12.19", "2026")
    assert {name: told[name] for name in points[1]} == points[1]
    assert (told["measured_children"], told["period"], told["pending"]) == (1, "2026", 1)


STEPS = [
    ("ageing_out", {"birth_date": date(2020, 12, 15)}, {}, ("2025", "2026"), (1, 1), (0, 0)),
    ("ageing_out_by_quarter", {"birth_date": date(2020, 12, 15)}, {}, ("2025-Q4", "2026-Q1"), (1, 1), (0, 0)),
    ("death", {}, {"died_on": date(2025, 12, 2)}, ("2025-Q4", "2026-Q1"), (1, 1), (0, 0)),
    ("departure", {}, {"departed_on": date(2025, 12, 2)}, ("2025", "2026"), (1, 1), (0, 0)),
    ("void", {}, {"voided": True}, ("2025-Q4", "2025"), (0, 0), (0, 0)),
]


@pytest.mark.parametrize(
    ("name", "born", "change", "periods", "first", "second"),
    STEPS,
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_who_ages_out_dies_departs_or_never_was_leaves_the_periods_after_that_day(
    office: Office, name: str, born: dict[str, Any], change: dict[str, Any], periods: tuple[str, str],
    first: tuple[int, int], second: tuple[int, int],
) -> None:  # fmt: skip
    """S and D of the period that holds the day, then of the next."""
    homes = [(born.get("birth_date", BORN), DESA[0], None)]
    await deliver(office.worker, [*register(), child(1, homes=homes, **born), *visit(1, date(2025, 11, 4))])
    if change:
        await deliver(office.worker, [child(1, revision=2, known=9, homes=homes, **born, **change)])
    for period, expected in zip(periods, (first, second), strict=True):
        told = await summary_of(office, "12.19", period)
        assert (told["target_children"], told["measured_children"]) == expected, (name, period)


async def test_a_merge_counts_one_child_in_quarter_and_year_and_an_unmerge_two_again(office: Office) -> None:
    facts = [*register(), child(1), child(2), *visit(1, date(2025, 10, 3), haz=-2.5)]
    await deliver(office.worker, [*facts, *visit(2, date(2025, 11, 3), haz=-1.0)])
    for revision, into, counts in ((1, None, (2, 2, 1)), (2, 1, (1, 1, 0)), (3, None, (2, 2, 1))):
        merged = child(1).fact_id if into else None
        await deliver(office.worker, [child(2, revision=revision, known=10 * revision, merged_into=merged)])
        for period in ("2025-Q4", "2025"):
            told = await summary_of(office, "12.19", period)
            assert tuple(told[name] for name in ("target_children", "measured_children", "stunted")) == counts


async def test_late_and_corrected_visits_change_the_quarter_and_the_year_they_belong_to(office: Office) -> None:
    """B088: an earlier visit fills what later ones lack, a correction moves it to another quarter of the same year."""
    late = measurement("late", date(2025, 7, 3), known=9)
    await deliver(office.worker, [*register(), child(1), *visit(1, date(2025, 8, 3), haz=None, waz=-2.5)])
    await deliver(office.worker, [late, *visit(1, date(2025, 7, 3), name="late", known=9, haz=-2.5, waz=-1.0)])
    told = await summary_of(office, "12.19", "2025-Q3")
    assert [told[name] for name in ("measured_children", "stunted", "underweight")] == [1, 1, 1]
    moved = late.model_copy(update={"revision": 2, "measured_on": date(2025, 10, 3)})
    await deliver(office.worker, [moved, *visit(1, date(2025, 10, 3), known=9)[1:]])
    await deliver(office.worker, [assessment(moved, haz=-1.0, waz=-1.0)])
    counts = {}
    for period in ("2025-Q3", "2025-Q4", "2025"):
        told = await summary_of(office, "12.19", period)
        counts[period] = [told[name] for name in ("measured_children", "haz_measured", "stunted", "underweight")]
    assert counts == {"2025-Q3": [1, 0, 0, 1], "2025-Q4": [1, 1, 0, 0], "2025": [1, 1, 0, 0]}


async def test_groups_add_up_to_the_area(office: Office) -> None:
    await deliver(office.worker, [*register(), *random_history(17, 150)], 29)
    for by in ("sex", "age", "sex,age"):
        body = await office.figures("/v1/areas/12.19/breakdown", period="2025-Q4", by=by)
        total = await summary_of(office, "12.19", "2025-Q4")
        for name in (
            "target_children",
            "measured_children",
            "stunted",
            "whz_flagged",
            "gained",
            "suspected",
            "anaemic",
        ):
            assert sum(row[name] for row in body["rows"]) == total[name] == body["total"][name], (by, name)
        if by == "age":
            under_two = [row for row in body["rows"] if row["age"] in {"0-5", "6-11", "12-23"}]
            assert body["under_two"][0]["target_children"] == sum(row["target_children"] for row in under_two)


async def test_before_a_rebuild_has_filled_them_long_periods_are_counted_from_the_months(office: Office) -> None:
    """As after the migration that brought their cells: figures are right at once, and verify finds nothing wrong."""
    await deliver(office.worker, [*register(), *random_history(5, 90)], 20)
    right = [await summary_of(office, "12.19", period) for period in LONG]
    await office.worker.execute("UPDATE generation SET layout = 1")
    await office.worker.execute("DELETE FROM cell WHERE months > 1")
    await office.worker.execute("DELETE FROM level_cell WHERE months > 1")
    assert [await summary_of(office, "12.19", period) for period in LONG] == right
    async with office.worker.acquire() as connection:
        assert (await verify(connection))["differences"] == []
        assert (await rebuild(connection))["differences"] == []
    assert [await summary_of(office, "12.19", period) for period in LONG] == right
    assert await office.worker.fetchval("SELECT count(*) > 0 FROM cell WHERE months = 12")
