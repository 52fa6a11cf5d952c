"""Workbooks with one row per child and one block of columns per month, unfolded to one row per child and month.

A block is told by its label: a month in the line above (usually a joined cell), a month or number in the head itself
(`BB Jan 2025`, `Tgl Ukur 2`), or only by coming again. A block in which a child was not measured is a blank row. Dates
are never made up: a block without a date column has one only where its label is a whole date.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from services.measurement.domain.cells import Cell, clean_text, is_empty
from services.measurement.domain.dates import read_date
from services.measurement.domain.numbers import read_measure
from services.measurement.domain.problems import LABELS
from services.measurement.formats.profiles import Catalogue, comparable
from services.measurement.formats.table import MAX_ROWS, FileRefusedError, Sheet

HEADER_WITHIN_ROWS: Final = 5
LINE_HEAD: Final = "Baris asal"
BLOCK_HEAD: Final = "Blok bulan"
VISIT_FIELDS: Final = frozenset({
    "age_text", "measured_on", "weight_kg", "length_height_cm", "measurement_position", "muac_cm", "official_waz_class",
    "official_waz", "official_haz_class", "official_haz", "official_whz_class", "official_whz", "reported_letter",
    "pmt_kg", "vitamin_a_doses", "kpsp", "kia",
})  # fmt: skip
_MEASURES: Final = ("weight_kg", "length_height_cm", "muac_cm")
_MONTH: Final = (
    r"(?:jan(?:uari)?|[fp]eb(?:ruari)?|mar(?:et)?|apr(?:il)?|mei|jun(?:i)?|jul(?:i)?|agu(?:stus)?|agt|ags|sep(?:t|tember)?|"
    r"okt(?:ober)?|no[vp](?:ember)?|des(?:ember)?)"
)
# In a head made comparable: `bb jan 2025`, `2025 01 tb`, `tgl ukur bulan 3`.
_LABEL: Final = re.compile(
    rf"\b(?:{_MONTH}(?: ?\d{{4}}|\b)|\d{{4}} \d{{1,2}}\b|\d{{1,2}} \d{{4}}\b|(?:bulan |bln |ke |kunjungan )?\d{{1,2}}$)"
)
_MONTH_WORD: Final = re.compile(rf"\b{_MONTH}\b|\b(?:bulan|bln|kunjungan) (?:ke )?\d{{1,2}}\b|^\d{{4}} \d{{1,2}}$")


class Head(NamedTuple):
    """A column: its head without the label, the field this means, and the label of its block (None: of the child)."""

    text: str
    field: str | None
    label: str | None


@dataclass(frozen=True, slots=True)
class Unfolded:
    """The long form: `header_row` counts from 1, `places[i]` says where row i stood (line and block)."""

    header_row: int
    heads: list[str]
    rows: list[list[Cell]]
    places: list[str]
    blocks: list[str]


def unfold(sheet: Sheet, catalogue: Catalogue) -> Unfolded | None:
    """The long form of a sheet with blocks, None for any other. Raises FileRefusedError for a head twice in a block."""
    for at in range(min(HEADER_WITHIN_ROWS, len(sheet.rows))):
        heads, dates = _read_heads(sheet.rows, at, catalogue)
        weighed = {head.label for head in heads if head.label is not None and head.field in _MEASURES[:2]}
        if len(weighed) > 1:
            return _Unfolding(heads, dates).run(sheet.rows, at)
    return None


def _read_heads(rows: Sequence[Sequence[Cell]], at: int, catalogue: Catalogue) -> tuple[list[Head], dict[str, Cell]]:
    above = rows[at - 1] if at else []
    heads: list[Head] = []
    dates: dict[str, Cell] = {}
    label: str | None = None
    for column, cell in enumerate(rows[at]):
        over = above[column] if column < len(above) else None
        if not is_empty(over):
            label = _label_above(over, dates)
        if is_empty(cell) and catalogue.field_of(over):  # joined downwards
            heads.append(Head(clean_text(over), catalogue.field_of(over), None))
        else:
            heads.append(_head(cell, label, catalogue))
    return _numbered(heads), dates


def _head(cell: Cell, label: str | None, catalogue: Catalogue) -> Head:
    text = clean_text(cell)
    field = catalogue.field_of(cell)
    if field is not None or label is not None:
        return Head(text, field, label if field is None or field in VISIT_FIELDS else None)
    words = comparable(cell)
    for found in _LABEL.finditer(words):
        rest = f"{words[: found.start()]} {words[found.end() :]}".strip()
        field = catalogue.field_of(rest)
        if field in VISIT_FIELDS:
            return Head(rest, field, found[0].strip())
    return Head(text, None, None)


def _label_above(cell: Cell, dates: dict[str, Cell]) -> str | None:
    """The label that a cell above the heads gives to its columns: a month or a whole date."""
    if isinstance(cell, (int, float)) and not isinstance(cell, bool):
        return None
    if read_date(cell).value is not None:
        dates[clean_text(cell)] = cell
        return clean_text(cell)
    return clean_text(cell) if _MONTH_WORD.search(comparable(cell)) else None


def _numbered(heads: list[Head]) -> list[Head]:
    """Blocks without any label, told by coming again each with its own date: numbered in their order."""
    times = Counter(head.field for head in heads)
    if any(head.label for head in heads) or times["measured_on"] < 2:
        return heads
    again = {field for field in VISIT_FIELDS if times[field] == times["measured_on"]}
    seen: Counter[str | None] = Counter()
    result = []
    for head in heads:
        seen[head.field] += 1
        result.append(head._replace(label=str(seen[head.field])) if head.field in again else head)
    return result


class _Unfolding:
    """One sheet on its way: columns of the child, and per label the columns of its block by head."""

    def __init__(self, heads: list[Head], dates: dict[str, Cell]) -> None:
        self._dates = dates
        self._child = [(at, head) for at, head in enumerate(heads) if head.label is None]
        self._blocks: dict[str, dict[str, int]] = {}
        self._visit: dict[str, str] = {}  # key of a column within a block → its head
        for at, head in enumerate(heads):
            if head.label is None or not head.text:
                continue
            key = head.field or head.text
            if self._blocks.setdefault(head.label, {}).setdefault(key, at) != at:
                raise FileRefusedError("duplicate_header", columns=f"{head.label} {head.text}")
            self._visit.setdefault(key, head.text)
        self._visit.setdefault("measured_on", LABELS["measured_on"])

    def run(self, rows: Sequence[Sequence[Cell]], at: int) -> Unfolded:
        heads = [LINE_HEAD, BLOCK_HEAD, *(_child_head(head) for _, head in self._child), *self._visit.values()]
        result = Unfolded(at + 1, heads, [], [], list(self._blocks))
        for number, row in enumerate(rows[at + 1 :], start=at + 2):
            for label, cells in self._of_line(number, row):
                result.rows.append(cells)
                result.places.append(f"{number} ({label})" if label else str(number))
            if len(result.rows) > MAX_ROWS:
                raise FileRefusedError("too_many_rows", limit=MAX_ROWS)
        return result

    def _of_line(self, number: int, row: Sequence[Cell]) -> Iterator[tuple[str, list[Cell]]]:
        width = 2 + len(self._child) + len(self._visit)
        if all(is_empty(cell) for cell in row):
            yield "", [None] * width
            return
        child = [_at(row, at) for at, _ in self._child]
        for label, block in self._blocks.items():
            visit = {key: _at(row, at) for key, at in block.items()}
            if all(_no_measure(visit.get(field)) for field in _MEASURES):
                yield label, [None] * width
                continue
            if is_empty(visit.get("measured_on")):
                visit["measured_on"] = self._dates.get(label)
            yield label, [number, label, *child, *(visit.get(key) for key in self._visit)]


def _at(row: Sequence[Cell], at: int) -> Cell:
    return row[at] if at < len(row) else None


def _no_measure(cell: Cell) -> bool:
    parsed = read_measure(cell)
    return parsed.value is None and parsed.problem is None


def _child_head(head: Head) -> str:
    """What belongs to one visit but stands once in the row cannot be told to any month."""
    return f"{head.text} (tanpa bulan)" if head.field in VISIT_FIELDS else head.text
