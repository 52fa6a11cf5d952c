"""Rows of `specimen`."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from services.lab.domain.specimens import Way
from shared.postgres.pool import Connection


@dataclass(frozen=True, slots=True)
class Specimen:
    """A tube, and its way; accounts say who entered a step."""

    specimen_id: UUID
    child_id: UUID
    order_id: UUID
    laboratory_code: str | None
    specimen: str
    drawn_on: date
    drawn_at: datetime | None
    orderables: tuple[str, ...]
    recorded_at: datetime
    recorded_by: str | None
    sent_at: datetime | None = None
    sent_by: str | None = None
    received_at: datetime | None = None
    received_by: str | None = None
    rejected_at: datetime | None = None

    @property
    def way(self) -> Way:
        """Its steps."""
        return Way(self.drawn_on, self.drawn_at, self.sent_at, self.received_at)


_COLUMNS: Final = (
    "specimen_id, child_id, order_id, laboratory_code, specimen, drawn_on, drawn_at, orderables, recorded_at, "
    "recorded_by, sent_at, sent_by, received_at, received_by, rejected_at"
)


def _build(row: Any) -> Specimen:
    return Specimen(**{**dict(row), "orderables": tuple(row["orderables"])})


async def insert_specimen(connection: Connection, specimen: Specimen) -> bool:
    """Store a tube; False where it was known already."""
    stored = await connection.fetchval(
        "INSERT INTO specimen (specimen_id, child_id, order_id, laboratory_code, specimen, drawn_on, drawn_at, "
        "orderables, recorded_at, recorded_by, received_at, received_by) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT DO NOTHING RETURNING true",
        specimen.specimen_id,
        specimen.child_id,
        specimen.order_id,
        specimen.laboratory_code,
        specimen.specimen,
        specimen.drawn_on,
        specimen.drawn_at,
        list(specimen.orderables),
        specimen.recorded_at,
        specimen.recorded_by,
        specimen.received_at,
        specimen.received_by,
    )
    return stored is not None


async def count_refused_alike(connection: Connection, specimen: Specimen) -> int:
    """How many tubes with the same label were refused for the order before."""
    count: int = await connection.fetchval(
        "SELECT count(*) FROM specimen WHERE order_id = $1 AND rejected_at IS NOT NULL AND orderables = $2 AND "
        "(laboratory_code, specimen, drawn_on, drawn_at) IS NOT DISTINCT FROM ($3::text, $4::text, $5::date, "
        "$6::timestamptz)",
        specimen.order_id,
        list(specimen.orderables),
        specimen.laboratory_code,
        specimen.specimen,
        specimen.drawn_on,
        specimen.drawn_at,
    )
    return count


async def find_specimens(connection: Connection, specimen_ids: Collection[UUID]) -> dict[UUID, Specimen]:
    """Tubes by id, refused ones too."""
    if not specimen_ids:
        return {}
    rows = await connection.fetch(
        f"SELECT {_COLUMNS} FROM specimen WHERE specimen_id = ANY($1::uuid[])", sorted(specimen_ids)
    )
    return {row["specimen_id"]: _build(row) for row in rows}


async def specimens_in_hand(connection: Connection, order_ids: Sequence[UUID]) -> dict[UUID, list[Specimen]]:
    """Tubes that were not refused, by order, the oldest draw first."""
    rows = await connection.fetch(
        f"SELECT {_COLUMNS} FROM specimen WHERE order_id = ANY($1::uuid[]) AND rejected_at IS NULL "
        "ORDER BY drawn_on, drawn_at, specimen_id",
        list(order_ids),
    )
    found: dict[UUID, list[Specimen]] = {}
    for row in rows:
        found.setdefault(row["order_id"], []).append(_build(row))
    return found


async def enter_step(connection: Connection, specimen_id: UUID, step: str, at: datetime, account: str) -> None:
    """`sent` or `received`, where it is not entered yet."""
    await connection.execute(
        f"UPDATE specimen SET {step}_at = $2, {step}_by = $3 WHERE specimen_id = $1 AND {step}_at IS NULL",
        specimen_id,
        at,
        account,
    )


async def refuse_specimen(
    connection: Connection, specimen_id: UUID, at: datetime, reason: str, reopened: Collection[str]
) -> bool:
    """Mark a tube as refused; False where it was already."""
    done = await connection.fetchval(
        "UPDATE specimen SET rejected_at = $2, reject_reason = $3, reopened = $4 "
        "WHERE specimen_id = $1 AND rejected_at IS NULL RETURNING true",
        specimen_id,
        at,
        reason,
        sorted(reopened),
    )
    return done is not None
