"""Uploaded files: the sealed bytes, what was found out about them, and what people decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.measurement.store.vault import Sealed
from shared.postgres.pool import Connection


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
    expected: dict[str, Any] | None
    profile_versions: dict[str, int]
    phase_started_at: datetime | None
    void_asked_at: datetime | None
    void_job_id: UUID | None
    voided_at: datetime | None


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
        "discarded_at, expected, profile_versions, phase_started_at, void_asked_at, void_job_id, voided_at "
        f"FROM intake_file WHERE intake_id = $1{' FOR UPDATE' if lock else ''}",
        intake_id,
    )
    if row is None:
        return None
    fields = dict(row)
    name = Sealed(fields.pop("wrapped_key"), fields.pop("sealed_name"))
    fields |= {column: tuple(fields[column]) for column in ("areas", "confirmed")}
    return StoredFile(name=name, **fields)


async def file_content(connection: Connection, intake_id: UUID) -> Sealed:
    """The sealed bytes of an upload."""
    row = await connection.fetchrow("SELECT wrapped_key, sealed FROM intake_file WHERE intake_id = $1", intake_id)
    if row is None:
        raise LookupError(intake_id)
    return Sealed(row["wrapped_key"], row["sealed"])


async def store_diagnosis(connection: Connection, intake_id: UUID, diagnosis: Mapping[str, Any]) -> None:
    """Keep what was found out about a file."""
    await connection.execute("UPDATE intake_file SET diagnosis = $2 WHERE intake_id = $1", intake_id, dict(diagnosis))


async def store_expected(connection: Connection, intake_id: UUID, expected: Mapping[str, Any]) -> None:
    """Keep what taking the file would change."""
    await connection.execute("UPDATE intake_file SET expected = $2 WHERE intake_id = $1", intake_id, dict(expected))


async def begin_phase(connection: Connection, intake_id: UUID, now: datetime) -> None:
    """Note when the work under way began."""
    await connection.execute("UPDATE intake_file SET phase_started_at = $2 WHERE intake_id = $1", intake_id, now)


async def fix_profiles(connection: Connection, intake_id: UUID, versions: Mapping[str, int]) -> None:
    """The profiles a file is read with, from its first reading on."""
    await connection.execute(
        "UPDATE intake_file SET profile_versions = $2 WHERE intake_id = $1", intake_id, dict(versions)
    )


async def mark_void_asked(
    connection: Connection, intake_id: UUID, job_id: UUID, by: str, reason: str, now: datetime
) -> None:
    """A person said: take it back."""
    await connection.execute(
        "UPDATE intake_file SET void_asked_at = $2, void_asked_by = $3, void_reason = $4, void_job_id = $5 "
        "WHERE intake_id = $1",
        intake_id,
        now,
        by,
        reason,
        job_id,
    )


async def mark_voided(connection: Connection, intake_id: UUID, now: datetime) -> None:
    """It is taken back."""
    await connection.execute("UPDATE intake_file SET voided_at = $2 WHERE intake_id = $1", intake_id, now)


async def mark_committed(
    connection: Connection, intake_id: UUID, confirmed: Sequence[str], by: str, now: datetime
) -> None:
    """A person said: take it."""
    await connection.execute(
        "UPDATE intake_file SET committed_at = $2, committed_by = $3, confirmed = $4, phase_started_at = $2 "
        "WHERE intake_id = $1",
        intake_id,
        now,
        by,
        list(confirmed),
    )


async def mark_discarded(connection: Connection, intake_id: UUID, now: datetime) -> None:
    """A person said: leave it."""
    await connection.execute("UPDATE intake_file SET discarded_at = $2 WHERE intake_id = $1", intake_id, now)
