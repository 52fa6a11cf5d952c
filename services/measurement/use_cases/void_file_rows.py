"""Take a file back: what its rows recorded is voided, what they corrected stands again as before, who it made is gone.

A measurement is voided with the last file that states it. What a person has changed since stays and is listed. Rows
that wait are rejected. Everything is a new revision; the intake ledger counts what was taken in, which stays true.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from services.measurement.domain.words_of_files import take_back
from services.measurement.store import quarantine, undo
from services.measurement.store.children import CHILDREN
from services.measurement.store.measurements import FILE_VALUES, MEASUREMENTS
from services.measurement.store.undo import TakenRow
from services.measurement.use_cases.answer_held_rows import Answer, settle_rejected
from services.measurement.use_cases.entry import Entry
from services.measurement.use_cases.file_measurements import FILE_VOIDED
from shared.contracts.child import ChildV1, MeasurementV1
from shared.contracts.fact import revised
from shared.outbox.publish import publish
from shared.postgres.pool import Connection

TOLD_BY_FILES: Final = ("residences", "birth_weight_kg", "birth_length_cm", "has_growth_card")  # of a child
TAKES_PART: Final = frozenset({"accepted", "corrected", "unchanged"})


async def void_file_rows(
    connection: Connection, intake_id: UUID, below: int | None, limit: int, by: str, entry: Entry
) -> list[int]:
    """Undo up to `limit` rows before row `below`, from the end of the file; their numbers, last first.

    ConcurrentChangeError: try again.
    """
    rows = await undo.rows_from_the_end(connection, intake_id, below, limit)
    numbers = [row.row_number for row in rows]
    waiting = list((await quarantine.open_of_rows(connection, intake_id, numbers)).values())
    answer = Answer("rejected", by, {}, FILE_VOIDED)
    await settle_rejected(connection, waiting, answer, entry)
    undone = {row.row_number: "rejected" for row in waiting if row.row_number is not None}
    # Somebody may have answered a row while we waited for its lock; rows beyond the rejected ones are the next step's.
    rows = await undo.rows_from_the_end(connection, intake_id, below, limit)
    rows = [row for row in rows if row.row_number >= numbers[-1]]
    taken = [row for row in rows if row.outcome in TAKES_PART and row.row_number not in undone]
    children = await CHILDREN.find(connection, _children_changed(taken), lock=True)
    homes = await _restore_children(connection, intake_id, children, entry)
    visits = await _undo_visits(connection, intake_id, taken, undone, entry)
    await undo.write_undone(connection, intake_id, undone)
    await publish(connection, [*homes, *visits])
    return numbers


async def void_registered_children(
    connection: Connection, intake_id: UUID, after: int, limit: int, entry: Entry
) -> list[int]:
    """Void the children that files taken back registered, unless something else is known of them; the rows' numbers."""
    rows = await undo.children_of_files_taken_back(connection, intake_id, after, limit)
    children = await CHILDREN.find(connection, [child_id for _, child_id in rows], lock=True)
    alone = await undo.without_other_facts(connection, intake_id, [child.child_id for child in children])
    voided = [revised(child, "voided", entry.now, voided=True) for child in children if child.child_id in alone]
    await CHILDREN.replace(connection, voided, entry.origin(intake_id))
    await publish(connection, voided)
    return [number for number, _ in rows]


async def _undo_visits(
    connection: Connection, intake_id: UUID, rows: Sequence[TakenRow], undone: dict[int, str], entry: Entry
) -> list[MeasurementV1]:
    """Void or restore the measurements of the rows; `undone` gets what became of each."""
    fact_ids = [row.fact_id for row in rows if row.fact_id is not None]
    facts = {fact.fact_id: fact for fact in await MEASUREMENTS.find(connection, fact_ids, lock=True)}
    words = await undo.words_on_visits(connection, fact_ids)
    stated = await undo.stated_at(connection, fact_ids)
    voided: dict[UUID, MeasurementV1] = {}
    restored: dict[UUID, tuple[MeasurementV1, int]] = {}
    for row in rows:
        fact = None if row.fact_id is None else facts.get(row.fact_id)
        if fact is None or fact.channel != "file":  # the row repeated what an API client had recorded
            continue
        if fact.voided:
            undone[row.row_number] = "void_before"
            continue
        standing = take_back(fact.revision, words.get(fact.fact_id, ()), stated.get(fact.fact_id, ()))
        undone[row.row_number] = standing.fate
        if standing.fate == "voided":
            voided[fact.fact_id] = revised(fact, "voided", entry.now, voided=True, void_reason=FILE_VOIDED)
        elif standing.fate == "restored":
            restored[fact.fact_id] = (fact, standing.revision)
    await MEASUREMENTS.replace(connection, list(voided.values()), entry.origin(intake_id))
    return [*voided.values(), *await _restore_visits(connection, intake_id, list(restored.values()), entry)]


async def _restore_visits(
    connection: Connection, intake_id: UUID, corrected: Sequence[tuple[MeasurementV1, int]], entry: Entry
) -> list[MeasurementV1]:
    """The values that corrections of this file replaced: those of the revisions before."""
    revisions = [(fact.fact_id, revision) for fact, revision in corrected]
    earlier = await undo.earlier_readings(connection, revisions)
    restored, digests = [], {}
    for (fact, _), before in zip(corrected, revisions, strict=True):
        reading = earlier[before]
        values = {name: getattr(reading.fact, name) for name in FILE_VALUES}
        restored.append(revised(fact, "corrected", entry.now, **values))
        digests[fact.fact_id] = reading.digest
    await MEASUREMENTS.replace(connection, restored, entry.origin(intake_id))
    await undo.write_digests(connection, digests)
    stands = [(fact.fact_id, revision, fact.revision) for fact, (_, revision) in zip(restored, corrected, strict=True)]
    await undo.stand_again(connection, "measurement", stands)
    return restored


def _children_changed(rows: Sequence[TakenRow]) -> list[UUID]:
    return [
        row.child_id
        for row in rows
        if row.child_id is not None and row.child_revision is not None and not row.registered
    ]


async def _restore_children(
    connection: Connection, intake_id: UUID, children: Sequence[ChildV1], entry: Entry
) -> list[ChildV1]:
    """Children whose home this file changed live where they did before, as far as nothing changed them since.

    So with how they were born and whether they have a card.
    """
    stored = {child.child_id: child for child in children if not child.voided}
    words = await undo.words_on_children(connection, list(stored))
    standing = {child.child_id: take_back(child.revision, words.get(child.child_id, ()), ()) for child in children}
    reached = {child_id: standing[child_id].revision for child_id in stored if standing[child_id].fate == "restored"}
    earlier = await undo.earlier_children(connection, list(reached.items()))
    homes = []
    for child_id, before in sorted(earlier.items()):
        values = {name: getattr(before, name) for name in TOLD_BY_FILES}
        homes.append(revised(stored[child_id], "relocated", entry.now, **values))
    await CHILDREN.replace(connection, homes, entry.origin(intake_id))
    stands = [(home.child_id, reached[home.child_id], home.revision) for home in homes]
    await undo.stand_again(connection, "child", stands)
    return homes
