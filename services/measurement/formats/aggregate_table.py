"""Tells a table of monthly aggregates (profile E) from a table of children, and reads its counts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from services.measurement.domain.aggregates import OUTLIER, TOTAL, AggregateLine
from services.measurement.domain.cells import Cell, clean_text, is_empty
from services.measurement.domain.numbers import read_number
from services.measurement.formats.profiles import Catalogue, comparable
from services.measurement.formats.table import Sheet, Source

PROFILE_OF_AGGREGATES: Final = "E"
HEADER_WITHIN_ROWS: Final = 5
FEWEST_BUCKETS: Final = 4  # of which one is for outliers: no table of children has such heads
_INDEX_WORDS: Final = {
    "WAZ": re.compile(r"\b(bb u|bbu|waz)\b"),
    "HAZ": re.compile(r"\b([tp]b u|[tp]bu|haz)\b"),
    "WHZ": re.compile(r"\b(bb [tp]b|bb[tp]b|whz)\b"),
}
_CLASS_FIELDS: Final = {"WAZ": "official_waz_class", "HAZ": "official_haz_class", "WHZ": "official_whz_class"}
_TOTAL_WORDS: Final = re.compile(r"\b(total|jumlah|jml|diukur|ditimbang)\b")
_MEASURED_WORDS: Final = re.compile(r"\b(diukur|ditimbang)\b")
PLACES: Final = ("kabupaten_name", "kecamatan_name", "desa_name", "puskesmas_name")
_TOTAL_LINE: Final = ("total", "jumlah", "grand total")

Bucket = tuple[str, str]  # index, and class, `outlier` or `total`


@dataclass(frozen=True, slots=True)
class AggregateTable:
    """The lines of areas, the closing line of totals if there is one, and what each head was understood as."""

    sheet: Sheet
    header_row: int
    columns: dict[str, str | None]
    lines: list[AggregateLine]
    totals: AggregateLine | None


def find_aggregates(source: Source, catalogue: Catalogue) -> AggregateTable | None:
    """The first visible sheet that is a table of aggregates, None where none is."""
    for sheet in source.sheets:
        for at in range(min(HEADER_WITHIN_ROWS, len(sheet.rows))):
            heads = _heads(sheet.rows, at)
            buckets = _buckets(heads, catalogue)
            known = list(buckets.values())
            is_of_children = any(catalogue.field_of(head) == "birth_date" for head in heads)
            if len(known) >= FEWEST_BUCKETS and any(bucket == OUTLIER for _, bucket in known) and not is_of_children:
                named = {column: catalogue.field_of(head) for column, head in enumerate(heads)}
                places = {column: name for column, name in named.items() if name in PLACES}
                return _read(sheet, at, heads, buckets, places)
    return None


def _heads(rows: Sequence[Sequence[Cell]], at: int) -> list[str]:
    """Heads with the joined cell above them before them: `BB/U` over `Sangat Kurang`."""
    above: Sequence[Cell] = rows[at - 1] if at else ()
    heads, over = [], ""
    for column, cell in enumerate(rows[at]):
        if column < len(above) and not is_empty(above[column]):
            over = clean_text(above[column])
        own = clean_text(cell)
        names_index = any(pattern.search(comparable(over)) for pattern in _INDEX_WORDS.values())
        heads.append(f"{over} {own}".strip() if names_index else own)
    return heads


def _buckets(heads: Sequence[str], catalogue: Catalogue) -> dict[int, Bucket]:
    """Column → bucket. A head without its index belongs to the one before it, if its word may."""
    found: dict[int, Bucket] = {}
    index: str | None = None
    for column, head in enumerate(heads):
        words = comparable(head)
        if "%" in head or "persen" in words:
            continue
        named = next((name for name, pattern in _INDEX_WORDS.items() if pattern.search(words)), None)
        rest = _INDEX_WORDS[named].sub(" ", words).strip() if named else words
        choices = [name for name in _INDEX_WORDS if _bucket(rest, name, catalogue) not in (None, TOTAL, OUTLIER)]
        if named:
            index = named
        elif len(choices) == 1:
            index = choices[0]
        bucket = _bucket(rest, index, catalogue) if index else None
        if index and bucket and not (bucket == TOTAL and named is None):
            found.setdefault(column, (index, bucket))
    return found


def _bucket(words: str, index: str, catalogue: Catalogue) -> str | None:
    words = " ".join(words.split())
    if "outlier" in words:
        return OUTLIER
    known = catalogue.words[_CLASS_FIELDS[index]]
    for spelling in (words, words.removeprefix("jumlah "), words.removeprefix("status ")):
        if spelling in known:
            return known[spelling]
    return TOTAL if _TOTAL_WORDS.search(words) else None


def _read(
    sheet: Sheet, at: int, heads: Sequence[str], buckets: dict[int, Bucket], places: dict[int, str]
) -> AggregateTable:
    others = ((column, comparable(head)) for column, head in enumerate(heads) if column not in buckets)
    measured = next((column for column, words in others if _MEASURED_WORDS.search(words)), None)
    lines: list[AggregateLine] = []
    totals: AggregateLine | None = None
    for number, row in enumerate(sheet.rows[at + 1 :], start=at + 2):
        if all(is_empty(row[column]) for column in buckets if column < len(row)):
            continue
        line = _line(number, row, buckets, measured, places)
        if any(clean_text(cell).casefold().startswith(_TOTAL_LINE) for cell in row[:4]):
            totals = line
        else:
            lines.append(line)
    named: Iterator[tuple[str, str | None]] = (
        (head or f"(kolom {column + 1})", ".".join(buckets[column]) if column in buckets else None)
        for column, head in enumerate(heads)
    )
    return AggregateTable(sheet, at + 1, dict(named), lines, totals)


def _line(
    number: int, row: Sequence[Cell], buckets: dict[int, Bucket], measured: int | None, places: dict[int, str]
) -> AggregateLine:
    counts: dict[str, dict[str, int]] = {index: {} for index, _ in buckets.values()}
    unreadable = 0
    for column, (index, bucket) in buckets.items():
        count = _count(row, column)
        if count is None:
            unreadable += 1
        counts[index][bucket] = counts[index].get(bucket, 0) + (count or 0)
    names = {name: clean_text(row[column]) for column, name in places.items() if column < len(row)}
    return AggregateLine(number, counts, None if measured is None else _count(row, measured), unreadable, names)


def _count(row: Sequence[Cell], column: int) -> int | None:
    """Children; nothing and `-` are none of them. None where there is no whole number."""
    parsed = read_number(row[column]) if column < len(row) else None
    if parsed is None or (parsed.value is None and parsed.problem is None):
        return 0
    value = parsed.value
    return int(value) if value is not None and value >= 0 and value.is_integer() else None
