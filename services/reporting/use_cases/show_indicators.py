"""The indicators of an area in a period, each by its own rule."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from services.reporting.domain.areas import UNMAPPED, Entry, Tree
from services.reporting.domain.figures import COUNTS, counts_of
from services.reporting.domain.hidden_indicators import Sibling, hidden_indicators, with_family
from services.reporting.domain.indicator_set import ActKind, Count, Indicator, IndicatorSet
from services.reporting.domain.indicator_values import (
    Told,
    counted_over,
    coverage_over,
    not_counted,
    not_recorded,
    of_figures,
    parts_of,
    told_of,
    value_of,
)
from services.reporting.domain.periods import Period
from services.reporting.domain.suppression import hidden_columns, is_told
from services.reporting.store.register import tree_on
from services.reporting.store.service_counts import Counted, Window, count_children
from services.reporting.store.sibling_sums import sums_below
from services.reporting.store.sums import SUM_COLUMNS, where_of
from services.reporting.use_cases.area_figures import Question, find_area, heading, own_row, own_rows
from services.reporting.use_cases.breakdown import break_down
from services.reporting.use_cases.find_tally import TooLargeError, find_tally
from services.reporting.use_cases.hidden_columns import seeing_siblings
from services.reporting.use_cases.live_indicators import LiveIndicators
from services.reporting.use_cases.tally_services import SERVICES, services_of
from shared.calendar import end_of_day, month_of
from shared.postgres.pool import Connection


class UnknownIndicatorError(LookupError):
    """No indicator of the period has this code."""


async def show_indicators(
    connection: Connection, asked: Question, known: IndicatorSet, codes: Collection[str] | None, today: date
) -> dict[str, Any]:
    """Each indicator in force on the period's last day, with the coverage, label and grade of the months it rests on.

    `counted_at`: when children were counted; None = now. What would take too long to count has no value, and the reason
    says what to ask instead. Raises UnknownAreaError, UnknownIndicatorError (with the codes).
    """
    tree, entry = await find_area(connection, asked.code, asked.period)
    indicators = known.on(asked.period.last_day)
    if codes is not None:
        unknown = sorted(set(codes) - {one.code for one in indicators})
        if unknown:
            raise UnknownIndicatorError(", ".join(unknown))
        indicators = tuple(one for one in indicators if one.code in codes)
    wanted: Sequence[Count] = known.with_known(one.count for one in indicators)
    if not asked.exact:
        wanted = [*wanted, *with_family(wanted, known.counts_of_children(asked.period.last_day))]
    this_month = month_of(today)
    desk: LiveIndicators | _Desk
    if asked.exact:
        desk = LiveIndicators(connection, asked, (tree, entry), known.acts, wanted, this_month)
    else:
        desk = _Desk(connection, asked, known.acts, wanted, (tree, entry), this_month)
    shown = [await _shown(desk, one, asked, this_month) for one in indicators]
    counted_at = desk.counted_at.isoformat() if desk.counted_at is not None else None
    return {**await heading(connection, tree, entry, asked), "counted_at": counted_at, "indicators": shown}


async def _shown(desk: LiveIndicators | _Desk, one: Indicator, asked: Question, this_month: date) -> dict[str, Any]:
    """An indicator with its value, and what it rests on."""
    parts = parts_of(one.rule, one.count, asked.period, this_month)
    if one.count.kind == "not_recorded":
        value, parts = not_recorded(), []
    else:
        value = await _value(desk, one, parts, asked)
    about = [await desk.row(part) for part in parts or [asked.period]]
    return {
        "code": one.code,
        "name_id": one.name["id"],
        "name_en": one.name["en"],
        "rule": one.rule,
        "since": one.since.isoformat(),
        "status": one.status,
        "higher_is_better": one.higher_is_better,
        "periods": [str(part) for part in parts],
        **value,
        **coverage_over(about),
    }


async def _value(
    desk: LiveIndicators | _Desk, one: Indicator, parts: Sequence[Period], asked: Question
) -> dict[str, Any]:
    is_share = one.count.kind == "children" or bool(one.count.denominator)
    try:
        told = [await desk.told(one.count, part) for part in parts]
    except TooLargeError:
        return not_counted(of_a_past_day=asked.as_of is not None, exact=asked.exact)
    return value_of(one.rule, told, is_share=is_share)


class _Desk:
    """One page's reads, each done once: rows of figures by period, children counted by window."""

    def __init__(
        self,
        connection: Connection,
        asked: Question,
        acts: Sequence[ActKind],
        wanted: Sequence[Count],
        area: tuple[Tree, Entry],
        this_month: date,
    ) -> None:
        self._connection = connection
        self._asked = asked
        self._acts = acts
        self._wanted = tuple(dict.fromkeys(wanted))
        self._tree, self._entry = area
        self._this_month = this_month
        self._rows: dict[Period, Mapping[str, Any]] = {}
        self._young: dict[Period, Mapping[str, Any]] = {}
        self._children: dict[tuple[str, Period], dict[Count, Told]] = {}
        self._too_large: set[tuple[str, Period]] = set()
        self._read: dict[tuple[str, str, Period, bool], list[Counted]] = {}
        self._figures: dict[Any, tuple[list[dict[str, Any]], list[set[str]]]] = {}
        self.counted_at: datetime | None = None  # of the oldest tally that is not of this moment

    async def told(self, count: Count, part: Period) -> Told:
        if count.kind == "children":
            return await self._of_children(count, part)
        return of_figures(count, await (self._under_two(part) if count.under_two else self.row(part)))

    async def row(self, period: Period) -> Mapping[str, Any]:
        """Of a month of a longer period together with its other months: rules over months need them all."""
        if period not in self._rows:
            about = self._connection, self._tree, self._entry
            if period == self._asked.period:
                self._rows[period] = await own_row(*about, self._asked)
            else:
                months = [Period(month) for month in self._asked.period.months_of if month <= self._this_month]
                self._rows |= await own_rows(*about, self._asked, months)
        return self._rows[period]

    async def _under_two(self, period: Period) -> Mapping[str, Any]:
        """The row of those under two, each child by its latest state and age in the period, as the breakdown has it."""
        if period not in self._young:
            broken_down = await break_down(self._connection, self._asked.about(self._entry.code, period), "age")
            if broken_down["counted_at"] is not None:
                counted_at = datetime.fromisoformat(broken_down["counted_at"])
                self.counted_at = min(filter(None, (self.counted_at, counted_at)))
            # Where there is no child of that age far and wide, no row is told outside: nobody.
            nobody = {**dict.fromkeys(COUNTS, 0), "suppressed": (await self.row(period)).get("suppressed", ())}
            self._young[period] = next(iter(broken_down["under_two"]), nobody)
        return self._young[period]

    async def _of_children(self, count: Count, part: Period) -> Told:
        """Everything that is counted over the same months is counted at once."""
        key = (count.window, part)
        if key in self._too_large:
            raise TooLargeError(self._entry.code)
        if key not in self._children:
            same = [other for other in self._wanted if other.kind == "children" and other.window == count.window]
            try:
                counted = await self._counted(same, part)
            except TooLargeError:
                self._too_large.add(key)
                raise
            self._children[key] = dict(zip(same, counted, strict=True))
        return self._children[key][count]

    async def _counted(self, counts: Sequence[Count], part: Period) -> list[Told]:
        own = _totals(await self._places(self._entry, counts, part), len(counts))
        async with seeing_siblings(self._connection, self._entry.code):
            hidden, _ = await self._hidden(self._tree, self._entry, counts, part)
        if not is_told(part, self._asked.known_on):
            hidden.update(range(len(counts)))
        return told_of(counts, own, hidden)

    async def _hidden(
        self, tree: Tree, entry: Entry, counts: Sequence[Count], part: Period
    ) -> tuple[set[int], set[str]]:
        """Which counts and figures of an area may not be seen: as among its siblings, and those above among theirs."""
        above: tuple[set[int], set[str]] = (set(), set())
        parent = None
        if entry.parent_code:
            tree = await tree_on(self._connection, self._asked.period.last_day, entry.parent_code)
            parent = tree.find(entry.parent_code)
        if parent is not None:
            above = await self._hidden(tree, parent, counts, part)
        rows = {entry.code: _totals(await self._places(entry, counts, part), len(counts))}
        if parent is not None:
            rows |= await self._rows_below(tree, parent, counts, part)
        told, hidden = await self._figures_of(tree, parent or entry, part, tuple(rows), frozenset(above[1]))
        siblings = [
            Sibling(row["code"], row["official_target"], row, columns, rows[row["code"]])
            for row, columns in zip(told, hidden, strict=True)
        ]
        one_month = counted_over(part, counts[0]) == part
        numbers = hidden_indicators(siblings, counts, above[0], one_month=one_month)
        place = list(rows).index(entry.code)
        return numbers[place], {*hidden[place], *above[1]}

    async def _figures_of(
        self, tree: Tree, parent: Entry, part: Period, codes: tuple[str, ...], above: frozenset[str]
    ) -> tuple[list[dict[str, Any]], list[set[str]]]:
        """The figures of siblings, which what is counted by child may be subtracted from, and which are hidden."""
        key = (parent.code, part, codes, above)
        if key not in self._figures:
            figures = await self._read_figures(tree, parent, part, codes)
            told: list[dict[str, Any]] = [
                {"code": code, "official_target": tree.official_target(code), **figures[code]} for code in codes
            ]
            self._figures[key] = told, hidden_columns(told, [[row] for row in told], above)
        return self._figures[key]

    async def _read_figures(
        self, tree: Tree, parent: Entry, part: Period, codes: Iterable[str]
    ) -> dict[str, dict[str, int]]:
        known_before = end_of_day(self._asked.as_of) if self._asked.as_of is not None else None
        by_desa = not tree.is_as_coded(parent.code)
        below = await sums_below(self._connection, where_of(parent), [part], known_before, by_desa=by_desa)
        sums = {code: dict.fromkeys(SUM_COLUMNS, 0) for code in codes}
        for desa_code, counts in zip(below.codes, below.counts[0].tolist(), strict=True):
            code = parent.code if parent.code in sums else tree.child_area_of(parent.code, desa_code) or UNMAPPED
            for name, count in zip(SUM_COLUMNS, counts, strict=True):
                sums[code][name] += count
        return {code: counts_of(of_area) for code, of_area in sums.items()}

    async def _rows_below(
        self, tree: Tree, parent: Entry, counts: Sequence[Count], part: Period
    ) -> dict[str, list[tuple[int, int]]]:
        grouped: dict[str, list[Counted]] = {child.code: [] for child in tree.children(parent.code, "area")}
        for place in await self._places(parent, counts, part, tree):
            grouped.setdefault(tree.child_area_of(parent.code, place.desa_code) or UNMAPPED, []).append(place)
        return {code: _totals(places, len(counts)) for code, places in grouped.items()}

    async def _places(
        self, entry: Entry, counts: Sequence[Count], part: Period, split_by: Tree | None = None
    ) -> list[Counted]:
        """Read once for an area; of a large one the sums of the areas directly below, from its tally."""
        key = (entry.code, counts[0].window, part, split_by is not None)
        if key not in self._read:
            self._read[key] = await self._read_places(entry, counts, part, split_by)
        return self._read[key]

    async def _read_places(
        self, entry: Entry, counts: Sequence[Count], part: Period, split_by: Tree | None
    ) -> list[Counted]:
        tally = await find_tally(self._connection, SERVICES, entry, self._asked.about(entry.code, part), split_by)
        if tally is not None:
            if not tally.is_fresh:
                self.counted_at = min(filter(None, (self.counted_at, tally.counted_at)))
            return services_of(tally.tally, counts)
        known_before = end_of_day(self._asked.as_of) if self._asked.as_of is not None else None
        window = Window(where_of(entry), counted_over(part, counts[0]), known_before)
        return await count_children(self._connection, window, self._acts, counts)


def _totals(places: Sequence[Counted], width: int) -> list[tuple[int, int]]:
    """Numerator and denominator of each count, summed over places."""
    return [
        (sum(place.numerators[number] for place in places), sum(place.denominators[number] for place in places))
        for number in range(width)
    ]
