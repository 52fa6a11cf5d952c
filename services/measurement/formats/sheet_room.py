"""The room that a reader needs for a sheet: every cell between the first and the last, filled or not."""

from __future__ import annotations

from dataclasses import dataclass

from services.measurement.formats.table import MAX_CELLS, MAX_COLUMNS, MAX_ROWS, FileRefusedError


def checked_room(rows: int, columns: int) -> int:
    """Cells of a sheet of this size. Refuses `too_many_rows`, `too_many_columns`."""
    if rows > MAX_ROWS:
        raise FileRefusedError("too_many_rows", limit=MAX_ROWS)
    if columns > MAX_COLUMNS:
        raise FileRefusedError("too_many_columns", limit=MAX_COLUMNS)
    return rows * columns


@dataclass(slots=True)
class Room:
    """Room for all sheets of a workbook together, sheet by sheet. Refuses `too_many_…` as soon as it is seen."""

    cells: int = 0
    rows: int = 0
    columns: int = 0

    def reach(self, rows: int, columns: int) -> None:
        """The present sheet has this many rows and columns at least."""
        if rows <= self.rows and columns <= self.columns:
            return
        self.rows, self.columns = max(rows, self.rows), max(columns, self.columns)
        if self.cells + checked_room(self.rows, self.columns) > MAX_CELLS:
            raise FileRefusedError("too_many_cells", limit=MAX_CELLS)

    def next_sheet(self) -> None:
        """The present sheet ends."""
        self.cells += self.rows * self.columns
        self.rows = self.columns = 0
