"""A laboratory's own table (CSV) → rows of cells by field; what only the file can tell is decided for the whole file.

That is its encoding, delimiter and heads, the order of day and month, the decimal sign. Where a file does not tell, day
stands before month, as everybody here writes it. Columns that are not known are named and neither read nor kept.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from services.lab.domain.reports import LONGEST_WORD
from services.lab.domain.result_problems import ResultProblem
from services.lab.formats.csv_heads import FIELDS, HEADS, plain_head
from shared.redaction import mask_text

MOST_ROWS: Final = 5_000
MOST_COLUMNS: Final = 100
LONGEST_CELL: Final = 200
HEADER_WITHIN_LINES: Final = 5
DELIMITERS: Final = (";", ",", "\t")
MONTHS: Final = 12
MOST_DAYS: Final = 31
YEAR: Final = 4  # digits
# Without one of each nothing can be said of any row.
DEMANDED: Final = (("test", "loinc"), ("value",), ("unit",), ("drawn",), ("order_id", "child_id"))
DAY: Final = re.compile(r"(\d{1,4})([-/.])(\d{1,2})\2(\d{1,4})")
_DECIMALS: Final = re.compile(r"[<>]?=?\s*-?\d+([.,])(?:\d{1,2}|\d{4,})\b.*", re.DOTALL)


class NotATableError(ValueError):
    """The file cannot be read as a table of results; `problems` say why."""

    def __init__(self, *problems: ResultProblem) -> None:
        super().__init__(", ".join(problem.code for problem in problems))
        self.problems = problems


class TooManyRowsError(ValueError):
    """More rows than are taken at once."""


@dataclass(frozen=True, slots=True)
class Table:
    """A file. `columns`: its heads → fields, None where a column is not read. `rows`: line number → cells by field.

    `date_order_told`: the file shows whether day stands before month. `decimal_sign`: None where it does not show
    which.
    """

    encoding: str
    delimiter: str
    columns: Mapping[str, str | None]
    rows: Sequence[tuple[int, Mapping[str, str]]]
    day_first: bool
    date_order_told: bool
    decimal_sign: str | None

    def head(self, field: str) -> str:
        """The file's own head of a field's column; the field's name where there is none."""
        return next((head for head, name in self.columns.items() if name == field), field)

    def kept(self) -> str:
        """The file less the columns that are not read, as CSV."""
        fields = [name for name in self.columns.values() if name is not None]
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow(["line", *fields])
        writer.writerows([number, *(cells.get(name, "") for name in fields)] for number, cells in self.rows)
        return mask_text(text.getvalue())


def read_table(content: bytes) -> Table:
    """Raises NotATableError, TooManyRowsError."""
    text, encoding = _decoded(content)
    delimiter = max(DELIMITERS, key=lambda sign: max(map(len, _heads_of_lines(text, sign)), default=0))
    lines = _lines(text, delimiter)
    places = range(min(len(lines), HEADER_WITHIN_LINES))
    start = max(places, key=lambda at: len(_known(lines[at][1])), default=0)
    heads = lines[start][1] if lines else []
    known = _known(heads)
    _demand(set(known.values()))
    rows = [(number, _cells(cells, known)) for number, cells in lines[start + 1 :] if any(map(str.strip, cells))]
    if not rows:
        raise NotATableError(ResultProblem("table_empty", "file"))
    if len(rows) > MOST_ROWS:
        raise TooManyRowsError
    day_first, told = _day_first([cells.get(name, "") for _, cells in rows for name in ("drawn", "stated_at")])
    shown = {mask_text(head.strip()[:LONGEST_WORD]): known.get(at) for at, head in enumerate(heads) if head.strip()}
    return Table(encoding, delimiter, shown, rows, day_first, told, _decimal_sign(rows))


def _decoded(content: bytes) -> tuple[str, str]:
    wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    for name in ("utf-16" if wide else "utf-8-sig", "cp1252"):
        try:
            text = content.decode(name)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text, name.removesuffix("-sig")
    raise NotATableError(ResultProblem("message_invalid", "file", facts={"expected": "CSV (UTF-8, cp1252)"}))


def _heads_of_lines(text: str, delimiter: str) -> Iterator[dict[int, str]]:
    for line in text.split("\n", HEADER_WITHIN_LINES)[:HEADER_WITHIN_LINES]:
        yield _known([cell.strip(' \r"') for cell in line.split(delimiter)])


def _lines(text: str, delimiter: str) -> list[tuple[int, list[str]]]:
    """Rows with the number of the line that each ends on."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    found: list[tuple[int, list[str]]] = []
    try:
        for cells in reader:
            found.append((reader.line_num, [cell[:LONGEST_CELL] for cell in cells[:MOST_COLUMNS]]))
            if len(found) > 2 * MOST_ROWS:
                raise TooManyRowsError
    except csv.Error:
        expected = {"expected": "CSV (RFC 4180)"}
        raise NotATableError(ResultProblem("message_invalid", f"line {reader.line_num}", facts=expected)) from None
    return found


def _known(heads: Sequence[str]) -> dict[int, str]:
    """Place → field; of two columns of one field the first counts."""
    found: dict[int, str] = {}
    for place, head in enumerate(heads[:MOST_COLUMNS]):
        name = HEADS.get(plain_head(head[:LONGEST_CELL]))
        if name is not None and name not in found.values():
            found[place] = name
    return found


def _demand(present: set[str]) -> None:
    missing = [fields for fields in DEMANDED if not present & set(fields)]
    problems = [ResultProblem("column_missing", fields[0], facts={"heads": _names(fields)}) for fields in missing]
    if problems:
        raise NotATableError(*problems)


def _names(fields: Sequence[str]) -> str:
    return ", ".join(head for field in fields for head in FIELDS[field].split(",")[:3])


def _cells(cells: Sequence[str], known: Mapping[int, str]) -> dict[str, str]:
    return {name: " ".join(cells[place].split()) for place, name in known.items() if place < len(cells)}


def _day_first(days: Sequence[str]) -> tuple[bool, bool]:
    """Whether day stands before month, and whether the file tells; one that tells both is refused."""
    parts = [(int(match[1]), int(match[3])) for text in days if (match := DAY.match(text)) and len(match[1]) < YEAR]
    first = any(MONTHS < part <= MOST_DAYS for part, _ in parts)
    second = any(MONTHS < part <= MOST_DAYS for _, part in parts)
    if first and second:
        raise NotATableError(ResultProblem("date_order_mixed", "drawn"))
    return not second, first or second


def _decimal_sign(rows: Sequence[tuple[int, Mapping[str, str]]]) -> str | None:
    signs = {match[1] for _, cells in rows if (match := _DECIMALS.match(cells.get("value", "")))}
    return signs.pop() if len(signs) == 1 else None
