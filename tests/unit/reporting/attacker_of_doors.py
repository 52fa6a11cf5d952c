"""One who holds all that is told outside of a quarter together: its months, the quarter, girls and boys, indicators.

A district is drawn child by child, so that months and quarter hang together as they do. The attacker knows that
columns, areas and groups add up, that nobody moved, and where the quarter's children come from: of an index the last
month that has it, of other marks any month. Linear programming over all of it, as one system.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.optimize import linprog

from services.reporting.domain import facts
from services.reporting.domain.child_month import MARK_BITS, MARKS
from services.reporting.domain.figures import figures
from services.reporting.domain.hidden_indicators import Sibling, hidden_indicators
from services.reporting.domain.indicator_set import Count
from services.reporting.domain.period_months import LATEST, MonthPart, marks_of_period
from services.reporting.domain.periods import MONTH, Period, parse_period
from services.reporting.domain.read_indicators import load
from services.reporting.domain.suppression import suppress_groups
from services.reporting.store.sums import SUM_COLUMNS
from tests.unit.reporting.attacker import AT_MOST, KNOWN, SUMS_WITHIN, Hidden, Place, Row
from tests.unit.reporting.periods_beside import hidden_in_periods

MONTHS: Final = tuple(parse_period(f"2026-0{number}") for number in (1, 2, 3))
QUARTER: Final = parse_period("2026-Q1")
PERIODS: Final = (*MONTHS, QUARTER)
GROUPS: Final = ("girls under two", "girls", "boys under two", "boys")
EVERYBODY: Final = (0, 1, 2, 3)
GIRLS, BOYS, UNDER_TWO = (0, 1), (2, 3), (0, 2)
BY_INDICATOR: Final = ("n_d_baduta",)
COLUMN_OF: Final = {
    "measured_children": "weighed", "gained": "letter_n", "not_gained": "letter_t", "not_weighed_before": "letter_o",
    "first_weighing": "letter_b",
}  # fmt: skip
NOWHERE: Final = facts.Place("", "")
Key = tuple[Place, Period, tuple[int, ...], str]  # area, period, groups, column
Above = Mapping[Period, frozenset[str]]
Sums = npt.NDArray[np.int64]


class Quarter(NamedTuple):
    """Counts of each desa, by (desa, period, group): SUM_COLUMNS."""

    desa: tuple[Place, ...]
    counts: Sums

    def row(self, place: Place, period: Period, groups: Iterable[int] = EVERYBODY) -> Row:
        """The figures of an area, or of groups in it."""
        below = [number for number, each in enumerate(self.desa) if each[: len(place)] == place]
        sums = self.counts[np.ix_(below, [PERIODS.index(period)], list(groups))].sum(axis=(0, 1, 2))
        named = dict(zip(SUM_COLUMNS, map(int, sums), strict=True))
        return {"code": ".".join(f"{number:02}" for number in place), **figures(named)}

    def below(self, place: Place) -> list[Place]:
        """The areas directly below."""
        within = (each for each in self.desa if each[: len(place)] == place and each != place)
        return sorted({each[: len(place) + 1] for each in within})


def draw_quarter(
    rng: np.random.Generator, sizes: Sequence[Sequence[int]], habits: Sequence[float] = (0.4, 0.35, 0.25)
) -> Quarter:
    """Desa of so many children by kecamatan.

    `habits`: chances of a desa to be measured every month, weighed every month with heights in one, or measured in one.
    """
    desa = tuple((k, d) for k, below in enumerate(sizes) for d in range(len(below)))
    counts = np.zeros((len(desa), len(PERIODS), len(GROUPS), len(SUM_COLUMNS)), np.int64)
    bits = np.array([MARK_BITS[mark] for mark in MARKS])
    for number, (k, d) in enumerate(desa):
        habit = rng.choice(["monthly", "heights once", "once"], p=habits)
        only = int(rng.integers(3))
        share = rng.beta(8, 30)
        for _ in range(sizes[k][d]):
            group = int(rng.integers(len(GROUPS)))
            counts[number, :, group, SUM_COLUMNS.index("target_children")] += 1
            months = _marks_of_child(rng, habit, only, share)
            parts = [MonthPart(NOWHERE, marks, has_case=False) for marks in months if marks]
            for place, marks in enumerate((*months, marks_of_period(parts[::-1]))):
                counts[number, place, group, 2:] += (bits & marks) != 0
    return Quarter(desa, counts)


def _marks_of_child(rng: np.random.Generator, habit: str, only: int, share: float) -> list[int]:
    z, thin = rng.random(), rng.random()
    months = []
    for month in range(3):
        comes = rng.random() < 0.8 and (habit != "once" or month == only)
        marks: set[str] = set()
        if comes:
            now = z + rng.normal(0, 0.01)
            marks |= {"weighed", "waz_measured", str(rng.choice(["letter_n", "letter_t", "letter_o", "letter_b"],
                                                               p=[0.6, 0.25, 0.1, 0.05]))}  # fmt: skip
            if habit != "heights once" or month == only:
                marks |= {"height_measured", "both_measured", "haz_measured", "whz_measured"}
                marks |= {name for name, limit in (("stunted", 1), ("severely_stunted", 0.25)) if now < share * limit}
                marks |= {name for name, limit in (("wasted", 0.08), ("severely_wasted", 0.02)) if thin < limit}
            marks |= {name for name, limit in (("underweight", 0.15), ("severely_underweight", 0.04)) if now < limit}
            marks |= {"suspected"} if "stunted" in marks else set()
            marks |= {"urgent"} if thin < 0.02 else set()
        months.append(sum(MARK_BITS[mark] for mark in marks))
    return months


def tell(quarter: Quarter, *, with_parts: bool = True, by_sex: bool = True) -> dict[Key, int | None]:
    """Everything that is told outside, and what is hidden (None). Without `with_parts` the quarter is told alone."""
    told: dict[Key, int | None] = {}
    nothing: Above = dict.fromkeys(PERIODS, frozenset[str]())
    families: list[tuple[list[Place], Above, Above]] = [([()], nothing, nothing)]
    while families:
        family, above, groups_above = families.pop()
        rows = {period: [quarter.row(place, period) for place in family] for period in PERIODS}
        if with_parts:
            hidden = hidden_in_periods(rows, above)
        else:
            hidden = {period: hidden_in_periods({period: rows[period]}, above)[period] for period in PERIODS}
        of_groups: dict[Period, list[set[str]]] = {period: [set() for _ in family] for period in PERIODS}
        for period in PERIODS:
            for place, row, columns in zip(family, rows[period], hidden[period], strict=True):
                told |= {(place, period, EVERYBODY, name): None if name in columns else row[name] for name in KNOWN}
            if by_sex:
                hidden_above = {*above[period], *groups_above[period]}
                of_groups[period] = _tell_groups(quarter, family, period, (hidden[period], hidden_above), told)
                _tell_indicators(quarter, family, period, hidden[period], told)
        for number, place in enumerate(family):
            if quarter.below(place):
                own, groups = (
                    {period: frozenset(of[period][number]) for period in PERIODS} for of in (hidden, of_groups)
                )
                families.append((quarter.below(place), own, groups))
    return told


def _tell_groups(
    quarter: Quarter,
    family: Sequence[Place],
    period: Period,
    hidden: tuple[Sequence[set[str]], Iterable[str]],
    told: dict[Key, int | None],
) -> list[set[str]]:
    """Girls and boys: what is hidden of them, of the area, or of the area above, is hidden of both.

    Of a quarter only the kabupaten's groups are told.
    """
    own, above = hidden
    rows = [quarter.row(place, period) for place in family]
    parts = [[quarter.row(place, period, sex) for sex in (GIRLS, BOYS)] for place in family]
    gone = [
        {*shown["suppressed"], *columns}
        for (shown, _), columns in zip(suppress_groups(rows, parts, set(above)), own, strict=True)
    ]
    if period.months > MONTH and family[0]:
        gone = [{*KNOWN} for _ in gone]
    for place, groups, columns in zip(family, parts, gone, strict=True):
        for sex, row in zip((GIRLS, BOYS), groups, strict=True):
            told |= {(place, period, sex, name): None if name in columns else row[name] for name in KNOWN}
    return gone


def _tell_indicators(
    quarter: Quarter,
    family: Sequence[Place],
    period: Period,
    hidden: Sequence[set[str]],
    told: dict[Key, int | None],
) -> None:
    """Those under two, as indicators count them; what is hidden of the area above stays hidden here."""
    if period.months != MONTH:
        return
    rows = [quarter.row(place, period) for place in family]
    counts: list[Count] = [one.count for one in load().on(period.last_day) if one.code in BY_INDICATOR]
    young = [quarter.row(place, period, UNDER_TWO) for place in family]
    columns = [_columns(count) for count in counts]
    siblings = [
        Sibling(
            str(row["code"]), None, row, gone,
            [(each[top], sum(each[name] for name in bottom)) for top, bottom in columns],
        )
        for row, gone, each in zip(rows, hidden, young, strict=True)
    ]  # fmt: skip
    above = {
        number for number, (top, _) in enumerate(columns)
        if family[0] and told[family[0][:-1], period, UNDER_TWO, top] is None
    }  # fmt: skip
    for place, each, gone in zip(family, young, hidden_indicators(siblings, counts, above), strict=True):
        for number, (top, bottom) in enumerate(columns):
            for name in (top, *bottom):
                told[place, period, UNDER_TWO, name] = None if number in gone else each[name]


def _columns(count: Count) -> tuple[str, tuple[str, ...]]:
    names = {"letter_n": "gained", "letter_t": "not_gained"}
    return names[count.counted[0]], tuple(names[mark] for mark in (*count.among, *count.among_one_of))


class _System:
    """Unknown counts by desa, period, group and column; equations and inequalities between them."""

    def __init__(self, quarter: Quarter, columns: Sequence[str]) -> None:
        self._quarter = quarter
        self.columns = columns
        self._number: dict[Any, int] = {}
        self._rows: dict[bool, list[tuple[dict[int, float], float]]] = {True: [], False: []}
        for number in range(len(quarter.desa)):
            for group in range(len(GROUPS)):
                for period in PERIODS:
                    self._within(number, period, group)
                self._between(number, group)

    def of(self, *key: Any) -> int:
        return self._number.setdefault(key, len(self._number))

    def weights(self, place: Place, period: Period, groups: Iterable[int], column: str) -> dict[int, float]:
        below = (number for number, each in enumerate(self._quarter.desa) if each[: len(place)] == place)
        return {self.of(number, period, group, column): 1.0 for number in below for group in groups}

    def equal(self, weights: Mapping[int, float], value: float) -> None:
        self._rows[True].append((dict(weights), value))

    def at_most(self, small: Iterable[int], large: Iterable[int]) -> None:
        self._rows[False].append((dict.fromkeys(small, 1.0) | dict.fromkeys(large, -1.0), 0.0))

    def _within(self, *where: Any) -> None:
        for small, large in AT_MOST:
            if {small, large} <= set(self.columns):
                self.at_most([self.of(*where, small)], [self.of(*where, large)])
        for weights in SUMS_WITHIN:
            if set(weights) <= set(self.columns):
                self.equal({self.of(*where, name): weight for name, weight in weights.items()}, 0.0)

    def _between(self, number: int, group: int) -> None:
        """A quarter's count: of an index those of March, and of earlier months who were not seen since."""
        for rule in LATEST:
            base, names = _told_by(rule.given_by), [
                name for name in self.columns if MARK_BITS.get(COLUMN_OF.get(name, name), 0) & rule.taken
            ]  # fmt: skip
            for name in names:
                weights = {self.of(number, QUARTER, group, name): -1.0, self.of(number, MONTHS[2], group, name): 1.0}
                for month in MONTHS[:2]:
                    from_month = self.of(number, month, group, name, "not seen since")
                    weights[from_month] = 1.0
                    in_month = self.of(number, month, group, name)
                    self.at_most([from_month], [in_month])
                    if name != base and base in self.columns:
                        among = self.of(number, month, group, base, "not seen since")
                        self.at_most([from_month], [among])
                        self.at_most([among, in_month], [from_month, self.of(number, month, group, base)])
                self.equal(weights, 0.0)
        for name in {"measured_children", "height_measured", "both_measured", "suspected", "urgent"} & {*self.columns}:
            whole = self.of(number, QUARTER, group, name)
            in_months = [self.of(number, month, group, name) for month in MONTHS]
            self.at_most([whole], in_months)
            for in_month in in_months:
                self.at_most([in_month], [whole])

    def program(self) -> dict[str, Any]:
        made = {}
        for is_equal, letters in ((True, "eq"), (False, "ub")):
            rows = self._rows[is_equal]
            where = [(number, column) for number, (weights, _) in enumerate(rows) for column in weights]
            values = [value for weights, _ in rows for value in weights.values()]
            shape = (len(rows), len(self._number))
            made[f"A_{letters}"] = sparse.csr_array((values, tuple(zip(*where, strict=True))), shape=shape)
            made[f"b_{letters}"] = np.array([value for _, value in rows])
        return made

    def goal(self, weights: Mapping[int, float]) -> npt.NDArray[np.float64]:
        made = np.zeros(len(self._number))
        made[list(weights)] = list(weights.values())
        return made


def _told_by(given_by: int) -> str:
    names = ("haz_measured", "waz_measured", "whz_measured", "height_measured", "measured_children")
    return next((name for name in names if MARK_BITS[COLUMN_OF.get(name, name)] & given_by), "")


def attack_doors(
    quarter: Quarter, told: Mapping[Key, int | None], smaller_than: int, columns: Sequence[str], step: int = 1
) -> Iterator[Hidden]:
    """Bounds of every `step`-th hidden count from 1 to below `smaller_than`, by everything that was told."""
    system = _System(quarter, columns)
    hidden: list[tuple[Key, int]] = []
    for key, value in told.items():
        if key[3] not in columns:
            continue
        if value is not None:
            system.equal(system.weights(*key), value)
        else:
            truth = quarter.row(*key[:3])[key[3]]
            if 0 < truth < smaller_than:
                hidden.append((key, truth))
    program = system.program()
    for key, truth in hidden[::step]:
        goal = system.goal(system.weights(*key))
        ends = [linprog(sign * goal, **program, method="highs") for sign in (1, -1)]
        assert all(end.status == 0 for end in ends), [end.message for end in ends]
        yield Hidden(key[0], None, f"{key[3]} {key[1]} {key[2]}", truth, float(ends[0].fun), float(-ends[1].fun))
