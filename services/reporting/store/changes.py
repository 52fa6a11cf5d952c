"""Children who count differently in two periods of an area, or in one period as known then and now."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from services.reporting.domain.child_month import MARK_BITS
from services.reporting.domain.facts import ChildRevision
from services.reporting.domain.figures import RATES
from services.reporting.domain.periods import Period
from services.reporting.domain.why_changed import INDEX_OF, Change, counted_of, days_of_reasons
from services.reporting.store.group_facts import child_revision
from services.reporting.store.sums import Where
from shared.postgres.pool import Connection


class Changed(NamedTuple):
    """Children who count differently in the same way, and the one of them that stands for all (`child_id`).

    Marks in an area (None: it does not count there), the score of the index in each period. `then`: the earlier period
    as known then; `before`: the same as known now; `after`: the later one. `away_*`: it counts, but elsewhere. `fact`
    as known now, where it counts in one period only.
    """

    child_id: UUID
    then: int | None
    before: int | None
    after: int | None
    away_then: bool
    away_before: bool
    away_after: bool
    score_before: float | None
    score_after: float | None
    linked: bool
    fact: ChildRevision | None
    children: int


class Compared(NamedTuple):
    """Two periods, and the instants before which things were known (None: now)."""

    before: Period
    after: Period
    known_then: datetime | None
    known_now: datetime | None


FACT_COLUMNS: Final = (
    *("child_id", "epoch", "revision", "known_at", "sex", "birth_date", "residences"),
    *("died_on", "departed_on", "merged_into", "voided"),
)
_CHANGED: Final = f"""
SELECT root_id, marks_then, marks_before, marks_after, away_then, away_before, away_after, score_before, score_after,
       linked, 1, {", ".join(f"(fact).{name}" for name in FACT_COLUMNS)}
FROM changed_children($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) ORDER BY root_id
"""
_SINCE: Final = "SELECT * FROM changes_since($1, $2, $3, $4, $5, $6)"
_NOBODY: Final = UUID(int=0)
# One child of each kind with its own fact: any would do.
_KINDS: Final = f"""
SELECT (array_agg(root_id))[1], marks_then, marks_before, marks_after, away_then, away_before, away_after, NULL, NULL,
       linked, count(*)::integer, {", ".join(f"((array_agg(fact))[1]).{name}" for name in FACT_COLUMNS)}
FROM (
    SELECT root_id, marks_then & told AS marks_then, marks_before & told AS marks_before,
           marks_after & told AS marks_after, away_then, away_before, away_after, linked, fact, alike
    FROM changed_children($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14), (VALUES ($10 | $11)) AS m (told)
) AS child GROUP BY 2, 3, 4, 5, 6, 7, 10, alike
"""


async def kinds_since(
    connection: Connection, area: str, months: tuple[date, date], known_then: datetime, indicator: str
) -> list[tuple[Change, int]]:
    """How children of an area count otherwise in the first month than was known before `known_then`, and how many."""
    counting = sum(MARK_BITS[name] for name in RATES[indicator])
    told = counting | MARK_BITS[f"{INDEX_OF[indicator]}_flagged"]
    found = []
    for then, now, *away, linked, children in await connection.fetch(_SINCE, *months, known_then, area, counting, told):
        was, counts = counted_of(then, indicator), counted_of(now, indicator)
        found.append((Change(_NOBODY, was, counts, counts, away[0], away[1], linked=linked), children))
    return found


async def changed_children(connection: Connection, where: Where, compared: Compared, indicator: str) -> list[Changed]:
    """Children of the area whose numerator or denominator of `indicator` is not the same in all three looks, by id."""
    return [_changed(*row) for row in await connection.fetch(_CHANGED, *_asked(where, compared, indicator))]


async def kinds_of_change(connection: Connection, where: Where, compared: Compared, indicator: str) -> list[Changed]:
    """The same children, those taken together who cannot differ in the reason."""
    return [_changed(*row) for row in await connection.fetch(_KINDS, *_asked(where, compared, indicator))]


def _asked(where: Where, compared: Compared, indicator: str) -> tuple[Any, ...]:
    index = INDEX_OF[indicator]
    measured = MARK_BITS[f"{index}_measured"]
    return (
        *(compared.before.first, compared.before.last_month, compared.after.first, compared.after.last_month),
        *(compared.known_then, compared.known_now, where.area, where.posyandu, where.homes),
        measured | MARK_BITS[f"{index}_flagged"],
        sum(MARK_BITS[name] for name in RATES[indicator]),
        measured,
        index,
        days_of_reasons((compared.before, compared.after)),
    )


def _changed(*columns: Any) -> Changed:
    fact = columns[11:]
    return Changed._make((*columns[:10], child_revision(*fact) if fact[0] is not None else None, columns[10]))
