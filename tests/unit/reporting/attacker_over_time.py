"""One who holds every release of a provinsi: months of kabupaten released at different times, and their quarter later.

A provinsi is drawn child by child. Some visits came after the release of their month, so the quarter counts them and
the month does not. The attacker knows what one could know at most: which desa something came late of, and how many;
that nothing was corrected; how columns, areas and releases add up, and where the children of a quarter come from.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from services.reporting.domain.areas import Tree
from services.reporting.domain.child_month import MARK_BITS, MARKS
from services.reporting.domain.figures import counts_of
from services.reporting.domain.hidden_counts import RULED
from services.reporting.domain.period_months import LATEST, MonthPart, marks_of_period
from services.reporting.domain.periods import Period
from services.reporting.domain.release import Batch
from services.reporting.domain.release_hiding import Beside, added_up, hidden_of_family, places_of
from services.reporting.store.sums import SUM_COLUMNS
from tests.unit.reporting.attacker import AT_MOST, SUMS_WITHIN
from tests.unit.reporting.attacker_of_doors import COLUMN_OF, MONTHS, NOWHERE, QUARTER, _marks_of_child, _told_by
from tests.unit.reporting.attacker_program import Program

PROVINSI: Final = "12"
Sums = npt.NDArray[np.int64]
Sizes = Sequence[Sequence[Sequence[int]]]  # children of each desa, by kabupaten and kecamatan


class Provinsi(NamedTuple):
    """Counts of each desa: desa x periods x SUM_COLUMNS.

    Months as they were `released`; months as `known` when the quarter is released, and the quarter. `late`: visits of
    each desa and month that came after its release.
    """

    desa: tuple[str, ...]
    released: Sums
    known: Sums
    late: Sums

    @property
    def kabupaten(self) -> list[str]:
        """Their codes."""
        return sorted({code[:5] for code in self.desa})


def draw_provinsi(
    rng: np.random.Generator, sizes: Sizes, *, late: float, habits: Sequence[float] = (0.4, 0.35, 0.25)
) -> Provinsi:
    """Of each visit the chance to come after the release is `late`, in half of the desa; `habits` as a quarter's."""
    desa = tuple(
        f"{PROVINSI}.{k + 1:02}.{c + 1:02}.{2001 + d}"
        for k, kecamatan in enumerate(sizes)
        for c, below in enumerate(kecamatan)
        for d in range(len(below))
    )
    every = [size for kecamatan in sizes for below in kecamatan for size in below]
    bits = np.array([MARK_BITS[mark] for mark in MARKS])
    released = np.zeros((len(desa), len(MONTHS), len(SUM_COLUMNS)), np.int64)
    known = np.zeros((len(desa), len(MONTHS) + 1, len(SUM_COLUMNS)), np.int64)
    came_late = np.zeros((len(desa), len(MONTHS)), np.int64)
    target = SUM_COLUMNS.index("target_children")
    for number, size in enumerate(every):
        habit, only, share = rng.choice(["monthly", "heights once", "once"], p=habits), int(rng.integers(3)), 0.0
        share = rng.beta(8, 30)
        chance = late if rng.random() < 0.5 else 0.0
        for _ in range(size):
            months = _marks_of_child(rng, habit, only, share)
            is_late = [bool(marks) and rng.random() < chance for marks in months]
            parts = [MonthPart(NOWHERE, marks, has_case=False) for marks in months if marks]
            known[number, :, target] += 1
            released[number, :, target] += 1
            for place, marks in enumerate((*months, marks_of_period(parts[::-1]))):
                known[number, place, 2:] += (bits & marks) != 0
                if place < len(MONTHS):
                    came_late[number, place] += is_late[place]
                    released[number, place, 2:] += 0 if is_late[place] else (bits & marks) != 0
    return Provinsi(desa, released, known, came_late)


class Release(NamedTuple):
    """A batch of a period, with what of each area is hidden; and the desa of each area."""

    batch: Batch
    desa_of: Mapping[str, frozenset[int]]


def release(
    provinsi: Provinsi, period: Period, kabupaten: Sequence[str], counts: Sums, months: Sequence[Release] = ()
) -> Release:
    """`counts`: of all desa. `months`: what was released inside the period."""
    places = places_of(Tree([]), PROVINSI, kabupaten, [code for code in provinsi.desa if code[:5] in kabupaten])
    sums = dict(zip(places.codes, added_up(places, provinsi.desa, counts), strict=True))
    batch = Batch(PROVINSI, period, Tree([]), places.below, places.belongs, SUM_COLUMNS, sums)
    place = {code: number for number, code in enumerate(places.codes)}
    beside = [_beside(provinsi, batch, place, months)] if months else []
    hidden: dict[str, frozenset[str]] = {}
    batch.hidden = hidden
    for parent in batch.below:
        hidden |= hidden_of_family(batch, parent, place, SUM_COLUMNS, beside)
    desa_of = {
        code: frozenset(number for number, desa in enumerate(provinsi.desa) if code in places.belongs.get(desa, ()))
        for code in places.codes
    }
    return Release(batch, desa_of)


def _beside(provinsi: Provinsi, batch: Batch, place: Mapping[str, int], months: Sequence[Release]) -> Beside:
    shape = (len(MONTHS), len(place))
    told = np.zeros((*shape, len(SUM_COLUMNS)), np.int64)
    hidden = {name: np.zeros(shape, bool) for name in RULED}
    release = np.zeros(shape, np.int64)
    places = places_of(Tree([]), PROVINSI, batch.kabupaten, provinsi.desa)
    known = np.moveaxis(provinsi.known[:, : len(MONTHS)], 0, 1)
    for release_id, one in enumerate(months, start=1):
        number = MONTHS.index(one.batch.period)
        for code, columns in one.batch.hidden.items():
            if code not in place:
                continue
            for name in hidden.keys() & columns:
                hidden[name][number, place[code]] = True
            told[number, place[code]] += one.batch.sums[code]
            release[number, place[code]] = release_id
    return Beside(added_up(places, provinsi.desa, known), told, hidden, release)


What = Literal["month", "quarter", "late"]


class Found(NamedTuple):
    """A count that is not told, and the least and the largest value that the attacker leaves it."""

    what: What
    area: str
    column: str
    period: Period
    truth: int
    least: int
    most: int

    @property
    def values(self) -> int:
        """How many it may have."""
        return self.most - self.least + 1


def attack(
    provinsi: Provinsi, releases: Sequence[Release], columns: Sequence[str], smaller_than: int, what: Iterable[What]
) -> Iterator[Found]:
    """Every hidden count from 1 to below `smaller_than`, and below it the findings of those who came late."""
    system = _System(provinsi, columns)
    hidden: dict[tuple[str, str, Period], int] = {}
    for one in releases:
        for code, sums in one.batch.sums.items():
            counts = counts_of(dict(zip(SUM_COLUMNS, sums, strict=True)))
            for name in columns:
                weights = system.weights(one.desa_of[code], one.batch.period, name)
                if name in one.batch.hidden[code]:
                    hidden.setdefault((code, name, one.batch.period), 0)
                    hidden[code, name, one.batch.period] += counts[name]
                else:
                    system.program.equal(weights, counts[name])
    desa_of = {code: places for one in releases for code, places in one.desa_of.items() if code != PROVINSI}
    for (code, name, period), truth in hidden.items():
        kind: What = "quarter" if period == QUARTER else "month"
        if code in desa_of and 0 < truth < smaller_than and kind in what:
            least, most = system.program.values(system.weights(desa_of[code], period, name))
            yield Found(kind, code, name, period, truth, least, most)
    if "late" in what:
        yield from _late(provinsi, system, columns, smaller_than)


def _late(provinsi: Provinsi, system: _System, columns: Sequence[str], smaller_than: int) -> Iterator[Found]:
    """Findings of few who came late."""
    for desa, number in np.argwhere(provinsi.late > 0):
        came, stood = (
            counts_of(dict(zip(SUM_COLUMNS, sums[desa, number], strict=True)))
            for sums in (provinsi.known, provinsi.released)
        )
        for name in {"stunted", "severely_stunted", "gained", "not_gained", "suspected"} & {*columns}:
            truth = came[name] - stood[name]
            if truth < smaller_than:
                late = system.program.of(int(desa), MONTHS[number], name, "late")
                least, most = system.program.values({late: 1.0})
                yield Found("late", provinsi.desa[desa], name, MONTHS[number], truth, least, most)


class _System:
    """Counts of each desa and period; of a month with late visits as it was released, and what came late."""

    def __init__(self, provinsi: Provinsi, columns: Sequence[str]) -> None:
        self.program = Program()
        self._columns = columns
        for desa in range(len(provinsi.desa)):
            for number, month in enumerate(MONTHS):
                self._within(desa, month)
                late = int(provinsi.late[desa, number])
                if late:
                    self._within(desa, month, "late")
                    self.program.equal({self.program.of(desa, month, "measured_children", "late"): 1.0}, late)
                    self.program.equal({self.program.of(desa, month, "target_children", "late"): 1.0}, late)
                for name in columns:  # what is known is what was released, and what came late
                    known = {self.program.of(desa, month, name, "known"): -1.0}
                    known[self.program.of(desa, month, name)] = 1.0
                    if late and name != "target_children":
                        known[self.program.of(desa, month, name, "late")] = 1.0
                    self.program.equal(known, 0.0)
            self._within(desa, QUARTER)
            self._between(desa)

    def weights(self, desa: Iterable[int], period: Period, name: str) -> dict[int, float]:
        """The count of an area in a release."""
        return {self.program.of(number, period, name): 1.0 for number in desa}

    def _within(self, desa: int, period: Period, *late: str) -> None:
        for small, large in AT_MOST:
            if {small, large} <= {*self._columns}:
                self.program.at_most(
                    [self.program.of(desa, period, small, *late)], [self.program.of(desa, period, large, *late)]
                )
        for weights in SUMS_WITHIN:
            if {*weights} <= {*self._columns}:
                row = {self.program.of(desa, period, name, *late): float(weight) for name, weight in weights.items()}
                self.program.equal(row, 0.0)

    def _between(self, desa: int) -> None:
        """A quarter's count: of an index those of the last month, and of earlier months who were not seen since."""

        def of(period: Period, name: str, *more: str) -> int:
            return self.program.of(desa, period, name, *(() if period == QUARTER else more or ("known",)))

        for rule in LATEST:
            base, names = _told_by(rule.given_by), [
                name for name in self._columns if MARK_BITS.get(COLUMN_OF.get(name, name), 0) & rule.taken
            ]  # fmt: skip
            for name in names:
                weights = {of(QUARTER, name): -1.0, of(MONTHS[2], name): 1.0}
                for month in MONTHS[:2]:
                    from_month = self.program.of(desa, month, name, "not seen since")
                    weights[from_month] = 1.0
                    self.program.at_most([from_month], [of(month, name)])
                    if name != base and base in self._columns:
                        among = self.program.of(desa, month, base, "not seen since")
                        self.program.at_most([from_month], [among])
                        self.program.at_most([among, of(month, name)], [from_month, of(month, base)])
                self.program.equal(weights, 0.0)
        for name in {"measured_children", "height_measured", "both_measured", "suspected", "urgent"} & {*self._columns}:
            in_months = [of(month, name) for month in MONTHS]
            self.program.at_most([of(QUARTER, name)], in_months)
            for in_month in in_months:
                self.program.at_most([in_month], [of(QUARTER, name)])
