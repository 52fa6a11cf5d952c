"""Typing errors at the rates of real files (domain.md §7), each counted by kind.

A kind has the name of the reason code by which the intake answers it (services/measurement/domain/row_problems.py);
those of `QUIET_KINDS` it just reads past. First the numbers go wrong: the ministry's system scores what was typed, so
its z-scores follow (a weight in grams brings a z in the thousands). Then the cells: names, NIK, sex, and the values
nobody scores.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Final

import numpy as np
from numpy.typing import NDArray

from deploy.demo.children import EPOCH
from deploy.demo.growth import Floats, Ints
from deploy.demo.ministry import EXCEL_DAYS, Cell, Columns, rescored
from deploy.demo.visits import Visits
from deploy.demo.world import World

#: Share of rows by kind. Each row gets at most one of them.
TYPED_SHARES: Final = {
    "weight_in_grams": 0.0006,
    "weight_lost_decimal": 0.0008,
    "weight_height_swapped": 0.0005,
    "weight_missing": 0.0006,  # typed as 0
    "length_height_missing": 0.0008,  # typed as 0
    "measured_in_future": 0.0005,
    "visit_before_birth": 0.0003,
}
CELL_SHARES: Final = {
    "sex_missing": 0.0008,
    "nik_damaged": 0.002,
    "unmapped_posyandu": 0.003,
    "official_sentinel": 0.0006,
    "birth_weight_in_grams": 0.023,
    "birth_weight_lost_decimal": 0.004,
    "birth_length_decimal_shifted": 0.006,
    "birth_length_zero": 0.016,
}
#: What is wrong with a child's own NIK, on every row of it: the state in `Children.nik_state` and its reason code.
NIK_KINDS: Final = {
    "other_birth_date": "nik_birth_date_differs",
    "other_sex": "nik_sex_differs",
    "foreign_region": "nik_foreign_region",
    "serial_zero": "nik_malformed",
    "short": "nik_malformed",
}
QUIET_KINDS: Final = frozenset(
    {"official_sentinel", "birth_length_zero", "late_visit", "trailing_space", "decimal_comma", "number_as_text"}
)
REPEATED_SHARE: Final = 0.002
CONFLICT_SHARE: Final = 0.0004
FUTURE_DAYS: Final = 365
LAST_DAY_OF_EVERY_MONTH: Final = 28
AUTO_DATE_SHARE: Final = 0.6  # of the weights that can be a date; file 09 has half of all
SENTINEL: Final = 999.99
UNMAPPED: Final = "POSY. BARU "

Injected = Counter[str]
Kinds = NDArray[np.str_]


def mistype(rng: np.random.Generator, world: World, visits: Visits, injected: Injected) -> Visits:
    """Values and dates go wrong in some rows. The scores are still those of the right values: see `scored`."""
    kinds = _pick(rng, visits.count, TYPED_SHARES)
    whole_kg = np.round(visits.weight_kg * 10) % 10 == 0
    kinds = np.where((kinds == "weight_lost_decimal") & whole_kg, "", kinds)
    weight, height, day = _mistyped_values(kinds, visits, world.children.birth_day[visits.child])
    _count(injected, kinds)
    return replace(visits, weight_kg=weight, length_height_cm=height, measured_day=day)


def repeat_rows(rng: np.random.Generator, visits: Visits, injected: Injected) -> Visits:
    """Some rows again: the same (`duplicate_row`), or with another weight that day (`same_day_other_values`).

    Of the latter both rows count, as the intake names both.
    """
    chance = rng.random(visits.count)
    again = visits.take(chance < REPEATED_SHARE)
    conflict = visits.take((chance >= REPEATED_SHARE) & (chance < REPEATED_SHARE + CONFLICT_SHARE))
    injected.update({"duplicate_row": again.count, "same_day_other_values": 2 * conflict.count})
    conflict = replace(conflict, weight_kg=np.round(conflict.weight_kg + 0.3, 1))
    return visits.joined(again).joined(conflict)


def scored(world: World, visits: Visits) -> Visits:
    """`visits` with the ministry's scores of what is typed."""
    haz, waz, whz = rescored(world, visits)
    return replace(visits, haz=haz, waz=waz, whz=whz)


def _mistyped_values(kinds: Kinds, visits: Visits, born: Ints) -> tuple[Floats, Floats, Ints]:
    """Weight, height and day as typed."""
    weight, height = visits.weight_kg, visits.length_height_cm
    swapped = kinds == "weight_height_swapped"
    typed_weight = np.select(
        [kinds == "weight_in_grams", kinds == "weight_lost_decimal", kinds == "weight_missing", swapped],
        [weight * 1000, np.round(weight * 10), np.zeros_like(weight), height],
        weight,
    )
    typed_height = np.select([swapped, kinds == "length_height_missing"], [weight, np.zeros_like(height)], height)
    day = np.where(kinds == "measured_in_future", visits.measured_day + FUTURE_DAYS, visits.measured_day)
    return typed_weight, typed_height, np.where(kinds == "visit_before_birth", born - 4, day)


def soil_cells(rng: np.random.Generator, columns: Columns, nik_states: Kinds, injected: Injected) -> None:
    """Cells go wrong in place. `nik_states` says for each row what its child's NIK is like anyway."""
    kinds = _pick(rng, len(columns["NIK"]), CELL_SHARES)
    for kind, (name, change) in _CELL_CHANGES.items():
        cells = columns[name]
        for row in np.flatnonzero(kinds == kind).tolist():
            changed = change(cells[row])
            if changed == cells[row]:
                kinds[row] = ""
            cells[row] = changed
    _count(injected, kinds)
    for state, kind in NIK_KINDS.items():
        injected[kind] += int(np.count_nonzero((nik_states == state) & (kinds != "nik_damaged")))


def _damaged_nik(nik: Cell) -> Cell:
    """A 16-digit number as a spreadsheet in Indonesian locale shows it."""
    text = str(nik)
    return f"{text[0]},{text[1:6]}E+15" if len(text) == 16 else nik


def _misspelt(name: Cell) -> Cell:
    """A posyandu name no register has."""
    return str(name).replace("POSYANDU ", UNMAPPED)


_CELL_CHANGES: Final[dict[str, tuple[str, Callable[[Cell], Cell]]]] = {
    "sex_missing": ("JK", lambda _: None),
    "nik_damaged": ("NIK", _damaged_nik),
    "unmapped_posyandu": ("Posyandu", _misspelt),
    "official_sentinel": ("ZS BB/TB", lambda _: SENTINEL),
    "birth_weight_in_grams": ("BB Lahir", lambda kg: round(float(kg or 0) * 1000)),
    "birth_weight_lost_decimal": ("BB Lahir", lambda kg: round(float(kg or 0) * 10)),
    "birth_length_decimal_shifted": ("TB Lahir", lambda cm: round(float(cm or 0) / 10, 1)),
    "birth_length_zero": ("TB Lahir", lambda _: 0),
}


def unmapped_names(columns: Columns) -> frozenset[tuple[str, str]]:
    """Desa and name of the posyandu that somebody has to map: one decision each, however many rows use it."""
    pairs = zip(columns["Desa/Kel"], columns["Posyandu"], strict=True)
    return frozenset((str(desa), str(name)) for desa, name in pairs if str(name).startswith(UNMAPPED))


def sort_apart(columns: Columns) -> None:
    """Weights sorted on their own, in place: each value is plausible, none belongs to its row any more."""
    columns["Berat"] = sorted(columns["Berat"], key=lambda kg: float(kg or 0))


def auto_date(rng: np.random.Generator, columns: Columns, year: int, injected: Injected) -> list[int]:
    """Weights that a spreadsheet took for dates, in place: 8.2 became 8 February. Returns the rows.

    The cell then holds the serial number of that date; only its day and month remember the weight.
    """
    weights, rows = columns["Berat"], []
    for row, kg in enumerate(weights):
        if not isinstance(kg, float):
            continue
        day, month = int(kg), round(kg * 10) % 10
        if 1 <= day <= LAST_DAY_OF_EVERY_MONTH and month >= 1 and rng.random() < AUTO_DATE_SHARE:
            weights[row] = (date(year, month, day) - EPOCH).days + EXCEL_DAYS
            rows.append(row)
    injected["weight_from_date"] += len(rows)
    return rows


def _pick(rng: np.random.Generator, count: int, shares: dict[str, float]) -> Kinds:
    """A kind for each row, empty for most."""
    names = np.array(["", *shares])
    return names[rng.choice(len(names), size=count, p=[1 - sum(shares.values()), *shares.values()])]


def _count(injected: Injected, kinds: Kinds) -> None:
    names, counts = np.unique(kinds[kinds != ""], return_counts=True)
    injected.update(dict(zip(names.tolist(), counts.tolist(), strict=True)))
