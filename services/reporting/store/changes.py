"""Children who count differently in two periods of an area, or in one period as known then and now."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from services.reporting.domain.child_month import MARK_BITS
from services.reporting.domain.facts import ChildRevision
from services.reporting.domain.figures import RATES
from services.reporting.domain.periods import Period
from services.reporting.domain.why_changed import INDEX_OF
from services.reporting.store.group_facts import child_revision
from services.reporting.store.sums import Where
from shared.postgres.pool import Connection


class KnownMarks(NamedTuple):
    """Marks of one child in an area (None: it does not count there), the score of the index in each period.

    `then`: the earlier period as known then; `before`: the same as known now; `after`: the later one. `away_*`: it
    counts, but elsewhere.
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


class Compared(NamedTuple):
    """Two periods, and the instants before which things were known (None: now)."""

    before: Period
    after: Period
    known_then: datetime | None
    known_now: datetime | None


_CHANGED: Final = "SELECT * FROM changed_children($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"
_FACTS: Final = """
SELECT child_id, epoch, revision, known_at, sex, birth_date, residences, died_on, departed_on, merged_into, voided
FROM child_fact WHERE child_id = ANY($1::uuid[])
"""


async def changed_children(
    connection: Connection, where: Where, compared: Compared, indicator: str
) -> list[KnownMarks]:
    """Children of the area whose numerator or denominator of `indicator` is not the same in all three looks, by id."""
    index = INDEX_OF[indicator]
    rows = await connection.fetch(
        _CHANGED,
        *(compared.before.first, compared.before.last_month, compared.after.first, compared.after.last_month),
        *(compared.known_then, compared.known_now, where.area, where.posyandu, where.homes),
        MARK_BITS[f"{index}_measured"] | MARK_BITS[f"{index}_flagged"],
        sum(MARK_BITS[name] for name in RATES[indicator]),
        index,
    )
    return [KnownMarks._make(row) for row in rows]


async def revisions_of(connection: Connection, children: Collection[UUID]) -> list[ChildRevision]:
    """Every revision of the facts of `children` whom the caller may see."""
    return [child_revision(*row) for row in await connection.fetch(_FACTS, list(children))]
