"""Cells beside or below their place: an unquoted delimiter, a deleted cell, a column moved by a row.

What stands in a wrong place is never moved back here; somebody is told where it begins.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from services.measurement.domain.cells import is_empty
from services.measurement.domain.plausible import LENGTH_HEIGHT_CM, WEIGHT_KG
from services.measurement.domain.recompute import Bools, Floats, Recompute, ScoreInputs, read_both_positions
from services.measurement.formats.columns import Columns
from services.measurement.formats.reader import Table
from services.measurement.formats.scores import ScoreCheck

_TELLING: Final = ("sex", "birth_date", "measured_on", "weight_kg", "length_height_cm")
_FEWEST_WRONG: Final = 2  # one cell that cannot be right is a slip of the hand; an empty one says nothing
_STEPS: Final = (1, -1, 2, -2)
_LIMITS: Final = {"weight_kg": WEIGHT_KG, "length_height_cm": LENGTH_HEIGHT_CM}
_USES: Final = {"weight_kg": ("WAZ", "WHZ"), "length_height_cm": ("HAZ", "WHZ")}
_PROOF_SHARE: Final = 0.95  # as for weights that were dates
_FEWEST_ROWS: Final = 20


def shifted_rows(table: Table, columns: Columns) -> dict[int, str]:
    """Row → the first field whose cell, like all later ones that cannot be right, stands one or two places away."""
    places = sorted((table.positions[field], field) for field in _TELLING if field in table.positions)
    broken_by_row: dict[int, list[tuple[int, str]]] = {}
    for at, field in places:
        for row, cell in enumerate(columns.parsed[field]):
            if cell.value is None or not _holds(field, cell.value):
                broken_by_row.setdefault(row, []).append((at, field))
    found = {}
    for row, broken in broken_by_row.items():
        cells = table.rows[row]
        wrong = sum(not is_empty(columns.raw[field][row]) for _, field in broken)
        if wrong >= _FEWEST_WRONG and any(
            all(
                0 <= at + step < len(cells) and _holds(field, columns.parsers[field](cells[at + step]).value)
                for at, field in broken
            )
            for step in _STEPS
        ):
            found[row] = broken[0][1]
    return found


def _holds(field: str, value: object) -> bool:
    limits = _LIMITS.get(field)
    return value is not None and (limits is None or (isinstance(value, float) and limits.hold(value)))


@dataclass(frozen=True, slots=True)
class MovedColumn:
    """Cells of `field` that stand `rows` lines too low (negative: too high), between two rows of the table."""

    field: str
    rows: int
    first: int
    last: int


def moved_column(check: ScoreCheck, recompute: Recompute) -> MovedColumn | None:
    """The column that makes the scores follow again when it is moved up or down by a row; None where none does."""
    failed = np.flatnonzero(np.logical_or.reduce(list(check.failed.values())))
    if failed.size < _FEWEST_ROWS:
        return None
    part = slice(int(failed[0]), int(failed[-1]) + 1)
    for field in _USES:
        for step in (1, -1):
            inputs = _moved(check.inputs, field, step, part)
            readings = read_both_positions(recompute, inputs)
            checkable, equal = 0, 0
            for index in _USES[field]:
                official = check.official[index][part]
                rows: Bools = readings.checkable(official, index)
                checkable += int(rows.sum())
                equal += int((rows & readings.equal(official, index)).sum())
            if checkable >= _FEWEST_ROWS and equal >= _PROOF_SHARE * checkable:
                return MovedColumn(field, step, part.start, part.stop - 1)
    return None


def _moved(inputs: ScoreInputs, field: str, step: int, part: slice) -> ScoreInputs:
    """The rows of `part`, each with the value of `field` that stands `step` lines below."""
    column: Floats = getattr(inputs, field)
    moved = np.full_like(column, np.nan)
    if step > 0:
        moved[:-step] = column[step:]
    else:
        moved[-step:] = column[:step]
    weight = moved if field == "weight_kg" else inputs.weight_kg
    height = moved if field == "length_height_cm" else inputs.length_height_cm
    return ScoreInputs(inputs.sex[part], inputs.age_days[part], weight[part], height[part], inputs.position[part])
