"""Files of the ministry held against our measurements: the sealed upload until it expires, and what was found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from services.measurement.store.vault import Sealed
from shared.postgres.pool import Connection

_SHOWN: Final = (
    "reconciliation_id, uploaded_by, area_code, month, sha256, expires_at, wrapped_key, sealed_name, diagnosis, summary"
)


@dataclass(frozen=True, slots=True)
class ComparedFile:
    """An upload: `name` and `content` share the file's key."""

    reconciliation_id: UUID
    uploaded_by: str
    area_code: str
    month: date
    sha256: str
    size_bytes: int
    expires_at: datetime
    name: Sealed
    content: Sealed


@dataclass(frozen=True, slots=True)
class StoredReconciliation:
    """A reconciliation without the file's bytes. `name` is None when the file has expired."""

    reconciliation_id: UUID
    uploaded_by: str
    area_code: str
    month: date
    sha256: str
    expires_at: datetime
    name: Sealed | None
    diagnosis: dict[str, Any] | None
    summary: dict[str, Any] | None


class ReconciledRow(NamedTuple):
    """One row of either side, with its one cause; `evidence` holds no identity."""

    number: int
    cause: str
    file_row: int | None
    child_id: UUID | None
    fact_id: UUID | None
    evidence: dict[str, Any]
    sealed_nik: bytes | None = None


async def insert_file(connection: Connection, file: ComparedFile, now: datetime) -> None:
    """Keep an upload; its job is there."""
    await connection.execute(
        "INSERT INTO reconciliation (reconciliation_id, created_at, uploaded_by, area_code, month, sha256, size_bytes, "
        "expires_at, wrapped_key, sealed_name, sealed) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        file.reconciliation_id,
        now,
        file.uploaded_by,
        file.area_code,
        file.month,
        file.sha256,
        file.size_bytes,
        file.expires_at,
        file.content.wrapped_key,
        file.name.sealed,
        file.content.sealed,
    )


async def find(connection: Connection, reconciliation_id: UUID) -> StoredReconciliation | None:
    """The reconciliation, if row-level security shows it."""
    row: Any = await connection.fetchrow(
        f"SELECT {_SHOWN} FROM reconciliation WHERE reconciliation_id = $1", reconciliation_id
    )
    if row is None:
        return None
    name = None if row["wrapped_key"] is None else Sealed(row["wrapped_key"], row["sealed_name"])
    return StoredReconciliation(
        row["reconciliation_id"],
        row["uploaded_by"],
        row["area_code"],
        row["month"],
        row["sha256"],
        row["expires_at"],
        name,
        row["diagnosis"],
        row["summary"],
    )


async def file_content(connection: Connection, reconciliation_id: UUID) -> Sealed | None:
    """The sealed bytes; None when they have expired."""
    row = await connection.fetchrow(
        "SELECT wrapped_key, sealed FROM reconciliation WHERE reconciliation_id = $1 AND wrapped_key IS NOT NULL",
        reconciliation_id,
    )
    return None if row is None else Sealed(row["wrapped_key"], row["sealed"])


async def store_diagnosis(connection: Connection, reconciliation_id: UUID, diagnosis: Mapping[str, Any]) -> None:
    """What the reader found out about the file."""
    await connection.execute(
        "UPDATE reconciliation SET diagnosis = $2 WHERE reconciliation_id = $1", reconciliation_id, dict(diagnosis)
    )


async def insert_rows(connection: Connection, reconciliation_id: UUID, rows: Sequence[ReconciledRow]) -> None:
    """Rows that were judged, in the job's last transaction."""
    if rows:
        await connection.execute(
            "INSERT INTO reconciliation_row "
            "(reconciliation_id, number, cause, file_row, child_id, fact_id, evidence, sealed_nik) "
            "SELECT $1, new.* FROM unnest($2::integer[], $3::text[], $4::integer[], $5::uuid[], $6::uuid[], "
            "$7::jsonb[], $8::bytea[]) AS new",
            reconciliation_id,
            *(list(column) for column in zip(*rows, strict=True)),
        )


async def store_summary(connection: Connection, reconciliation_id: UUID, summary: Mapping[str, Any]) -> None:
    """What the rows add up to."""
    await connection.execute(
        "UPDATE reconciliation SET summary = $2 WHERE reconciliation_id = $1", reconciliation_id, dict(summary)
    )


async def list_rows(
    connection: Connection, reconciliation_id: UUID, cause: str | None, after: int, limit: int
) -> list[ReconciledRow]:
    """A page of rows: those of the file in its order, then those that only we have."""
    rows = await connection.fetch(
        f"SELECT {', '.join(ReconciledRow._fields)} FROM reconciliation_row WHERE reconciliation_id = $1 "
        "AND ($2::text IS NULL OR cause = $2) AND number > $3 ORDER BY number LIMIT $4",
        reconciliation_id,
        cause,
        after,
        limit,
    )
    return [ReconciledRow(*row) for row in rows]


async def forget_expired(connection: Connection, now: datetime) -> None:
    """Delete bytes and keys of files past their time; what was found stays, without numbers that the key sealed."""
    await connection.execute(
        "UPDATE reconciliation SET wrapped_key = NULL, sealed = NULL, sealed_name = NULL "
        "WHERE wrapped_key IS NOT NULL AND expires_at <= $1",
        now,
    )
