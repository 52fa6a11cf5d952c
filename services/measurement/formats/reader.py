"""From sheets to a table: which sheet, which line holds the column heads, which column holds which field."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Final

from services.measurement.domain.cells import Cell, clean_text, is_empty
from services.measurement.formats.profiles import Catalogue, Profile, comparable
from services.measurement.formats.table import FileRefusedError, Sheet, Source

HEADER_WITHIN_ROWS: Final = 5  # domain.md §7: the heads stand on lines 1 to 5
FEWEST_KNOWN_HEADS: Final = 3  # fewer may be words of a title line


@dataclass(frozen=True, slots=True)
class Table:
    """The data rows of one sheet under understood heads.

    `header_row` counts lines from 1 as a spreadsheet does; row i of `rows` stands on line `header_row + 1 + i`.
    `positions` = column of each field; `profile` is None where the required columns are not all there.
    """

    source: Source
    sheet: Sheet
    header_row: int
    heads: list[str]
    positions: dict[str, int]
    doubled: list[str]
    profile: Profile | None
    rows: list[list[Cell]]

    def column(self, field: str) -> list[Cell] | None:
        """The cells of a field, top to bottom; None where the file has no such column."""
        at = self.positions.get(field)
        if at is None:
            return None
        return [row[at] if at < len(row) else None for row in self.rows]

    def row_number(self, index: int) -> int:
        """The line of data row `index` as the spreadsheet counts."""
        return self.header_row + 1 + index

    def theirs_to_ours(self) -> dict[str, str | None]:
        """Every column head as it stands in the file and the field it means, None where nobody knows."""
        fields = {at: field for field, at in self.positions.items()}
        return {head: fields.get(at) for at, head in enumerate(self.heads)}

    def repeats_heads(self, row: list[Cell]) -> bool:
        """Whether a data row is the header again, as in files put together by hand."""
        words = [comparable(cell) for cell in row]
        same = sum(words[at] == comparable(self.heads[at]) for at in self.positions.values() if at < len(words))
        return same > len(self.positions) / 2


def find_table(source: Source, catalogue: Catalogue) -> Table:
    """The first sheet whose heads fit a profile, else the one with most known heads.

    Raises FileRefusedError `header_not_found` where no sheet has heads at all.
    """
    tables = [table for sheet in source.sheets if (table := _read_heads(source, sheet, catalogue)) is not None]
    if not tables:
        raise FileRefusedError("header_not_found")
    return max(tables, key=lambda table: (table.profile is not None, len(table.positions)))


def _read_heads(source: Source, sheet: Sheet, catalogue: Catalogue) -> Table | None:
    known = [len({catalogue.field_of(cell) for cell in row} - {None}) for row in sheet.rows[:HEADER_WITHIN_ROWS]]
    if max(known, default=0) < FEWEST_KNOWN_HEADS:
        return None
    at = known.index(max(known))
    cells = sheet.rows[at]
    fields = [catalogue.field_of(cell) for cell in cells]
    counts = Counter(field for field in fields if field is not None)
    positions = {field: column for column, field in reversed(list(enumerate(fields))) if field is not None}
    return Table(
        source=source,
        sheet=sheet,
        header_row=at + 1,
        heads=_distinct([clean_text(cell) for cell in cells]),
        positions=positions,
        doubled=[clean_text(cells[column]) for column, field in enumerate(fields) if field and counts[field] > 1],
        profile=catalogue.profile_of(positions),
        rows=sheet.rows[at + 1 :],
    )


def _distinct(heads: list[str]) -> list[str]:
    """Heads as keys: an empty one gets its column number, a repeated one a count."""
    seen: Counter[str] = Counter()
    result = []
    for number, head in enumerate(heads, start=1):
        name = head or f"(kolom {number})"
        seen[name] += 1
        result.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return result


def is_blank(row: list[Cell]) -> bool:
    """A row without any content."""
    return all(is_empty(cell) for cell in row)
