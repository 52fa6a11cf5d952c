"""Stored versions and cells: read, compared with a fold, changed by what differs."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from services.reporting.domain.cells import CELL_COLUMNS, Deltas
from services.reporting.domain.child_month import MARKS, ChildMonth
from services.reporting.domain.facts import Place
from services.reporting.domain.targets import Span
from services.reporting.domain.versions import RootMonth, Version
from shared.postgres.pool import Connection

MonthVersion = Version[RootMonth, ChildMonth]
SpanVersion = Version[RootMonth, Span]

_MONTH_HEAD: Final = (
    ("desa_code", "text"), ("posyandu_code", "text"), ("span_desa_code", "text"), ("span_posyandu_code", "text"),
    ("sex", "text"), ("age_months", "smallint"), ("measured_on", "date"), ("tier", "text"),
    ("haz", "double precision"), ("waz", "double precision"), ("whz", "double precision"), ("baz", "double precision"),
)  # fmt: skip
_MONTH_COLUMNS: Final = (
    ("generation", "smallint"), ("root_id", "uuid"), ("month", "date"), ("known_from", "timestamptz"),
    ("known_to", "timestamptz"), *_MONTH_HEAD, *((mark, "boolean") for mark in MARKS),
)  # fmt: skip
_SPAN_COLUMNS: Final = (
    ("generation", "smallint"), ("root_id", "uuid"), ("from_month", "date"), ("known_from", "timestamptz"),
    ("known_to", "timestamptz"), ("to_month", "date"), ("desa_code", "text"), ("posyandu_code", "text"),
)  # fmt: skip


def _upsert(table: str, columns: Sequence[tuple[str, str]], key: int) -> str:
    names = [name for name, _ in columns]
    arrays = ", ".join(f"${number}::{kind}[]" for number, (_, kind) in enumerate(columns, start=1))
    return (
        f"INSERT INTO {table} ({', '.join(names)}) SELECT * FROM unnest({arrays}) "
        f"ON CONFLICT ({', '.join(names[:key])}) DO UPDATE SET "
        + ", ".join(f"{name} = EXCLUDED.{name}" for name in names[key:])
    )


UPSERT_MONTHS: Final = _upsert("child_month", _MONTH_COLUMNS, 4)
UPSERT_SPANS: Final = _upsert("child_span", _SPAN_COLUMNS, 4)
DELETE_MONTHS: Final = """
DELETE FROM child_month USING unnest($2::uuid[], $3::date[], $4::timestamptz[]) AS gone(root_id, month, known_from)
WHERE generation = $1 AND (child_month.root_id, child_month.month, child_month.known_from)
    = (gone.root_id, gone.month, gone.known_from)
"""
DELETE_SPANS: Final = """
DELETE FROM child_span USING unnest($2::uuid[], $3::date[], $4::timestamptz[]) AS gone(root_id, from_month, known_from)
WHERE generation = $1 AND (child_span.root_id, child_span.from_month, child_span.known_from)
    = (gone.root_id, gone.from_month, gone.known_from)
"""
READ_MONTHS: Final = f"""
SELECT c.root_id, c.month, known_from, known_to, {", ".join(name for name, _ in _MONTH_HEAD)}, {", ".join(MARKS)}
FROM unnest($2::uuid[], $3::date[]) AS asked(root_id, month)
JOIN child_month AS c ON c.generation = $1 AND c.root_id = asked.root_id AND c.month = asked.month
UNION ALL
SELECT root_id, month, known_from, known_to, {", ".join(name for name, _ in _MONTH_HEAD)}, {", ".join(MARKS)}
FROM child_month WHERE generation = $1 AND root_id = ANY($4::uuid[])
"""
READ_SPANS: Final = """
SELECT root_id, from_month, known_from, known_to, to_month, desa_code, posyandu_code
FROM child_span WHERE generation = $1 AND root_id = ANY($2::uuid[])
"""
ADD_TO_CELLS: Final = (
    f"INSERT INTO cell (generation, desa_code, posyandu_code, month, {', '.join(CELL_COLUMNS)}) "
    "SELECT * FROM unnest($1::smallint[], $2::text[], $3::text[], $4::date[], "
    + ", ".join(f"${number}::integer[]" for number in range(5, 5 + len(CELL_COLUMNS)))
    + ") ON CONFLICT (generation, desa_code, posyandu_code, month) DO UPDATE SET "
    + ", ".join(f"{name} = cell.{name} + EXCLUDED.{name}" for name in CELL_COLUMNS)
)


@dataclass
class Changes:
    """What a fold changes in one generation: rows to write, keys to delete, cells to move."""

    months: list[MonthVersion] = field(default_factory=list)
    spans: list[SpanVersion] = field(default_factory=list)
    months_gone: list[tuple[UUID, date, datetime]] = field(default_factory=list)
    spans_gone: list[tuple[UUID, date, datetime]] = field(default_factory=list)
    deltas: Deltas = field(default_factory=Deltas)


async def read_months(
    connection: Connection, generation: int, asked: Collection[RootMonth], whole: Collection[UUID]
) -> list[MonthVersion]:
    """Stored versions of the months `asked` for, and of every month of the roots in `whole`."""
    rows = await connection.fetch(
        READ_MONTHS, generation, [root_id for root_id, _ in asked], [month for _, month in asked], list(whole)
    )
    return [Version((row[0], row[1]), row[2], row[3], _child_month(tuple(row)[4:])) for row in rows]


def _child_month(columns: tuple[Any, ...]) -> ChildMonth:
    desa, posyandu, span_desa, span_posyandu, *rest = columns[: len(_MONTH_HEAD)]
    span_place = None if span_desa is None else Place(span_desa, span_posyandu)
    return ChildMonth._make((Place(desa, posyandu), span_place, *rest, columns[len(_MONTH_HEAD) :]))


async def read_spans(connection: Connection, generation: int, roots: Collection[UUID]) -> list[SpanVersion]:
    """Stored versions of the spans of `roots`."""
    rows = await connection.fetch(READ_SPANS, generation, list(roots))
    return [Version((row[0], row[1]), row[2], row[3], Span(row[1], row[4], Place(row[5], row[6]))) for row in rows]


async def write_versions(connection: Connection, generation: int, changes: Changes) -> None:
    """Make the stored versions those of the fold."""
    for sql, gone in ((DELETE_MONTHS, changes.months_gone), (DELETE_SPANS, changes.spans_gone)):
        if gone:
            await connection.execute(sql, generation, *_columns(gone))
    months = [
        (generation, *version.key, version.known_from, version.known_to, *_month_values(version.content))
        for version in changes.months
    ]
    spans = [
        (
            generation,
            *version.key,
            version.known_from,
            version.known_to,
            version.content.to_month,
            *version.content.place,
        )
        for version in changes.spans
    ]
    for sql, rows in ((UPSERT_MONTHS, months), (UPSERT_SPANS, spans)):
        if rows:
            await connection.execute(sql, *_columns(rows))


def _month_values(content: ChildMonth) -> tuple[Any, ...]:
    span = content.span_place or (None, None)
    return (*content.place, *span, *content[2:-1], *content.marks)


async def add_to_cells(connection: Connection, deltas: Mapping[int, Deltas]) -> None:
    """Move the cells of each generation. Last in every transaction, sorted by key: the other order deadlocks."""
    rows = [(generation, *key, *counts) for generation in sorted(deltas) for key, counts in deltas[generation].rows()]
    if rows:
        await connection.execute(ADD_TO_CELLS, *_columns(rows))


def _columns(rows: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]
