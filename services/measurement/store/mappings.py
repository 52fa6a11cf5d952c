"""Names that files use: the register's own, those that people have decided on, and the queue of the others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from services.measurement.domain.places import MappingKey, NamedEntry
from shared.postgres.pool import Connection

COLUMNS: Final = "kind, parent_code, name, code, seen_at, settled_at, settled_by"
_OWN: Final = "= ($1, $2, $3)"


async def named_entries(connection: Connection, kabupaten: Sequence[str]) -> list[NamedEntry]:
    """Areas, posyandu and puskesmas within these kabupaten; of a puskesmas only the code above is an area's."""
    rows = await connection.fetch(
        "SELECT CASE WHEN entry <> 'area' THEN entry WHEN level = 'kelurahan' THEN 'desa' ELSE level END AS kind, "
        "code, name, parent_code, desa_codes FROM register_entry, unnest($1::text[]) AS own "
        "WHERE entry IN ('area', 'posyandu', 'puskesmas') AND level IS DISTINCT FROM 'provinsi' AND NOT voided "
        "AND CASE WHEN entry = 'puskesmas' THEN parent_code ELSE code END >= own "
        "AND CASE WHEN entry = 'puskesmas' THEN parent_code ELSE code END < own || '/' ORDER BY code",
        list(kabupaten),
    )
    return [
        NamedEntry(row["kind"], row["code"], row["name"], row["parent_code"], tuple(row["desa_codes"])) for row in rows
    ]


async def decided_names(connection: Connection) -> dict[MappingKey, str]:
    """What people have decided that names mean."""
    rows = await connection.fetch("SELECT kind, parent_code, name, code FROM name_mapping WHERE code IS NOT NULL")
    return {(row["kind"], row["parent_code"], row["name"]): row["code"] for row in rows}


async def ask_for_names(connection: Connection, intake_id: UUID, names: Iterable[MappingKey], now: datetime) -> None:
    """Put names into the queue; a name that is there stays as it is."""
    keys = sorted(names)
    await connection.execute(
        "INSERT INTO name_mapping (kind, parent_code, name, first_intake_id, seen_at) "
        "SELECT kind, above, name, $4, $5 FROM unnest($1::text[], $2::text[], $3::text[]) AS new(kind, above, name) "
        "ON CONFLICT DO NOTHING",
        [key[0] for key in keys],
        [key[1] for key in keys],
        [key[2] for key in keys],
        intake_id,
        now,
    )


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


async def rows_of_names(connection: Connection, names: Sequence[str]) -> dict[str, dict[str, int]]:
    """How many rows wait for each name (`places.key_text`), and how many were taken that bear it."""
    rows = await connection.fetch(
        "SELECT place_name, count(*) FILTER (WHERE outcome = 'quarantined') AS waiting, "
        "count(*) FILTER (WHERE outcome IN ('accepted', 'corrected', 'unchanged')) AS taken "
        "FROM intake_row WHERE place_name = ANY($1) GROUP BY place_name",
        names,
    )
    return {row["place_name"]: {"waiting": row["waiting"], "taken": row["taken"]} for row in rows}


async def fits(connection: Connection, key: MappingKey, code: str) -> bool:
    """Whether `code` is an entry of the kind, directly below the area of the name (a puskesmas: anywhere below it)."""
    found: bool = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM register_entry WHERE code = $1 AND NOT voided AND CASE $3 "
        "WHEN 'posyandu' THEN entry = 'posyandu' AND parent_code = $2 "
        "WHEN 'puskesmas' THEN entry = 'puskesmas' AND parent_code >= $2 AND parent_code < $2 || '/' "
        "WHEN 'kecamatan' THEN entry = 'area' AND level = 'kecamatan' AND parent_code = $2 "
        "ELSE entry = 'area' AND level IN ('desa', 'kelurahan') AND parent_code = $2 END)",
        code,
        key[1],
        key[0],
    )
    return found


async def find_name(connection: Connection, key: MappingKey) -> dict[str, Any] | None:
    """A name of the queue, locked: who decides next sees what was decided."""
    row = await connection.fetchrow(
        f"SELECT {COLUMNS} FROM name_mapping WHERE (kind, parent_code, name) {_OWN} FOR UPDATE", *key
    )
    return None if row is None else dict(row)


async def decide(connection: Connection, key: MappingKey, code: str | None, by: str, now: datetime) -> None:
    """Say what a name means, None = nobody knows any more; who said so is kept for ever."""
    await connection.execute(
        f"UPDATE name_mapping SET code = $4, settled_by = $5, settled_at = $6 WHERE (kind, parent_code, name) {_OWN}",
        *key,
        code,
        by if code is not None else None,
        now if code is not None else None,
    )
    await connection.execute(
        "INSERT INTO name_decision (at, by, kind, parent_code, name, code) VALUES ($1, $2, $3, $4, $5, $6)",
        now,
        by,
        *key,
        code,
    )


async def decisions_of(connection: Connection, key: MappingKey) -> list[dict[str, Any]]:
    """Who decided what of a name, oldest first."""
    rows = await connection.fetch(
        f"SELECT at, by, code FROM name_decision WHERE (kind, parent_code, name) {_OWN} ORDER BY id", *key
    )
    return [dict(row) for row in rows]
