"""The rows of a laboratory's table → results as they are stated; a unit, an order or a status is never assumed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Final
from uuid import UUID

from services.lab.domain.reports import LONGEST_WORD, Comparator, Reported, demand_year, number_of_text
from services.lab.domain.result_problems import ResultProblem
from services.lab.formats.csv_heads import SPECIMENS, STATEMENTS, plain_head
from services.lab.formats.csv_table import DAY, YEAR, Table
from shared.calendar import JAKARTA

EXAMPLE: Final = "01/03/2026 08:30, 2026-03-01 08:30"
_CLOCK: Final = re.compile(r"(\d{1,2})[:.](\d{2})(?:[:.](\d{2}))?")
_ZONE: Final = re.compile(r"(?:[+-]\d{2}:?\d{2}|Z)$")
_GROUPED: Final = re.compile(r"([<>]?=?\s*-?)(\d{1,3})(([.,])\d{3}(?:\4\d{3})*)(?![\d.,])(.*)", re.DOTALL)
Cells = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the file by its line: what it says, or what is wrong with it."""

    number: int
    row: Reported | None
    problems: tuple[ResultProblem, ...] = ()


class _MisreadError(Exception):
    def __init__(self, code: str, field: str, **facts: str) -> None:
        super().__init__(code)
        self.code, self.field, self.facts = code, field, facts


def read_lines(table: Table) -> list[Line]:
    """Each row of the table, in their order."""
    return [_line(table, number, cells) for number, cells in table.rows]


def _line(table: Table, number: int, cells: Cells) -> Line:
    try:
        return Line(number, _reported(table, number, cells))
    except _MisreadError as error:
        return Line(number, None, (ResultProblem(error.code, table.head(error.field), facts=error.facts),))


def _reported(table: Table, number: int, cells: Cells) -> Reported:
    statement = STATEMENTS.get(plain_head(cells.get("status", "")))
    if statement is None:
        raise _MisreadError("status_unknown", "status", statuses=", ".join(filter(None, STATEMENTS)))
    test, loinc = cells.get("loinc") or cells.get("test", ""), bool(cells.get("loinc"))
    if not test:
        raise _MisreadError("test_missing", "test")
    drawn_on, drawn_at = _moment(table, "drawn", cells.get("drawn", ""), cells.get("time", ""))
    stated_on, stated_at = _moment(table, "stated_at", cells.get("stated_at", ""))
    if stated_on is not None:
        stated_at = datetime.combine(stated_on, time.min, JAKARTA)
    value, comparator, unit = _value(table, cells.get("value", ""))
    fields = ("test_code", "value", "findings", "unit", "drawn_at", "drawn_on", "specimen", "order_id", "child_id")
    columns = {"test_code": "loinc" if loinc else "test", "findings": "value", "drawn_at": "drawn", "drawn_on": "drawn"}
    return Reported(
        statement=statement,
        test=test[:LONGEST_WORD],
        loinc=loinc,
        number=f"csv\n{cells['number']}\n{test}" if cells.get("number") else None,
        stated_at=stated_at,
        order_id=_id(cells, "order_id"),
        child_id=_id(cells, "child_id"),
        value=value,
        comparator=comparator,
        unit=cells.get("unit", "")[:LONGEST_WORD] or unit,
        findings=((cells["value"],),) if cells.get("value") else (),
        drawn_on=drawn_on,
        drawn_at=drawn_at,
        specimen=SPECIMENS.get(plain_head(cells.get("specimen", ""))),
        method=cells.get("method", "")[:60] or None,
        places={"": str(number), **{name: table.head(columns.get(name, name)) for name in fields}},
    )


def _id(cells: Cells, field: str) -> UUID | None:
    text = cells.get(field, "")
    try:
        return UUID(text.removeprefix("urn:uuid:")) if text else None
    except ValueError:
        raise _MisreadError("id_unreadable", field) from None


def _value(table: Table, text: str) -> tuple[float | None, Comparator | None, str | None]:
    """Number, bound and unit. `7.500` and `1,200` are read by the decimal sign that the rest of the file shows."""
    grouped = _GROUPED.fullmatch(text)
    if grouped is not None and not grouped[2].startswith("0"):
        if table.decimal_sign is None:
            raise _MisreadError("number_ambiguous", "value")
        decimal = grouped[4] == table.decimal_sign and grouped[3].count(grouped[4]) == 1
        text = f"{grouped[1]}{grouped[2]}{grouped[3].replace(grouped[4], '.' if decimal else '')}{grouped[5]}"
        if decimal:  # a comma with three digits behind it is read as a number only so
            text = text.replace(",", ".")
    found = number_of_text(text)
    return (None, None, None) if found is None else (found[1], found[0], found[2])


def _moment(table: Table, field: str, text: str, clock: str = "") -> tuple[date | None, datetime | None]:
    """A day, or an instant where a time stands with it or in its own column: of its zone, else of Asia/Jakarta."""
    if not text:
        return None, None
    unreadable = _MisreadError("time_unreadable", field, example=EXAMPLE)
    match = DAY.match(text)
    if match is None:
        raise unreadable
    rest = text[match.end() :].strip(" T")
    told = _CLOCK.fullmatch(clock or rest)
    try:
        day = _day(match[1], match[3], match[4], day_first=table.day_first)
        if _ZONE.search(rest) and not clock:
            return None, datetime.fromisoformat(f"{day.isoformat()}T{rest}")
        if told is not None:
            return None, datetime.combine(day, time(int(told[1]), int(told[2]), int(told[3] or 0)), JAKARTA)
    except ValueError:
        raise unreadable from None
    if rest or clock:
        raise unreadable
    return day, None


def _day(first: str, second: str, third: str, *, day_first: bool) -> date:
    if len(first) == YEAR:
        demand_year(int(first))
        return date(int(first), int(second), int(third))
    if len(third) not in {2, YEAR}:
        raise ValueError(third)
    year = int(third) + (2000 if len(third) == 2 else 0)
    demand_year(year)
    day, month = (first, second) if day_first else (second, first)
    return date(year, int(month), int(day))
