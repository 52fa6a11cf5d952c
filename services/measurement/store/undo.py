"""What taking a file back asks of the tables, and where it writes down what became of each row (worker)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal, NamedTuple
from uuid import UUID

from services.measurement.domain.words_of_files import Word
from services.measurement.store.children import CHILDREN
from services.measurement.store.measurements import FILE_MEASUREMENTS, Reading
from shared.contracts.child import ChildV1
from shared.postgres.pool import Connection


class TakenRow(NamedTuple):
    """A row of a file with what it changed (`intake_rows.RowOutcome`)."""

    row_number: int
    outcome: str
    child_id: UUID | None
    fact_id: UUID | None
    revision: int | None
    registered: bool
    child_revision: int | None


async def rows_from_the_end(connection: Connection, intake_id: UUID, below: int | None, limit: int) -> list[TakenRow]:
    """Rows that took part or wait, last first: what a file did is undone in the other direction."""
    rows = await connection.fetch(
        "SELECT row_number, outcome, child_id, fact_id, revision, registered, child_revision "
        "FROM intake_row WHERE intake_id = $1 AND ($2::integer IS NULL OR row_number < $2) "
        "AND outcome IN ('accepted', 'corrected', 'unchanged', 'quarantined') ORDER BY row_number DESC LIMIT $3",
        intake_id,
        below,
        limit,
    )
    return [TakenRow(*row) for row in rows]


async def count_taken(connection: Connection, intake_id: UUID) -> int:
    """How many rows `rows_from_the_end` will give."""
    count: int = await connection.fetchval(
        "SELECT count(*) FROM intake_row WHERE intake_id = $1 "
        "AND outcome IN ('accepted', 'corrected', 'unchanged', 'quarantined')",
        intake_id,
    )
    return count


async def children_of_files_taken_back(
    connection: Connection, intake_id: UUID, after: int, limit: int
) -> list[tuple[int, UUID]]:
    """(row, child) of rows whose child this file registered, or another that is taken back; in file order."""
    rows = await connection.fetch(
        "SELECT r.row_number, r.child_id FROM intake_row r WHERE r.intake_id = $1 AND r.child_id IS NOT NULL "
        "AND r.row_number > $2 AND EXISTS (SELECT FROM intake_row o JOIN intake_file f ON f.intake_id = o.intake_id "
        "WHERE o.child_id = r.child_id AND o.registered AND o.child_revision IS NOT NULL "
        "AND f.void_asked_at IS NOT NULL) ORDER BY r.row_number LIMIT $3",
        intake_id,
        after,
        limit,
    )
    return [(row["row_number"], row["child_id"]) for row in rows]


# Why a visit and a home follow a decision on a name: nothing new about the child.
NAME_DECIDED: Final = "nama tempat dipetakan"
Revision = tuple[UUID, int]  # fact, its revision


async def earlier_readings(connection: Connection, revisions: Sequence[Revision]) -> dict[Revision, Reading]:
    """Measurements as they stood at these revisions, with what files had said of them."""
    rows = await connection.fetch(
        f"SELECT {FILE_MEASUREMENTS.names} FROM measurement_revision r "
        "WHERE (r.fact_id, r.revision) IN (SELECT * FROM unnest($1::uuid[], $2::integer[]))",
        [fact_id for fact_id, _ in revisions],
        [revision for _, revision in revisions],
    )
    facts = FILE_MEASUREMENTS.build(rows)
    return {
        (fact.fact_id, fact.revision): Reading(fact, row["file_digest"]) for fact, row in zip(facts, rows, strict=True)
    }


async def earlier_children(connection: Connection, revisions: Sequence[Revision]) -> dict[UUID, ChildV1]:
    """Children as they stood at these revisions."""
    rows = await connection.fetch(
        f"SELECT {CHILDREN.names} FROM child_revision "
        "WHERE (child_id, revision) IN (SELECT * FROM unnest($1::uuid[], $2::integer[]))",
        [child_id for child_id, _ in revisions],
        [revision for _, revision in revisions],
    )
    return {child.child_id: child for child in CHILDREN.build(rows)}


async def words_on_visits(connection: Connection, fact_ids: Sequence[UUID]) -> dict[UUID, list[Word]]:
    """What rows of files have made of these measurements."""
    rows = await connection.fetch(
        "SELECT r.fact_id, r.revision, coalesce(r.stands, r.revision), r.outcome = 'accepted', "
        "f.void_asked_at IS NOT NULL, f.committed_at FROM intake_row r JOIN intake_file f USING (intake_id) "
        "WHERE r.fact_id = ANY($1) AND r.revision IS NOT NULL",
        list(fact_ids),
    )
    return _words(rows)


async def words_on_children(connection: Connection, child_ids: Sequence[UUID]) -> dict[UUID, list[Word]]:
    """What rows of files have changed of children; who registered them is asked for by itself."""
    rows = await connection.fetch(
        "SELECT r.child_id, r.child_revision, coalesce(r.child_stands, r.child_revision), false, "
        "f.void_asked_at IS NOT NULL, f.committed_at FROM intake_row r JOIN intake_file f USING (intake_id) "
        "WHERE r.child_id = ANY($1) AND r.child_revision IS NOT NULL AND NOT r.registered",
        list(child_ids),
    )
    return _words(rows)


def _words(rows: Sequence[Any]) -> dict[UUID, list[Word]]:
    found: dict[UUID, list[Word]] = {}
    for fact_id, *word in map(tuple, rows):
        found.setdefault(fact_id, []).append(Word(*word))
    return found


async def stated_at(connection: Connection, fact_ids: Sequence[UUID]) -> dict[UUID, list[datetime]]:
    """When files came that state these measurements and are not taken back."""
    rows = await connection.fetch(
        "SELECT r.fact_id, f.committed_at FROM intake_row r JOIN intake_file f USING (intake_id) "
        "WHERE r.fact_id = ANY($1) AND f.void_asked_at IS NULL",
        list(fact_ids),
    )
    found: dict[UUID, list[datetime]] = {}
    for row in rows:
        found.setdefault(row["fact_id"], []).append(row["committed_at"])
    return found


async def without_other_facts(connection: Connection, intake_id: UUID, child_ids: Sequence[UUID]) -> set[UUID]:
    """Children about whom nothing is known but what this file said: nothing measured, done, merged, corrected or added.

    A child that another file found, or that waits in the review list, is kept too.
    """
    rows = await connection.fetch(
        "SELECT c.child_id FROM child c WHERE c.child_id = ANY($2) AND NOT c.voided AND c.merged_into IS NULL "
        "AND c.died_on IS NULL AND c.departed_on IS NULL AND c.household_risks = '{}' AND c.household = '[]' "
        "AND NOT EXISTS (SELECT FROM measurement m WHERE m.child_id = c.child_id AND NOT m.voided) "
        "AND NOT EXISTS (SELECT FROM intervention i WHERE i.child_id = c.child_id AND NOT i.voided) "
        "AND NOT EXISTS (SELECT FROM child other WHERE other.merged_into = c.child_id) "
        "AND (c.intake_id IS NOT NULL OR c.reason_text = $3) "
        "AND NOT EXISTS (SELECT FROM child_revision r WHERE r.child_id = c.child_id "
        "AND r.intake_id IS NULL AND r.reason_text IS DISTINCT FROM $3) "
        "AND NOT EXISTS (SELECT FROM measurement m JOIN intake_row r ON r.fact_id = m.fact_id JOIN intake_file f "
        "ON f.intake_id = r.intake_id WHERE m.child_id = c.child_id AND r.intake_id <> $1 AND f.void_asked_at IS NULL)",
        intake_id,
        list(child_ids),
        NAME_DECIDED,
    )
    return {row["child_id"] for row in rows}


async def write_undone(connection: Connection, intake_id: UUID, undone: Mapping[int, str]) -> None:
    """What became of what these rows had changed."""
    await connection.execute(
        "UPDATE intake_row r SET undone = new.undone FROM unnest($2::integer[], $3::text[]) AS new(row_number, undone) "
        "WHERE r.intake_id = $1 AND r.row_number = new.row_number",
        intake_id,
        list(undone),
        list(undone.values()),
    )


Stands = Sequence[tuple[UUID, int, int]]  # fact, the revision whose state stands again, the revision it stands as


async def stand_again(connection: Connection, kind: Literal["measurement", "child"], facts: Stands) -> None:
    """Rows whose state stands again stand at the fact's newest revision."""
    fact, revision, stands = (
        ("fact_id", "revision", "stands") if kind == "measurement" else ("child_id", "child_revision", "child_stands")
    )
    await connection.execute(
        f"UPDATE intake_row r SET {stands} = new.now FROM unnest($1::uuid[], $2::integer[], $3::integer[]) "
        f"AS new(id, was, now) WHERE r.{fact} = new.id AND (r.{revision} = new.was OR r.{stands} = new.was)",
        [item[0] for item in facts],
        [item[1] for item in facts],
        [item[2] for item in facts],
    )


async def write_digests(connection: Connection, digests: Mapping[UUID, int | None]) -> None:
    """What files had said last of measurements whose values are restored."""
    await connection.execute(
        "UPDATE measurement m SET file_digest = new.digest FROM unnest($1::uuid[], $2::bigint[]) "
        "AS new(fact_id, digest) WHERE m.fact_id = new.fact_id",
        list(digests),
        list(digests.values()),
    )
