"""How long the cases of an area's suspected children took to each step, or have waited for it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final

from services.reporting.domain.case_course import STEPS
from services.reporting.domain.periods import MONTH, Period
from services.reporting.domain.survival import Waited
from services.reporting.store.generations import LIVE
from services.reporting.store.sums import CHILDREN_OF_PERIOD, Where
from shared.postgres.pool import Connection

# A month's own rows say who had a case in it; a longer period must first find the month that speaks for the child.
_OF_MONTH: Final = f"""
SELECT course FROM child_month
WHERE generation = {LIVE} AND month = $3 AND {{where}} AND course IS NOT NULL
  AND (($4::timestamptz IS NULL AND known_to IS NULL)
       OR (known_from < $4 AND (known_to IS NULL OR known_to >= $4)))
"""
_OF_PERIOD: Final = f"SELECT course FROM {CHILDREN_OF_PERIOD} WHERE course IS NOT NULL"


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


async def waited_for_steps(
    connection: Connection, where: Where, period: Period, *, until: date, known_before: datetime | None = None
) -> dict[str, list[Waited]]:
    """By step, the children suspected in `period` who have a case; as current, or as known before an instant."""
    found: dict[str, list[Waited]] = {step: [] for step in STEPS}
    if period.months == MONTH:
        courses = _OF_MONTH.format(where=where.condition)
        arguments: tuple[Any, ...] = (where.first, where.second, period.first, known_before)
    else:
        courses, arguments = _OF_PERIOD, where.of_period(period, known_before)
    sql = _waited(courses, len(arguments) + 1)
    for step, *waited in await connection.fetch(sql, *arguments, until, list(STEPS)):
        found[step].append(Waited(*waited))
    return found
