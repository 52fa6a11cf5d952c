"""The visits of an area as rows of the ministry's file: unsealed, scored by the one engine, in official order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from services.measurement.domain.file_row import FileRow
from services.measurement.domain.place_names import PlaceNames
from services.measurement.domain.places import NamedEntry
from services.measurement.store import identities, register
from services.measurement.store.primary_visits import PrimaryVisit, list_visits
from services.measurement.store.vault import Identity, SealBrokenError, Vault
from services.measurement.use_cases.official_scores import Scored, our_scores
from shared.contracts.child import OfficialScores
from shared.postgres.pool import Connection

AgeWords = Callable[[date, date], str]
IDENTITIES_AT_ONCE: Final = 500  # unsealed between two breaths of the event loop
FIRST_DATA_ROW: Final = 2


@dataclass(frozen=True, slots=True)
class DesaRows:
    """Rows of one desa (or posyandu) in order, whose they are, how many of them have an identity that does not open."""

    rows: Sequence[FileRow]
    child_ids: set[UUID]
    unreadable: int


async def place_names(connection: Connection) -> PlaceNames:
    """All names of the register as it is now."""
    kinds = {"kelurahan": "desa"}
    entries = [
        NamedEntry(
            "posyandu" if row["entry"] == "posyandu" else kinds.get(row["level"], row["level"]),
            row["code"],
            row["name"],
            row["parent_code"],
        )
        for row in await register.named_entries(connection)
    ]
    return PlaceNames(entries, await register.puskesmas_by_desa(connection))


async def export_rows(
    connection: Connection,
    place_code: str,
    days: tuple[date, date],
    names: PlaceNames,
    age_words: AgeWords,
    vault: Vault,
) -> DesaRows:
    """Everything of a desa or posyandu on these days (first, last), by posyandu, name and day.

    The place of a row is where the child lives now: that is where its next visit is entered, and how a file that comes
    back finds the child again.
    """
    visits = await list_visits(connection, place_code, *days)
    known, broken = await _identities(connection, sorted({visit.child_id for visit in visits}), vault)
    scores = our_scores([Scored(visit.sex, visit.birth_date, visit) for visit in visits])
    rows = sorted(zip(visits, scores, strict=True), key=lambda pair: _order(pair[0], known[pair[0].child_id]))
    made = [_row(visit, official, known[visit.child_id], names, age_words) for visit, official in rows]
    return DesaRows(made, set(known), sum(visit.child_id in broken for visit in visits))


async def _identities(
    connection: Connection, child_ids: Sequence[UUID], vault: Vault
) -> tuple[dict[UUID, Identity], set[UUID]]:
    """Unsealed identities, and whose seal does not open: one of them must not keep a kabupaten from its file."""
    known: dict[UUID, Identity] = {}
    broken: set[UUID] = set()
    for part in _parts(child_ids):
        sealed = await identities.find(connection, part)
        for child_id in part:
            row = sealed.get(child_id)  # none: erased
            try:
                known[child_id] = {} if row is None else vault.open_identity(child_id, row.sealed)
            except SealBrokenError:
                known[child_id] = {}
                broken.add(child_id)
    return known, broken


def _parts(child_ids: Sequence[UUID]) -> Iterator[Sequence[UUID]]:
    for start in range(0, len(child_ids), IDENTITIES_AT_ONCE):
        yield child_ids[start : start + IDENTITIES_AT_ONCE]


def _order(visit: PrimaryVisit, identity: Identity) -> tuple[object, ...]:
    posyandu = visit.posyandu_code
    name = identity.get("name", "").casefold()
    return posyandu is None, posyandu or "", name, visit.birth_date, visit.child_id, visit.measured_on


def _row(
    visit: PrimaryVisit, official: OfficialScores, identity: Identity, names: PlaceNames, age_words: AgeWords
) -> FileRow:
    place = names.of(visit.desa_code, visit.posyandu_code)
    return FileRow(
        row_number=FIRST_DATA_ROW,
        nik=identity.get("nik"),
        name=identity.get("name"),
        sex=visit.sex,  # type: ignore[arg-type]  # one who has none is written with `-`
        birth_date=visit.birth_date,
        birth_weight_kg=visit.birth_weight_kg,
        birth_length_cm=visit.birth_length_cm,
        parent_name=identity.get("parent_name"),
        province_name=place.province,
        kabupaten_name=place.kabupaten,
        kecamatan_name=place.kecamatan,
        puskesmas_name=place.puskesmas,
        desa_name=place.desa,
        posyandu_name=place.posyandu,
        rt=identity.get("rt"),
        rw=identity.get("rw"),
        address=identity.get("address"),
        age_text=age_words(visit.birth_date, visit.measured_on),
        measured_on=visit.measured_on,
        weight_kg=visit.weight_kg,
        length_height_cm=visit.length_height_cm,
        measurement_position=visit.measurement_position,
        muac_cm=visit.muac_cm,
        official_waz=official.waz,
        official_waz_class=official.waz_class,
        official_haz=official.haz,
        official_haz_class=official.haz_class,
        official_whz=official.whz,
        official_whz_class=official.whz_class,
        reported_letter=visit.reported_letter,
        pmt_kg=None,  # we keep neither food received nor vitamin A by visit, nor the check list of development
        vitamin_a_doses=None,
        kpsp=None,
        kia=None if visit.has_growth_card is None else "yes" if visit.has_growth_card else "no",
    )
