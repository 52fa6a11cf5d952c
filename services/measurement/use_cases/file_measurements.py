"""The measurements of a file's rows: new, corrected, or known already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Final
from uuid import UUID

from services.measurement.domain.file_row import FileRow
from services.measurement.store import intake_rows
from services.measurement.store.fact_rows import ConcurrentChangeError
from services.measurement.store.intake_rows import RowOutcome
from services.measurement.store.measurements import (
    FILE_MEASUREMENTS,
    FILE_VALUES,
    Reading,
    file_digest,
    readings_of,
)
from services.measurement.use_cases.entry import Entry
from services.measurement.use_cases.official_scores import Scored, follows, our_scores
from services.measurement.use_cases.resident import Resident
from shared.contracts.child import MeasurementV1, OfficialScores, Position
from shared.contracts.fact import new_fact_id, revised
from shared.postgres.pool import Connection

SOURCE: Final = "eppgbm"
FILE_VOIDED: Final = "file_voided"  # the whole file was taken back: unlike a person's void it says nothing of the visit
_OFFICIAL: Final = {
    "haz": "official_haz",
    "waz": "official_waz",
    "whz": "official_whz",
    "haz_class": "official_haz_class",
    "waz_class": "official_waz_class",
    "whz_class": "official_whz_class",
}
Visit = tuple[UUID, object]  # child, day


class FileMeasurements:
    """The readings a chunk is about. `changed` holds the new revisions after `record`.

    `root_of` leads from a merged child to its survivor: what was recorded under either is one child's day.
    """

    def __init__(
        self, intake_id: UUID, root_of: Mapping[UUID, UUID], entry: Entry, used: set[UUID] | None = None
    ) -> None:
        self._intake_id = intake_id
        self._root_of = root_of
        self._entry = entry
        self._readings: dict[Visit, list[Reading]] = {}
        self._by_others: dict[Visit, list[Reading]] = {}
        self._ours: dict[UUID, OfficialScores] = {}  # scores of what is stored, by fact
        self._used: set[UUID] = set() if used is None else used
        self._row_numbers: dict[UUID, int] = {}
        self._new: dict[UUID, MeasurementV1] = {}
        self._corrected: dict[UUID, MeasurementV1] = {}
        self.changed: list[MeasurementV1] = []

    async def record(self, connection: Connection, rows: Sequence[tuple[Resident, UUID]]) -> list[RowOutcome]:
        """Store what is new; the outcome of every row. ConcurrentChangeError: try the chunk again."""
        facts = [self._fact(resident, child_id) for resident, child_id in rows]
        await self._load(connection, facts)
        self._score(rows)
        await self._note_used(connection, facts)
        outcomes = [self._place(fact, resident) for fact, (resident, _) in zip(facts, rows, strict=True)]
        new = sorted(self._new.values(), key=lambda fact: (fact.child_id, fact.measured_on, fact.source))
        corrected = sorted(self._corrected.values(), key=lambda fact: (fact.child_id, fact.fact_id))
        origin = self._entry.origin(self._intake_id, self._row_numbers)
        if len(await FILE_MEASUREMENTS.insert_missing(connection, new, origin)) != len(new):
            raise ConcurrentChangeError("another file has just recorded one of these visits")
        await FILE_MEASUREMENTS.replace(connection, corrected, origin)
        self.changed = [*new, *corrected]
        return outcomes

    async def foresee(self, connection: Connection, rows: Sequence[tuple[Resident, UUID]]) -> list[RowOutcome]:
        """What `record` would say of every row; nothing is stored. `used` of the earlier chunks is to be handed on."""
        facts = [self._fact(resident, child_id) for resident, child_id in rows]
        await self._load(connection, facts)
        self._score(rows)
        return [self._place(fact, resident) for fact, (resident, _) in zip(facts, rows, strict=True)]

    async def _load(self, connection: Connection, facts: Sequence[MeasurementV1]) -> None:
        """What is recorded of these days, also under children that have been merged since: by files, and by others."""
        family: dict[UUID, list[UUID]] = {}
        for child_id, root_id in self._root_of.items():
            family.setdefault(root_id, []).append(child_id)
        visits = {
            (member, fact.measured_on) for fact in facts for member in (fact.child_id, *family.get(fact.child_id, ()))
        }
        for reading in await readings_of(connection, sorted(visits)):
            fact = reading.fact
            if fact.void_reason == FILE_VOIDED:
                continue
            is_of_file = fact.source.partition("#")[0] == SOURCE
            root_id = self._root_of.get(fact.child_id, fact.child_id)
            known = self._readings if is_of_file else self._by_others
            known.setdefault((root_id, fact.measured_on), []).append(reading)

    def _score(self, rows: Sequence[tuple[Resident, UUID]]) -> None:
        """Our scores of what is stored, so that a row which states no others adds nothing."""
        scored = {
            reading.fact.fact_id: Scored(resident.row.sex, resident.row.birth_date, reading.fact)
            for resident, child_id in rows
            for known in (self._readings, self._by_others)
            for reading in known.get((child_id, resident.row.measured_on), ())
        }
        self._ours = dict(zip(scored, our_scores(list(scored.values())), strict=True))

    async def _note_used(self, connection: Connection, facts: Sequence[MeasurementV1]) -> None:
        """Which stored readings earlier chunks of this file were about; asked only where a row differs from all."""
        doubtful = [
            reading.fact.fact_id
            for fact in facts
            if (readings := self._readings.get((fact.child_id, fact.measured_on)))
            and not any(self._says(reading, fact) for reading in readings)
            for reading in readings
        ]
        if doubtful:
            self._used |= await intake_rows.used_facts(connection, self._intake_id, doubtful)

    def _place(self, fact: MeasurementV1, resident: Resident) -> RowOutcome:
        """Find the reading of this row among those of the day, or make one."""
        readings = self._readings.setdefault((fact.child_id, fact.measured_on), [])
        known = min((r for r in readings if self._says(r, fact)), key=lambda r: r.fact.voided, default=None)
        if known is None:
            known = self._sent_by_others(fact)
        if known is not None:
            codes = (*resident.codes, "voided_before") if known.fact.voided else resident.codes
            return self._outcome("unchanged", known.fact, resident, codes)
        living = [reading for reading in readings if not reading.fact.voided]
        free = next((reading for reading in living if reading.fact.fact_id not in self._used), None)
        if free is None:
            return self._add(fact, resident, readings, is_second=bool(living))
        values = {name: getattr(fact, name) for name in FILE_VALUES}
        values["measurement_position"] = fact.measurement_position or free.fact.measurement_position
        free.fact = revised(free.fact, "corrected", self._entry.now, **values)
        free.digest = file_digest(free.fact)
        self._corrected[free.fact.fact_id] = free.fact
        outcome = self._outcome("corrected", free.fact, resident, resident.codes)
        return outcome._replace(revision=free.fact.revision)

    def _says(self, reading: Reading, fact: MeasurementV1) -> bool:
        """Whether a row says what a file has said before, or what is stored: a person's correction outlives the file.

        A row that states no position unsays none, and scores that follow from the stored values are no news: so what we
        export comes back unchanged, with and without the column `Cara Ukur`.
        """
        if reading.digest == file_digest(fact) or _repeats(reading.fact, fact, self._ours.get(reading.fact.fact_id)):
            return True
        if fact.measurement_position is not None or reading.digest is None:
            return False
        positions: tuple[Position, ...] = ("lying", "standing")
        placed = (fact.model_copy(update={"measurement_position": position}) for position in positions)
        return any(reading.digest == file_digest(other) for other in placed)

    def _sent_by_others(self, fact: MeasurementV1) -> Reading | None:
        """What an API client has recorded of this day with the very values of the row: one measurement, not two."""
        for reading in self._by_others.get((fact.child_id, fact.measured_on), ()):
            stored = reading.fact
            if not stored.voided and _repeats(stored, fact, self._ours.get(stored.fact_id)):
                return reading
        return None

    def _add(self, fact: MeasurementV1, resident: Resident, readings: list[Reading], *, is_second: bool) -> RowOutcome:
        if is_second:
            fact = fact.model_copy(update={"source": _next_source(readings)})
        readings.append(Reading(fact, file_digest(fact)))
        self._new[fact.fact_id] = fact
        codes = (*resident.codes, "same_day_other_values") if is_second else resident.codes
        return self._outcome("accepted", fact, resident, codes)._replace(revision=fact.revision)

    def _outcome(self, outcome: str, fact: MeasurementV1, resident: Resident, codes: tuple[str, ...]) -> RowOutcome:
        self._used.add(fact.fact_id)
        if outcome != "unchanged":
            self._row_numbers[fact.fact_id] = resident.row.row_number
        place = (fact.child_id, fact.fact_id, resident.place_name)
        return RowOutcome(resident.row.row_number, outcome, tuple(dict.fromkeys(codes)), *place)

    def _fact(self, resident: Resident, child_id: UUID) -> MeasurementV1:
        row = resident.row
        return MeasurementV1(
            fact_id=new_fact_id(),
            epoch=1,
            revision=1,
            change="recorded",
            known_at=self._entry.known_at,
            recorded_at=self._entry.known_at,
            channel="file",
            source=SOURCE,
            child_id=child_id,
            measured_on=row.measured_on,
            weight_kg=row.weight_kg,
            length_height_cm=row.length_height_cm,
            measurement_position=row.measurement_position,
            muac_cm=row.muac_cm,
            desa_code=resident.desa_code,
            posyandu_code=resident.posyandu_code,
            reported_letter=row.reported_letter,  # type: ignore[arg-type]  # the reader knows N, T, O, B only
            official=_official(row),
        )


def _official(row: FileRow) -> OfficialScores | None:
    values = {name: value for name, source in _OFFICIAL.items() if (value := getattr(row, source)) is not None}
    return OfficialScores(**values) if values else None


def _repeats(stored: MeasurementV1, fact: MeasurementV1, ours: OfficialScores | None) -> bool:
    """Whether a row states the stored values and no scores but the stored or our own."""
    if fact.official != stored.official and not follows(fact.official, ours):
        return False
    position = fact.measurement_position
    return position in {None, stored.measurement_position} and _measured(fact) == _measured(stored)


_measured: Final = attrgetter("weight_kg", "length_height_cm", "muac_cm", "reported_letter")


def _next_source(readings: Sequence[Reading]) -> str:
    """`eppgbm#2` for the second reading of a day, and so on."""
    taken = {reading.fact.source for reading in readings}
    number = 2
    while f"{SOURCE}#{number}" in taken:
        number += 1
    return f"{SOURCE}#{number}"
