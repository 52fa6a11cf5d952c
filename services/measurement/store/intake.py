"""Uploaded files, what became of their rows, and the queue of names nobody knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from services.measurement.domain.places import MappingKey, NamedEntry
from services.measurement.store.vault import Sealed
from shared.postgres.pool import Connection

OUTCOMES: Final = ("accepted", "corrected", "unchanged", "duplicate", "quarantined", "rejected")


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """A file as it came, sealed; `name` and `content` share the file's key."""

    intake_id: UUID
    uploaded_by: str
    areas: tuple[str, ...]
    sha256: str
    size_bytes: int
    name: Sealed
    content: Sealed


@dataclass(frozen=True, slots=True)
class StoredFile:
    """What is known of an upload, without its bytes."""

    intake_id: UUID
    uploaded_by: str
    areas: tuple[str, ...]
    sha256: str
    name: Sealed
    diagnosis: dict[str, Any] | None
    confirmed: tuple[str, ...]
    committed_at: datetime | None
    discarded_at: datetime | None


class RowOutcome(NamedTuple):
    """What became of one row of a file."""

    row_number: int
    outcome: str
    reasons: tuple[str, ...] = ()
    child_id: UUID | None = None
    fact_id: UUID | None = None


async def insert_file(connection: Connection, file: UploadedFile, now: datetime) -> None:
    """Keep an upload; its job is there."""
    await connection.execute(
        "INSERT INTO intake_file (intake_id, created_at, uploaded_by, areas, sha256, size_bytes, wrapped_key, "
        "sealed_name, sealed) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        file.intake_id,
        now,
        file.uploaded_by,
        list(file.areas),
        file.sha256,
        file.size_bytes,
        file.content.wrapped_key,
        file.name.sealed,
        file.content.sealed,
    )


async def find_file(connection: Connection, intake_id: UUID, *, lock: bool = False) -> StoredFile | None:
    """The upload, without its bytes."""
    row = await connection.fetchrow(
        "SELECT intake_id, uploaded_by, areas, sha256, wrapped_key, sealed_name, diagnosis, confirmed, committed_at, "
        f"discarded_at FROM intake_file WHERE intake_id = $1{' FOR UPDATE' if lock else ''}",
        intake_id,
    )
    if row is None:
        return None
    return StoredFile(
        row["intake_id"],
        row["uploaded_by"],
        tuple(row["areas"]),
        row["sha256"],
        Sealed(row["wrapped_key"], row["sealed_name"]),
        row["diagnosis"],
        tuple(row["confirmed"]),
        row["committed_at"],
        row["discarded_at"],
    )


async def file_content(connection: Connection, intake_id: UUID) -> Sealed:
    """The sealed bytes of an upload."""
    row = await connection.fetchrow("SELECT wrapped_key, sealed FROM intake_file WHERE intake_id = $1", intake_id)
    if row is None:
        raise LookupError(intake_id)
    return Sealed(row["wrapped_key"], row["sealed"])


async def store_diagnosis(connection: Connection, intake_id: UUID, diagnosis: Mapping[str, Any]) -> None:
    """Keep what was found out about a file."""
    await connection.execute("UPDATE intake_file SET diagnosis = $2 WHERE intake_id = $1", intake_id, dict(diagnosis))


async def mark_committed(
    connection: Connection, intake_id: UUID, confirmed: Sequence[str], by: str, now: datetime
) -> None:
    """A person said: take it."""
    await connection.execute(
        "UPDATE intake_file SET committed_at = $2, committed_by = $3, confirmed = $4 WHERE intake_id = $1",
        intake_id,
        now,
        by,
        list(confirmed),
    )


async def mark_discarded(connection: Connection, intake_id: UUID, now: datetime) -> None:
    """A person said: leave it."""
    await connection.execute("UPDATE intake_file SET discarded_at = $2 WHERE intake_id = $1", intake_id, now)


async def insert_rows(connection: Connection, intake_id: UUID, rows: Sequence[RowOutcome]) -> None:
    """One row each, in the chunk's transaction."""
    await connection.execute(
        "INSERT INTO intake_row (intake_id, row_number, outcome, reasons, child_id, fact_id) "
        "SELECT $1, n, outcome, coalesce(string_to_array(nullif(reasons, ''), ','), '{}'), child_id, fact_id FROM "
        "unnest($2::integer[], $3::text[], $4::text[], $5::uuid[], $6::uuid[]) AS new(n, outcome, reasons, child_id, "
        "fact_id)",
        intake_id,
        [row.row_number for row in rows],
        [row.outcome for row in rows],
        [",".join(row.reasons) for row in rows],
        [row.child_id for row in rows],
        [row.fact_id for row in rows],
    )


async def row_codes(connection: Connection, intake_id: UUID, row_number: int) -> tuple[str, ...]:
    """Everything that was remarked on a row."""
    codes: list[str] = await connection.fetchval(
        "SELECT reasons FROM intake_row WHERE intake_id = $1 AND row_number = $2", intake_id, row_number
    )
    return tuple(codes)


async def settle_row(connection: Connection, intake_id: UUID, row: RowOutcome) -> None:
    """What became of a row that was held back; what was remarked on it stays."""
    await connection.execute(
        "UPDATE intake_row SET outcome = $3, child_id = $4, fact_id = $5 WHERE intake_id = $1 AND row_number = $2",
        intake_id,
        row.row_number,
        row.outcome,
        row.child_id,
        row.fact_id,
    )


async def used_facts(connection: Connection, intake_id: UUID, fact_ids: Sequence[UUID]) -> set[UUID]:
    """Those of `fact_ids` that earlier rows of this file were about."""
    rows = await connection.fetch(
        "SELECT fact_id FROM intake_row WHERE intake_id = $1 AND fact_id = ANY($2)", intake_id, fact_ids
    )
    return {row["fact_id"] for row in rows}


async def count_rows(connection: Connection, intake_id: UUID) -> dict[str, int]:
    """Rows by outcome."""
    rows = await connection.fetch(
        "SELECT outcome, count(*) AS n FROM intake_row WHERE intake_id = $1 GROUP BY outcome", intake_id
    )
    found = {row["outcome"]: row["n"] for row in rows}
    return {outcome: found.get(outcome, 0) for outcome in OUTCOMES}


async def list_rows(
    connection: Connection, intake_id: UUID, outcome: str | None, after: int, limit: int
) -> list[dict[str, Any]]:
    """A page of rows in file order, with what was probably meant where a row is held back."""
    rows = await connection.fetch(
        "SELECT r.row_number, r.outcome, r.reasons, r.child_id, r.fact_id, q.quarantine_id, q.proposed, "
        "q.state AS quarantine_state FROM intake_row r LEFT JOIN quarantine q "
        "ON q.intake_id = r.intake_id AND q.row_number = r.row_number "
        "WHERE r.intake_id = $1 AND ($2::text IS NULL OR r.outcome = $2) AND r.row_number > $3 "
        "ORDER BY r.row_number LIMIT $4",
        intake_id,
        outcome,
        after,
        limit,
    )
    return [dict(row) for row in rows]


async def held_back(connection: Connection, intake_id: UUID) -> dict[int, tuple[str, ...]]:
    """Row number → reasons of the rows of a file that are held back."""
    rows = await connection.fetch(
        "SELECT row_number, reasons FROM intake_row WHERE intake_id = $1 AND outcome = 'quarantined'", intake_id
    )
    return {row["row_number"]: tuple(row["reasons"]) for row in rows}


async def named_entries(connection: Connection, kabupaten: Sequence[str]) -> list[NamedEntry]:
    """Areas and posyandu within these kabupaten."""
    rows = await connection.fetch(
        "SELECT CASE WHEN entry = 'posyandu' THEN entry WHEN level = 'kelurahan' THEN 'desa' ELSE level END AS kind, "
        "code, name, parent_code FROM register_entry, unnest($1::text[]) AS own "
        "WHERE entry IN ('area', 'posyandu') AND level IS DISTINCT FROM 'provinsi' AND NOT voided "
        "AND code >= own AND code < own || '/' ORDER BY code",
        list(kabupaten),
    )
    return [NamedEntry(row["kind"], row["code"], row["name"], row["parent_code"]) for row in rows]


async def decided_names(connection: Connection) -> dict[MappingKey, str]:
    """What people have decided that names mean."""
    rows = await connection.fetch("SELECT kind, parent_code, name, code FROM name_mapping WHERE code IS NOT NULL")
    return {(row["kind"], row["parent_code"], row["name"]): row["code"] for row in rows}


async def ask_for_names(
    connection: Connection, intake_id: UUID, names: Mapping[MappingKey, Sequence[str]], now: datetime
) -> None:
    """Put names with their suggestions into the queue; a name that is there stays as it is."""
    keys = sorted(names)
    await connection.execute(
        "INSERT INTO name_mapping (kind, parent_code, name, suggestions, first_intake_id, seen_at) "
        "SELECT kind, above, name, coalesce(string_to_array(nullif(near, ''), ','), '{}'), $5, $6 FROM "
        "unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS new(kind, above, name, near) ON CONFLICT DO NOTHING",
        [key[0] for key in keys],
        [key[1] for key in keys],
        [key[2] for key in keys],
        [",".join(names[key]) for key in keys],
        intake_id,
        now,
    )


async def lock_places(connection: Connection, keys: Sequence[int]) -> None:
    """Matching in these places is ours until the end of the transaction; locks are taken in one order."""
    await connection.execute("SELECT pg_advisory_xact_lock(key) FROM unnest($1::bigint[]) AS key", sorted(set(keys)))
