"""How long the cases of an area's suspected children took to each step, or have waited for it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from services.reporting.domain.case_course import STEPS
from services.reporting.domain.periods import MONTH, Period
from services.reporting.domain.survival import Waited, median_days
from services.reporting.domain.tallies import Tally
from services.reporting.store.generations import LIVE
from services.reporting.store.sums import CHILDREN_OF_PERIOD, Where
from services.reporting.store.tallies import Kind
from shared.postgres.pool import Connection

EPOCH: Final = date(2000, 1, 1)
# A month's own rows say who had a case in it; a longer period must first find the month that speaks for the child.
_OF_MONTH: Final = f"""
SELECT desa_code, course FROM child_month
WHERE generation = {LIVE} AND month = $3 AND {{where}} AND course IS NOT NULL
  AND (($4::timestamptz IS NULL AND known_to IS NULL)
       OR (known_from < $4 AND (known_to IS NULL OR known_to >= $4)))
"""
_OF_PERIOD: Final = f"SELECT desa_code, course FROM {CHILDREN_OF_PERIOD} WHERE course IS NOT NULL"


def _waited(courses: str, next_argument: int) -> str:
    """Who has not reached a step waits until the case ends or until the day of asking, whichever comes first.

    A case opened after that day has not begun to wait.
    """
    return f"""
SELECT step, days, reached, count(*)::integer FROM (
    SELECT course, (course ->> 'closed')::integer AS closed,
           greatest(0, ${next_argument}::date - (course ->> 'opened_on')::date) AS today
    FROM ({courses}) AS with_case
) AS children
CROSS JOIN unnest(${next_argument + 1}::text[]) AS step
CROSS JOIN LATERAL (
    SELECT coalesce((course ->> step)::integer, least(closed, today)) AS days, course ? step AS reached
) AS waited
GROUP BY 1, 2, 3
"""


_REACHED, _ENDED, _OPEN = range(3)
# Nothing that depends on the day of asking: who still waits, by the day of opening.
_HISTOGRAM: Final = f"""
SELECT desa_code, step_number - 1, state, days, opened_on, count(*)::integer FROM (
    SELECT desa_code, course, (course ->> 'closed')::integer AS closed, (course ->> 'opened_on')::date AS opened
    FROM ({{courses}}) AS with_case
) AS children
CROSS JOIN unnest(${{next_argument}}::text[]) WITH ORDINALITY AS steps(step, step_number)
CROSS JOIN LATERAL (
    SELECT CASE WHEN course ? step THEN {_REACHED} WHEN closed IS NOT NULL THEN {_ENDED} ELSE {_OPEN} END AS state,
           coalesce((course ->> step)::integer, closed, 0) AS days,
           CASE WHEN course ? step OR closed IS NOT NULL THEN 0 ELSE opened - '{EPOCH}'::date END AS opened_on
) AS waited
GROUP BY 1, 2, 3, 4, 5
"""
COURSES: Final = Kind("courses", "step,state,days,opened,children of desa")


async def count_courses(connection: Connection, where: Where, period: Period) -> Tally:
    """(step, state, days, day of opening of who still waits, children) a row, by desa, of an area as known now."""
    courses, arguments = _courses(where, period, None)
    sql = _HISTOGRAM.format(courses=courses, next_argument=len(arguments) + 1)
    rows = await connection.fetch(sql, *arguments, list(STEPS))
    counts = np.array([tuple(row)[1:] for row in rows], np.int32).reshape(-1, 5)
    return Tally(tuple(row[0] for row in rows), counts)


def waited_of(tally: Tally, until: date) -> dict[str, list[Waited]]:
    """By step, as `waited_for_steps`; a case opened after `until` has not begun to wait."""
    found: dict[str, list[Waited]] = {step: [] for step in STEPS}
    day = (until - EPOCH).days
    for number, state, days, opened, children in tally.counts.tolist():
        waited = max(0, day - opened) if state == _OPEN else days
        found[STEPS[number]].append(Waited(waited, state == _REACHED, children))
    return found


def days_to_steps(counts: NDArray[np.int32], until: date) -> dict[str, int | None]:
    """By step the median days of the rows of one area or of several, as `waited_of` and `median_days` tell them."""
    number, state, days, opened, children = counts.astype(np.int64).T
    waited = np.where(state == _OPEN, np.maximum(0, (until - EPOCH).days - opened), days)
    found: dict[str, int | None] = {}
    for place, step in enumerate(STEPS):
        own = number == place
        alike, which = np.unique(np.stack([waited, state == _REACHED])[:, own], axis=1, return_inverse=True)
        together = np.bincount(which.ravel(), children[own]).astype(int).tolist()
        found[step] = median_days(
            Waited(after, bool(reached), many)
            for (after, reached), many in zip(alike.T.tolist(), together, strict=True)
        )
    return found


def _courses(where: Where, period: Period, known_before: datetime | None) -> tuple[str, tuple[Any, ...]]:
    """The courses of the children suspected in a period who have a case, and the arguments."""
    if period.months == MONTH:
        return _OF_MONTH.format(where=where.condition), (where.first, where.second, period.first, known_before)
    return _OF_PERIOD, where.of_period(period, known_before)


async def waited_for_steps(
    connection: Connection, where: Where, period: Period, *, until: date, known_before: datetime | None = None
) -> dict[str, list[Waited]]:
    """By step, the children suspected in `period` who have a case; as current, or as known before an instant."""
    found: dict[str, list[Waited]] = {step: [] for step in STEPS}
    courses, arguments = _courses(where, period, known_before)
    sql = _waited(courses, len(arguments) + 1)
    for step, *waited in await connection.fetch(sql, *arguments, until, list(STEPS)):
        found[step].append(Waited(*waited))
    return found
