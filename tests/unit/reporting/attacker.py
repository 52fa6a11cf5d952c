"""A district, what of it is told outside, and one who reckons with all of it: linear programming over every answer.

The attacker knows how the columns hang together, that areas add up and groups (by sex) add up to their area, and of two
days on which the same month was asked, which desa nothing happened in between.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.optimize import linprog

from services.reporting.domain.figures import COUNTS, figures
from services.reporting.domain.hidden_counts import LEFT_OUT_WHERE_SMALL
from services.reporting.domain.suppression import suppress, suppress_groups
from services.reporting.store.sums import SUM_COLUMNS

KNOWN = tuple(name for name in COUNTS if name not in LEFT_OUT_WHERE_SMALL)
# What is at most what, in every area; and the one sum within a row.
AT_MOST = (
    ("measured_children", "target_children"),
    ("both_measured", "measured_children"),
    ("both_measured", "height_measured"),
    ("haz_measured", "height_measured"),
    ("waz_measured", "measured_children"),
    ("whz_measured", "both_measured"),
    ("stunted", "haz_measured"),
    ("severely_stunted", "stunted"),
    ("underweight", "waz_measured"),
    ("severely_underweight", "underweight"),
    ("wasted", "whz_measured"),
    ("severely_wasted", "wasted"),
    ("overweight", "whz_measured"),
    ("oedema", "measured_children"),
    ("twice_not_gained", "not_gained"),
    ("below_red_line", "measured_children"),
    ("suspected", "measured_children"),
    ("urgent", "measured_children"),
    *(
        (name, "suspected")
        for name in ("remeasured", "lab_ordered", "lab_complete", "referred", "in_care", "recovered")
    ),
    ("anaemia_known", "suspected"),
    ("anaemic", "anaemia_known"),
)
SUMS_WITHIN = (
    ({"gained": 1, "not_gained": 1, "gain_assessed": -1}),
    ({"gain_assessed": 1, "not_weighed_before": 1, "first_weighing": 1, "measured_children": -1}),
)
# What a correction moves by up to three; findings that hold others are left, so that these stay within them.
CORRECTED = (
    ("severely_stunted", "stunted"),
    ("severely_underweight", "underweight"),
    ("severely_wasted", "wasted"),
    ("anaemic", "anaemia_known"),
    ("urgent", "weighed"),
    ("below_red_line", "weighed"),
    ("referred", "suspected"),
    ("twice_not_gained", "letter_t"),
)
Marks = dict[str, int]
Desa = tuple[Marks, ...]  # by group
Row = dict[str, Any]
Place = tuple[int, ...]  # of a kabupaten (), a kecamatan (k,) or a desa (k, d)
Told = tuple[Place, int | None]  # of a place as a whole (None), or of one group


def draw_marks(rng: np.random.Generator, target: int) -> Marks:
    """Marks of one desa's month, or of a group in it."""

    def of(total: int, share: float) -> int:
        return int(rng.binomial(total, share))

    weighed = of(target, rng.uniform(0.6, 1.0))
    both = of(weighed, 0.97)
    haz, waz, whz = of(both, 0.99), of(weighed, 0.995), of(both, 0.99)
    stunted, underweight, wasted = of(haz, rng.beta(8, 30)), of(waz, 0.15), of(whz, 0.08)
    before, first = of(weighed, 0.10), of(weighed // 2, 0.08)
    gained = of(weighed - before - first, 0.65)
    lost = weighed - before - first - gained
    suspected = min(weighed, stunted + of(3, 0.3))
    known = of(suspected, 0.7)
    marks = {
        "target_children": target, "weighed": weighed, "height_measured": both, "both_measured": both,
        "haz_measured": haz, "haz_flagged": both - haz, "waz_measured": waz, "waz_flagged": weighed - waz,
        "whz_measured": whz, "whz_flagged": both - whz, "stunted": stunted, "severely_stunted": of(stunted, 0.25),
        "underweight": underweight, "severely_underweight": of(underweight, 0.2), "wasted": wasted,
        "severely_wasted": of(wasted, 0.2),
        "overweight": of(whz - wasted, 0.04), "oedema": of(weighed, 0.002), "letter_n": gained, "letter_t": lost,
        "letter_o": before, "letter_b": first, "twice_not_gained": of(lost, 0.4), "below_red_line": of(weighed, 0.03),
        "suspected": suspected, "urgent": of(suspected, 0.06), "remeasured": of(suspected, 0.8),
        "lab_ordered": of(suspected, 0.9), "lab_complete": known, "referred": of(suspected, 0.3),
        "in_care": of(suspected, 0.2), "recovered": of(suspected, 0.1), "anaemia_known": known,
        "anaemic": of(known, 0.4),
    }  # fmt: skip
    return dict.fromkeys(SUM_COLUMNS, 0) | marks


class District(NamedTuple):
    """Desa by kecamatan, as known on one day."""

    kecamatan: tuple[tuple[Desa, ...], ...]

    def row(self, *place: int, group: int | None = None) -> Row:
        """The figures of the kabupaten (), a kecamatan or a desa, or of one group there."""
        marks = [
            of_group
            for k, below in enumerate(self.kecamatan)
            for d, desa in enumerate(below)
            if (k, d)[: len(place)] == place
            for of_group in (desa if group is None else (desa[group],))
        ]
        total = {name: sum(counts[name] for counts in marks) for name in SUM_COLUMNS}
        return {"code": ".".join(f"{number:02}" for number in place), **figures(total)}

    def told(self) -> dict[Told, Row]:
        """Every row that is told outside."""
        rows: dict[Told, Row] = {((), None): suppress([self.row()])[0]}
        families: list[tuple[Place, list[Place]]] = [((), [(k,) for k in range(len(self.kecamatan))])]
        families += [((k,), [(k, d) for d in range(len(below))]) for k, below in enumerate(self.kecamatan)]
        groups = range(len(self.kecamatan[0][0]))
        if len(groups) > 1:
            (whole,) = suppress_groups([self.row()], [[self.row(group=group) for group in groups]])
            rows |= {((), group): told for group, told in zip(groups, whole, strict=True)}
        for parent, places in families:
            family = [self.row(*place) for place in places]
            hidden_above = set(rows[parent, None]["suppressed"])
            shown = suppress(family, hidden_above)
            rows |= {(place, None): told for place, told in zip(places, shown, strict=True)}
            if len(groups) > 1:
                parts = [[self.row(*place, group=group) for group in groups] for place in places]
                hidden_above.update(*(rows[parent, group]["suppressed"] for group in groups))
                for place, told in zip(places, suppress_groups(family, parts, hidden_above), strict=True):
                    rows |= {(place, group): each for group, each in zip(groups, told, strict=True)}
        return rows


def draw_district(rng: np.random.Generator, groups: int = 1) -> District:
    """Two or three kecamatan of two to four desa, some tiny, each of so many groups."""

    def desa() -> Desa:
        target = int(rng.choice([6, 18, 60, 120, 240]))
        return tuple(draw_marks(rng, target) for _ in range(groups))

    return District(tuple(tuple(desa() for _ in range(rng.integers(2, 5))) for _ in range(rng.integers(2, 4))))


def later(rng: np.random.Generator, district: District) -> tuple[District, Place]:
    """The same month known later: one desa has a few visits more, or some corrected. Returns which."""
    k = int(rng.integers(len(district.kecamatan)))
    d = int(rng.integers(len(district.kecamatan[k])))
    marks, *others = (dict(marks) for marks in district.kecamatan[k][d])
    for name, among in CORRECTED:
        marks[name] = min(max(0, marks[name] + int(rng.integers(-3, 4))), marks[among])
    changed = (*district.kecamatan[k][:d], (marks, *others), *district.kecamatan[k][d + 1 :])
    return District((*district.kecamatan[:k], changed, *district.kecamatan[k + 1 :])), (k, d)


class Hidden(NamedTuple):
    """A hidden count of a finding, and between which values the attacker finds it."""

    place: Place
    group: int | None
    column: str
    truth: int
    low: float
    high: float


class _Unknowns:
    """A number for each count of each group of each desa; a desa in which nothing happened has the same on all days."""

    def __init__(self, days: Sequence[District], changed: Sequence[Place]) -> None:
        self.desa = [(k, d) for k, below in enumerate(days[0].kecamatan) for d in range(len(below))]
        self.groups = range(len(days[0].kecamatan[0][0]))
        self._changed = set(changed)
        keys = (
            self._key(day, place, group, name)
            for day in range(len(days))
            for place in self.desa
            for group in self.groups
            for name in KNOWN
        )
        self._number = {key: index for index, key in enumerate(dict.fromkeys(keys))}

    def _key(self, day: int, place: Place, group: int, name: str) -> tuple[int, Place, int, str]:
        return (day if place in self._changed else 0, place, group, name)

    def sum_of(self, day: int, area: Place, group: int | None, weights: Mapping[str, int]) -> npt.NDArray[np.float64]:
        """The weights of all unknowns in a weighted sum of the counts of an area, or of one group in it."""
        row = np.zeros(len(self._number))
        for place in self.desa:
            if place[: len(area)] == area:
                for each in self.groups if group is None else (group,):
                    for name, weight in weights.items():
                        row[self._number[self._key(day, place, each, name)]] += weight
        return row


def attack(days: Sequence[District], changed: Sequence[Place], smaller_than: int) -> Iterator[Hidden]:
    """Bounds of every hidden count from 1 to below `smaller_than` of any day, by all that was told on all days."""
    unknowns = _Unknowns(days, changed)
    told = [district.told() for district in days]
    program = _program(unknowns, told)
    for day, district in enumerate(days):
        for (place, group), row in told[day].items():
            truth = district.row(*place, group=group)
            for name in row["suppressed"]:
                if name in KNOWN and 0 < truth[name] < smaller_than:
                    goal = unknowns.sum_of(day, place, group, {name: 1})
                    ends = [linprog(sign * goal, **program, method="highs") for sign in (1, -1)]
                    assert all(end.status == 0 for end in ends)
                    yield Hidden(place, group, name, truth[name], float(ends[0].fun), float(-ends[1].fun))


def _program(unknowns: _Unknowns, told: Sequence[Mapping[Told, Row]]) -> dict[str, npt.NDArray[np.float64]]:
    """What holds in every desa and group on every day, and what was told."""
    within = [(day, place, group) for day in range(len(told)) for place in unknowns.desa for group in unknowns.groups]
    at_most = [unknowns.sum_of(*where, {small: 1, large: -1}) for where in within for small, large in AT_MOST]
    equal = [(unknowns.sum_of(*where, weights), 0.0) for where in within for weights in SUMS_WITHIN]
    for day, rows in enumerate(told):
        for (place, group), row in rows.items():
            known = [name for name in KNOWN if row[name] is not None]
            equal += [(unknowns.sum_of(day, place, group, {name: 1}), float(row[name])) for name in known]
    left = np.unique(at_most, axis=0)
    return {
        "A_ub": left,
        "b_ub": np.zeros(len(left)),
        "A_eq": np.array([weights for weights, _ in equal]),
        "b_eq": np.array([value for _, value in equal]),
    }
