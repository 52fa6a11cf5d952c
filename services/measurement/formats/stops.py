"""What stops a whole file until it is mended or a person has confirmed it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from services.measurement.domain.file_row import JudgedRow, Outcome
from services.measurement.domain.problems import LABELS, Message, file_message
from services.measurement.domain.recompute import INDICES, Floats, Recompute
from services.measurement.formats.columns import Columns
from services.measurement.formats.reader import Table
from services.measurement.formats.scores import ScoreCheck
from services.measurement.formats.shifted_cells import moved_column

# domain.md §7: more than 5 % of at least 20 rows failing to recompute in any index.
FEWEST_CHECKED: Final = 20
MOST_FAILING_SHARE: Final = 0.05
# Provisional: real files have 1 to 2 % beyond the flag limits, columns sorted apart a third and more.
MOST_IMPOSSIBLE_SHARE: Final = 0.2
FEWEST_DISTINCT: Final = 10  # fewer different values may stand in order by chance

_IDENTITY: Final = frozenset({"nik", "name"})
_SORTABLE: Final = ("weight_kg", "length_height_cm", "official_haz", "official_waz", "official_whz")


def stop_messages(
    table: Table, columns: Columns, check: ScoreCheck, judged: Sequence[JudgedRow], recompute: Recompute
) -> Iterator[Message]:
    """Why this file is not taken in as it is, most telling first."""
    if not any(verdict.outcome is not Outcome.BLANK for verdict in judged):
        yield file_message("no_rows")
        return
    if not _IDENTITY & columns.present:
        yield file_message("no_identity")
    yield from _about_columns(table, columns, check, judged, recompute)
    if not columns.order.proven:
        yield file_message("date_order_unproven")
    if not any(verdict.outcome in (Outcome.TAKEN, Outcome.REPAIRED) for verdict in judged):
        yield file_message("nothing_taken")


def _about_columns(
    table: Table, columns: Columns, check: ScoreCheck, judged: Sequence[JudgedRow], recompute: Recompute
) -> Iterator[Message]:
    """Values that are fine by themselves and do not belong together."""
    children = sum(verdict.outcome is not Outcome.BLANK for verdict in judged)
    shifted = sum(any(reason.code == "cells_shifted" for reason in verdict.reasons) for verdict in judged)
    if children >= FEWEST_CHECKED and shifted > MOST_FAILING_SHARE * children:
        yield file_message("columns_shifted", count=shifted, rows=children)
    failing = [index for index in INDICES if _fails(check, index)]
    sorted_apart = _sorted_columns(columns) if failing else []
    if sorted_apart:
        yield file_message("columns_sorted_apart", columns=", ".join(LABELS[field] for field in sorted_apart))
    moved = moved_column(check, recompute) if failing else None
    if moved is not None:
        first, last = (table.place(table.row_number(row)) for row in (moved.first, moved.last))
        yield file_message("column_moved", column=LABELS[moved.field], first=first, last=last)
    for index in failing:
        yield _recompute_message(table, check, index)
    if not any(check.checked[index].any() for index in INDICES):
        yield from _do_not_fit(check)


def _do_not_fit(check: ScoreCheck) -> Iterator[Message]:
    """Without official scores: so many impossible children that the columns cannot be of the same rows."""
    inside = ~check.outside["weight_kg"] & ~check.outside["length_height_cm"]
    scored = inside & ~np.isnan(check.readings.lying.of("WAZ")) & ~np.isnan(check.readings.lying.of("HAZ"))
    impossible = scored & np.logical_or.reduce([check.readings.flagged(index) for index in INDICES])
    if scored.sum() >= FEWEST_CHECKED and impossible.sum() > MOST_IMPOSSIBLE_SHARE * scored.sum():
        percent = round(100 * impossible.sum() / scored.sum())
        yield file_message("values_do_not_fit", percent=percent, checked=int(scored.sum()))


def _fails(check: ScoreCheck, index: str) -> bool:
    checked, failed = check.checked[index].sum(), check.failed[index].sum()
    return bool(checked >= FEWEST_CHECKED and failed > MOST_FAILING_SHARE * checked)


def _recompute_message(table: Table, check: ScoreCheck, index: str) -> Message:
    rows = np.flatnonzero(check.failed[index])
    checked = int(check.checked[index].sum())
    return file_message(
        "does_not_recompute",
        index=index,
        failed=rows.size,
        checked=checked,
        percent=round(100 * rows.size / checked),
        first=table.place(table.row_number(int(rows[0]))),
        last=table.place(table.row_number(int(rows[-1]))),
    )


def _sorted_columns(columns: Columns) -> list[str]:
    """Value columns that run up or down through the whole file."""
    found = []
    for field in _SORTABLE:
        values: Floats = np.array([v for v in columns.values(field) if v is not None], dtype=np.float64)
        steps = np.diff(values)
        in_order = bool((steps >= 0).all() or (steps <= 0).all())
        if values.size >= FEWEST_CHECKED and np.unique(values).size >= FEWEST_DISTINCT and in_order:
            found.append(field)
    return found
