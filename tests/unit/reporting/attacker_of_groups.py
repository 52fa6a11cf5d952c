"""One who holds a month's release of a kabupaten: every area, by sex, by age, and by both.

The attacker knows that columns, areas and groups add up. Linear programming over all of it, as one system.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from services.reporting.domain.areas import Tree
from services.reporting.domain.figures import counts_of
from services.reporting.domain.groups import BANDS, EVERY_WAY, SEXES, By
from services.reporting.domain.periods import parse_period
from services.reporting.domain.release import Batch
from services.reporting.domain.release_hiding import added_up, hidden_of_family, places_of
from services.reporting.domain.released_groups import kept_by_family
from services.reporting.store.sums import SUM_COLUMNS
from tests.unit.reporting.attacker import AT_MOST, SUMS_WITHIN, draw_marks
from tests.unit.reporting.attacker_program import Program

MONTH: Final = parse_period("2026-01")
PROVINSI, KABUPATEN = "12", "12.01"
SEXES_OF_CHILDREN: Final = range(2)  # of everybody the sex is known
Cells = npt.NDArray[np.int64]  # desa x SEXES x AGES x SUM_COLUMNS
Group = tuple[tuple[int, ...], tuple[int, ...]]  # sexes and ages that are in it
EVERYBODY: Final[Group] = (tuple(SEXES_OF_CHILDREN), tuple(range(len(BANDS))))


class Found(NamedTuple):
    """A hidden count, and the least and the largest value that the attacker leaves it."""

    area: str
    group: Group
    column: str
    truth: int
    least: int
    most: int

    @property
    def values(self) -> int:
        """How many it may have."""
        return self.most - self.least + 1


class Month(NamedTuple):
    """A release with its groups, and the counts that it was made of."""

    batch: Batch
    kept: Mapping[str, Any]
    desa: tuple[str, ...]
    cells: Cells

    def counts(self, area: str, group: Group) -> dict[str, int]:
        """The truth."""
        below = [number for number, desa in enumerate(self.desa) if area in self.batch.belongs[desa]]
        sexes, ages = group
        sums = self.cells[np.ix_(below, sexes, ages)].sum(axis=(0, 1, 2))
        return counts_of(dict(zip(SUM_COLUMNS, map(int, sums), strict=True)))


def draw_month(rng: np.random.Generator, sizes: Sequence[Sequence[int]]) -> Month:
    """Desa of so many children by kecamatan, of both sexes and all ages."""
    desa = tuple(f"{KABUPATEN}.{c + 1:02}.{2001 + d}" for c, below in enumerate(sizes) for d in range(len(below)))
    cells = np.zeros((len(desa), len(SEXES), len(BANDS) + 1, len(SUM_COLUMNS)), np.int64)
    groups = len(SEXES_OF_CHILDREN) * len(BANDS)
    for number, size in enumerate(size for below in sizes for size in below):
        for group, target in enumerate(rng.multinomial(size, np.full(groups, 1 / groups))):
            marks = draw_marks(rng, int(target))
            cells[number, group % 2, group // 2] = [marks[name] for name in SUM_COLUMNS]
    places = places_of(Tree([]), PROVINSI, [KABUPATEN], desa)
    flat = added_up(places, desa, cells.reshape(len(desa), -1)).reshape(len(places.codes), *cells.shape[1:])
    sums = dict(zip(places.codes, flat.sum(axis=(1, 2)), strict=True))
    batch = Batch(PROVINSI, MONTH, Tree([]), places.below, places.belongs, SUM_COLUMNS, sums)
    place = {code: number for number, code in enumerate(places.codes)}
    hidden: dict[str, frozenset[str]] = {}
    batch.hidden = hidden
    for parent in batch.below:
        hidden |= hidden_of_family(batch, parent, place, SUM_COLUMNS, [])
    kept: dict[str, Any] = {}
    for family in kept_by_family(batch, dict(zip(places.codes, flat, strict=True)), SUM_COLUMNS):
        kept |= family
    return Month(batch, kept, desa, cells)


def _groups_of(by: By) -> list[Group]:
    sexes, ages = EVERYBODY
    return [
        (of_sex, of_age)
        for of_sex in ([(sex,) for sex in sexes] if by != "age" else [sexes])
        for of_age in ([(age,) for age in ages] if by != "sex" else [ages])
    ]


def _told(month: Month) -> Iterator[tuple[str, Group, frozenset[str]]]:
    """Every row of every answer, and what of it is hidden."""
    for area in month.batch.sums:
        yield area, EVERYBODY, month.batch.hidden[area]
        for by in EVERY_WAY:
            for group in _groups_of(by):
                yield area, group, frozenset(month.kept[area]["hidden"][by])


def attack_groups(
    month: Month, columns: Sequence[str], smaller_than: int, most: int, rng: np.random.Generator
) -> Iterator[Found]:
    """Of the hidden counts from 1 to below `smaller_than` so many at most, drawn by chance."""
    program = Program()
    _within(program, month, columns)
    hidden = []
    for area, group, gone in _told(month):
        counts = month.counts(area, group)
        for name in columns:
            if name not in gone:
                program.equal(_weights(program, month, area, group, name), counts[name])
            elif 0 < counts[name] < smaller_than:
                hidden.append((area, group, name, counts[name]))
    for number in rng.permutation(len(hidden))[:most]:
        area, group, name, truth = hidden[number]
        yield Found(area, group, name, truth, *program.values(_weights(program, month, area, group, name)))


def _weights(program: Program, month: Month, area: str, group: Group, name: str) -> dict[int, float]:
    below = [number for number, desa in enumerate(month.desa) if area in month.batch.belongs[desa]]
    return {program.of(number, sex, age, name): 1.0 for number in below for sex in group[0] for age in group[1]}


def _within(program: Program, month: Month, columns: Sequence[str]) -> None:
    sexes, ages = EVERYBODY
    for where in ((number, sex, age) for number in range(len(month.desa)) for sex in sexes for age in ages):
        for small, large in AT_MOST:
            if {small, large} <= {*columns}:
                program.at_most([program.of(*where, small)], [program.of(*where, large)])
        for weights in SUMS_WITHIN:
            if {*weights} <= {*columns}:
                program.equal({program.of(*where, name): float(each) for name, each in weights.items()}, 0.0)
