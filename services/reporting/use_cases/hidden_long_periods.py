"""Which counts may not be seen of a quarter, a semester or a year, beside the shorter periods inside it."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any, Final, NamedTuple

from services.reporting.domain.areas import Entry, Tree
from services.reporting.domain.figures import counts_of
from services.reporting.domain.hidden_counts import FINDING_COLUMNS
from services.reporting.domain.hidden_periods import Hidden, hidden_in_periods, inside
from services.reporting.domain.periods import Period
from services.reporting.store.sibling_sums import SumsBelow, sums_below
from services.reporting.store.sums import SUM_COLUMNS, where_of
from shared.postgres.pool import Connection

MOST_OF_A_PAST_DAY: Final = 60_000  # children of a province: more are not counted for each month while somebody waits
Above = Mapping[Period, Collection[str]]


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
        above: Above = dict.fromkeys(periods, frozenset[str]() if is_told else FINDING_COLUMNS)
        hidden = hidden_in_periods(await self._rows(one, one.path[0], periods, one.path[:1]), above)
        above = {period: hidden[period][0] for period in periods}
        for parent, code in pairwise(one.path):
            codes, hidden = await self._hidden_below(one, parent, periods, above)
            above = {period: hidden[period][codes.index(code)] for period in periods}
        below: dict[str, set[str]] = {}
        if with_below:
            codes, hidden = await self._hidden_below(one, one.path[-1], periods, above)
            below = dict(zip(codes, hidden[one.period], strict=True))
        return HiddenBelow(set(above[one.period]), below)

    async def _hidden_below(
        self, one: Asked, parent: str, periods: Sequence[Period], above: Above
    ) -> tuple[list[str], dict[Period, Hidden]]:
        codes = await self._codes(one, parent, periods)
        hidden = hidden_in_periods(await self._rows(one, parent, periods, codes), above)
        await asyncio.sleep(0)  # milliseconds each: the heartbeat shares the loop
        return codes, hidden

    async def _is_countable(self, one: Asked) -> bool:
        if self._known_before is None or self._patient:
            return True
        (row,) = (await self._rows(one, one.path[0], [one.period], one.path[:1]))[one.period]
        return bool(row["target_children"] <= MOST_OF_A_PAST_DAY)

    async def _codes(self, one: Asked, parent: str, periods: Sequence[Period]) -> list[str]:
        siblings = {child.code for child in one.tree.children(parent, "area")}
        for period in periods:
            _, sums = await self._sums(one, parent, period.months)
            siblings.update(one.tree.child_area_of(parent, code) for code in sums.codes)
        return sorted(siblings)

    async def _rows(
        self, one: Asked, parent: str, periods: Sequence[Period], codes: Sequence[str]
    ) -> dict[Period, list[dict[str, Any]]]:
        """Figures of the areas `codes` below `parent` (or of itself) in each of `periods`."""
        rows: dict[Period, list[dict[str, Any]]] = {}
        for period in periods:
            read, sums = await self._sums(one, parent, period.months)
            added = {code: [0] * len(SUM_COLUMNS) for code in codes}
            for code, counts in zip(sums.codes, sums.counts[read.index(period)].tolist(), strict=True):
                belongs = parent if parent in added else one.tree.child_area_of(parent, code)
                added[belongs] = [a + b for a, b in zip(added[belongs], counts, strict=True)]
            rows[period] = [
                {
                    "code": code,
                    "official_target": one.tree.official_target(code),
                    **counts_of(dict(zip(SUM_COLUMNS, counts, strict=True))),
                }
                for code, counts in added.items()
            ]
        return rows

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
