"""The cells of a table as typed columns. Each distinct cell of a column is parsed once."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from services.measurement.domain.cells import Cell, Parsed, clean_text, is_spreadsheet_error, read_text
from services.measurement.domain.dates import Order, OrderDecision, decide_order, read_date, read_day_month_name
from services.measurement.domain.file_row import FileRow, Reason, Value
from services.measurement.domain.nik import read_nik, sixteen_digits, zeros_of_a_spreadsheet
from services.measurement.domain.numbers import day_month_as_number, read_measure, read_number
from services.measurement.domain.plausible import read_birth_length, read_birth_weight, read_muac
from services.measurement.domain.recompute import LARGEST_OFFICIAL_Z
from services.measurement.formats.profiles import Catalogue, comparable
from services.measurement.formats.reader import Table

Parser = Callable[[Cell], Parsed[Any]]

ROW_FIELDS: Final = tuple(name for name in FileRow._fields if name != "row_number")
_UNKNOWN_WORD: Final = {
    "sex": "sex_unknown",
    "measurement_position": "position_unknown",
    "reported_letter": "reported_letter_unknown",
    "kia": "optional_unreadable",
}
_UNIT_NUMBER: Final = re.compile(r"(?:r[tw]\.?\s*)?(\d{1,3})", re.IGNORECASE)
_NOTHING: Final[Parsed[Any]] = Parsed(None)


@dataclass(frozen=True, slots=True)
class Columns:
    """`raw` cells and `parsed` values of every field of a `FileRow`, row by row; absent columns hold no values.

    `parsers` read one more cell of a field as all others of the file were read.
    """

    size: int
    raw: Mapping[str, Sequence[Cell]]
    parsed: Mapping[str, Sequence[Parsed[Any]]]
    present: frozenset[str]
    order: OrderDecision
    parsers: Mapping[str, Parser]

    def values(self, field: str) -> list[Any]:
        """The values of one field, None where there is none."""
        return [cell.value for cell in self.parsed[field]]

    def remarks(self) -> dict[int, list[Reason]]:
        """By row: what is wrong with its cells, each by itself."""
        found: dict[int, list[Reason]] = {}
        for field in (field for field in ROW_FIELDS if field in self.present):
            for row, cell in enumerate(self.parsed[field]):
                if cell.problem is not None:
                    found.setdefault(row, []).append(self.reason(row, field))
        return found

    def reason(self, row: int, field: str, code: str | None = None) -> Reason:
        """A remark on one cell; without `code` the one its parser made."""
        cell = self.parsed[field][row]
        proposed = () if cell.proposed is None else ((field, cell.proposed),)
        return Reason(code or cell.problem or "optional_unreadable", field, as_value(self.raw[field][row]), proposed)


def as_value(cell: Cell) -> Value:
    """A raw cell as it may stand in a remark."""
    if cell is None or isinstance(cell, (float, date)):
        return cell
    return float(cell) if isinstance(cell, int) and not isinstance(cell, bool) else clean_text(cell)


def read_columns(table: Table, catalogue: Catalogue) -> Columns:
    """All columns of a table, dates in the order that the file as a whole decides."""
    size = len(table.rows)
    raw: dict[str, Sequence[Cell]] = {field: table.column(field) or [None] * size for field in ROW_FIELDS}
    order = decide_order(zip(raw["birth_date"], raw["measured_on"], raw["age_text"], strict=True))
    hint = None if order.proven else catalogue.date_hint(table.heads)
    if hint is not None:
        order = OrderDecision(hint, hint, proven=True)
    parsers = _parsers(catalogue, order.order)
    parsed: dict[str, Sequence[Parsed[Any]]] = {
        field: _parse(raw[field], parsers[field]) if field in table.positions else [_NOTHING] * size
        for field in ROW_FIELDS
    }
    parsed["nik"] = _without_cut_digits(raw["nik"], parsed["nik"])
    return Columns(size, raw, parsed, frozenset(table.positions), order, parsers)


def _parsers(catalogue: Catalogue, order: Order) -> dict[str, Parser]:
    parsers: dict[str, Parser] = dict.fromkeys(ROW_FIELDS, read_text)
    parsers |= {field: _word_parser(field, words) for field, words in catalogue.words.items()}
    parsers |= {field: _date_parser(field, order) for field in ("birth_date", "measured_on")}
    parsers |= dict.fromkeys(("official_haz", "official_waz", "official_whz"), _read_official_score)
    parsers |= dict.fromkeys(("rt", "rw"), _read_unit_number)
    parsers |= dict.fromkeys(("pmt_kg", "vitamin_a_doses"), _read_quantity)
    return parsers | {
        "nik": read_nik,
        "weight_kg": lambda cell: _read_weight(cell, order),
        "length_height_cm": lambda cell: _renamed(read_measure(cell), "length_height_unreadable"),
        "muac_cm": _within(read_muac),
        "birth_weight_kg": _within(read_birth_weight),
        "birth_length_cm": _within(read_birth_length),
    }


def _parse(cells: Sequence[Cell], parser: Parser) -> list[Parsed[Any]]:
    # The type is part of the key: True == 1 == 1.0, and each is read differently.
    known: dict[Any, Parsed[Any]] = {}
    result = []
    for cell in cells:
        key = cell if isinstance(cell, str) else (cell.__class__, cell)
        parsed = known.get(key)
        if parsed is None:
            parsed = known[key] = parser(None if is_spreadsheet_error(cell) else cell)
        result.append(parsed)
    return result


def _word_parser(field: str, words: Mapping[str, str]) -> Parser:
    unknown = _UNKNOWN_WORD.get(field, "official_class_unknown")

    def parse(cell: Cell) -> Parsed[Any]:
        word = comparable(cell)
        return Parsed(words.get(word), None if word in words or not word else unknown)

    return parse


def _date_parser(field: str, order: Order) -> Parser:
    def parse(cell: Cell) -> Parsed[Any]:
        parsed = read_date(cell, order)
        return parsed if parsed.problem is None else Parsed(None, f"{field}_{parsed.problem}", parsed.proposed)

    return parse


def _within(limit: Callable[[float], Parsed[float]]) -> Parser:
    def parse(cell: Cell) -> Parsed[float]:
        parsed = read_measure(cell)
        return limit(parsed.value) if parsed.value is not None else _renamed(parsed, "optional_unreadable")

    return parse


def _read_weight(cell: Cell, order: Order) -> Parsed[float]:
    """A weight in kilograms. A date in its place was a decimal number before Excel saw it."""
    parsed = read_measure(cell)
    if parsed.problem is None:
        return parsed
    day = read_date(cell, order).value
    if day is not None:
        return Parsed(None, "weight_is_date", day_month_as_number(day.day, day.month))
    worded = read_day_month_name(clean_text(cell))
    if worded is not None:
        return Parsed(None, "weight_is_date", day_month_as_number(worded[0], worded[1]))
    return Parsed(None, "weight_unreadable")


def _read_official_score(cell: Cell) -> Parsed[float]:
    parsed = read_number(cell)
    if parsed.value is not None and abs(parsed.value) > LARGEST_OFFICIAL_Z:
        return Parsed(None, "official_score_impossible")
    return _renamed(parsed, "optional_unreadable")


def _read_quantity(cell: Cell) -> Parsed[float]:
    parsed = _renamed(read_number(cell), "optional_unreadable")
    return Parsed(None, "optional_unreadable") if parsed.value is not None and parsed.value < 0 else parsed


def _read_unit_number(cell: Cell) -> Parsed[str]:
    """RT and RW: up to three digits; `Rt 05` is one, `O2` and `005/002` are not. Zero means none."""
    text = clean_text(cell)
    if not text.strip("-0 "):
        return Parsed(None)
    number = _UNIT_NUMBER.fullmatch(text)
    return Parsed(str(int(number[1]))) if number else Parsed(None, "optional_unreadable")


def _renamed(parsed: Parsed[float], problem: str) -> Parsed[float]:
    return parsed if parsed.problem is None else Parsed(None, problem)


def _without_cut_digits(cells: Sequence[Cell], niks: Sequence[Parsed[str]]) -> Sequence[Parsed[str]]:
    """In a file whose sixteenth digits a spreadsheet has cut, the numbers that end in 0 are damaged."""
    numbers = [sixteen_digits(cell) for cell in cells]
    if not zeros_of_a_spreadsheet(number for number in numbers if number is not None):
        return niks
    damaged: Parsed[str] = Parsed(None, "nik_damaged")
    cut = [number is not None and number.endswith("0") for number in numbers]
    return [damaged if is_cut else nik for nik, is_cut in zip(niks, cut, strict=True)]
