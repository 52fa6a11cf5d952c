"""Lines that hold no child: empty ones, heads in the middle of the data, and what stands below the last child."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from services.measurement.domain.cells import Cell, clean_text, is_empty
from services.measurement.formats.columns import Columns
from services.measurement.formats.reader import Table

_TOTALS: Final = ("jumlah", "total", "rata", "rerata", "keterangan", "catatan")
_FEW_CELLS: Final = 5  # a place and date, a title, a name and a number: what a signature takes
_OF_A_CHILD: Final = ("nik", "sex", "birth_date", "measured_on")
_MEASURED: Final = ("weight_kg", "length_height_cm")


@dataclass(frozen=True, slots=True)
class EmptyLines:
    """Rows (from 0) that are counted as blank; `heads` and `closing` are those of them that hold something."""

    blank: frozenset[int]
    heads: frozenset[int]
    closing: tuple[int, ...]


def find_empty_lines(table: Table, columns: Columns) -> EmptyLines:
    """Look at every row once. A line that might be a child is never one of these."""
    # Only where no sex can be read is it worth looking for heads.
    doubtful = [row for row, cell in enumerate(columns.parsed["sex"]) if cell.problem is not None]
    heads = frozenset(row for row in doubtful if table.repeats_heads(table.rows[row]))
    measured = columns.parsed["measured_on"]
    blank = {
        row
        for row, cells in enumerate(table.rows)
        if measured[row].value is None and (row in heads or _is_blank(cells) or _says_nothing(columns, row))
    }
    closing = _closing_lines(table, columns, blank)
    return EmptyLines(frozenset(blank.union(closing)), heads, closing)


def _closing_lines(table: Table, columns: Columns, blank: set[int]) -> tuple[int, ...]:
    """Totals, remarks and signatures after the last child."""
    found: list[int] = []
    for row in reversed(range(columns.size)):
        if row in blank:
            continue
        if not _is_closing(table.rows[row], columns, row):
            return tuple(reversed(found))
        found.append(row)
    return ()  # without a child above, nothing tells a closing line from rows that cannot be read


def _is_closing(cells: list[Cell], columns: Columns, row: int) -> bool:
    if not is_empty(columns.raw["nik"][row]) or any(
        columns.parsed[name][row].value is not None for name in _OF_A_CHILD
    ):
        return False
    written = [clean_text(cell) for cell in cells if not is_empty(cell)]
    if written[0].casefold().startswith(_TOTALS):
        return True
    weighed = any(columns.parsed[name][row].value is not None for name in _MEASURED)
    return len(written) <= _FEW_CELLS and not weighed


def _is_blank(cells: list[Cell]) -> bool:
    return all(is_empty(cell) for cell in cells)


def _says_nothing(columns: Columns, row: int) -> bool:
    """Nothing in any known column: a row of numbers prepared for later."""
    return all(columns.raw[name][row] in (None, "") for name in columns.present)
