"""What a person should know before taking a file in although nothing stops it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from services.measurement.domain.problems import Message, file_message, listed
from services.measurement.domain.recompute import INDICES
from services.measurement.formats.columns import Columns
from services.measurement.formats.empty_lines import EmptyLines
from services.measurement.formats.reader import Table
from services.measurement.formats.scores import ScoreCheck
from services.measurement.formats.wide import BLOCK_HEAD, LINE_HEAD

FEWEST_CHILDREN: Final = 20
ONLY_STUNTED_SHARE: Final = 0.99  # no population has this; an extract of stunted children has
STUNTED_BELOW_Z: Final = -2.0


def warning_messages(table: Table, columns: Columns, check: ScoreCheck, lines: EmptyLines) -> Iterator[Message]:
    """All of them; the caller puts warnings before what is only told."""
    yield from _about_scores(columns, check)
    yield from _about_sheets(table, columns)
    yield from _about_lines(table, lines)
    if table.aside:
        yield file_message("kept_aside", columns=", ".join(table.aside))
    named = {*table.aside, LINE_HEAD, BLOCK_HEAD}
    unknown = [head for head, field in table.theirs_to_ours().items() if field is None and head not in named]
    if unknown:
        yield file_message("unknown_columns", columns=", ".join(unknown))


def _about_scores(columns: Columns, check: ScoreCheck) -> Iterator[Message]:
    """Official scores where the file has them, else those that follow from its values."""
    haz = check.official["HAZ"]
    if np.isnan(haz).all():
        haz = check.readings.lying.of("HAZ")
    haz = haz[~np.isnan(haz)]
    if haz.size >= FEWEST_CHILDREN and (haz < STUNTED_BELOW_Z).mean() >= ONLY_STUNTED_SHARE:
        yield file_message("only_stunted", count=haz.size)
    if columns.size and not any(check.checked[index].any() for index in INDICES):
        yield file_message("no_official_scores")


def _about_sheets(table: Table, columns: Columns) -> Iterator[Message]:
    source = table.source
    if source.hidden:
        yield file_message("hidden_sheets", sheets=", ".join(source.hidden))
    others = [sheet.name for sheet in source.sheets if sheet.name and sheet.name != table.sheet.name and sheet.rows]
    if others:
        yield file_message("other_sheets", sheets=", ".join(others))
    if table.blocks:
        yield file_message("wide_workbook", count=len(table.blocks), blocks=", ".join(table.blocks))
        if not any(columns.values("measured_on")):
            yield file_message("blocks_without_date")


def _about_lines(table: Table, lines: EmptyLines) -> Iterator[Message]:
    if lines.heads:
        yield file_message("header_repeated", count=len(lines.heads))
    if lines.closing:
        yield file_message("closing_lines", lines=listed([table.place(table.row_number(row)) for row in lines.closing]))
