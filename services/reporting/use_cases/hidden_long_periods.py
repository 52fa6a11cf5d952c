"""Which counts may not be seen of a quarter, a semester or a year, beside the shorter periods inside it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np

from services.reporting.domain.areas import Entry, Tree
from services.reporting.domain.figures import counts_of
from services.reporting.domain.hidden_counts import FINDING_COLUMNS, Counts, Truths, hidden_of
from services.reporting.domain.hidden_periods import hidden_beside, inside
from services.reporting.domain.periods import Period
from services.reporting.domain.suppression import in_order
from services.reporting.store.sibling_sums import SumsBelow, sums_below
from services.reporting.store.sums import SUM_COLUMNS, where_of
from shared.postgres.pool import Connection

MOST_OF_A_PAST_DAY: Final = 60_000  # children of a province: more are not counted for each month while somebody waits
Above = Mapping[str, Truths]  # by column: in which periods it is hidden


class Asked(NamedTuple):
    """A period, the register of its last day, the path to an area in it (from the province), and whether it is told."""

    period: Period
    tree: Tree
    path: Sequence[str]
    is_told: bool


class HiddenBelow(NamedTuple):
    """Hidden columns of an area, and of those directly below it by code."""

    own: set[str]
    below: dict[str, set[str]]


class LongPeriods:
    """What is hidden in asked periods, which follow one another and are of one length; each level is read once.

    `patient`: nobody waits. Else what would take too long to look at (a past day of a large province, for which every
    period inside would be counted child by child) is hidden whole.
    """

    def __init__(
        self, connection: Connection, asked: Sequence[Asked], known_before: datetime | None, *, patient: bool
    ) -> None:
        self._connection = connection
        self._asked = asked
        self._known_before = known_before
        self._patient = patient
        self._read: dict[tuple[str, int], tuple[list[Period], SumsBelow]] = {}

    async def hidden(self, one: Asked, *, with_below: bool) -> HiddenBelow:
        """What is hidden of the area at the end of the path; of those below it only where so asked."""
        is_told = one.is_told and await self._is_countable(one)
        periods = [one.period, *(inside(one.period) if is_told else ())]
        above: Above = {name: np.full(len(periods), not is_told) for name in FINDING_COLUMNS}
        top = one.path[0]
        (above,) = (await self._hidden(one, top, periods, [top], above, [top])).values()
        for parent, code in pairwise(one.path):
            codes = await self._codes(one, parent, periods)
            (above,) = (await self._hidden(one, parent, periods, codes, above, [code])).values()
        below: dict[str, Above] = {}
        if with_below:
            codes = await self._codes(one, one.path[-1], periods)
            below = await self._hidden(one, one.path[-1], periods, codes, above, codes)
        return HiddenBelow(_first(above), {code: _first(hidden) for code, hidden in below.items()})

    async def _hidden(
        self,
        one: Asked,
        parent: str,
        periods: Sequence[Period],
        codes: Sequence[str],
        above: Above,
        asked: Sequence[str],
    ) -> dict[str, Above]:
        """Of those `asked` of the areas `codes` below `parent` (or of itself): in which periods columns are hidden."""
        counts = await self._counts(one, parent, periods, codes)
        order = in_order([(one.tree.official_target(code), code) for code in codes])
        hidden = hidden_beside(periods, counts, order, above)
        await asyncio.sleep(0)  # milliseconds each: the heartbeat shares the loop
        return {code: hidden_of(counts, codes.index(code), hidden, above) for code in asked}

    async def _is_countable(self, one: Asked) -> bool:
        if self._known_before is None or self._patient:
            return True
        counts = await self._counts(one, one.path[0], [one.period], one.path[:1])
        return bool(counts["target_children"].sum() <= MOST_OF_A_PAST_DAY)

    async def _codes(self, one: Asked, parent: str, periods: Sequence[Period]) -> list[str]:
        siblings = {child.code for child in one.tree.children(parent, "area")}
        for months in {period.months for period in periods}:
            _, sums = await self._sums(one, parent, months)
            siblings.update(one.tree.child_area_of(parent, code) for code in sums.codes)
        return sorted(siblings)

    async def _counts(
        self, one: Asked, parent: str, periods: Sequence[Period], codes: Sequence[str]
    ) -> dict[str, Counts]:
        """By COUNTS, periods x codes: of the areas `codes` below `parent` (or of itself)."""
        added = np.zeros((len(periods), len(codes), len(SUM_COLUMNS)), np.int64)
        for months in {period.months for period in periods}:
            read, sums = await self._sums(one, parent, months)
            here = [number for number, period in enumerate(periods) if period.months == months]
            there = [read.index(periods[number]) for number in here]
            for place, code in enumerate(sums.codes):
                belongs = parent if parent in codes else one.tree.child_area_of(parent, code)
                added[here, codes.index(belongs)] += sums.counts[there, place]
        return counts_of({name: added[..., number] for number, name in enumerate(SUM_COLUMNS)})

    async def _sums(self, one: Asked, parent: str, months: int) -> tuple[list[Period], SumsBelow]:
        key = (parent, months)
        if key not in self._read:
            periods = [
                part
                for asked in self._asked
                for part in (asked.period, *inside(asked.period))
                if part.months == months and (asked.is_told or part == asked.period)
            ]
            entry: Entry | None = one.tree.find(parent)
            if entry is None:
                raise LookupError(parent)
            by_desa = not all(asked.tree.is_as_coded(parent) for asked in self._asked)
            found = await sums_below(self._connection, where_of(entry), periods, self._known_before, by_desa=by_desa)
            self._read[key] = (periods, found)
        return self._read[key]


def _first(hidden: Above) -> set[str]:
    """The columns that are hidden in the first period."""
    return {name for name, truths in hidden.items() if truths[0]}
