"""The verdict on every row: taken, repaired, held back with reasons, duplicate or blank."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

import numpy as np

from services.measurement.domain.age_text import age_agrees, read_age
from services.measurement.domain.dates import swap_day_and_month
from services.measurement.domain.file_row import FileRow, JudgedRow, Outcome, Reason, Value, ZRow
from services.measurement.domain.nik import soft_flags
from services.measurement.domain.problems import is_note
from services.measurement.domain.proposals import Proposal
from services.measurement.domain.recompute import INDICES
from services.measurement.formats.columns import ROW_FIELDS, Columns
from services.measurement.formats.empty_lines import EmptyLines
from services.measurement.formats.reader import Table
from services.measurement.formats.scores import ScoreCheck

DAYS_PER_MONTH: Final = 30.4375
SCORED_BELOW_MONTHS: Final = 60
REGION_DIGITS: Final = 4  # province and kabupaten of an NIK
_FILE_FIELDS: Final = frozenset({"nik", "name"})
_IMPLAUSIBLE: Final = {"weight_kg": "implausible_weight", "length_height_cm": "implausible_length_height"}
_MISSING: Final = {"weight_kg": "weight_missing", "length_height_cm": "length_height_missing"}
_MEASURES: Final = ("weight_kg", "length_height_cm", "muac_cm")


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was found out about the file as a whole, by row."""

    table: Table
    columns: Columns
    check: ScoreCheck
    slips: dict[int, Proposal | None]
    lines: EmptyLines
    shifted: dict[int, str]
    today: date
    rows: list[FileRow] = field(init=False)
    z: list[ZRow] = field(init=False)
    repaired: dict[int, float] = field(init=False)  # row → weight that a date was

    def __post_init__(self) -> None:
        columns, numbers = self.columns, range(self.table.row_number(0), self.table.row_number(self.columns.size))
        rows = map(FileRow._make, zip(numbers, *map(columns.values, ROW_FIELDS), strict=True))
        object.__setattr__(self, "rows", list(rows))
        object.__setattr__(self, "z", self.check.z_rows())
        weights = {int(row): float(self.check.inputs.weight_kg[row]) for row in np.flatnonzero(self.check.repaired)}
        object.__setattr__(self, "repaired", weights)


def judge_rows(evidence: Evidence) -> list[JudgedRow]:
    """One verdict per row of the table, in file order; duplicates are marked by `duplicates.mark_duplicates`."""
    remarks = evidence.columns.remarks()
    region = _home_region(evidence.columns.values("nik"))
    has_identity = bool(_FILE_FIELDS & evidence.columns.present)
    differing = _differing_indices(evidence.check)
    judged = []
    for index in range(evidence.columns.size):
        if index in evidence.lines.blank:
            judged.append(JudgedRow(evidence.table.row_number(index), Outcome.BLANK))
            continue
        if index in evidence.shifted:  # what its cells seem to say is about other columns
            judged.append(_shifted(evidence, index))
            continue
        found = [*remarks.get(index, ()), *_required(evidence.columns, index, has_identity=has_identity)]
        found += _date_remarks(evidence, index)
        found = _weigh_slip(evidence, index, found)
        found += _nik_remarks(evidence.columns, index, region)
        found += [Reason("recompute_differs", field) for field in differing.get(index, ())]
        judged.append(_verdict(evidence, index, found))
    return judged


def _shifted(evidence: Evidence, index: int) -> JudgedRow:
    """Held back with what stands before the break; what was read behind it belongs to other columns."""
    positions, broken = evidence.table.positions, evidence.shifted[index]
    behind = {field for field, at in positions.items() if at >= positions[broken]}
    row = evidence.rows[index]
    draft = FileRow._make(None if field in behind else value for field, value in row._asdict().items())
    return JudgedRow(row.row_number, Outcome.QUARANTINED, None, [Reason("cells_shifted", broken)], draft=draft)


def _verdict(evidence: Evidence, index: int, found: Sequence[Reason]) -> JudgedRow:
    notes = [reason for reason in found if is_note(reason.code)]
    reasons = [reason for reason in found if not is_note(reason.code)]
    outcome = Outcome.TAKEN
    if any(reason.code != "weight_from_date" for reason in reasons):
        outcome = Outcome.QUARANTINED
    elif reasons:
        outcome = Outcome.REPAIRED
    row = evidence.rows[index]
    if index in evidence.repaired:
        row = row._replace(weight_kg=evidence.repaired[index])
    kept, draft = (None, row) if outcome is Outcome.QUARANTINED else (row, None)
    return JudgedRow(row.row_number, outcome, kept, reasons, notes, evidence.z[index], draft)


def _required(columns: Columns, index: int, *, has_identity: bool) -> list[Reason]:
    """What a row cannot do without. A cell that is there but unreadable has its own remark already."""
    found = [
        Reason(f"{field}_missing", field)
        for field in ("sex", "birth_date", "measured_on")
        if (cell := columns.parsed[field][index]).value is None and cell.problem is None
    ]
    nik, name = columns.parsed["nik"][index], columns.parsed["name"][index]
    if has_identity and nik.value is None and name.value is None and nik.problem != "nik_damaged":
        found.append(Reason("no_identity", "nik"))
    empty = [field for field in _MEASURES if _has_no_value(columns, field, index)]
    if len(empty) == len(_MEASURES):
        return [*found, Reason("nothing_measured", "weight_kg")]
    return found + [Reason(_MISSING[field], field) for field in empty if field in _MISSING]


def _has_no_value(columns: Columns, field: str, index: int) -> bool:
    cell = columns.parsed[field][index]
    return cell.value is None and (cell.problem is None or field == "muac_cm")


def _date_remarks(evidence: Evidence, index: int) -> list[Reason]:
    birth: date | None = evidence.columns.parsed["birth_date"][index].value
    seen: date | None = evidence.columns.parsed["measured_on"][index].value
    found = []
    if birth is not None and birth > evidence.today:
        found.append(Reason("birth_in_future", "birth_date", birth))
    if seen is not None and seen > evidence.today:
        found.append(Reason("measured_in_future", "measured_on", seen))
    if birth is None or seen is None:
        return found
    age_cell = evidence.columns.raw["age_text"][index]
    age = read_age(age_cell)
    if age is not None and not age_agrees(age, birth, seen):
        # A wrong order of day and month explains more than "in the future" or "before birth" does.
        for swapped in _swaps(birth, seen, evidence.today):
            if age.days is not None and age_agrees(age, swapped["birth_date"], swapped["measured_on"]):
                changed = tuple((k, v) for k, v in swapped.items() if v not in (birth, seen))
                return [Reason("date_day_month_swapped", changed[0][0], None, changed)]
        found.append(Reason("age_text_differs", "age_text", _text(age_cell)))
    if seen < birth:
        found.append(Reason("visit_before_birth", "measured_on", seen))
    elif (seen - birth).days / DAYS_PER_MONTH >= SCORED_BELOW_MONTHS:
        found.append(Reason("over_sixty_months", "birth_date", birth))
    return found


def _swaps(birth: date, seen: date, today: date) -> list[dict[str, date]]:
    """Both dates with day and month exchanged in one or both, as far as such dates could be true."""
    births, days = (birth, swap_day_and_month(birth)), (seen, swap_day_and_month(seen))
    pairs = [(b, d) for b in births for d in days if b is not None and d is not None]
    return [{"birth_date": b, "measured_on": d} for b, d in pairs if (b, d) != (birth, seen) and b <= d <= today]


def _weigh_slip(evidence: Evidence, index: int, found: list[Reason]) -> list[Reason]:
    """Impossible weights and heights with what they meant; a proven date becomes a repair."""
    columns = evidence.columns
    if index in evidence.repaired:
        weight = evidence.repaired[index]
        repair = columns.reason(index, "weight_kg", "weight_from_date")
        found = [reason for reason in found if reason.code != "weight_is_date"]
        return [*found, Reason(repair.code, repair.field, repair.value, (("weight_kg", weight),))]
    if index not in evidence.slips:
        return found
    proposal = evidence.slips[index]
    if proposal is not None:
        found = [*found, _slip_reason(columns, index, proposal)]
    unexplained = {
        "weight_kg": proposal is None or proposal.weight_kg is None,
        "length_height_cm": proposal is None or proposal.length_height_cm is None,
    }
    return found + [
        Reason(_IMPLAUSIBLE[field], field, columns.parsed[field][index].value)
        for field, outside in evidence.check.outside.items()
        if outside[index] and unexplained[field]
    ]


def _slip_reason(columns: Columns, index: int, proposal: Proposal) -> Reason:
    meant: dict[str, Value] = {"weight_kg": proposal.weight_kg, "length_height_cm": proposal.length_height_cm}
    field = "length_height_cm" if proposal.code.startswith("length") else "weight_kg"
    changed = tuple((name, v) for name, v in meant.items() if v is not None and v != columns.parsed[name][index].value)
    return Reason(proposal.code, field, columns.parsed[field][index].value, changed)


def _nik_remarks(columns: Columns, index: int, region: str | None) -> list[Reason]:
    nik, birth = columns.parsed["nik"][index].value, columns.parsed["birth_date"][index].value
    sex = columns.parsed["sex"][index].value
    if nik is None or birth is None or sex is None:
        return []
    return [Reason(code, "nik") for code in soft_flags(nik, birth, sex, home_region=region)]


def _home_region(niks: Sequence[str | None]) -> str | None:
    """The kabupaten that more than half of the file's NIKs come from."""
    regions = Counter(nik[:REGION_DIGITS] for nik in niks if nik is not None)
    if not regions:
        return None
    region, count = regions.most_common(1)[0]
    return region if 2 * count > regions.total() else None


def _differing_indices(check: ScoreCheck) -> dict[int, list[str]]:
    fields = {"HAZ": "official_haz", "WAZ": "official_waz", "WHZ": "official_whz"}
    rows: dict[int, list[str]] = {}
    for index in INDICES:
        for row in np.flatnonzero(check.failed[index]):
            rows.setdefault(int(row), []).append(fields[index])
    return rows


def _text(cell: object) -> str | None:
    return cell if isinstance(cell, str) else None
