"""The children of the simulated district: births over five years, families, identity papers and their errors."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
from numpy.typing import NDArray

from deploy.demo.growth import Floats, Ints
from deploy.demo.names import child_names, mother_names, twin_name

EPOCH: Final = date(1970, 1, 1)
UNDER_FIVE_DAYS: Final = 1826
TWIN_SHARE: Final = 0.012
SIBLING_SHARE: Final = 0.25
NIK_SERIAL_MAXIMUM: Final = 9999
#: Share of children with a growth card or KIA book, without, and of whom nobody has asked: made up.
CARD_SHARES: Final = {"Ya": 0.86, "Tidak": 0.06, "-": 0.08}
#: Share of children by what is wrong with their NIK: the rates of real files (domain.md §1; 8-11 % disagree with the
#: birth date, 3-4 % with the sex, 4-7 % are malformed).
NIK_SHARES: Final = {
    "good": 0.785,
    "other_birth_date": 0.09,
    "other_sex": 0.035,
    "foreign_region": 0.03,
    "serial_zero": 0.025,
    "short": 0.015,
    "missing": 0.02,
}

Texts = NDArray[np.str_]


def day_number(day: date) -> int:
    """Days since 1970-01-01: how dates are held in the columns of the world."""
    return (day - EPOCH).days


def date_parts(days: Ints) -> tuple[Ints, Ints, Ints]:
    """Year, month and day of the month of each day number."""
    stamps = days.astype("datetime64[D]")
    months = stamps.astype("datetime64[M]")
    years = stamps.astype("datetime64[Y]")
    return (
        years.astype(np.int64) + EPOCH.year,
        (months - years).astype(np.int64) + 1,
        (stamps - months).astype(np.int64) + 1,
    )


@dataclass(frozen=True)
class Children:
    """Columns, one element a child. Levels are z: what a child is born to, before time and measurer add theirs."""

    birth_day: Ints
    sex: Ints  # 0 male, 1 female
    posyandu: Ints  # index of the home posyandu at the start
    haz_level: Floats
    whz_level: Floats
    birth_weight_kg: Floats
    birth_length_cm: Floats
    growth_card: Texts  # `Ya` or `Tidak`; `-` where nobody has asked
    attendance: Floats  # chance of coming to an ordinary month's weighing
    nik: list[str]
    nik_state: Texts
    name: list[str]
    mother: list[str]

    @property
    def count(self) -> int:
        """How many children there are."""
        return self.birth_day.size


def make_children(
    rng: np.random.Generator, *, count: int, born_from: date, born_to: date, shares: Floats, kecamatan: Ints
) -> Children:
    """`count` children born from `born_from` to `born_to`, spread over posyandu by `shares`.

    `kecamatan` is the two-digit kecamatan number of each posyandu, which a NIK begins with.
    """
    birth_day = _birth_days(rng, count, born_from, born_to)
    sex = (rng.random(count) < 0.49).astype(np.int64)
    posyandu = rng.choice(shares.size, size=count, p=shares).astype(np.int64)
    family = _families(rng, posyandu, birth_day)
    name = child_names(rng, sex == 1, family)
    # A child does not grow alone: half of what sets it apart is the family, the desa is added by the world.
    family_haz = rng.normal(0.0, 0.6, count)[family]
    haz_level = family_haz + rng.normal(0.0, 0.80, count)
    whz_level = rng.normal(0.0, 1.04, count)
    _make_twins(rng, birth_day, sex, posyandu, family, name)
    nik_state = rng.choice(list(NIK_SHARES), size=count, p=list(NIK_SHARES.values()))
    return Children(
        birth_day=birth_day,
        sex=sex,
        posyandu=posyandu,
        haz_level=haz_level,
        whz_level=whz_level,
        birth_weight_kg=np.clip(np.round(rng.normal(3.05 + 0.12 * haz_level, 0.38), 1), 1.3, 4.8),
        birth_length_cm=np.clip(np.round(rng.normal(48.9 + 0.6 * haz_level, 1.4)), 40, 55),
        growth_card=_growth_cards(count),
        attendance=rng.beta(9.0, 1.6, count),
        nik=_niks(rng, nik_state, birth_day, sex, kecamatan[posyandu]),
        nik_state=nik_state,
        name=name,
        mother=mother_names(family),
    )


def _birth_days(rng: np.random.Generator, count: int, born_from: date, born_to: date) -> Ints:
    """Birth days with the season of a farming and fishing coast: a few more births from July to October."""
    days = np.arange(day_number(born_from), day_number(born_to) + 1, dtype=np.int64)
    weight = 1 + 0.12 * np.cos(2 * np.pi * ((days % 365) - 245) / 365)
    return np.asarray(rng.choice(days, size=count, p=weight / weight.sum()), dtype=np.int64)


def _growth_cards(count: int) -> Texts:
    """Nearly every mother was given a KIA book. Drawn by a generator of its own: what else happens stays the same."""
    rng = np.random.default_rng(count)
    return rng.choice(list(CARD_SHARES), size=count, p=list(CARD_SHARES.values()))


def _families(rng: np.random.Generator, posyandu: Ints, birth_day: Ints) -> Ints:
    """Index of the family of each child: some share it with an older child of the same posyandu, born far apart."""
    order = np.lexsort((rng.random(posyandu.size), posyandu))
    before = np.roll(order, 1)
    same = (
        (posyandu[order] == posyandu[before])
        & (np.abs(birth_day[order] - birth_day[before]) > 330)
        & (rng.random(order.size) < SIBLING_SHARE)
    )
    family = np.arange(posyandu.size, dtype=np.int64)
    family[order] = np.where(same, before, order)
    return family


def _make_twins(
    rng: np.random.Generator, birth_day: Ints, sex: Ints, posyandu: Ints, family: Ints, name: list[str]
) -> None:
    """Some children, in place, become the twin of the one before: equal in all but the name, which nearly is."""
    for child in np.flatnonzero(rng.random(birth_day.size) < TWIN_SHARE / 2).tolist():
        if child == 0:
            continue
        first, female = child - 1, bool(sex[child - 1])
        for column in (birth_day, sex, posyandu, family):
            column[child] = column[first]
        pair = int(rng.integers(5))
        base = name[first]
        name[first] = twin_name(base, female=female, pair=pair, second=False)
        name[child] = twin_name(base, female=female, pair=pair, second=True)


def _niks(rng: np.random.Generator, state: Texts, birth_day: Ints, sex: Ints, kecamatan: Ints) -> list[str]:
    """NIK text of each child: region, birth date (+ 40 for girls), serial; wrong in the way `state` says."""
    count = birth_day.size
    wrong_date = birth_day + rng.integers(-400, 400, count)
    year, month, day = date_parts(np.where(state == "other_birth_date", wrong_date, birth_day))
    day = day + 40 * (np.where(state == "other_sex", 1 - sex, sex) == 1)
    region = np.where(state == "foreign_region", 127100 + rng.integers(1, 22, count), 121900 + kecamatan)
    serial = np.where(state == "serial_zero", 0, rng.integers(1, NIK_SERIAL_MAXIMUM + 1, count))
    lengths = np.where(state == "short", rng.choice([10, 12, 13, 14], count), 16)
    lengths = np.where(state == "missing", 0, lengths)
    columns = (region, day, month, year % 100, serial, lengths)
    return [
        f"{region:06d}{day:02d}{month:02d}{year:02d}{serial:04d}"[:length]
        for region, day, month, year, serial, length in zip(*(c.tolist() for c in columns), strict=True)
    ]
