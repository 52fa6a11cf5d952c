"""The catalogue in force: what is shipped, and over it the district's versions of rows.

Every transaction asks for the number of the newest version and gets the catalogue built for it from memory, so all
processes follow a version from its commit on, without a restart, at the price of one look into an index.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

import orjson

from services.lab.domain.catalogue import Catalogue, load
from shared.postgres.pool import Connection

_NEWEST: Final = "SELECT version_id FROM catalogue_version ORDER BY number DESC LIMIT 1"
_ALL: Final = """
SELECT version_id, test_code, valid_from, content::text, changed, reason_text, entered_by, entered_at
FROM catalogue_version WHERE $1::text IS NULL OR test_code = $1 ORDER BY number
"""
_built: dict[UUID, Catalogue] = {}  # by the newest version in it: ids are never used twice, in no database


@dataclass(frozen=True, slots=True)
class CatalogueVersion:
    """A row of the district: `content` is the whole entry as `domain.catalogue` reads it."""

    version_id: UUID
    test_code: str
    valid_from: date
    content: dict[str, Any]
    changed: tuple[str, ...]
    reason_text: str
    entered_by: str
    entered_at: datetime


async def read_catalogue(connection: Connection) -> Catalogue:
    """The catalogue as this transaction sees it."""
    newest = await connection.fetchval(_NEWEST)
    if newest is None:
        return load()
    known = _built.get(newest)
    if known is None:
        versions = await read_versions(connection)
        known = load().with_entries([version.content for version in versions])
        _built.clear()  # the one before is asked for by transactions of this moment only
        _built[versions[-1].version_id] = known
    return known


async def hold_catalogue(connection: Connection) -> None:
    """Alone with the catalogue until the commit: versions are numbered in the order of their commits."""
    await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended('lab.catalogue_version', 0))")


async def insert_version(connection: Connection, version: CatalogueVersion) -> None:
    """Store a row of a held catalogue."""
    await connection.execute(
        "INSERT INTO catalogue_version (test_code, valid_from, version_id, content, changed, reason_text, entered_by, "
        "entered_at) VALUES ($1, $2, $3, $4::text::json, $5, $6, $7, $8)",
        version.test_code,
        version.valid_from,
        version.version_id,
        orjson.dumps(version.content, default=str).decode(),
        list(version.changed),
        version.reason_text,
        version.entered_by,
        version.entered_at,
    )


async def read_versions(connection: Connection, test_code: str | None = None) -> list[CatalogueVersion]:
    """All versions (of a test), in the order they were entered."""
    return [
        CatalogueVersion(
            version_id=row["version_id"],
            test_code=row["test_code"],
            valid_from=row["valid_from"],
            content=orjson.loads(row["content"]),
            changed=tuple(row["changed"]),
            reason_text=row["reason_text"],
            entered_by=row["entered_by"],
            entered_at=row["entered_at"],
        )
        for row in await connection.fetch(_ALL, test_code)
    ]
