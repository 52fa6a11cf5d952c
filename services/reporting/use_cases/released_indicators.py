"""What indicators say outside the district: what was released of an area, whatever has come in since."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from services.reporting.domain.areas import Entry
from services.reporting.domain.figures import counts_of
from services.reporting.domain.groups import BADUTA_BANDS
from services.reporting.domain.hidden_counts import FINDING_COLUMNS
from services.reporting.domain.indicator_set import Count
from services.reporting.domain.indicator_values import Told, of_figures
from services.reporting.domain.periods import Period
from services.reporting.domain.released_counts import told_in
from services.reporting.domain.released_groups import released_groups
from services.reporting.store.releases import Found, Part, read_released
from services.reporting.store.sums import SUM_COLUMNS
from services.reporting.use_cases.area_figures import Question
from services.reporting.use_cases.rows_of_area import RowsOfArea
from shared.postgres.pool import Connection

_HIDDEN: Final = Told(None, None, "suppressed")
_NOT_TOLD_YET: Final = Told(None, None, "not_told_yet")


class ReleasedIndicators:
    """One page's reads. Of what is not released only the work of posyandu is told: who counts and who was measured."""

    counted_at = None

    def __init__(
        self, connection: Connection, asked: Question, entry: Entry, rows: RowsOfArea, wanted: Sequence[Count]
    ) -> None:
        self._connection = connection
        self._asked = asked
        self._entry = entry
        self._rows = rows
        self._known_by = {count.family: count for count in wanted if count.is_of_known}

    async def released_of(self, parts: Sequence[Period]) -> Sequence[Period]:
        """Those months of a released period that were released: where measuring began in it, others never are."""
        if parts == [self._asked.period] or not await self._released(self._asked.period):
            return parts
        return [part for part in parts if await self._released(part)] or parts

    async def told(self, count: Count, part: Period) -> Told:
        """What the months or the period `part` count, as it is told outside."""
        if self._entry.entry != "area":  # a posyandu or a puskesmas is too small for eyes outside
            return _HIDDEN
        is_work = FINDING_COLUMNS.isdisjoint({count.numerator, count.denominator})
        if count.kind == "figures" and not count.under_two and is_work:
            return of_figures(count, await self._rows.row(part))
        found = await self._released(part)
        if not found:
            return _NOT_TOLD_YET
        if count.kind == "children":
            return told_in([one.area.counted or {} for one in found], count, self._known_by.get(count.family))
        if count.under_two:
            return _under_two(count, [one.area.groups for one in found])
        return of_figures(count, await self._rows.row(part))

    async def _released(self, part: Period) -> Sequence[Found]:
        """Of several times at which kabupaten of a provinsi were released, in their order. All months at once."""
        of_period = part == self._asked.period
        periods = [part] if of_period else self._rows.months
        parts: list[Part] = ["counted", "groups"] if of_period else ["counted"]
        found = await read_released(self._connection, self._entry.code, periods, self._asked.known_on, parts)
        return found.get(part, ())


def _under_two(count: Count, kept: Sequence[Mapping[str, Any] | None]) -> Told:
    """Of a quarter, semester or year of a kecamatan or desa no groups are told."""
    every = [groups for groups in kept if groups is not None]
    if len(every) < len(kept):
        return _HIDDEN
    groups, hidden = released_groups(every, "age", SUM_COLUMNS)
    young = [counts for group, counts in groups.items() if group.age in BADUTA_BANDS]
    sums = {name: sum(counts[name] for counts in young) for name in SUM_COLUMNS}
    return of_figures(count, {**counts_of(sums), "suppressed": hidden})
