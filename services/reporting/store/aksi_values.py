"""Values and statements of the board: as they stand, and every state they had."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import asyncpg

from services.reporting.domain.aksi_values import CellKey, Prefill, Statement, Value
from shared.postgres.pool import Connection

_COLUMNS: Final = (
    "desa_code, indicator_code, value, source, fact_value, fact_as_of, fact_definition, reason, revision, changed_by, "
    "changed_at"
)
_TYPES: Final = "text[], text[], integer[], text[], integer[], date[], text[], text[], integer[], text[], timestamptz[]"
_NAMES: Final = _COLUMNS.split(", ")
_NUMBERED: Final = ", ".join(f"${place}::{kind}" for place, kind in enumerate(_TYPES.split(", "), start=2))
_WRITE: Final = f"""
INSERT INTO aksi_value (year, {_COLUMNS}) SELECT $1::smallint, * FROM unnest({_NUMBERED}) AS given ({_COLUMNS})
ON CONFLICT (desa_code, year, indicator_code) DO UPDATE
SET {", ".join(f"{name} = EXCLUDED.{name}" for name in _NAMES[2:])}
"""
_KEEP: Final = f"""
INSERT INTO aksi_value_revision (year, {_COLUMNS})
SELECT $1::smallint, * FROM unnest({_NUMBERED}) AS given ({_COLUMNS})
"""
_READ: Final = f"""
SELECT {_COLUMNS} FROM aksi_value
WHERE year = $1 AND desa_code >= $2 AND desa_code < $2 || '/'
  AND ($3::text[] IS NULL OR desa_code = ANY ($3)) AND ($4::text[] IS NULL OR indicator_code = ANY ($4))
ORDER BY desa_code, indicator_code
"""
_STATEMENT: Final = "area_code, aksi_code, statement, evidence, revision, changed_by, changed_at"


async def hold_year(connection: Connection, kabupaten_code: str, year: int) -> None:
    """Alone with the board of a kabupaten and year until the commit: what follows is read after everybody before."""
    await connection.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended('aksi:' || $1 || ':' || $2, 0))", kabupaten_code, str(year)
    )


async def read_values(
    connection: Connection,
    year: int,
    area_code: str,
    *,
    desa_codes: Sequence[str] | None = None,
    indicator_codes: Sequence[str] | None = None,
) -> list[Value]:
    """Values below an area that the caller may see, by desa and indicator."""
    desa = None if desa_codes is None else list(desa_codes)
    indicators = None if indicator_codes is None else list(indicator_codes)
    return [_value(row) for row in await connection.fetch(_READ, year, area_code, desa, indicators)]


async def write_values(connection: Connection, year: int, values: Iterable[Value]) -> None:
    """Store cells at their revision, and each revision for ever. At most one of a cell."""
    rows = sorted((_row(value) for value in values), key=lambda row: row[:2])
    if not rows:
        return
    columns = [list(column) for column in zip(*rows, strict=True)]
    await connection.execute(_WRITE, year, *columns)
    await connection.execute(_KEEP, year, *columns)


async def value_history(connection: Connection, year: int, key: CellKey) -> list[Value]:
    """Every state of a cell, the oldest first."""
    rows = await connection.fetch(
        f"SELECT {_COLUMNS} FROM aksi_value_revision WHERE (desa_code, year, indicator_code) = ($1, $2, $3) "
        "ORDER BY revision",
        key[0],
        year,
        key[1],
    )
    return [_value(row) for row in rows]


async def read_statements(
    connection: Connection, year: int, area_code: str, aksi_code: str | None = None
) -> list[Statement]:
    """Statements of the kecamatan below an area."""
    rows = await connection.fetch(
        f"SELECT {_STATEMENT} FROM aksi_statement WHERE year = $1 AND area_code >= $2 AND area_code < $2 || '/' "
        "AND ($3::text IS NULL OR aksi_code = $3) ORDER BY area_code, aksi_code",
        year,
        area_code,
        aksi_code,
    )
    return [Statement(*row) for row in rows]


async def write_statement(connection: Connection, year: int, said: Statement) -> None:
    """Store a statement at its revision, and that revision for ever."""
    for table, conflict in (
        (
            "aksi_statement",
            (
                "ON CONFLICT (area_code, year, aksi_code) DO UPDATE SET statement = EXCLUDED.statement, "
                "evidence = EXCLUDED.evidence, revision = EXCLUDED.revision, changed_by = EXCLUDED.changed_by, "
                "changed_at = EXCLUDED.changed_at"
            ),
        ),
        ("aksi_statement_revision", ""),
    ):
        await connection.execute(
            f"INSERT INTO {table} (year, {_STATEMENT}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) {conflict}", year, *said
        )


def _row(value: Value) -> tuple[Any, ...]:
    fact = value.fact
    return (
        *(value.desa_code, value.indicator_code, value.value, value.source),
        *((None, None, None) if fact is None else (fact.value, fact.as_of, fact.definition)),
        *(value.reason, value.revision, value.changed_by, value.changed_at),
    )


def _value(row: asyncpg.Record) -> Value:
    fact = None if row["fact_value"] is None else Prefill(row["fact_value"], row["fact_as_of"], row["fact_definition"])
    return Value(
        desa_code=row["desa_code"],
        indicator_code=row["indicator_code"],
        value=row["value"],
        source=row["source"],
        fact=fact,
        reason=row["reason"],
        revision=row["revision"],
        changed_by=row["changed_by"],
        changed_at=row["changed_at"],
    )
