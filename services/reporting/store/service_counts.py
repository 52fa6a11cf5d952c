"""Children counted one by one: by what was found of them and what was done for them, as indicators say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from services.reporting.domain.child_month import MARK_BITS
from services.reporting.domain.indicator_set import GROWTH_CARD, GROWTH_CARD_KNOWN, WASTED_MODERATELY, ActKind, Count
from services.reporting.domain.periods import Period
from services.reporting.store.generations import LIVE
from services.reporting.store.sums import Where
from shared.calendar import UNDER_FIVE_MONTHS
from shared.postgres.pool import Connection

MARKS_OF_CHILD: Final[Mapping[str, int]] = {
    **MARK_BITS,
    GROWTH_CARD_KNOWN: 1 << 60,
    GROWTH_CARD: 1 << 61,
    WASTED_MODERATELY: 1 << 62,
}
_CHILDREN: Final = (
    "services_of_children($1, $2, $3, $4, $5, $6, $7, $8, $9::text[], $10::text[], $11::text[], $12::integer[], "
    "$13::integer[], $14::integer[], $15::integer[], $16::boolean[], $17::integer[])"
)
ANY_AGE: Final = (-UNDER_FIVE_MONTHS, 10 * UNDER_FIVE_MONTHS)  # of an act whose age does not matter
# By the desa where a child counts, so that a page looks at few of them. When a child was last seen is asked of those on
# the page only.
_MISSING: Final = f"""
WITH page AS MATERIALIZED (
    SELECT told.root_id AS child_id, child.sex, child.birth_date, told.age_months, child.desa_code, child.posyandu_code,
           told.desa_code COLLATE "C" AS counted_in
    FROM {_CHILDREN} AS told JOIN child ON child.child_id = told.root_id AND child.counted
    WHERE {{due}} AND NOT ({{done}})
      AND ($18::text IS NULL OR (told.desa_code COLLATE "C", told.root_id) > ($18, $19::uuid))
    ORDER BY told.desa_code COLLATE "C", told.root_id LIMIT $20
)
SELECT page.*, seen.measured_on AS last_seen_on FROM page
LEFT JOIN LATERAL (
    SELECT measured_on FROM child_month WHERE generation = {LIVE} AND root_id = page.child_id AND month <= $2
      AND (($3::timestamptz IS NULL AND known_to IS NULL)
           OR (known_from < $3 AND (known_to IS NULL OR known_to >= $3)))
    ORDER BY month DESC LIMIT 1
) AS seen ON true
ORDER BY counted_in, child_id
"""
_DESA: Final = f"""
SELECT DISTINCT desa_code FROM cell
WHERE generation = {LIVE} AND desa_code >= $1 AND desa_code < $2 AND desa_code >= $3 ORDER BY 1 LIMIT $4
"""


class Counted(NamedTuple):
    """Of one (desa, posyandu): by indicator, in the order asked, who has it and of how many."""

    desa_code: str
    posyandu_code: str
    numerators: tuple[int, ...]
    denominators: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Window:
    """The months of a period in an area, as known now or before an instant."""

    where: Where
    period: Period
    known_before: datetime | None

    def arguments(self, acts: Sequence[ActKind]) -> tuple[Any, ...]:
        """What services_of_children is given."""
        where, period = self.where, self.period
        place = (period.first, period.last_month, self.known_before, where.area, where.posyandu, where.homes)
        wasted = (MARK_BITS["wasted"], MARK_BITS["severely_wasted"])
        columns: list[list[Any]] = [[] for _ in range(8)]
        for number, act in enumerate(acts):
            for row in _rows(number, act):
                for column, value in zip(columns, row, strict=True):
                    column.append(value)
        return (*place, *wasted, *columns, [len(act.subjects) if act.all_of else 1 for act in acts])


async def count_children(
    connection: Connection, window: Window, acts: Sequence[ActKind], counts: Sequence[Count]
) -> list[Counted]:
    """Numerators and denominators of `counts` by (desa, posyandu)."""
    acts = _spoken_of(acts, counts)
    bits = {act.name: 1 << number for number, act in enumerate(acts)}
    columns = []
    for count in counts:
        due, done = _conditions(count, bits)
        columns += [f"(count(*) FILTER (WHERE {due} AND {done}))::integer", f"(count(*) FILTER (WHERE {due}))::integer"]
    sql = f"SELECT desa_code, posyandu_code, {', '.join(columns)} FROM {_CHILDREN} AS told GROUP BY 1, 2 ORDER BY 1, 2"
    rows = await connection.fetch(sql, *window.arguments(acts))
    return [Counted(desa, posyandu, tuple(told[::2]), tuple(told[1::2])) for desa, posyandu, *told in rows]


async def list_missing(
    connection: Connection,
    window: Window,
    acts: Sequence[ActKind],
    count: Count,
    after: tuple[str, UUID] | None,
    limit: int,
) -> list[dict[str, Any]]:
    """Up to `limit` children who are due by `count`, are not counted, and live where the caller may look.

    By the desa where they count (`counted_in`) and id; only those behind `after`.
    """
    acts = _spoken_of(acts, [count])
    due, done = _conditions(count, {act.name: 1 << number for number, act in enumerate(acts)})
    sql = _MISSING.format(due=due, done=done)
    return [dict(row) for row in await connection.fetch(sql, *window.arguments(acts), *(after or (None, None)), limit)]


async def desa_from(connection: Connection, area_code: str, first: str, limit: int) -> list[str]:
    """The first `limit` desa of an area from the code `first` on where anybody has ever counted, in order."""
    rows = await connection.fetch(_DESA, area_code, f"{area_code}/", first, limit)
    return [row[0] for row in rows]


def months_back(month: date, seen_on: date | None) -> int | None:
    """Whole calendar months from that of the day last seen to `month`; None for who was never seen."""
    return None if seen_on is None else (month.year - seen_on.year) * 12 + month.month - seen_on.month


def _spoken_of(acts: Sequence[ActKind], counts: Sequence[Count]) -> list[ActKind]:
    """Those of `acts` that `counts` ask about: the others need not be read."""
    flags = {flag for count in counts for flag in (*count.among, *count.among_one_of, *count.counted, *count.without)}
    return [act for act in acts if act.name in flags]


def _rows(number: int, act: ActKind) -> list[tuple[Any, ...]]:
    """The rows of an act: type, subject, dose and the ages it is for, act, piece, lifelong."""
    told: list[tuple[Any, ...]] = []
    for place, subject in enumerate(act.subjects, start=1):
        piece = place if act.all_of else 0
        doses: list[tuple[Any, ...]] = [(dose, *ages) for dose, ages in act.doses.items()] or [(None, *ANY_AGE)]
        told += [(act.type, subject, *dose, number, piece, act.lifetime) for dose in doses]
    return told + [(act.type, subject, None, *ANY_AGE, number, 0, act.lifetime) for subject in act.or_one_of]


def _conditions(count: Count, bits: Mapping[str, int]) -> tuple[str, str]:
    """Who is in the denominator, and who of those in the numerator. Nothing but numbers goes into the text."""
    due = [f"told.age_months >= {count.age_from}", f"told.age_months < {count.age_before}"]
    due += [_has(flag, bits) for flag in count.among]
    if count.among_one_of:
        due.append(f"({' OR '.join(_has(flag, bits) for flag in count.among_one_of)})")
    done = [_has(flag, bits) for flag in count.counted] + [f"NOT {_has(flag, bits)}" for flag in count.without]
    return " AND ".join(due), " AND ".join(done)


def _has(flag: str, bits: Mapping[str, int]) -> str:
    if flag in bits:
        return f"told.acts & {bits[flag]} <> 0"
    return f"told.marks & {MARKS_OF_CHILD[flag]} <> 0"
