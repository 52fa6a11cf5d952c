"""The queue of names that files use and the register does not know."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from services.measurement.domain.places import MappingKey
from shared.postgres.pool import Connection

COLUMNS = "kind, parent_code, name, code, suggestions, seen_at, settled_at"


async def list_names(
    connection: Connection, *, settled: bool, after: tuple[str, str, str], limit: int
) -> list[dict[str, Any]]:
    """A page of names, by kind, area and name: those that wait, or those decided."""
    rows = await connection.fetch(
        f"SELECT {COLUMNS} FROM name_mapping WHERE (code IS NOT NULL) = $1 "
        "AND (kind, parent_code, name) > ($2, $3, $4) ORDER BY kind, parent_code, name LIMIT $5",
        settled,
        *after,
        limit,
    )
    return [dict(row) for row in rows]


async def fits(connection: Connection, key: MappingKey, code: str) -> bool:
    """Whether `code` is an entry of the kind, directly below the area of the name."""
    found: bool = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM register_entry WHERE code = $1 AND parent_code = $2 AND NOT voided AND CASE "
        "WHEN $3 = 'posyandu' THEN entry = 'posyandu' ELSE entry = 'area' AND level IN ('desa', 'kelurahan') END)",
        code,
        key[1],
        key[0],
    )
    return found


async def decide(connection: Connection, key: MappingKey, code: str, by: str, now: datetime) -> bool:
    """Say what a name in the queue means. False if it is not there."""
    status = await connection.execute(
        "UPDATE name_mapping SET code = $4, settled_by = $5, settled_at = $6 "
        "WHERE (kind, parent_code, name) = ($1, $2, $3)",
        *key,
        code,
        by,
        now,
    )
    return status == "UPDATE 1"
