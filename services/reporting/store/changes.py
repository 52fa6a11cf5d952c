"""Children who count differently in two periods of an area, or in one period as known then and now."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from typing import Final, NamedTuple
from uuid import UUID

from services.reporting.domain.child_month import MARK_BITS
from services.reporting.domain.facts import ChildRevision
from services.reporting.domain.figures import RATES
from services.reporting.domain.why_changed import INDEX_OF
from services.reporting.store.generations import LIVE
from services.reporting.store.group_facts import child_revision
from services.reporting.store.sums import Where
from shared.postgres.pool import Connection


class KnownMarks(NamedTuple):
    """Marks of one child in an area (None: it does not count there), and the score of the index in each period."""

    child_id: UUID
    then: int | None
    before: int | None
    after: int | None
    score_before: float | None
    score_after: float | None


class Compared(NamedTuple):
    """Two periods by their first months, and the instants before which things were known (None: now)."""

    before: date
    after: date
    known_then: datetime | None
    known_now: datetime | None


# Known before the instant, or (null) to this day.
_KNOWN: Final = (
    "((${number}::timestamptz IS NULL AND known_to IS NULL)"
    " OR (known_from < ${number} AND (known_to IS NULL OR known_to >= ${number})))"
)
_THEN, _NOW = (_KNOWN.format(number=number) for number in (5, 6))
_CHANGED: Final = f"""
SELECT root_id, marks_then, marks_before, marks_after, score_before, score_after FROM (
    SELECT root_id,
           bit_or(marks) FILTER (WHERE month = $3 AND {_THEN}) AS marks_then,
           bit_or(marks) FILTER (WHERE month = $3 AND {_NOW}) AS marks_before,
           bit_or(marks) FILTER (WHERE month = $4 AND {_NOW}) AS marks_after,
           max({{index}}) FILTER (WHERE month = $3 AND {_NOW}) AS score_before,
           max({{index}}) FILTER (WHERE month = $4 AND {_NOW}) AS score_after
    FROM child_month WHERE generation = {LIVE} AND month IN ($3, $4) AND {{where}} GROUP BY root_id
) AS counted
WHERE (coalesce(marks_then, 0) & $7, coalesce(marks_after, 0) & $7) IS DISTINCT FROM
      (coalesce(marks_before, 0) & $7, coalesce(marks_before, 0) & $7)
ORDER BY root_id
"""
# Where those children count instead; only rows that the caller may see.
_ELSEWHERE: Final = f"""
SELECT root_id, bool_or(month = $3 AND {_THEN}), bool_or(month = $3 AND {_NOW}),
       bool_or(month = $4 AND {_NOW})
FROM child_month
WHERE generation = {LIVE} AND month IN ($3, $4) AND root_id = ANY($7::uuid[]) AND NOT ({{where}}) GROUP BY root_id
"""
_FACTS: Final = """
SELECT child_id, epoch, revision, known_at, sex, birth_date, residences, died_on, departed_on, merged_into, voided
FROM child_fact WHERE child_id = ANY($1::uuid[])
"""


async def changed_children(
    connection: Connection, where: Where, compared: Compared, indicator: str
) -> list[KnownMarks]:
    """Children of the area whose numerator or denominator of `indicator` is not the same in all three looks, by id."""
    bits = sum(MARK_BITS[name] for name in RATES[indicator])
    sql = _CHANGED.format(where=where.condition, index=INDEX_OF[indicator])
    return [KnownMarks._make(row) for row in await connection.fetch(sql, where.first, where.second, *compared, bits)]


async def counted_elsewhere(
    connection: Connection, where: Where, compared: Compared, children: Collection[UUID]
) -> dict[UUID, tuple[bool, bool, bool]]:
    """Of `children`, those who count outside the area: in the earlier period then and now, in the later one now."""
    sql = _ELSEWHERE.format(where=where.condition)
    rows = await connection.fetch(sql, where.first, where.second, *compared, list(children))
    return {row[0]: (row[1], row[2], row[3]) for row in rows}


async def revisions_of(connection: Connection, children: Collection[UUID]) -> list[ChildRevision]:
    """Every revision of the facts of `children` whom the caller may see."""
    return [child_revision(*row) for row in await connection.fetch(_FACTS, list(children))]
