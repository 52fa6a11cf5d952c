"""Rows kept for a person: why, what was probably meant, and the row itself, sealed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from services.measurement.store.vault import Sealed
from shared.postgres.pool import Connection

# `unnest` cannot carry an array per row, so lists travel as text; no code holds a comma.
_HOLD: Final = """
INSERT INTO quarantine
    (quarantine_id, created_at, channel, source, intake_id, row_number, areas, reasons, proposed, wrapped_key, sealed)
SELECT id, $2, channel, source, intake_id, row_number, string_to_array(areas, ','), string_to_array(reasons, ','),
       proposed, wrapped_key, sealed
FROM unnest($1::uuid[], $3::text[], $4::text[], $5::uuid[], $6::integer[], $7::text[], $8::text[], $9::jsonb[],
            $10::bytea[], $11::bytea[])
     AS new(id, channel, source, intake_id, row_number, areas, reasons, proposed, wrapped_key, sealed)
"""


HeldChannel = Literal["api", "file"]
State = Literal["open", "resolved", "discarded"]
AnswerKind = Literal["accepted", "corrected", "rejected"]


@dataclass(frozen=True, slots=True)
class HeldRow:
    """One row that is held back. `areas` are the sender's: who covers them may look at it."""

    quarantine_id: UUID
    channel: HeldChannel
    source: str
    areas: tuple[str, ...]
    reasons: tuple[str, ...]
    sealed: Sealed
    proposed: dict[str, Any] = field(default_factory=dict)
    intake_id: UUID | None = None
    row_number: int | None = None


async def hold(connection: Connection, rows: Sequence[HeldRow], now: datetime) -> None:
    """Store rows that are held back."""
    if rows:
        await connection.execute(
            _HOLD,
            [row.quarantine_id for row in rows],
            now,
            [row.channel for row in rows],
            [row.source for row in rows],
            [row.intake_id for row in rows],
            [row.row_number for row in rows],
            [",".join(row.areas) for row in rows],
            [",".join(row.reasons) for row in rows],
            [row.proposed for row in rows],
            [row.sealed.wrapped_key for row in rows],
            [row.sealed.sealed for row in rows],
        )


@dataclass(frozen=True, slots=True)
class StoredHeldRow:
    """A row that is or was held back, and what was decided."""

    quarantine_id: UUID
    created_at: datetime
    channel: HeldChannel
    source: str
    intake_id: UUID | None
    row_number: int | None
    reasons: tuple[str, ...]
    proposed: dict[str, Any]
    sealed: Sealed
    state: State
    settled_at: datetime | None
    settled_by: str | None
    answer: AnswerKind | None
    reject_reason: str | None
    reject_note: str | None
    child_id: UUID | None
    fact_id: UUID | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which held rows to list; None = any."""

    state: State
    channel: HeldChannel | None = None
    reason: str | None = None
    intake_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person decided about held rows. `job_id` where they answered many at once."""

    state: State
    answer: AnswerKind
    by: str
    reject_reason: str | None = None
    reject_note: str | None = None
    job_id: UUID | None = None


_SELECT: Final = (
    "SELECT quarantine_id, created_at, channel, source, intake_id, row_number, reasons, proposed, wrapped_key, sealed, "
    "state, settled_at, settled_by, answer, reject_reason, reject_note, child_id, fact_id FROM quarantine"
)


async def find(connection: Connection, quarantine_id: UUID) -> StoredHeldRow | None:
    """The held row, if the caller may see it."""
    row = await connection.fetchrow(f"{_SELECT} WHERE quarantine_id = $1", quarantine_id)
    return None if row is None else _stored(row)


async def hold_still(connection: Connection, ids: Sequence[UUID]) -> dict[UUID, StoredHeldRow]:
    """The held rows among `ids` that the caller may see, locked in one order: nobody else answers them meanwhile."""
    rows = await connection.fetch(
        f"{_SELECT} WHERE quarantine_id = ANY($1) ORDER BY quarantine_id FOR UPDATE", sorted(set(ids))
    )
    return {row["quarantine_id"]: _stored(row) for row in rows}


async def list_held(connection: Connection, wanted: Wanted, after: UUID | None, limit: int) -> list[StoredHeldRow]:
    """A page in the order they were held back."""
    rows = await connection.fetch(
        f"{_SELECT} WHERE state = $1 AND ($2::text IS NULL OR channel = $2) "
        "AND ($3::text IS NULL OR $3 = ANY(reasons)) AND ($4::uuid IS NULL OR intake_id = $4) "
        "AND ($5::uuid IS NULL OR quarantine_id > $5) ORDER BY quarantine_id LIMIT $6",
        wanted.state,
        wanted.channel,
        wanted.reason,
        wanted.intake_id,
        after,
        limit,
    )
    return [_stored(row) for row in rows]


async def open_ids(
    connection: Connection, wanted: Wanted, until: datetime, after: UUID | None, limit: int
) -> list[UUID]:
    """Open rows of whoever the transaction works for (`areas.apply`), held back by `until`, in the order of ids.

    The worker's own policy shows it every row: the caller's areas are asked for here.
    """
    rows = await connection.fetch(
        "SELECT quarantine_id FROM quarantine WHERE state = 'open' AND areas_inside_callers(areas) "
        "AND ($1::text IS NULL OR $1 = ANY(reasons)) AND ($2::uuid IS NULL OR intake_id = $2) AND created_at <= $3 "
        "AND ($4::uuid IS NULL OR quarantine_id > $4) ORDER BY quarantine_id LIMIT $5",
        wanted.reason,
        wanted.intake_id,
        until,
        after,
        limit,
    )
    return [row["quarantine_id"] for row in rows]


async def count_open(connection: Connection, wanted: Wanted, until: datetime) -> int:
    """How many `open_ids` there are."""
    count: int = await connection.fetchval(
        "SELECT count(*) FROM quarantine WHERE state = 'open' AND areas_inside_callers(areas) "
        "AND ($1::text IS NULL OR $1 = ANY(reasons)) AND ($2::uuid IS NULL OR intake_id = $2) AND created_at <= $3",
        wanted.reason,
        wanted.intake_id,
        until,
    )
    return count


async def waiting_for(
    connection: Connection, place_name: str, after: UUID | None, limit: int
) -> list[tuple[UUID, tuple[str, ...]]]:
    """Open rows that wait for a name (`places.key_text`) with the areas of who sent them; in the order of ids."""
    rows = await connection.fetch(
        "SELECT q.quarantine_id, q.areas FROM intake_row r JOIN quarantine q "
        "ON q.intake_id = r.intake_id AND q.row_number = r.row_number WHERE r.place_name = $1 AND q.state = 'open' "
        "AND ($2::uuid IS NULL OR q.quarantine_id > $2) ORDER BY q.quarantine_id LIMIT $3",
        place_name,
        after,
        limit,
    )
    return [(row["quarantine_id"], tuple(row["areas"])) for row in rows]


async def open_of_rows(connection: Connection, intake_id: UUID, numbers: Sequence[int]) -> dict[UUID, StoredHeldRow]:
    """The open ones of these rows of a file, locked."""
    rows = await connection.fetch(
        f"{_SELECT} WHERE intake_id = $1 AND row_number = ANY($2) AND state = 'open' ORDER BY quarantine_id FOR UPDATE",
        intake_id,
        numbers,
    )
    return {row["quarantine_id"]: _stored(row) for row in rows}


async def tally(connection: Connection, intake_id: UUID | None) -> dict[str, Any]:
    """Rows by state, and of the open ones by reason; `proposed` = those with a value to accept."""
    states = await connection.fetch(
        "SELECT state, count(*) AS n FROM quarantine WHERE $1::uuid IS NULL OR intake_id = $1 GROUP BY state", intake_id
    )
    reasons = await connection.fetch(
        "SELECT reason, count(*) AS open, count(*) FILTER (WHERE proposed <> '{}') AS proposed "
        "FROM quarantine, unnest(reasons) AS reason WHERE state = 'open' AND ($1::uuid IS NULL OR intake_id = $1) "
        "GROUP BY reason ORDER BY open DESC, reason",
        intake_id,
    )
    found = {row["state"]: row["n"] for row in states}
    return {
        "states": {state: found.get(state, 0) for state in ("open", "resolved", "discarded")},
        "reasons": [dict(row) for row in reasons],
    }


Became = tuple[UUID, UUID | None, UUID | None]  # held row, child, measurement


async def settle(connection: Connection, rows: Sequence[Became], decision: Decision, now: datetime) -> None:
    """Write down what was decided of rows and what they became; the caller holds them."""
    await connection.execute(
        "UPDATE quarantine q SET state = $4, answer = $5, settled_by = $6, reject_reason = $7, reject_note = $8, "
        "answer_job_id = $9, settled_at = $10, child_id = new.child_id, fact_id = new.fact_id "
        "FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS new(quarantine_id, child_id, fact_id) "
        "WHERE q.quarantine_id = new.quarantine_id",
        [row[0] for row in rows],
        [row[1] for row in rows],
        [row[2] for row in rows],
        decision.state,
        decision.answer,
        decision.by,
        decision.reject_reason,
        decision.reject_note,
        decision.job_id,
        now,
    )


def _stored(row: Any) -> StoredHeldRow:
    fields = dict(row)
    sealed = Sealed(fields.pop("wrapped_key"), fields.pop("sealed"))
    return StoredHeldRow(**{**fields, "reasons": tuple(fields["reasons"]), "sealed": sealed})


async def open_count(connection: Connection) -> int:
    """Rows that wait for somebody."""
    count: int = await connection.fetchval("SELECT count(*) FROM quarantine WHERE state = 'open'")
    return count
