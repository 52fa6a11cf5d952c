"""Which of our visits each row of the ministry's file is about: children found by intake's own rule, nothing changed.

Sex and birth date are part of how a child is known, so a row that has either wrong finds nobody. Such a row is asked
for again as it would stand with the other sex, with day and month of birth exchanged, and born a day before or after.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from services.measurement.domain.dates import swap_day_and_month
from services.measurement.domain.file_row import FileRow, Outcome
from services.measurement.domain.places import NamedPlace, PlaceBook
from services.measurement.domain.same_child import AmbiguousChildError
from services.measurement.store.primary_visits import PrimaryVisit
from services.measurement.store.vault import Vault
from services.measurement.use_cases.file_children import FileChildren
from services.measurement.use_cases.resident import Resident
from shared.auth.areas import AreaGrant
from shared.postgres.pool import Connection

ROWS_AT_ONCE: Final = 500
_DAY: Final = timedelta(days=1)


class TheirRow(NamedTuple):
    """A row of the file as it was judged: `row` = its values as far as they can be read, `reasons` = what was said."""

    row_number: int
    outcome: Outcome
    row: FileRow | None
    reasons: tuple[str, ...] = ()


class Matched(NamedTuple):
    """A row with our visit, or with why there is none: `cause` and `reasons`. A child outside the area is not named."""

    theirs: TheirRow
    visit: PrimaryVisit | None
    cause: str | None = None
    reasons: tuple[str, ...] = ()
    child_id: UUID | None = None


class Scope(NamedTuple):
    """What is compared: the visits of an area in a month (first and last day)."""

    area_code: str
    first: date
    last: date

    def covers(self, desa_code: str | None, posyandu_code: str | None) -> bool:
        """Whether a place lies in the area."""
        return AreaGrant((self.area_code,)).covers(desa_code, posyandu_code)


class _Found(NamedTuple):
    """The child of a row, and whether it lives in the area; or the reasons why there is none."""

    child_id: UUID | None
    is_inside: bool
    reasons: tuple[str, ...] = ()


async def match_their_rows(
    connection: Connection,
    rows: Sequence[TheirRow],
    visits: Sequence[PrimaryVisit],
    scope: Scope,
    places: PlaceBook,
    vault: Vault,
) -> list[Matched]:
    """Every row once, in the order of the file; no visit twice."""
    matched = {at: found for at, row in enumerate(rows) if (found := _hopeless(row, scope)) is not None}
    asked = [at for at in range(len(rows)) if at not in matched]
    children: dict[int, _Found] = {}
    for start in range(0, len(asked), ROWS_AT_ONCE):
        part = asked[start : start + ROWS_AT_ONCE]
        children |= await _find_children(connection, {at: rows[at] for at in part}, scope, places, vault)
    matched |= await asyncio.to_thread(lambda: dict(_pair(rows, children, visits)))
    return [matched[at] for at in range(len(rows))]


def _hopeless(theirs: TheirRow, scope: Scope) -> Matched | None:
    """What can be told of a row without looking for its child."""
    row = theirs.row
    if theirs.outcome is Outcome.DUPLICATE:
        return Matched(theirs, None, "duplicate", theirs.reasons)
    if row is None or None in {row.sex, row.birth_date, row.measured_on}:
        return Matched(theirs, None, "not_compared", ("unreadable", *theirs.reasons))
    if not scope.first <= row.measured_on <= scope.last:
        return Matched(theirs, None, "not_compared", ("other_month",))
    if row.nik is None and row.name is None:
        return Matched(theirs, None, "not_compared", ("no_identity",))
    return None


async def _find_children(
    connection: Connection, rows: Mapping[int, TheirRow], scope: Scope, places: PlaceBook, vault: Vault
) -> dict[int, _Found]:
    residents = {at: _resident(theirs.row, places, vault) for at, theirs in rows.items() if theirs.row is not None}
    found = await _look_up(connection, residents, scope)
    for change in range(_CHANGES):
        unknown = {
            at: changed
            for at, resident in residents.items()
            if found[at].child_id is None and (changed := _changed(resident, change, vault)) is not None
        }
        found |= {at: hit for at, hit in (await _look_up(connection, unknown, scope)).items() if hit.child_id}
    return found


def _resident(row: FileRow, places: PlaceBook, vault: Vault) -> Resident:
    place = places.find(NamedPlace(row.kabupaten_name, row.kecamatan_name, row.desa_name, row.posyandu_name))
    return Resident(row, place.desa_code or "", place.posyandu_code, (), vault)


_CHANGES: Final = 4


def _changed(resident: Resident, change: int, vault: Vault) -> Resident | None:
    """The row as it would stand without one mistake; None where that is no other row."""
    row = resident.row
    born: tuple[date | None, ...] = (
        row.birth_date,
        swap_day_and_month(row.birth_date),
        row.birth_date - _DAY,
        row.birth_date + _DAY,
    )
    birth_date = born[change]
    if birth_date is None:
        return None
    sex = row.sex if change else ("male" if row.sex == "female" else "female")
    changed = row._replace(sex=sex, birth_date=birth_date)
    return Resident(changed, resident.desa_code, resident.posyandu_code, (), vault)


async def _look_up(connection: Connection, residents: Mapping[int, Resident], scope: Scope) -> dict[int, _Found]:
    if not residents:
        return {}
    index, stored = await FileChildren.known(connection, list(residents.values()))
    found = {}
    for at, resident in residents.items():
        try:
            known = index.find(resident.claim())
        except AmbiguousChildError:
            found[at] = _Found(None, is_inside=True, reasons=("ambiguous_child",))
            continue
        if known is not None:
            home = stored[known.child_id].residences[-1]
            found[at] = _Found(known.child_id, scope.covers(home["desa_code"], home["posyandu_code"]))
        elif not resident.desa_code:
            found[at] = _Found(None, is_inside=True, reasons=("unknown_desa", "unknown_child"))
        else:
            inside = scope.covers(resident.desa_code, resident.posyandu_code)
            found[at] = _Found(None, inside, ("unknown_child",) if inside else ("outside_area",))
    return found


def _pair(
    rows: Sequence[TheirRow], children: Mapping[int, _Found], visits: Sequence[PrimaryVisit]
) -> Iterator[tuple[int, Matched]]:
    """Rows and visits of one child: first by day, then what is left by the nearest day."""
    ours: dict[UUID, dict[date, PrimaryVisit]] = {}
    for visit in visits:
        ours.setdefault(visit.child_id, {})[visit.measured_on] = visit
    by_child: dict[UUID, list[int]] = {}
    for at, found in children.items():
        if found.child_id is None:
            cause = "missing_here" if found.is_inside and "ambiguous_child" not in found.reasons else "not_compared"
            yield at, Matched(rows[at], None, cause, found.reasons)
        else:
            by_child.setdefault(found.child_id, []).append(at)
    for child_id, own in by_child.items():
        known = ours.get(child_id, {})
        best = _best_of_days(rows, own, known)
        left = [visit for day, visit in known.items() if day not in best]
        for at in sorted(own):
            yield at, _settle(rows[at], children[at], at, best, left)


def _best_of_days(
    rows: Sequence[TheirRow], own: Sequence[int], known: Mapping[date, PrimaryVisit]
) -> dict[date, tuple[int, PrimaryVisit | None]]:
    """By day: the one row that stands for it (that equals ours, else the first), with our visit of that day if any."""
    days: dict[date, list[int]] = {}
    for at in sorted(own):
        row = rows[at].row
        if row is not None:
            days.setdefault(row.measured_on, []).append(at)
    best: dict[date, tuple[int, PrimaryVisit | None]] = {}
    for day, candidates in days.items():
        visit = known.get(day)
        best[day] = (min(candidates, key=lambda at: not _equals(rows[at].row, visit)), visit)
    return best


def _settle(
    theirs: TheirRow,
    found: _Found,
    at: int,
    best: Mapping[date, tuple[int, PrimaryVisit | None]],
    left: list[PrimaryVisit],
) -> Matched:
    row = theirs.row
    if row is None:
        raise ValueError("a row without values has no child")
    chosen, visit = best[row.measured_on]
    if chosen != at:
        return Matched(theirs, None, "duplicate", ("same_day_other_values",), found.child_id)
    if visit is not None:
        return Matched(theirs, visit)
    if left:
        nearest = min(left, key=lambda other: abs(other.measured_on - row.measured_on))
        left.remove(nearest)
        return Matched(theirs, nearest)
    if not found.is_inside:
        return Matched(theirs, None, "not_compared", ("outside_area",))
    return Matched(theirs, None, "missing_here", ("no_visit",), found.child_id)


def _equals(row: FileRow | None, visit: PrimaryVisit | None) -> bool:
    if row is None or visit is None:
        return False
    return (row.weight_kg, row.length_height_cm) == (visit.weight_kg, visit.length_height_cm)
