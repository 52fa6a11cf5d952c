"""How long the cases of an area's suspected children took to each step, or have waited for it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

from services.reporting.domain.case_course import STEPS
from services.reporting.domain.periods import Period
from services.reporting.domain.survival import Waited
from services.reporting.store.sums import CHILDREN_OF_PERIOD, Where
from shared.postgres.pool import Connection

# Who has not reached a step waits until the case ends or until the day of asking ($11), whichever comes first. A case
# opened after that day has not begun to wait.
_WAITED: Final = f"""
SELECT step, days, reached, count(*)::integer FROM (
    SELECT course, (course ->> 'closed')::integer AS closed,
           greatest(0, $11::date - (course ->> 'opened_on')::date) AS today
    FROM {CHILDREN_OF_PERIOD} WHERE course IS NOT NULL
) AS children
CROSS JOIN unnest($12::text[]) AS step
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
    arguments = where.of_period(period, known_before)
    for step, *waited in await connection.fetch(_WAITED, *arguments, until, list(STEPS)):
        found[step].append(Waited(*waited))
    return found
