"""Take a chunk of a file's rows: find or register each child, then record, correct or leave its measurement.

A row's natural key is (child, measured_on, source): changed values are a correction, the same values nothing new, so
importing a file again changes nothing. Where one file gives a child two readings of one day, both are kept: the second
has a source of its own (`eppgbm#2`), and every row uses the reading that equals it, else the first that no other row of
this file has used.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final
from uuid import UUID

from services.measurement.domain.file_row import FileRow, JudgedRow, Outcome, Value
from services.measurement.domain.places import MappingKey, NamedPlace, Place, PlaceBook, key_text
from services.measurement.store import counts, intake_rows, mappings, quarantine
from services.measurement.store.counts import IntakeCount
from services.measurement.store.intake_rows import RowOutcome
from services.measurement.store.quarantine import HeldRow
from services.measurement.store.vault import Vault
from services.measurement.use_cases.entry import Entry
from services.measurement.use_cases.file_children import FileChildren
from services.measurement.use_cases.file_measurements import FileMeasurements
from services.measurement.use_cases.held_rows import Doubt, HeldContent, held_row
from services.measurement.use_cases.resident import Resident
from shared.outbox.publish import publish
from shared.postgres.pool import Connection

LEDGER_TERMS: Final = {
    "accepted": "accepted",
    "corrected": "accepted",
    "unchanged": "unchanged",
    "duplicate": "unchanged",
    "quarantined": "quarantined",
    "rejected": "rejected",
}


# The field that answers a reason of the register; the others are about the desa.
PLACED_BY: Final = {
    "ambiguous_child": "child_id",
    "visit_after_death": "measured_on",
    "visit_after_departure": "measured_on",
}


@dataclass(frozen=True, slots=True)
class FileChunk:
    """Consecutive rows of a file as they were judged, and the raw cells of those that are held back."""

    intake_id: UUID
    rows: Sequence[JudgedRow]
    raw: Mapping[int, Mapping[str, Any]]


@dataclass(slots=True)
class SortedRows:
    """A chunk, sorted by what there is to do."""

    residents: list[Resident] = field(default_factory=list)
    outcomes: list[RowOutcome] = field(default_factory=list)
    held: list[HeldRow] = field(default_factory=list)
    asked: set[MappingKey] = field(default_factory=set)


async def take_file_rows(
    connection: Connection, chunk: FileChunk, places: PlaceBook, entry: Entry, vault: Vault
) -> IntakeCount:
    """Store the chunk with its events and the outcome of every row; what it adds to the intake ledger."""
    work = sort_rows(chunk, places, entry, vault)
    await lock_places(connection, work.residents)
    children = await FileChildren.load(connection, work.residents, vault)
    matched = []
    for resident in work.residents:
        gone = children.after_the_end(resident)
        if gone is not None:
            _hold_back(work, chunk, resident.row, gone, resident.codes, entry, vault)
            continue
        child_id = children.attach(resident, entry)
        if child_id is None:
            _hold_back(work, chunk, resident.row, "ambiguous_child", resident.codes, entry, vault)
        else:
            matched.append((resident, child_id))
    await children.store(connection, entry, chunk.intake_id)
    visits = FileMeasurements(chunk.intake_id, children.root_of, entry)
    work.outcomes += children.traced(await visits.record(connection, matched))
    await publish(connection, [*children.changed, *visits.changed])
    await quarantine.hold(connection, work.held, entry.known_at)
    if work.asked:
        await mappings.ask_for_names(connection, chunk.intake_id, work.asked, entry.known_at)
    await intake_rows.insert_rows(connection, chunk.intake_id, work.outcomes)
    count = _count(work.outcomes)
    await counts.add(connection, "file", count, entry.known_at)
    return count


async def place_book(connection: Connection, areas: Sequence[str]) -> PlaceBook:
    """The names of the kabupaten of these areas: a file of another one finds no desa."""
    kabupaten = sorted({".".join(area.split(".")[:2]) for area in areas})
    return PlaceBook(await mappings.named_entries(connection, kabupaten), await mappings.decided_names(connection))


def names_of(row: FileRow) -> NamedPlace:
    """The names of a row, as they are looked up."""
    return NamedPlace(row.kabupaten_name, row.kecamatan_name, row.desa_name, row.posyandu_name, row.puskesmas_name)


async def lock_places(connection: Connection, residents: Sequence[Resident]) -> None:
    """Only we match children of these desa, until the end of the transaction."""
    await intake_rows.lock_places(connection, [_lock_key(resident.desa_code) for resident in residents])


def sort_rows(chunk: FileChunk, places: PlaceBook, entry: Entry, vault: Vault) -> SortedRows:
    """Rows with a place, rows that are held back, duplicates, and the names that a person should decide."""
    work = SortedRows()
    for judged in chunk.rows:
        codes = tuple(dict.fromkeys(reason.code for reason in (*judged.reasons, *judged.notes)))
        if judged.outcome is Outcome.DUPLICATE:
            work.outcomes.append(RowOutcome(judged.row_number, "duplicate", codes))
        elif judged.row is None:
            work.held.append(_held_judged(chunk, judged, entry, vault))
            work.outcomes.append(RowOutcome(judged.row_number, "quarantined", codes))
        else:
            _sort_row(work, chunk, judged.row, places, codes, entry, vault)
    return work


def _sort_row(
    work: SortedRows,
    chunk: FileChunk,
    row: FileRow,
    places: PlaceBook,
    codes: tuple[str, ...],
    entry: Entry,
    vault: Vault,
) -> None:
    place = places.find(names_of(row))
    work.asked.update(place.asked)
    place_name = None if place.unmapped is None else key_text(place.unmapped)
    problem = _place_problem(place, entry)
    if place.desa_code is None or problem is not None:
        _hold_back(work, chunk, row, problem or "unknown_desa", codes, entry, vault)
        work.outcomes[-1] = work.outcomes[-1]._replace(place_name=place_name)
        return
    if place.unmapped is not None:
        codes = (*codes, "unmapped_posyandu")
    work.residents.append(Resident(row, place.desa_code, place.posyandu_code, codes, vault, place_name))


def _place_problem(place: Place, entry: Entry) -> str | None:
    if place.problem is not None:
        return place.problem
    return None if entry.grant.covers(place.desa_code, place.posyandu_code) else "outside_area"


def _hold_back(
    work: SortedRows, chunk: FileChunk, row: FileRow, reason: str, codes: tuple[str, ...], entry: Entry, vault: Vault
) -> None:
    """Keep a row that was readable but cannot be placed."""
    content = HeldContent(_known(row), (Doubt(reason, PLACED_BY.get(reason, "desa_code")),))
    work.held.append(held_row(content, entry, vault, chunk.intake_id, row.row_number))
    work.outcomes.append(RowOutcome(row.row_number, "quarantined", (reason, *codes)))


def _held_judged(chunk: FileChunk, judged: JudgedRow, entry: Entry, vault: Vault) -> HeldRow:
    """Keep a row that was wrong by itself."""
    fields = {} if judged.draft is None else _known(judged.draft)
    doubts = tuple(Doubt(reason.code, reason.field, _plain(reason.value)) for reason in judged.reasons)
    proposed = {name: value for reason in judged.reasons for name, value in reason.proposed}
    content = HeldContent(fields, doubts, proposed, chunk.raw.get(judged.row_number, {}))
    return held_row(content, entry, vault, chunk.intake_id, judged.row_number)


def _known(row: FileRow) -> dict[str, Any]:
    return {name: value for name, value in row._asdict().items() if value is not None}


def _plain(value: Value) -> float | str | None:
    return value.isoformat() if isinstance(value, date) else value


def _count(outcomes: Sequence[RowOutcome]) -> IntakeCount:
    terms = [LEDGER_TERMS[outcome.outcome] for outcome in outcomes]
    return IntakeCount(
        accepted=terms.count("accepted"),
        unchanged=terms.count("unchanged"),
        rejected=terms.count("rejected"),
        quarantined=terms.count("quarantined"),
        pending=-len(terms),
    )


def _lock_key(desa_code: str) -> int:
    """The advisory lock of a desa: wider than its posyandu, since an unmapped row may be any of their children."""
    digest = hashlib.blake2b(f"measurement.match:{desa_code}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)
