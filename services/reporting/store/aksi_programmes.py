"""Programmes as a district loaded them, and official workbooks to fill."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg

from services.reporting.domain.aksi_programme import Indicator, Programme, find_programme, programme_of
from shared.postgres.pool import Connection

_HEAD: Final = "kabupaten_code, template_id, year, aksi_code, sha256, mapping, uploaded_by, uploaded_at"


@dataclass(frozen=True, slots=True)
class Template:
    """An official workbook, without its bytes."""

    kabupaten_code: str
    template_id: UUID
    year: int
    aksi_code: str
    sha256: bytes
    mapping: Any
    uploaded_by: str
    uploaded_at: datetime


async def read_programme(connection: Connection, kabupaten_code: str, year: int) -> Programme | None:
    """The programme of a year as it holds for a kabupaten: shipped, or as it loaded it last."""
    shipped = programme_of(year)
    if shipped is None:
        return None
    row = await connection.fetchrow(
        "SELECT version, indicators FROM aksi_programme_version WHERE kabupaten_code = $1 AND programme_code = $2 "
        "AND from_year <= $3 ORDER BY version DESC LIMIT 1",
        *(kabupaten_code, shipped.code, year),
    )
    return shipped if row is None else _loaded(shipped, row)


async def read_programme_version(
    connection: Connection, kabupaten_code: str, code: str, version: int
) -> Programme | None:
    """A programme at one version, as a submission names it."""
    shipped = find_programme(code)
    if shipped is None or version == shipped.version:
        return shipped
    row = await connection.fetchrow(
        "SELECT version, indicators FROM aksi_programme_version "
        "WHERE (kabupaten_code, programme_code, version) = ($1, $2, $3)",
        *(kabupaten_code, code, version),
    )
    return None if row is None else _loaded(shipped, row)


async def insert_programme_version(
    connection: Connection, kabupaten_code: str, programme: Programme, sha256: bytes, account: str, at: datetime
) -> int:
    """Keep the indicators of `programme` from its `from_year` on; gives the number of the version."""
    await connection.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended('aksi_programme:' || $1, 0))", kabupaten_code
    )
    version: int = await connection.fetchval(
        "SELECT coalesce(max(version), 0) + 1 FROM aksi_programme_version "
        "WHERE kabupaten_code = $1 AND programme_code = $2",
        *(kabupaten_code, programme.code),
    )
    rows = [{name: getattr(one, name) for name in Indicator.__slots__} for one in programme.indicators]
    await connection.execute(
        "INSERT INTO aksi_programme_version VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        *(kabupaten_code, programme.code, version, programme.from_year, rows, sha256, account, at),
    )
    return version


async def insert_template(connection: Connection, template: Template, workbook: bytes) -> None:
    """Keep a workbook."""
    await connection.execute(
        "INSERT INTO aksi_template (kabupaten_code, template_id, year, aksi_code, sha256, mapping, uploaded_by, "
        "uploaded_at, workbook) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        *(template.kabupaten_code, template.template_id, template.year, template.aksi_code, template.sha256),
        *(template.mapping, template.uploaded_by, template.uploaded_at, workbook),
    )


async def list_templates(connection: Connection) -> list[Template]:
    """Workbooks that the caller may see, the oldest first."""
    rows = await connection.fetch(f"SELECT {_HEAD} FROM aksi_template ORDER BY template_id")
    return [_template(row) for row in rows]


async def template_for(connection: Connection, kabupaten_code: str, year: int, aksi_code: str) -> Template | None:
    """The newest mapped workbook of an action that is meant for `year`."""
    row = await connection.fetchrow(
        f"SELECT {_HEAD} FROM aksi_template WHERE kabupaten_code = $1 AND year <= $2 AND aksi_code = $3 "
        "AND mapping IS NOT NULL ORDER BY year DESC, template_id DESC LIMIT 1",
        *(kabupaten_code, year, aksi_code),
    )
    return None if row is None else _template(row)


async def find_template(connection: Connection, template_id: UUID) -> tuple[Template, bytes] | None:
    """A workbook with its bytes."""
    row = await connection.fetchrow(f"SELECT {_HEAD}, workbook FROM aksi_template WHERE template_id = $1", template_id)
    return None if row is None else (_template(row), bytes(row["workbook"]))


async def map_template(connection: Connection, template_id: UUID, mapping: Any) -> None:
    """Say where which cell stands; what was sent keeps the mapping of its day."""
    await connection.execute("UPDATE aksi_template SET mapping = $2 WHERE template_id = $1", template_id, mapping)


def _loaded(shipped: Programme, row: asyncpg.Record) -> Programme:
    indicators = tuple(Indicator(**one) for one in row["indicators"])
    return replace(shipped, version=row["version"], indicators=indicators)


def _template(row: asyncpg.Record) -> Template:
    return Template(
        kabupaten_code=row["kabupaten_code"],
        template_id=UUID(str(row["template_id"])),
        year=row["year"],
        aksi_code=row["aksi_code"],
        sha256=row["sha256"],
        mapping=row["mapping"],
        uploaded_by=row["uploaded_by"],
        uploaded_at=row["uploaded_at"],
    )
