"""How far the units of the board are, and every step they made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from services.reporting.domain.aksi_board import Act, State
from shared.postgres.pool import Connection

_STEP: Final = "number, area_code, year, aksi_code, act, from_state, to_state, reason, submission_id, account, at"


class Standing(NamedTuple):
    """How far a unit is, and since when."""

    state: State
    since: datetime


@dataclass(frozen=True, slots=True)
class Step:
    """A unit's step from a state to a state (or the same: an entry changed)."""

    area_code: str
    aksi_code: str
    act: Act
    from_state: State
    to_state: State


@dataclass(frozen=True, slots=True)
class Made:
    """Who made steps, when and why; with the submission that they belong to."""

    account: str
    at: datetime
    reason: str | None = None
    submission_id: UUID | None = None


async def read_units(
    connection: Connection, year: int, area_code: str, aksi_code: str | None = None
) -> dict[tuple[str, str], Standing]:
    """Units below an area (and itself) that have a row, by (aksi, area)."""
    rows = await connection.fetch(
        "SELECT aksi_code, area_code, state, since FROM aksi_unit WHERE year = $1 AND area_code >= $2 "
        "AND area_code < $2 || '/' AND ($3::text IS NULL OR aksi_code = $3)",
        year,
        area_code,
        aksi_code,
    )
    return {(row[0], row[1]): Standing(row[2], row[3]) for row in rows}


async def make_steps(connection: Connection, year: int, steps: Sequence[Step], made: Made) -> None:
    """Move units and keep how. `since` is of the state: it stays where the state does."""
    ordered = sorted(steps, key=lambda one: (one.aksi_code, one.area_code))
    await connection.executemany(
        "INSERT INTO aksi_unit (area_code, year, aksi_code, state, since) VALUES ($1, $2, $3, $4, $5) "
        "ON CONFLICT (area_code, year, aksi_code) DO UPDATE SET state = EXCLUDED.state, since = EXCLUDED.since",
        [(step.area_code, year, step.aksi_code, step.to_state, made.at) for step in ordered],
    )
    await connection.executemany(
        "INSERT INTO aksi_transition (area_code, year, aksi_code, act, from_state, to_state, reason, submission_id, "
        "account, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        [
            (
                *(step.area_code, year, step.aksi_code, step.act, step.from_state, step.to_state),
                *(made.reason, made.submission_id, made.account, made.at),
            )
            for step in ordered
        ],
    )


async def read_steps(
    connection: Connection, year: int, area_code: str, aksi_code: str | None, after: int, limit: int
) -> list[dict[str, Any]]:
    """Steps of the units below an area, the oldest first, after a number."""
    rows = await connection.fetch(
        f"SELECT {_STEP} FROM aksi_transition WHERE year = $1 AND area_code >= $2 AND area_code < $2 || '/' "
        "AND ($3::text IS NULL OR aksi_code = $3) AND number > $4 ORDER BY number LIMIT $5",
        year,
        area_code,
        aksi_code,
        after,
        limit,
    )
    return [dict(row) for row in rows]
