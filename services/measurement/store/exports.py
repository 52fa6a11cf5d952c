"""Files made for the ministry: what was asked for, by whom and why, and the sealed bytes until they expire."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Literal
from uuid import UUID

from services.measurement.store.identities import Reader
from services.measurement.store.vault import Sealed
from shared.postgres.pool import Connection

_SHOWN: Final = (
    "export_id, created_at, made_by, client_id, role, purpose, area_code, from_day, to_day, profile, form, expires_at, "
    "sha256, size_bytes, rows, left_out"
)


@dataclass(frozen=True, slots=True)
class ExportOrder:
    """What somebody wants: the visits of an area (or posyandu) on these days, as a file of this profile and form."""

    area_code: str
    from_day: date
    to_day: date
    profile: Literal["A", "B"]
    form: Literal["xlsx", "csv"]


@dataclass(frozen=True, slots=True)
class StoredExport:
    """An export without its bytes. The last five are None until it is made."""

    export_id: UUID
    created_at: datetime
    reader: Reader
    order: ExportOrder
    expires_at: datetime | None
    sha256: str | None
    size_bytes: int | None
    rows: int | None
    left_out: dict[str, int] | None


@dataclass(frozen=True, slots=True)
class MadeFile:
    """A finished file: sealed pieces under one key, and whose identity is in it."""

    wrapped_key: bytes
    pieces: Sequence[bytes]
    sha256: str
    size_bytes: int
    rows: int
    left_out: dict[str, int]
    child_ids: Sequence[UUID]


async def insert_export(
    connection: Connection, export_id: UUID, order: ExportOrder, reader: Reader, now: datetime
) -> None:
    """Keep what was asked for; its job is there."""
    await connection.execute(
        "INSERT INTO export_file (export_id, created_at, made_by, client_id, role, purpose, area_code, from_day, "
        "to_day, profile, form) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        export_id,
        now,
        reader.subject,
        reader.client_id,
        reader.role,
        reader.purpose,
        order.area_code,
        order.from_day,
        order.to_day,
        order.profile,
        order.form,
    )


async def find_export(connection: Connection, export_id: UUID) -> StoredExport | None:
    """The export, if row-level security shows it."""
    row: Any = await connection.fetchrow(f"SELECT {_SHOWN} FROM export_file WHERE export_id = $1", export_id)
    if row is None:
        return None
    return StoredExport(
        row["export_id"],
        row["created_at"],
        Reader(row["made_by"], row["client_id"], row["role"], row["purpose"]),
        ExportOrder(row["area_code"], row["from_day"], row["to_day"], row["profile"], row["form"]),
        *(row[name] for name in ("expires_at", "sha256", "size_bytes", "rows", "left_out")),
    )


async def store_file(connection: Connection, export_id: UUID, made: MadeFile, expires_at: datetime) -> None:
    """The finished file, in the job's last transaction."""
    await connection.execute(
        "UPDATE export_file SET wrapped_key = $2, expires_at = $3, sha256 = $4, size_bytes = $5, rows = $6, "
        "left_out = $7, child_ids = $8 WHERE export_id = $1",
        export_id,
        made.wrapped_key,
        expires_at,
        made.sha256,
        made.size_bytes,
        made.rows,
        made.left_out,
        list(made.child_ids),
    )
    await connection.executemany(
        "INSERT INTO export_piece (export_id, number, sealed) VALUES ($1, $2, $3)",
        [(export_id, number, piece) for number, piece in enumerate(made.pieces)],
    )


async def children_of(connection: Connection, export_id: UUID) -> list[UUID]:
    """Whose identity is in the file."""
    child_ids: list[UUID] = await connection.fetchval(
        "SELECT child_ids FROM export_file WHERE export_id = $1", export_id
    )
    return child_ids


async def piece(connection: Connection, export_id: UUID, number: int) -> Sealed | None:
    """A piece of the file, counted from 0; None after the last one."""
    row = await connection.fetchrow(
        "SELECT f.wrapped_key, p.sealed FROM export_piece p JOIN export_file f USING (export_id) "
        "WHERE p.export_id = $1 AND p.number = $2",
        export_id,
        number,
    )
    return None if row is None else Sealed(row["wrapped_key"], row["sealed"])


async def forget_expired(connection: Connection, now: datetime) -> int:
    """Delete the bytes and the keys of files past their time; how many. What was exported by whom stays."""
    rows = await connection.fetch(
        "UPDATE export_file SET wrapped_key = NULL WHERE wrapped_key IS NOT NULL AND expires_at <= $1 "
        "RETURNING export_id",
        now,
    )
    await connection.execute("DELETE FROM export_piece WHERE export_id = ANY($1)", [row["export_id"] for row in rows])
    return len(rows)
