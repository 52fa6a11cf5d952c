"""From sheets to a table: which sheet, which line holds the column heads, which column holds which field."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Final

from services.measurement.domain.cells import Cell, clean_text, is_empty
from services.measurement.formats.profiles import Catalogue, Profile, comparable
from services.measurement.formats.table import MAX_CELLS, FileRefusedError, Sheet, Source
from services.measurement.formats.wide import unfold

HEADER_WITHIN_ROWS: Final = 5  # domain.md §7: the heads stand on lines 1 to 5
FEWEST_KNOWN_HEADS: Final = 3  # fewer may be words of a title line
# What one cell joined over several rows says of all of them; two children never share one weighing.
_SHARED_BY_MERGING: Final = frozenset({
    "nik", "name", "sex", "birth_date", "parent_name", "province_name", "kabupaten_name", "kecamatan_name",
    "puskesmas_name", "desa_name", "posyandu_name", "rt", "rw", "address", "measured_on",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Table:
    """The data rows of one sheet under understood heads.

    `header_row` counts lines from 1 as a spreadsheet does; row i of `rows` stands on line `header_row + 1 + i`.
    `positions` = column of each field; `profile` is None where the required columns are not all there. `aside` = heads
    of columns that are known, kept with the file and not read. `places` = where each row stood in a workbook with a
    block per month (`wide.py`), whose rows here are children in months; `blocks` = its months.
    """

    source: Source
    sheet: Sheet
    header_row: int
    heads: list[str]
    positions: dict[str, int]
    doubled: list[str]
    profile: Profile | None
    rows: list[list[Cell]]
    aside: list[str]
    places: list[str] = field(default_factory=list)
    blocks: list[str] = field(default_factory=list)

    def column(self, field: str) -> list[Cell] | None:
        """The cells of a field, top to bottom; None where the file has no such column."""
        at = self.positions.get(field)
        if at is None:
            return None
        return [row[at] if at < len(row) else None for row in self.rows]

    def row_number(self, index: int) -> int:
        """The line of data row `index` as the spreadsheet counts."""
        return self.header_row + 1 + index

    def place(self, row_number: int) -> str:
        """Where a person finds the row: its line, in a wide workbook with the month."""
        return self.places[row_number - self.header_row - 1] if self.places else str(row_number)

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
    tables = [table for sheet in source.sheets if (table := _read_sheet(source, sheet, catalogue)) is not None]
    if not tables:
        raise FileRefusedError("header_not_found")
    return max(tables, key=lambda table: (table.profile is not None, len(table.positions)))


def _read_sheet(source: Source, sheet: Sheet, catalogue: Catalogue) -> Table | None:
    table = _read_heads(source, sheet, catalogue)
    if table is not None and table.profile is not None and not table.doubled:
        return table
    wide = unfold(sheet, catalogue)
    if wide is None:
        return table
    before = sheet.rows[: wide.header_row - 1]
    long = Sheet([*before, list(wide.heads), *wide.rows], sheet.name)
    return replace(_under(source, long, wide.header_row - 1, catalogue), places=wide.places, blocks=wide.blocks)


def _read_heads(source: Source, sheet: Sheet, catalogue: Catalogue) -> Table | None:
    known = [len({catalogue.field_of(cell) for cell in row} - {None}) for row in sheet.rows[:HEADER_WITHIN_ROWS]]
    if max(known, default=0) < FEWEST_KNOWN_HEADS:
        return None
    return _under(source, sheet, known.index(max(known)), catalogue)


def _under(source: Source, sheet: Sheet, at: int, catalogue: Catalogue) -> Table:
    """The rows under the heads on line `at` (from 0)."""
    cells = sheet.rows[at]
    fields = [catalogue.field_of(cell) for cell in cells]
    counts = Counter(field for field in fields if field is not None)
    positions = {field: column for column, field in reversed(list(enumerate(fields))) if field is not None}
    aside = {column: name for column, cell in enumerate(cells) if (name := catalogue.aside_of(cell)) is not None}
    heads = _distinct([clean_text(cell) for cell in cells])
    _fill_merged(sheet, at + 1, {positions[field] for field in _SHARED_BY_MERGING if field in positions})
    return Table(
        source=source,
        sheet=sheet,
        header_row=at + 1,
        heads=heads,
        positions=positions,
        doubled=[clean_text(cells[column]) for column, field in enumerate(fields) if field and counts[field] > 1],
        profile=catalogue.profile_of({*positions, *aside.values()}),
        rows=sheet.rows[at + 1 :],
        aside=[heads[column] for column in aside],
    )


def _fill_merged(sheet: Sheet, first_row: int, columns: set[int]) -> None:
    """Give every row of a block of joined cells the value that a spreadsheet keeps in the first of them only."""
    filled = 0
    for top, left, bottom, _ in sheet.merged:
        if bottom == top or not first_row <= top < len(sheet.rows) or left not in columns:
            continue
        filled += bottom - top
        if filled > MAX_CELLS:
            raise FileRefusedError("too_many_cells", limit=MAX_CELLS)
        for row in sheet.rows[top + 1 : bottom + 1]:
            if is_empty(row[left]):
                row[left] = sheet.rows[top][left]


def _distinct(heads: list[str]) -> list[str]:
    """Heads as keys: an empty one gets its column number, a repeated one a count."""
    seen: Counter[str] = Counter()
    result = []
    for number, head in enumerate(heads, start=1):
        name = head or f"(kolom {number})"
        seen[name] += 1
        result.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return result
