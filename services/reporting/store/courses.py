"""How long the cases of an area's suspected children took to each step, or have waited for it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

from services.reporting.domain.case_course import STEPS
from services.reporting.domain.survival import Waited
from services.reporting.store.generations import LIVE
from services.reporting.store.sums import Where
from shared.postgres.pool import Connection

# Who has not reached a step waits until the case ends or until the day of asking ($5), whichever comes first. A case
# opened after that day has not begun to wait.
_WAITED: Final = f"""
SELECT step, days, reached, count(*)::integer FROM (
    SELECT course, (course ->> 'closed')::integer AS closed,
           greatest(0, $5::date - (course ->> 'opened_on')::date) AS today
    FROM child_month
    WHERE generation = {LIVE} AND month = $3 AND {{where}} AND course IS NOT NULL
      AND (($4::timestamptz IS NULL AND known_to IS NULL)
           OR (known_from < $4 AND (known_to IS NULL OR known_to >= $4)))
) AS months
CROSS JOIN unnest($6::text[]) AS step
CROSS JOIN LATERAL (
    SELECT coalesce((course ->> step)::integer, least(closed, today)) AS days, course ? step AS reached
) AS waited
GROUP BY 1, 2, 3
"""


async def waited_for_steps(
    connection: Connection, where: Where, month: date, *, until: date, known_before: datetime | None = None
) -> dict[str, list[Waited]]:
    """By step, the children suspected in `month` who have a case; as current, or as known before an instant."""
    found: dict[str, list[Waited]] = {step: [] for step in STEPS}
    sql = _WAITED.format(where=where.condition)
    for step, *waited in await connection.fetch(
        sql, where.first, where.second, month, known_before, until, list(STEPS)
    ):
        found[step].append(Waited(*waited))
    return found
