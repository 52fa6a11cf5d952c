"""What the fold reads of the facts: one tuple per revision, in the order of the columns that the store selects."""

from __future__ import annotations

from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from shared.calendar import month_of

Slot = tuple[UUID, int, int]  # a revision: fact, epoch, revision


class Place(NamedTuple):
    """Where a child counts: residence desa and home posyandu; an empty posyandu is unmapped, not unknown."""

    desa_code: str
    posyandu_code: str


class ChildRevision(NamedTuple):
    """One revision of a child fact. `residences` ascend by their first day."""

    child_id: UUID
    epoch: int
    revision: int
    known_at: datetime
    sex: str | None
    birth_date: date
    residences: tuple[tuple[date, Place], ...]
    died_on: date | None
    departed_on: date | None
    merged_into: UUID | None
    voided: bool
    has_growth_card: bool | None = None

    @property
    def slot(self) -> Slot:
        """Which revision this is; the fact of a child has the child's id."""
        return self[0:3]


class MeasurementRevision(NamedTuple):
    """One revision of a measurement fact."""

    child_id: UUID
    measurement_id: UUID
    epoch: int
    revision: int
    known_at: datetime
    measured_on: date
    recorded_at: datetime
    channel: str
    is_remeasurement: bool
    weight_kg: float | None
    length_height_cm: float | None
    voided: bool

    @property
    def slot(self) -> Slot:
        """Which revision this is."""
        return self[1:4]


class AssessmentRevision(NamedTuple):
    """One revision of an assessment; it names the measurement revision it judged."""

    child_id: UUID
    assessment_id: UUID
    epoch: int
    revision: int
    known_at: datetime
    measurement_id: UUID
    measurement_epoch: int
    measurement_revision: int
    voided: bool
    is_primary: bool
    haz: float | None
    waz: float | None
    whz: float | None
    baz: float | None
    haz_flagged: bool
    waz_flagged: bool
    whz_flagged: bool
    baz_flagged: bool
    oedema: bool
    letter: str | None
    twice_not_gained: bool
    below_red_line: bool
    tier: str

    @property
    def slot(self) -> Slot:
        """Which revision this is."""
        return self[1:4]

    @property
    def judges(self) -> Slot:
        """The measurement revision that this is about."""
        return self[5:8]


class Judged(NamedTuple):
    """A measurement revision with an assessment of it, known from the later of the two on."""

    known_at: datetime
    month: date  # of the measurement
    order: tuple[int, int, UUID]
    measurement: MeasurementRevision
    assessment: AssessmentRevision

    @property
    def voided(self) -> bool:
        """Counted nowhere."""
        return self.measurement.voided or self.assessment.voided


def precedence(judged: Judged) -> tuple[date, bool, bool, bool, datetime, int]:
    """What decides which of several measurements speaks for a month: the greatest does.

    The latest day; on one day the primary, then re-measurement > API > file, then the latest recorded, then the
    smallest id (domain: anthropometry). The primary comes first, not alone: a re-weighing on the same day does not
    take the height of that day away.
    """
    measurement = judged.measurement
    return (
        measurement.measured_on,
        judged.assessment.is_primary,
        measurement.is_remeasurement,
        measurement.channel == "api",
        measurement.recorded_at,
        -measurement.measurement_id.int,
    )


def judge(measurements: list[MeasurementRevision], assessments: list[AssessmentRevision]) -> dict[UUID, list[Judged]]:
    """Every pair of a measurement revision and an assessment of it, by measurement.

    An assessment that arrived before the revision it names waits outside, and so does a revision nobody judged yet.
    """
    revisions = {row.slot: row for row in measurements}
    judged: dict[UUID, list[Judged]] = {}
    for assessment in assessments:
        measurement = revisions.get(assessment.judges)
        if measurement is not None and measurement.child_id == assessment.child_id:
            known_at = max(measurement.known_at, assessment.known_at)
            order = (assessment.epoch, assessment.revision, assessment.assessment_id)
            pair = Judged(known_at, month_of(measurement.measured_on), order, measurement, assessment)
            judged.setdefault(assessment.measurement_id, []).append(pair)
    return judged
