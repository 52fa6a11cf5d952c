"""What became of the rows of files, and what each of them changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple
from uuid import UUID

from shared.postgres.pool import Connection

OUTCOMES: Final = ("accepted", "corrected", "unchanged", "duplicate", "quarantined", "rejected")


class RowOutcome(NamedTuple):
    """What became of one row of a file.

    `place_name` = a name in it that was not known (`places.key_text`). The rest is what taking the file back needs: the
    revision that this row made of its measurement, whether the child is of this row, the revision made of the child.
    """

    row_number: int
    outcome: str
    reasons: tuple[str, ...] = ()
    child_id: UUID | None = None
    fact_id: UUID | None = None
    place_name: str | None = None
    revision: int | None = None
    registered: bool = False
    child_revision: int | None = None


@dataclass(frozen=True, slots=True)
class WantedRows:
    """Which rows to list; None = any. `state` is that of a held row: open, resolved or discarded."""

    outcome: str | None = None
    reason: str | None = None
    state: str | None = None
    undone: str | None = None


_TRACED: Final = (
    "unnest($2::integer[], $3::text[], $4::text[], $5::uuid[], $6::uuid[], $7::text[], $8::integer[], $9::boolean[], "
    "$10::integer[]) AS new(row_number, outcome, reasons, child_id, fact_id, place_name, revision, registered, "
    "child_revision)"
)
_INSERT: Final = (
    "INSERT INTO intake_row (intake_id, row_number, outcome, reasons, child_id, fact_id, place_name, revision, "
    "registered, child_revision) SELECT $1, row_number, outcome, "
    "coalesce(string_to_array(nullif(reasons, ''), ','), '{}'), child_id, fact_id, place_name, revision, registered, "
    f"child_revision FROM {_TRACED}"
)
# What was remarked on a row stays.
_SETTLE: Final = (
    "UPDATE intake_row r SET outcome = new.outcome, child_id = new.child_id, fact_id = new.fact_id, "
    "place_name = coalesce(new.place_name, r.place_name), revision = new.revision, registered = new.registered, "
    f"child_revision = new.child_revision FROM {_TRACED} WHERE r.intake_id = $1 AND r.row_number = new.row_number"
)


async def insert_rows(connection: Connection, intake_id: UUID, rows: Sequence[RowOutcome]) -> None:
    """One row each, in the chunk's transaction."""
    await connection.execute(_INSERT, intake_id, *_arrays(rows))


async def settle_rows(connection: Connection, intake_id: UUID, rows: Sequence[RowOutcome]) -> None:
    """What became of rows that were held back."""
    await connection.execute(_SETTLE, intake_id, *_arrays(rows))


async def row_codes(connection: Connection, intake_id: UUID, numbers: Sequence[int]) -> dict[int, tuple[str, ...]]:
    """Everything that was remarked on these rows."""
    rows = await connection.fetch(
        "SELECT row_number, reasons FROM intake_row WHERE intake_id = $1 AND row_number = ANY($2)", intake_id, numbers
    )
    return {row["row_number"]: tuple(row["reasons"]) for row in rows}


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


async def count_undone(connection: Connection, intake_id: UUID) -> dict[str, int]:
    """Rows of a file that is taken back, by what became of what they had changed."""
    rows = await connection.fetch(
        "SELECT undone, count(*) AS n FROM intake_row WHERE intake_id = $1 AND undone IS NOT NULL GROUP BY undone "
        "ORDER BY undone",
        intake_id,
    )
    return {row["undone"]: row["n"] for row in rows}


async def list_rows(
    connection: Connection, intake_id: UUID, wanted: WantedRows, after: int, limit: int
) -> list[dict[str, Any]]:
    """A page of rows in file order, with what was probably meant where a row is held back."""
    rows = await connection.fetch(
        "SELECT r.row_number, r.outcome, r.reasons, r.child_id, r.fact_id, r.undone, q.quarantine_id, q.proposed, "
        "q.state AS quarantine_state FROM intake_row r LEFT JOIN quarantine q "
        "ON q.intake_id = r.intake_id AND q.row_number = r.row_number "
        "WHERE r.intake_id = $1 AND ($2::text IS NULL OR r.outcome = $2) AND ($3::text IS NULL OR $3 = ANY(r.reasons)) "
        "AND ($4::text IS NULL OR q.state = $4) AND ($5::text IS NULL OR r.undone = $5) AND r.row_number > $6 "
        "ORDER BY r.row_number LIMIT $7",
        intake_id,
        wanted.outcome,
        wanted.reason,
        wanted.state,
        wanted.undone,
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


class PlacedRow(NamedTuple):
    """A row that was taken although a name in it was not known."""

    intake_id: UUID
    row_number: int
    child_id: UUID
    fact_id: UUID


async def taken_under(
    connection: Connection, place_name: str, after: tuple[UUID, int] | None, limit: int
) -> list[PlacedRow]:
    """Rows that bear a name (`places.key_text`) and were taken, in the order of files and rows (worker)."""
    rows = await connection.fetch(
        "SELECT intake_id, row_number, child_id, fact_id FROM intake_row WHERE place_name = $1 AND fact_id IS NOT NULL "
        "AND ($2::uuid IS NULL OR (intake_id, row_number) > ($2, $3)) ORDER BY intake_id, row_number LIMIT $4",
        place_name,
        *(after or (None, 0)),
        limit,
    )
    return [PlacedRow(*row) for row in rows]


async def follow_revisions(
    connection: Connection, measurements: Sequence[tuple[UUID, int]], children: Sequence[tuple[UUID, int]]
) -> None:
    """Facts that we have revised for a row's own sake: (id, new revision). The row's change is still the last one."""
    columns = (
        ("fact_id", "revision", "stands", measurements),
        ("child_id", "child_revision", "child_stands", children),
    )
    for fact, revision, stands, pairs in columns:
        await connection.execute(
            f"UPDATE intake_row r SET {stands} = new.now FROM unnest($1::uuid[], $2::integer[]) AS new(id, now) "
            f"WHERE r.{fact} = new.id AND coalesce(r.{stands}, r.{revision}) = new.now - 1 "
            f"AND r.{revision} IS NOT NULL",
            [pair[0] for pair in pairs],
            [pair[1] for pair in pairs],
        )


async def lock_places(connection: Connection, keys: Sequence[int]) -> None:
    """Matching in these places is ours until the end of the transaction; locks are taken in one order."""
    await connection.execute("SELECT pg_advisory_xact_lock(key) FROM unnest($1::bigint[]) AS key", sorted(set(keys)))


def _arrays(rows: Sequence[RowOutcome]) -> list[list[Any]]:
    columns: list[list[Any]] = [
        [row.row_number for row in rows],
        [row.outcome for row in rows],
        [",".join(row.reasons) for row in rows],
        [row.child_id for row in rows],
        [row.fact_id for row in rows],
        [row.place_name for row in rows],
        [row.revision for row in rows],
        [row.registered for row in rows],
        [row.child_revision for row in rows],
    ]
    # `unnest` fills up short arrays with NULL, so a column without values is sent as none.
    return [[] if column.count(None) == len(column) else column for column in columns]
