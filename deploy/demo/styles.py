"""How an office saves its export: workbook or CSV, date order, decimal marks, stray spaces, as real files show it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from deploy.demo.ministry import DATE_COLUMNS, EXCEL_DAYS, PROFILE_A, PROFILE_B, Cell, Columns

NBSP: Final = "\u00a0"
NUMBER_COLUMNS: Final = ("Berat", "Tinggi", "LiLA", "ZS BB/U", "ZS TB/U", "ZS BB/TB", "BB Lahir", "TB Lahir")
TEXT_COLUMNS: Final = (
    "NIK",
    "Nama",
    "JK",
    "Nama Ortu",
    "Prov",
    "Kab/Kota",
    "Kec",
    "Pukesmas",
    "Desa/Kel",
    "Posyandu",
    "Alamat",
)

Dates = Literal["real", "serial", "iso", "dmy", "mdy"]
Numbers = Literal["number", "half_text", "comma"]


@dataclass(frozen=True, slots=True)
class Style:
    """One way of saving. `encoding` and `delimiter` are of CSV only; an empty delimiter means a workbook."""

    name: str
    columns: tuple[str, ...]
    dates: Dates
    numbers: Numbers = "number"
    spaces: bool = False  # a non-breaking space at the end of every text cell
    spaced_age: bool = False  # non-breaking spaces inside the age text
    blank_tail: int = 0  # empty rows at the end
    delimiter: str = ""
    encoding: str = "utf-8"

    @property
    def suffix(self) -> str:
        """File name ending."""
        return ".csv" if self.delimiter else ".xlsx"


PLAIN: Final = Style("plain", PROFILE_B, "real")
#: Each with the real file it is like (tests/data/eppgbm).
STYLES: Final = (
    PLAIN,
    Style("serial_dates", PROFILE_B, "serial"),
    Style("numbers_as_text", PROFILE_B, "real", numbers="half_text"),  # like 03
    Style("spaces", PROFILE_A, "iso", numbers="half_text", spaces=True),  # like 01
    Style(
        "semicolon", PROFILE_A, "dmy", numbers="comma", spaces=True, delimiter=";", encoding="cp1252", blank_tail=12
    ),  # like 04
    Style(
        "american", PROFILE_A, "mdy", spaced_age=True, delimiter=",", encoding="utf-8-sig", blank_tail=200
    ),  # like 05
)


def styled(columns: Columns, style: Style, rng: np.random.Generator, injected: Counter[str]) -> Columns:
    """`columns` as `style` saves them; dates come as day numbers and leave as its cells.

    What the style does to cells is counted in `injected`.
    """
    out = dict(columns)
    for name in DATE_COLUMNS:
        out[name] = _date_cells(columns[name], style)
    if style.numbers != "number":
        for name in NUMBER_COLUMNS:
            out[name] = _number_cells(columns[name], style, rng, injected)
    if style.spaces:
        for name in TEXT_COLUMNS:
            out[name] = [f"{cell}{NBSP}" if isinstance(cell, str) and cell else cell for cell in columns[name]]
            injected["trailing_space"] += len(columns[name])
    if style.spaced_age:
        out["Usia Saat Ukur"] = [str(cell).replace(" - ", f" -{NBSP}") for cell in columns["Usia Saat Ukur"]]
    injected["blank_row"] += style.blank_tail
    return out


def _date_cells(days: list[Cell], style: Style) -> list[Cell]:
    """Day numbers as text, or as the serial numbers of a spreadsheet. Text stays as it is."""
    numbers = [cell for cell in days if isinstance(cell, int)]
    if style.dates in {"real", "serial"}:
        known: dict[Cell, Cell] = {day: day + EXCEL_DAYS for day in set(numbers)}
    else:
        write = _DATE_TEXTS[style.dates]
        known = {day: write(*_parts(day)) for day in set(numbers)}
    return [known.get(cell, cell) for cell in days]


def _parts(day: int) -> tuple[int, int, int]:
    year, month, of_month = str(np.datetime64(day, "D")).split("-")
    return int(year), int(month), int(of_month)


_DATE_TEXTS: Final[dict[str, Callable[[int, int, int], str]]] = {
    "iso": lambda year, month, day: f"{year}-{month:02d}-{day:02d}",
    "dmy": lambda year, month, day: f"{day:02d}/{month:02d}/{year}",
    "mdy": lambda year, month, day: f"{month}/{day}/{year}",
}


def _number_cells(cells: list[Cell], style: Style, rng: np.random.Generator, injected: Counter[str]) -> list[Cell]:
    """Numbers as text in every second row, or with a decimal comma in every third (comma and dot in one file)."""
    changed = rng.random(len(cells)) < (0.5 if style.numbers == "half_text" else 0.34)
    mark = "," if style.numbers == "comma" else "."
    texts = [
        f"{cell:g}".replace(".", mark) if change and isinstance(cell, float) else cell
        for cell, change in zip(cells, changed.tolist(), strict=True)
    ]
    kind = "decimal_comma" if style.numbers == "comma" else "number_as_text"
    injected[kind] += sum(isinstance(text, str) for text in texts)
    return texts
