"""Files of figures and lists: what was asked for, by whom, and the bytes until they expire."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from services.reporting.domain.export_order import ExportOrder
from services.reporting.domain.periods import parse_period
from shared.postgres.pool import Connection

PIECE_BYTES: Final = 1_000_000
_MADE: Final = ("expires_at", "sha256", "data_sha256", "size_bytes", "rows", "left_out")
_SHOWN: Final = (
    "export_id, asked_by, client_id, kind, form, language, area_code, areas, period, as_of, asked_on, exact, "
    + ", ".join(_MADE)
)


@dataclass(frozen=True, slots=True)
class StoredExport:
    """An export without its bytes. The last six are None until it is made."""

    export_id: UUID
    asked_by: str
    client_id: str
    order: ExportOrder
    areas: list[str]
    expires_at: datetime | None
    sha256: str | None
    data_sha256: str | None
    size_bytes: int | None
    rows: int | None
    left_out: dict[str, int] | None


@dataclass(frozen=True, slots=True)
class MadeFile:
    """A finished file. `left_out` counts what could not be in it, by reason."""

    content: bytes
    sha256: str
    data_sha256: str
    rows: int
    left_out: dict[str, int]


async def insert_export(
    connection: Connection,
    export_id: UUID,
    order: ExportOrder,
    areas: Sequence[str],
    asked_by: tuple[str, str],
    now: datetime,
) -> None:
    """Keep what was asked for by (subject, client); its job is there."""
    await connection.execute(
        "INSERT INTO export_file (export_id, created_at, asked_by, client_id, kind, form, language, area_code, areas, "
        "period, as_of, asked_on, exact) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        export_id,
        now,
        *asked_by,
        order.kind,
        order.form,
        order.language,
        order.area_code,
        list(areas),
        str(order.period),
        order.as_of,
        order.asked_on,
        order.exact,
    )


async def find_export(connection: Connection, export_id: UUID) -> StoredExport | None:
    """The export, if row-level security shows it."""
    row: Any = await connection.fetchrow(f"SELECT {_SHOWN} FROM export_file WHERE export_id = $1", export_id)
    return None if row is None else _stored(row)


def _stored(row: Any) -> StoredExport:
    order = ExportOrder(
        row["kind"],
        row["form"],
        row["language"],
        row["area_code"],
        parse_period(row["period"]),
        row["as_of"],
        row["asked_on"],
        row["exact"],
    )
    return StoredExport(
        row["export_id"], row["asked_by"], row["client_id"], order, row["areas"], *(row[name] for name in _MADE)
    )


async def list_exports(
    connection: Connection, who: tuple[str, str], before: UUID | None, limit: int
) -> list[StoredExport]:
    """What (subject, client) asked for, the newest first (ids rise with time), where row-level security shows it."""
    rows = await connection.fetch(
        f"SELECT {_SHOWN} FROM export_file WHERE (asked_by, client_id) = ($1, $2) "
        "AND ($3::uuid IS NULL OR export_id < $3) ORDER BY export_id DESC LIMIT $4",
        *who,
        before,
        limit,
    )
    return [_stored(row) for row in rows]


async def store_file(connection: Connection, export_id: UUID, made: MadeFile, expires_at: datetime) -> None:
    """The finished file, in the job's last transaction. Nothing where another worker has made it meanwhile."""
    status = await connection.execute(
        "UPDATE export_file SET expires_at = $2, sha256 = $3, data_sha256 = $4, size_bytes = $5, rows = $6, "
        "left_out = $7 WHERE export_id = $1 AND sha256 IS NULL",
        export_id,
        expires_at,
        made.sha256,
        made.data_sha256,
        len(made.content),
        made.rows,
        made.left_out,
    )
    if status != "UPDATE 1":
        return
    pieces = range(0, len(made.content), PIECE_BYTES)
    await connection.executemany(
        "INSERT INTO export_piece (export_id, number, content) VALUES ($1, $2, $3)",
        [(export_id, number, made.content[start : start + PIECE_BYTES]) for number, start in enumerate(pieces)],
    )


async def piece(connection: Connection, export_id: UUID, number: int) -> bytes | None:
    """A piece of the file, counted from 0; None after the last one."""
    content: bytes | None = await connection.fetchval(
        "SELECT content FROM export_piece WHERE export_id = $1 AND number = $2", export_id, number
    )
    return content


async def forget_expired(connection: Connection, now: datetime) -> int:
    """Delete the bytes of files past their time; how many files. What was exported by whom stays."""
    rows = await connection.fetch(
        "DELETE FROM export_piece WHERE export_id IN (SELECT export_id FROM export_file WHERE expires_at <= $1) "
        "RETURNING export_id",
        now,
    )
    return len({row["export_id"] for row in rows})
