"""A row of a ministry file after it has been read: the values, and what was said about them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any, Literal, NamedTuple

Sex = Literal["male", "female"]
Position = Literal["lying", "standing"]
Value = str | float | date | None
ZRow = tuple[float | None, float | None, float | None]  # HAZ, WAZ, WHZ


class Outcome(StrEnum):
    """What becomes of a row; the five counts always add up to the rows of the file."""

    TAKEN = "taken"
    REPAIRED = "repaired"
    QUARANTINED = "quarantined"
    DUPLICATE = "duplicate"
    BLANK = "blank"


class Reason(NamedTuple):
    """One remark on one row: a code of `problems.py`, the field, the value as read and the one probably meant.

    `proposed` maps field names to values; one click writes them (`PATCH` of the held-back row).
    """

    code: str
    field: str
    value: Value = None
    proposed: tuple[tuple[str, Value], ...] = ()


class FileRow(NamedTuple):
    """One child on one day. Names of places are as given: a file never creates an area or a posyandu.

    `official_*` = score and class as the ministry's export states them, kept beside ours and never used as ours.
    `reported_letter` = N/T/O/B as the kader wrote it.
    """

    row_number: int
    nik: str | None
    name: str | None
    sex: Sex
    birth_date: date
    birth_weight_kg: float | None
    birth_length_cm: float | None
    parent_name: str | None
    province_name: str | None
    kabupaten_name: str | None
    kecamatan_name: str | None
    puskesmas_name: str | None
    desa_name: str | None
    posyandu_name: str | None
    rt: str | None
    rw: str | None
    address: str | None
    age_text: str | None
    measured_on: date
    weight_kg: float | None
    length_height_cm: float | None
    measurement_position: Position | None
    muac_cm: float | None
    official_waz: float | None
    official_waz_class: str | None
    official_haz: float | None
    official_haz_class: str | None
    official_whz: float | None
    official_whz_class: str | None
    reported_letter: str | None
    pmt_kg: float | None
    vitamin_a_doses: float | None
    kpsp: str | None
    kia: str | None


@dataclass(slots=True)
class JudgedRow:
    """The verdict on row `row_number` (as the spreadsheet counts lines). `row` is there if taken or repaired.

    `reasons` say why it is not simply taken, `notes` what else was seen. `z` = our HAZ, WAZ, WHZ with the stated
    position (lying or standing by age where none is stated), shown with what is held back. `draft` = what could be read
    of a row that is held back: any value may be missing.
    """

    row_number: int
    outcome: Outcome
    row: FileRow | None = None
    reasons: list[Reason] = field(default_factory=list)
    notes: list[Reason] = field(default_factory=list)
    z: ZRow = (None, None, None)
    draft: FileRow | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        """As a tuple of values: files of 40,000 rows come from another process."""
        return JudgedRow, (self.row_number, self.outcome, self.row, self.reasons, self.notes, self.z, self.draft)
