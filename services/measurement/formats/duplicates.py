"""The same child twice in one file: the same values are one measurement, other values are a pair to look at."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import NamedTuple

from services.measurement.domain.file_row import FileRow, JudgedRow, Outcome, Reason
from services.measurement.domain.names import normalise_name


class _Visit(NamedTuple):
    verdict: JudgedRow
    row: FileRow
    name: str  # normalised

    def child(self) -> Hashable:
        """Known by NIK, birth date and sex, else by name, birth date, sex and posyandu (domain.md §1)."""
        row = self.row
        if row.nik is not None:
            return row.nik, row.birth_date, row.sex
        if self.name:
            return self.name, row.birth_date, row.sex, normalise_name(row.posyandu_name or "")
        residence = (row.desa_name, row.posyandu_name, row.address, row.rt, row.rw)
        return row.birth_date, row.sex, row.birth_weight_kg, row.birth_length_cm, residence

    def values(self) -> Hashable:
        """What makes two visits the same one. The name is part of it: twins may carry one NIK."""
        row = self.row
        return self.name, row.weight_kg, row.length_height_cm, row.measurement_position, row.muac_cm

    def note(self, reason: Reason) -> None:
        """Add a note to the verdict."""
        self.verdict.notes.append(reason)


def mark_duplicates(judged: Sequence[JudgedRow], *, has_identity: bool) -> None:
    """Mark repeated rows as duplicates (the first stays) and note pairs and shared NIKs, in place.

    Without identity only a row that repeats everything else is a duplicate, and pairs cannot be told from neighbours.
    """
    visits = [_Visit(verdict, row, normalise_name(row.name or "")) for verdict in judged if (row := verdict.row)]
    days: dict[Hashable, list[_Visit]] = {}
    for visit in visits:
        days.setdefault((visit.child(), visit.row.measured_on), []).append(visit)
    for same_day in days.values():
        if len(same_day) > 1:
            _compare(same_day, has_identity=has_identity)
    _note_shared_niks([visit for visit in visits if visit.row.nik is not None])


def _compare(same_day: Sequence[_Visit], *, has_identity: bool) -> None:
    first: dict[Hashable, _Visit] = {}
    for visit in same_day:
        earlier = first.setdefault(visit.values(), visit)
        if earlier is not visit:
            visit.verdict.outcome, visit.verdict.row = Outcome.DUPLICATE, None
            visit.verdict.reasons = [Reason("duplicate_row", "row_number", float(earlier.row.row_number))]
    one_name = len({visit.name for visit in same_day}) == 1
    if has_identity and one_name and len(first) > 1:
        for visit in first.values():
            visit.note(Reason("same_day_other_values", "weight_kg"))


def _note_shared_niks(visits: Sequence[_Visit]) -> None:
    """One NIK on children of different birth date or name."""
    holders: dict[str | None, list[_Visit]] = {}
    for visit in visits:
        holders.setdefault(visit.row.nik, []).append(visit)
    for same_nik in holders.values():
        if len({(visit.row.birth_date, visit.name) for visit in same_nik}) > 1:
            for visit in same_nik:
                visit.note(Reason("nik_shared", "nik"))
