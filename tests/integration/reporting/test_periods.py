"""Quarters, semesters and years: a child counts once in each, where it was measured last."""

from __future__ import annotations

from datetime import date

from tests.integration.reporting.ground import Office, deliver
from tests.integration.reporting.test_areas import summary_of, visit
from tests.unit.reporting.history import BORN, DESA, child, register


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


async def test_a_period_that_has_begun_is_answered_and_is_what_the_trend_shows(office: Office) -> None:
    await deliver(office.worker, [*register(), child(1), *visit(1, date(2026, 1, 6))])
    points = (await office.figures("/v1/areas/12.19/trend", until="2026", months=24))["points"]
    assert [point["period"] for point in points] == ["2025", "2026"]
    told = await summary_of(office, "12.19", "2026")
    assert {name: told[name] for name in points[1]} == points[1]
    assert (told["measured_children"], told["period"]) == (1, "2026")
