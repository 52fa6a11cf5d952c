"""What indicators count in an area now or on a past day, to the child: for readers who see exact figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from services.reporting.domain.areas import Entry
from services.reporting.domain.figures import counts_of
from services.reporting.domain.groups import BADUTA_BANDS, BANDS
from services.reporting.domain.indicator_set import ActKind, Count
from services.reporting.domain.indicator_values import Told, counted_over, of_figures, told_of
from services.reporting.domain.periods import Period
from services.reporting.domain.tallies import Tally, total
from services.reporting.store.group_sums import GROUPS, group_sums_of, sums_by_group
from services.reporting.store.service_counts import Window, count_children
from services.reporting.store.sums import SUM_COLUMNS, where_of
from services.reporting.store.tallies import Kind
from services.reporting.use_cases.area_figures import Question
from services.reporting.use_cases.find_tally import TooLargeError, find_tally
from services.reporting.use_cases.rows_of_area import RowsOfArea
from services.reporting.use_cases.tally_services import SERVICES, services_of
from shared.calendar import end_of_day
from shared.postgres.pool import Connection


class LiveIndicators:
    """One page's reads, each done once: children counted by window, those under two.

    `counted_at`: of the oldest tally that is not of this moment; None = all is.
    """

    def __init__(
        self,
        connection: Connection,
        asked: Question,
        entry: Entry,
        rows: RowsOfArea,
        acts: Sequence[ActKind],
        wanted: Sequence[Count],
    ) -> None:
        self.counted_at: datetime | None = None
        self._connection = connection
        self._asked = asked
        self._entry = entry
        self._rows = rows
        self._acts = acts
        self._wanted = [count for count in dict.fromkeys(wanted) if count.kind == "children"]
        self._young: dict[Period, Mapping[str, Any]] = {}
        self._children: dict[tuple[str, Period], dict[Count, Told]] = {}
        self._too_large: set[tuple[str, Period]] = set()

    async def told(self, count: Count, part: Period) -> Told:
        """What the months or the period `part` count. Raises TooLargeError."""
        if count.kind == "children":
            return await self._of_children(count, part)
        return of_figures(count, await (self._under_two(part) if count.under_two else self._rows.row(part)))

    async def _under_two(self, period: Period) -> Mapping[str, Any]:
        """Figures of those under two, each child by its latest state and age in the period, as the breakdown has it."""
        if period not in self._young:
            found = await self._tally(GROUPS, period, [period])
            if found is not None:
                sums = group_sums_of(total(found))
            else:
                sums = await sums_by_group(self._connection, where_of(self._entry), period, self._known_before)
            added = dict.fromkeys(SUM_COLUMNS, 0)
            for each in sums:
                if each.band is not None and BANDS[each.band] in BADUTA_BANDS:
                    for name, number in each.counts.items():
                        added[name] += number
            self._young[period] = counts_of(added)
        return self._young[period]

    async def _of_children(self, count: Count, part: Period) -> Told:
        """Everything that is counted over the same months is counted at once."""
        key = (count.window, part)
        if key in self._too_large:
            raise TooLargeError(self._entry.code)
        if key not in self._children:
            same = [other for other in self._wanted if other.window == count.window]
            try:
                self._children[key] = await self._counted(same, part)
            except TooLargeError:
                self._too_large.add(key)
                raise
        return self._children[key][count]

    async def _counted(self, counts: Sequence[Count], part: Period) -> dict[Count, Told]:
        together = self._rows.months if part in self._rows.months else [part]
        found = await self._tally(SERVICES, part, together)
        if found is not None:
            places = services_of(total(found), counts)
        else:
            window = Window(where_of(self._entry), counted_over(part, counts[0]), self._known_before)
            places = await count_children(self._connection, window, self._acts, counts)
        added = [
            (sum(place.numerators[at] for place in places), sum(place.denominators[at] for place in places))
            for at in range(len(counts))
        ]
        return dict(zip(counts, told_of(counts, added), strict=True))

    async def _tally(self, kind: Kind, period: Period, together: Sequence[Period]) -> Tally | None:
        asked = self._asked.about(self._entry.code, period)
        found = await find_tally(self._connection, kind, self._entry, asked, together=together)
        if found is None:
            return None
        if not found.is_fresh:
            self.counted_at = min(filter(None, (self.counted_at, found.counted_at)))
        return found.tally

    @property
    def _known_before(self) -> datetime | None:
        return end_of_day(self._asked.as_of) if self._asked.as_of is not None else None
