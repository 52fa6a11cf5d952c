"""A tally that says what counting now says, or nothing: what is reckoned from it has to add up with figures of now.

Facts arrive all day, and of a kabupaten something is nearly always due. Its kecamatan where nothing has changed say
what they said; the few others are counted.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final, NamedTuple

from services.reporting.domain.areas import Entry
from services.reporting.domain.periods import Period
from services.reporting.domain.tallies import COUNTED_LEVEL, Tally
from services.reporting.store.sums import area_where
from services.reporting.store.tallies import areas_below, read_below, read_tally, sees_whole, uncounted_below
from services.reporting.use_cases.tally_kinds import TallyKind
from shared.postgres.pool import Connection

MOST_KECAMATAN: Final = 5  # counted while somebody waits: less than the whole kabupaten would take


class Told(NamedTuple):
    """A tally; `counted_at`: when, None = it says what counting now says."""

    tally: Tally
    counted_at: datetime | None = None


async def tally_of_now(
    connection: Connection, kind: TallyKind, code: str, period: Period, *, patient: bool = False
) -> Told | None:
    """The tally of an area (of a desa: of its kecamatan) as of now; None if there is none, or too much has changed.

    Of a provinsi it is the last one, which may be older: more than is counted while somebody waits is always due.
    `patient`: nobody waits, so all kecamatan of a kabupaten are counted that have to be.
    """
    if period.months not in kind.kind.lengths:
        return None
    parts = code.split(".")[:COUNTED_LEVEL]
    area = ".".join(parts)
    found = await read_tally(connection, kind.kind, area, period)
    if found is not None and (found.is_fresh or len(parts) == 1):
        return Told(found.tally, None if found.is_fresh else found.counted_at)
    if len(parts) == 1 or not await sees_whole(connection, area):
        return None
    if len(parts) == COUNTED_LEVEL:
        return Told(await kind.count(connection, area_where(area), period)) if found is not None else None
    below = await read_below(connection, kind.kind, area, period)
    changed = await uncounted_below(connection, kind.kind, area, period)
    changed |= await areas_below(connection, area) - below.keys()
    if not patient and (not below or len(changed) > MOST_KECAMATAN):
        return None
    for kecamatan in sorted(changed):
        below[kecamatan] = await kind.count(connection, area_where(kecamatan), period)
    return Told(kind.bring_together(below)) if below else None


def counted_at_of(entry: Entry, counted_at: datetime | None) -> dict[str, str | None]:
    """Of a provinsi, `counted_at` as pages tell it; what lies below is always of now."""
    if entry.level != "provinsi":
        return {}
    return {"counted_at": counted_at.isoformat() if counted_at is not None else None}
