"""A row of a file that was held back, taken with the values that a person gave."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final, NamedTuple
from uuid import UUID

import orjson
from pydantic import TypeAdapter

from services.measurement.domain.entry_checks import visit_problems
from services.measurement.domain.entry_problems import EntryProblem
from services.measurement.domain.file_row import FileRow
from services.measurement.domain.places import NamedPlace, PlaceBook
from services.measurement.store import identities, intake
from services.measurement.store.children import standing
from services.measurement.store.intake import RowOutcome
from services.measurement.store.quarantine import StoredHeldRow
from services.measurement.store.register import unknown_places
from services.measurement.store.vault import Vault
from services.measurement.use_cases.entry import Entry, RefusedError
from services.measurement.use_cases.file_children import FileChildren, Resident
from services.measurement.use_cases.file_measurements import FileMeasurements
from services.measurement.use_cases.held_rows import HeldContent
from services.measurement.use_cases.record_measurements import child_refusal, point_problem, service_point
from services.measurement.use_cases.take_file_rows import lock_places
from services.measurement.use_cases.visits import DatedVisit
from shared.contracts.child import ChildV1
from shared.outbox.publish import publish
from shared.postgres.pool import Connection

ABOVE_THE_ROW: Final = frozenset({"desa_code", "posyandu_code", "child_id"})  # what the names of a row stand for
# Judged again from the values themselves; any other doubt stays until its field is given.
JUDGED_AGAIN: Final = frozenset(
    {
        *("sex_missing", "birth_date_missing", "measured_on_missing", "nothing_measured", "no_identity"),
        *("birth_in_future", "measured_in_future", "visit_before_birth"),
        *("unknown_desa", "ambiguous_desa", "outside_area", "ambiguous_child"),
    }
)
_ROW: Final = TypeAdapter(FileRow)


class _Settled(NamedTuple):
    """The child of a row, what its matching changed, and which children are one with another."""

    child_id: UUID
    root_of: Mapping[UUID, UUID]
    changed: list[ChildV1]


async def take_answered_row(
    connection: Connection,
    held: StoredHeldRow,
    content: HeldContent,
    values: Mapping[str, Any],
    places: PlaceBook,
    entry: Entry,
    vault: Vault,
) -> RowOutcome:
    """Store the row with its events. RefusedError for what is still wrong, ConcurrentChangeError."""
    if held.intake_id is None or held.row_number is None:
        raise LookupError(held.quarantine_id)
    row = _complete(held, content, values, entry.today)
    codes = await intake.row_codes(connection, held.intake_id, held.row_number)
    desa_code, posyandu_code = await _place(connection, row, values, places, entry)
    resident = Resident(row, desa_code, posyandu_code, codes, vault)
    settled = await _child(connection, held.intake_id, resident, values.get("child_id"), entry, vault)
    visits = FileMeasurements(held.intake_id, settled.root_of, entry)
    outcome = (await visits.record(connection, [(resident, settled.child_id)]))[0]
    await publish(connection, [*settled.changed, *visits.changed])
    return outcome


def _complete(held: StoredHeldRow, content: HeldContent, values: Mapping[str, Any], today: date) -> FileRow:
    """The row with its new values, judged as a new one would be."""
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


async def _place(
    connection: Connection, row: FileRow, values: Mapping[str, Any], places: PlaceBook, entry: Entry
) -> tuple[str, str | None]:
    """Desa and posyandu: those given, else what the names mean by now."""
    point = service_point(values.get("desa_code"), values.get("posyandu_code"))
    if point is not None:
        problems = point_problem(point, await unknown_places(connection, [point]))
    else:
        names = NamedPlace(row.kabupaten_name, row.kecamatan_name, row.desa_name, row.posyandu_name)
        place = places.find(names)
        point = (place.desa_code or "", place.posyandu_code)
        problems = [] if place.problem is None else [EntryProblem(place.problem, "desa_code")]
    if not problems and not entry.grant.covers(*point):
        problems = [EntryProblem("outside_area", "desa_code")]
    if problems:
        raise RefusedError(*problems)
    return point


async def _child(
    connection: Connection, intake_id: UUID, resident: Resident, child_id: UUID | None, entry: Entry, vault: Vault
) -> _Settled:
    """The child that the person named, else the one that fits, else a new one."""
    if child_id is not None:
        refusal = child_refusal((await standing(connection, [child_id])).get(child_id), entry)
        if refusal is not None:
            raise RefusedError(*refusal.problems)
        return _Settled(child_id, {}, [])
    await lock_places(connection, [resident])
    children = await FileChildren.load(connection, [resident], vault)
    if children.is_new(resident) and await _is_elsewhere(connection, resident):
        raise RefusedError(EntryProblem("child_of_another_area", "nik"))
    found = children.attach(resident, entry)
    if found is None:
        raise RefusedError(EntryProblem("ambiguous_child", "child_id"))
    await children.store(connection, entry, intake_id)
    return _Settled(found, children.root_of, children.changed)


async def _is_elsewhere(connection: Connection, resident: Resident) -> bool:
    return resident.nik_hash is not None and await identities.nik_is_registered(connection, resident.nik_hash)
