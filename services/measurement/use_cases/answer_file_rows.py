"""Rows of files that were held back, taken with the values that a person gave: many at once, each judged by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

import orjson
from pydantic import TypeAdapter

from services.measurement.domain.entry_checks import after_the_end, visit_problems
from services.measurement.domain.entry_problems import EntryProblem
from services.measurement.domain.file_row import FileRow
from services.measurement.domain.places import PlaceBook, key_text
from services.measurement.store import identities, intake_rows
from services.measurement.store.children import Standing, standing
from services.measurement.store.intake_rows import RowOutcome
from services.measurement.store.quarantine import StoredHeldRow
from services.measurement.store.register import Place, unknown_places
from services.measurement.store.vault import Vault
from services.measurement.use_cases.entry import Entry, RefusedError
from services.measurement.use_cases.file_children import FileChildren
from services.measurement.use_cases.file_measurements import FileMeasurements
from services.measurement.use_cases.held_rows import HeldContent
from services.measurement.use_cases.record_measurements import child_refusal, point_problem, service_point
from services.measurement.use_cases.resident import Resident
from services.measurement.use_cases.take_file_rows import lock_places, names_of
from services.measurement.use_cases.visits import DatedVisit
from shared.outbox.publish import publish
from shared.postgres.pool import Connection

ABOVE_THE_ROW: Final = frozenset({"desa_code", "posyandu_code", "child_id"})  # what the names of a row stand for
# Judged again from the values themselves; any other doubt stays until its field is given.
JUDGED_AGAIN: Final = frozenset(
    {
        *("sex_missing", "birth_date_missing", "measured_on_missing", "nothing_measured", "no_identity"),
        *("birth_in_future", "measured_in_future", "visit_before_birth", "visit_after_death"),
        "visit_after_departure",
        *("unknown_desa", "ambiguous_desa", "outside_area", "ambiguous_child"),
    }
)
_ROW: Final = TypeAdapter(FileRow)


@dataclass(frozen=True, slots=True)
class AnsweredRow:
    """A held row of a file, what was kept of it, and the values that a person gave or accepted."""

    held: StoredHeldRow
    content: HeldContent
    values: Mapping[str, Any]


async def take_answered_rows(
    connection: Connection,
    intake_id: UUID,
    rows: Sequence[AnsweredRow],
    places: PlaceBook,
    entry: Entry,
    vault: Vault,
) -> list[RowOutcome | RefusedError]:
    """Store rows of one file with their events: the outcome of each, or what is still wrong. ConcurrentChangeError."""
    work = _Work(intake_id, entry, vault)
    codes = await intake_rows.row_codes(connection, intake_id, [row.held.row_number or 0 for row in rows])
    points = await _unknown_points(connection, rows)
    for at, answered in enumerate(rows):
        try:
            row = _complete(answered, entry.today)
            desa_code, posyandu_code, place_name = _place(answered, row, points, places, entry)
        except RefusedError as refusal:
            work.results[at] = refusal
            continue
        remarked = codes[row.row_number]
        work.residents[at] = Resident(row, desa_code, posyandu_code, remarked, vault, place_name)
    named = {at: row.values["child_id"] for at, row in enumerate(rows) if "child_id" in row.values}
    await work.store(connection, {at: child for at, child in named.items() if at in work.residents})
    return [work.results[at] for at in range(len(rows))]


class _Work:
    """Rows by their place in the batch: those still to be stored, and what became of the others."""

    def __init__(self, intake_id: UUID, entry: Entry, vault: Vault) -> None:
        self._intake_id = intake_id
        self._entry = entry
        self._vault = vault
        self.residents: dict[int, Resident] = {}
        self.results: dict[int, RowOutcome | RefusedError] = {}

    async def store(self, connection: Connection, named: Mapping[int, UUID]) -> None:
        """Find or register the children of all rows but those whose child a person `named`, then store the visits."""
        matched = self._checked(await standing(connection, list(named.values())), named)
        sought = {at: resident for at, resident in self.residents.items() if at not in named}
        await lock_places(connection, list(sought.values()))
        children = await FileChildren.load(connection, list(sought.values()), self._vault)
        elsewhere = await self._registered_elsewhere(connection, children, list(sought.values()))
        for at, resident in sought.items():
            if resident.nik_hash in elsewhere and children.is_new(resident):
                self.results[at] = RefusedError(EntryProblem("child_of_another_area", "nik"))
                continue
            gone = children.after_the_end(resident)
            if gone is not None:
                self.results[at] = RefusedError(EntryProblem(gone, "measured_on"))
                continue
            child_id = children.attach(resident, self._entry)
            if child_id is None:
                self.results[at] = RefusedError(EntryProblem("ambiguous_child", "child_id"))
            else:
                matched[at] = child_id
        await children.store(connection, self._entry, self._intake_id)
        visits = FileMeasurements(self._intake_id, children.root_of, self._entry)
        order = sorted(matched)
        stored = await visits.record(connection, [(self.residents[at], matched[at]) for at in order])
        self.results |= dict(zip(order, children.traced(stored), strict=True))
        await publish(connection, [*children.changed, *visits.changed])

    def _checked(self, known: Mapping[UUID, Standing], named: Mapping[int, UUID]) -> dict[int, UUID]:
        """Children that a person named, as far as anything may be recorded of them."""
        fine: dict[int, UUID] = {}
        for at, child_id in named.items():
            child = known.get(child_id)
            refusal = child_refusal(child, self._entry)
            day = self.residents[at].row.measured_on if at in self.residents else None
            gone = after_the_end(day, child.died_on, child.departed_on) if child is not None and day else None
            if refusal is not None:
                self.results[at] = RefusedError(*refusal.problems)
            elif gone is not None:
                self.results[at] = RefusedError(EntryProblem(gone, "measured_on"))
            else:
                fine[at] = child_id
        return fine

    async def _registered_elsewhere(
        self, connection: Connection, children: FileChildren, residents: Sequence[Resident]
    ) -> set[bytes]:
        """Numbers of new children that a child beyond the caller's sight has already."""
        new = {
            resident.nik_hash for resident in residents if resident.nik_hash is not None and children.is_new(resident)
        }
        return await identities.niks_registered(connection, sorted(new)) if new else set()


async def _unknown_points(connection: Connection, rows: Sequence[AnsweredRow]) -> dict[Place, str]:
    points = [point for row in rows if (point := _given_point(row)) is not None]
    return await unknown_places(connection, points) if points else {}


def _given_point(row: AnsweredRow) -> Place | None:
    return service_point(row.values.get("desa_code"), row.values.get("posyandu_code"))


def _complete(answered: AnsweredRow, today: date) -> FileRow:
    """The row with its new values, judged as a new one would be. RefusedError."""
    held, content, values = answered.held, answered.content, answered.values
    known = {**dict.fromkeys(FileRow._fields), "row_number": held.row_number, **content.fields}
    foreign = sorted(values.keys() - known.keys() - ABOVE_THE_ROW)
    problems = [EntryProblem("field_not_of_row", name) for name in foreign]
    problems += [
        EntryProblem(doubt.code, doubt.field)
        for doubt in content.doubts
        if doubt.code not in JUDGED_AGAIN and doubt.field not in values
    ]
    known |= {name: value for name, value in values.items() if name in known}
    required = ("sex", "birth_date", "measured_on")
    problems += [EntryProblem(f"{name}_missing", name) for name in required if known[name] is None]
    if "no_identity" in held.reasons and known["nik"] is None and known["name"] is None:
        problems.append(EntryProblem("no_identity", "name"))
    if problems:
        raise RefusedError(*problems)
    row = _ROW.validate_json(orjson.dumps(known))
    visit = DatedVisit(
        measured_on=row.measured_on,
        weight_kg=row.weight_kg,
        length_height_cm=row.length_height_cm,
        measurement_position=row.measurement_position,
        muac_cm=row.muac_cm,
    )
    problems += visit_problems(visit, row.birth_date, today)
    if row.birth_date > today:
        problems.append(EntryProblem("birth_in_future", "birth_date"))
    if problems:
        raise RefusedError(*problems)
    return row


def _place(
    answered: AnsweredRow, row: FileRow, unknown: Mapping[Place, str], places: PlaceBook, entry: Entry
) -> tuple[str, str | None, str | None]:
    """Desa, posyandu, and the name still unknown: those given, else what the names mean by now. RefusedError."""
    point, place_name = _given_point(answered), None
    if point is not None:
        problems = point_problem(point, unknown)
    else:
        place = places.find(names_of(row))
        point = (place.desa_code or "", place.posyandu_code)
        place_name = None if place.unmapped is None else key_text(place.unmapped)
        problems = [] if place.problem is None else [EntryProblem(place.problem, "desa_code")]
    if not problems and not entry.grant.covers(*point):
        problems = [EntryProblem("outside_area", "desa_code")]
    if problems:
        raise RefusedError(*problems)
    return *point, place_name
