"""A file that no profile fits: which comes nearest, which columns are not understood, what they may mean."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Any, Final

from services.measurement.domain.cells import Cell, clean_text
from services.measurement.domain.problems import LABELS
from services.measurement.formats.profiles import Catalogue, Profile, comparable
from services.measurement.formats.reader import HEADER_WITHIN_ROWS
from services.measurement.formats.sniff import open_source
from services.measurement.formats.table import FileRefusedError

FEWEST_HEADS: Final = 3
NEAR_ENOUGH: Final = 0.6


def profile_help(data: bytes, known_heads: Sequence[str], catalogue: Catalogue) -> dict[str, Any] | None:
    """What a person needs to add a profile, as JSON; None where nothing in the file looks like column heads.

    `known_heads` = the file's heads where enough of them were known to find their line.
    """
    heads = known_heads or _likely_heads(data, catalogue)
    if not heads:
        return None
    columns = [_column(head, catalogue) for head in heads]
    there = {column["field"] or column["suggested"] for column in columns} - {None}
    nearest = min(catalogue.profiles, key=lambda profile: _distance(profile, there))
    present = {column["field"] for column in columns}
    missing = sorted(nearest.needs - present)
    return {
        "nearest": {"name": nearest.code, "title": nearest.name},
        "missing": [{"field": field, "label": LABELS.get(field, field)} for field in missing],
        "not_understood": [
            {name: column[name] for name in ("head", "suggested", "similarity")}
            for column in columns
            if column["field"] is None
        ],
    }


def _distance(profile: Profile, there: set[Any]) -> tuple[int, int]:
    return len(profile.needs - there) + len(profile.lacks & there), -len(profile.needs)


def _column(head: str, catalogue: Catalogue) -> dict[str, Any]:
    field = catalogue.field_of(head)
    if field is not None:
        return {"head": head, "field": field, "suggested": None, "similarity": None}
    word = comparable(head)
    near = difflib.get_close_matches(word, catalogue.heads, 1, NEAR_ENOUGH) if word else []
    similarity = round(difflib.SequenceMatcher(None, word, near[0]).ratio(), 2) if near else None
    return {
        "head": head,
        "field": None,
        "suggested": catalogue.heads[near[0]] if near else None,
        "similarity": similarity,
    }


def _likely_heads(data: bytes, catalogue: Catalogue) -> list[str]:
    """The fullest of the first lines without any digit: a row of children always has one, so none is shown."""
    try:
        source = open_source(data, catalogue)
    except FileRefusedError:
        return []
    lines = [line for sheet in source.sheets for line in sheet.rows[:HEADER_WITHIN_ROWS]]
    return max((_words(line) for line in lines), key=len, default=[])


def _words(line: Sequence[Cell]) -> list[str]:
    texts = [clean_text(cell) for cell in line if cell not in (None, "")]
    if len(texts) < FEWEST_HEADS or any(character.isdigit() for text in texts for character in text):
        return []
    return texts
