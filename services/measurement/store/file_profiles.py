"""Versions of file profiles that were added by API; a version never changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from shared.postgres.pool import Connection


@dataclass(frozen=True, slots=True)
class StoredProfile:
    """One version; `content` is what `formats.profile_additions` reads."""

    name: str
    version: int
    effective_from: date
    created_at: datetime
    created_by: str
    content: dict[str, Any]


_COLUMNS = "name, version, effective_from, created_at, created_by, content"


async def lock_profiles(connection: Connection) -> None:
    """One person at a time adds versions, until the end of the transaction."""
    await connection.execute("SELECT pg_advisory_xact_lock(hashtext('measurement.profiles'))")


async def add_version(connection: Connection, profile: StoredProfile) -> None:
    """Keep a new version."""
    await connection.execute(
        f"INSERT INTO file_profile ({_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6)",
        profile.name,
        profile.version,
        profile.effective_from,
        profile.created_at,
        profile.created_by,
        profile.content,
    )


async def all_versions(connection: Connection) -> list[StoredProfile]:
    """Every version of every profile, by name and version."""
    rows = await connection.fetch(f"SELECT {_COLUMNS} FROM file_profile ORDER BY name, version")
    return [StoredProfile(**dict(row)) for row in rows]


async def versions_on(connection: Connection, day: date) -> dict[str, int]:
    """The newest version of each profile that is in effect on `day`."""
    rows = await connection.fetch(
        "SELECT name, max(version) AS version FROM file_profile WHERE effective_from <= $1 GROUP BY name ORDER BY name",
        day,
    )
    return {row["name"]: row["version"] for row in rows}


async def read_with(connection: Connection, versions: Mapping[str, int]) -> Sequence[dict[str, Any]]:
    """The contents of these versions, with their names, by name: what a file is read with."""
    rows = await connection.fetch(
        "SELECT p.name, p.content FROM file_profile p JOIN unnest($1::text[], $2::integer[]) AS w(name, version) "
        "USING (name, version) ORDER BY p.name",
        list(versions),
        list(versions.values()),
    )
    return [{**row["content"], "name": row["name"]} for row in rows]
