"""The cascade of an area: how far the children suspected in a period have come, and how long it took."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from services.reporting.domain.areas import Entry
from services.reporting.domain.case_course import STEPS
from services.reporting.domain.figures import RATES, share_of
from services.reporting.domain.survival import median_days
from services.reporting.store.courses import COURSES, waited_for_steps, waited_of
from services.reporting.store.releases import read_released
from services.reporting.store.sums import where_of
from services.reporting.use_cases.area_figures import Question, find_area, heading, own_row
from services.reporting.use_cases.find_tally import find_tally
from shared.calendar import end_of_day
from shared.postgres.pool import Connection

COUNT_OF_STEP: Final = {"measured": "measured_children"}  # the other steps are named like their counts
CASCADE: Final = ("measured", "suspected", *STEPS)


async def cascade(connection: Connection, asked: Question, today: date) -> dict[str, Any]:
    """Steps with count, share of the suspected and median days; laboratory coverage; anaemia among the suspected.

    The steps do not nest: a child in danger is referred while its results are pending. Days count from the opening of
    the case; who waits is censored on the `as_of` day, else `today`. `counted_at`: when days were counted; None = now.
    Raises UnknownAreaError, TooLargeError.
    """
    tree, entry = await find_area(connection, asked.code, asked.period)
    row = await own_row(connection, tree, entry, asked)
    medians, counted_at = await _days(connection, entry, asked, today)
    return {
        **await heading(connection, tree, entry, asked),
        "counted_at": counted_at,
        "steps": [_step(step, row, medians.get(step)) for step in CASCADE],
        "lab_coverage": _rate("lab_complete", row),
        "anaemia": _rate("anaemic", row),
        **({"suppressed": row["suppressed"]} if "suppressed" in row else {}),
    }


async def _days(
    connection: Connection, entry: Entry, asked: Question, today: date
) -> tuple[Mapping[str, int | None], str | None]:
    """By step the median days, and when they were counted, if that was before; outside as they were released."""
    if not asked.exact:
        released = (await read_released(connection, entry.code, [asked.period], asked.known_on, ["days"])).values()
        found = [batch.area.days for batches in released for batch in batches]
        return (found[0] or {} if len(found) == 1 else {}), None  # no median follows from those of two releases
    counted = await find_tally(connection, COURSES, entry, asked)
    if counted is None:
        where, until = where_of(entry), asked.as_of or today
        known_before = end_of_day(asked.as_of) if asked.as_of is not None else None
        waited = await waited_for_steps(connection, where, asked.period, until=until, known_before=known_before)
    else:
        waited = waited_of(counted.tally, today)
    counted_at = None if counted is None or counted.is_fresh else counted.counted_at.isoformat()
    return {step: median_days(children) for step, children in waited.items()}, counted_at


def _step(step: str, row: Mapping[str, Any], median: int | None) -> dict[str, Any]:
    """A step; what rests on a suppressed count is null. Measured children are not a share of the suspected."""
    count, suspected = row[COUNT_OF_STEP.get(step, step)], row["suspected"]
    return {
        "step": step,
        "count": count,
        "share": share_of(count, suspected) if step != "measured" else None,
        "median_days": median if count is not None and suspected is not None else None,
    }


def _rate(name: str, row: Mapping[str, Any]) -> dict[str, Any]:
    numerator, denominator = RATES[name]
    return {
        "numerator": row[numerator],
        "denominator": row[denominator],
        **{told: row[f"{name}_{told}"] for told in ("share", "low", "high")},
    }
