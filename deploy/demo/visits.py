"""The monthly weighing days: who comes, how long and heavy the child really is, and what the kader writes down."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from deploy.demo import growth
from deploy.demo.children import Children, day_number
from deploy.demo.growth import Bools, Floats, Ints
from shared.calendar import DAYS_PER_MONTH

VITAMIN_MONTHS: Final = (2, 8)  # February and August: fuller weighing days
MOVED_A_MONTH: Final = 0.004
GONE_A_MONTH: Final = 0.0009  # deaths and departures: they just stop coming
COMES_AFTER_SIXTY_MONTHS: Final = 0.04
LETTERS: Final = np.array(["N", "T", "O", "B"])
#: Minimum monthly gain in gram by age month for boys and girls (KBM, domain.md §3): months 1-12, then 12-60.
KBM_GRAM: Final = (
    (800, 900, 800, 600, 500, 400, 400, 300, 300, 300, 300, 200, 200),
    (800, 900, 800, 600, 500, 400, 300, 300, 300, 300, 200, 200, 200),
)


@dataclass(frozen=True)
class Visits:
    """Columns, one element a weighing as written down (before any typing error)."""

    child: Ints
    posyandu: Ints
    measured_day: Ints
    weight_kg: Floats
    length_height_cm: Floats
    standing: Bools
    muac_cm: Floats  # NaN where not taken
    letter: NDArray[np.str_]
    haz: Floats
    waz: Floats
    whz: Floats
    pmt_kg: Floats
    vitamin_a: Ints

    @property
    def count(self) -> int:
        """How many weighings."""
        return self.child.size

    def take(self, index: Ints | Bools) -> Self:
        """The weighings at `index`."""
        return type(self)(**{field.name: getattr(self, field.name)[index] for field in fields(self)})

    def joined(self, other: Self) -> Self:
        """These weighings, then those of `other`."""
        pairs = {field.name: (getattr(self, field.name), getattr(other, field.name)) for field in fields(self)}
        return type(self)(**{name: np.concatenate(pair) for name, pair in pairs.items()})


@dataclass(frozen=True)
class Places:
    """What the posyandu of the district are like, one element a posyandu."""

    haz_shift: Floats  # of its desa
    session_day: Ints  # day of the month
    height_step_cm: Floats  # 1.0, 0.5 or 0.1: how its kader read the board
    weight_step_kg: Floats
    takes_muac: Bools
    desa: Ints  # index of its desa

    @classmethod
    def make(cls, rng: np.random.Generator, desa: Ints) -> Self:
        """Posyandu of these desa. Most read heights in whole centimetres, as in three of four real files."""
        count = desa.size
        return cls(
            haz_shift=rng.normal(0.0, 0.25, int(desa.max()) + 1)[desa],
            session_day=rng.integers(2, 23, count),
            height_step_cm=rng.choice([1.0, 0.5, 0.1], count, p=[0.66, 0.14, 0.20]),
            weight_step_kg=rng.choice([0.1, 0.5], count, p=[0.86, 0.14]),
            takes_muac=rng.random(count) < 0.3,
            desa=desa,
        )


class Growing:
    """The state that goes from month to month; `month()` moves it on and returns that month's weighings."""

    def __init__(self, rng: np.random.Generator, children: Children, places: Places) -> None:
        self.rng, self.children, self.places = rng, children, places
        self.home = children.posyandu.copy()
        self.gone = np.zeros(children.count, dtype=bool)
        self.haz_now = rng.normal(0.0, 0.40, children.count)
        self.whz_now = rng.normal(0.0, 0.42, children.count)
        self.lying_cm = np.zeros(children.count)
        self.last_weight_kg = np.full(children.count, np.nan)
        self.ever_weighed = np.zeros(children.count, dtype=bool)

    def month(self, first: date) -> Visits:
        """The weighings of the month that starts on `first`."""
        self._pass_time()
        day = self._days_of_weighing(first)
        age = day - self.children.birth_day
        came = self._who_came(age, first)
        adjusted = self._true_adjusted_cm(np.clip(age, 0, growth.LAST_DAY))
        child = np.flatnonzero(came)
        visits = self._write_down(child, day[child], age[child], adjusted[child], first)
        self.last_weight_kg = np.full(self.children.count, np.nan)
        self.last_weight_kg[child] = visits.weight_kg
        self.ever_weighed[child] = True
        return visits

    def _pass_time(self) -> None:
        """One month of slow change: heights keep their course, weights wander; some families move or leave."""
        rng, count = self.rng, self.children.count
        self.haz_now = 0.98 * self.haz_now + rng.normal(0.0, 0.08, count)
        self.whz_now = 0.80 * self.whz_now + rng.normal(0.0, 0.25, count)
        self.gone |= rng.random(count) < GONE_A_MONTH
        moved = np.flatnonzero(rng.random(count) < MOVED_A_MONTH)
        anywhere = rng.integers(self.places.desa.size, size=moved.size)
        nearby = np.clip(self.home[moved] + rng.choice([-1, 1], moved.size), 0, self.places.desa.size - 1)
        self.home[moved] = np.where(rng.random(moved.size) < 0.7, nearby, anywhere)

    def _days_of_weighing(self, first: date) -> Ints:
        """The posyandu's day of the month; a few children are weighed at home in the days after."""
        late = np.where(self.rng.random(self.children.count) < 0.06, self.rng.integers(1, 6, self.children.count), 0)
        return np.asarray(day_number(first) - 1 + self.places.session_day[self.home] + late, dtype=np.int64)

    def _who_came(self, age_days: Ints, first: date) -> Bools:
        """Attendance: the child's own habit, more in vitamin A months, less of the three- and four-year-olds."""
        chance = self.children.attendance * np.where(age_days > 1095, 0.93, 1.0)
        chance = np.minimum(chance * (1.06 if first.month in VITAMIN_MONTHS else 1.0), 0.99)
        chance = np.where(age_days >= growth.LAST_DAY + 1, COMES_AFTER_SIXTY_MONTHS, chance)
        return np.asarray((self.rng.random(age_days.size) < chance) & (age_days >= 0) & ~self.gone)

    def _true_adjusted_cm(self, age_days: Ints) -> Floats:
        """True length or height in the convention of the child's age. A child never shrinks."""
        # Indonesian pattern: near the standard at birth, 1.4 SD below it at two years, then a little better.
        course = np.interp(age_days, [0, 180, 730, 1826], [-0.55, -0.80, -1.42, -1.27])
        haz = course + self.children.haz_level + self.haz_now + self.places.haz_shift[self.home]
        standing_age = age_days >= growth.STANDING_FROM_DAY
        lying = growth.lms_by_age("lhfa", self.children.sex, age_days).at(np.clip(haz, -5.5, 4.0))
        lying = lying + growth.POSITION_DIFFERENCE_CM * standing_age
        self.lying_cm = np.maximum(lying, self.lying_cm)
        return self.lying_cm - growth.POSITION_DIFFERENCE_CM * standing_age

    def _write_down(self, child: Ints, day: Ints, age: Ints, adjusted_cm: Floats, first: date) -> Visits:
        """Read the scale and the board with their errors, and let the ministry score what was read."""
        rng, sex, home = self.rng, self.children.sex[child], self.home[child]
        standing_age = age >= growth.STANDING_FROM_DAY
        wrong = rng.random(child.size) < np.select([age < 274, age < 731], [0.004, 0.055], 0.02)
        standing = standing_age ^ wrong
        lying_cm = adjusted_cm + growth.POSITION_DIFFERENCE_CM * standing_age
        # A careful reading is within a centimetre; one in twenty-five was not careful.
        error_cm = rng.normal(0.0, np.where(rng.random(child.size) < 0.04, 1.8, 0.45))
        read_cm = lying_cm - growth.POSITION_DIFFERENCE_CM * standing + error_cm
        length = _to_step(read_cm, self.places.height_step_cm[home])
        weight = self._weight_kg(child, age, adjusted_cm, first)
        capped_age = np.clip(age, 0, growth.LAST_DAY + 1)
        scores = growth.official_scores(sex, capped_age, weight, length, standing)
        whz_true = self.children.whz_level[child] + self.whz_now[child]
        return Visits(
            child=child,
            posyandu=home,
            measured_day=day,
            weight_kg=weight,
            length_height_cm=length,
            standing=standing,
            muac_cm=np.where(
                self.places.takes_muac[home] & (age > 183),
                np.clip(np.round(14.5 + 0.9 * whz_true + rng.normal(0.0, 0.45, child.size), 1), 9.0, 22.0),
                np.nan,
            ),
            letter=self._letters(child, age, weight),
            haz=scores.haz,
            waz=scores.waz,
            whz=scores.whz,
            pmt_kg=np.where((scores.whz < -2) & (rng.random(child.size) < 0.5), 1.0, 0.0),
            vitamin_a=((first.month in VITAMIN_MONTHS) & (age >= 183)).astype(np.int64),
        )

    def _weight_kg(self, child: Ints, age: Ints, adjusted_cm: Floats, first: date) -> Floats:
        """Weight from the child's weight-for-height, a little lighter in the lean months around December."""
        season = -0.10 * np.cos(2 * np.pi * (first.month - 12) / 12)
        whz = -0.42 + season + self.children.whz_level[child] + self.whz_now[child]
        capped = np.clip(age, 0, growth.LAST_DAY)
        standing_age = capped >= growth.STANDING_FROM_DAY
        within = np.clip(adjusted_cm, np.where(standing_age, 65.0, 45.0), np.where(standing_age, 120.0, 110.0))
        lms = growth.lms_by_length(self.children.sex[child], capped, within)
        weight = growth.weight_at(lms, np.clip(whz, -4.8, 4.5)) + self.rng.normal(0.0, 0.06, child.size)
        return np.maximum(_to_step(weight, self.places.weight_step_kg[self.home[child]]), 1.5)

    def _letters(self, child: Ints, age: Ints, weight_kg: Floats) -> NDArray[np.str_]:
        """N or T by the minimum gain, O without a weighing last month, B for the first of all."""
        month = np.clip((age / DAYS_PER_MONTH).astype(np.int64), 1, len(KBM_GRAM[0])) - 1
        enough = np.array(KBM_GRAM)[self.children.sex[child], month] / 1000
        before = self.last_weight_kg[child]
        gained = np.round(weight_kg - before, 3) >= enough
        first = ~self.ever_weighed[child] & (age < 60)
        return np.asarray(LETTERS[np.select([first, np.isnan(before), gained], [3, 2, 0], 1)])


def _to_step(value: Floats, step: Floats) -> Floats:
    """`value` read on a scale with that step, to one decimal."""
    return np.round(np.round(value / step) * step, 1)
