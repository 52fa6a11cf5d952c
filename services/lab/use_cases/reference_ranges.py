"""A laboratory's reference ranges: entered with the day they hold from, and found for results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from services.lab.domain.reference_ranges import Band, Position, band_of, band_problems, in_canonical_unit, position
from services.lab.domain.result_problems import ResultProblem
from services.lab.domain.routing import area_of
from services.lab.store.catalogue import read_catalogue
from services.lab.store.holding import read_children
from services.lab.store.laboratories import read_laboratories
from services.lab.store.reference_ranges import ReferenceRange, insert_range, read_ranges
from services.lab.use_cases.entry import Entry, RefusedError
from shared.calendar import completed_months
from shared.contracts.lab import LabResultV1
from shared.postgres.pool import Connection
from shared.refusals import UnknownFactError


@dataclass(frozen=True, slots=True)
class NewRanges:
    """All bands of one test, in a unit that the test is reported in."""

    laboratory_code: str
    test_code: str
    valid_from: date
    unit: str
    bands: tuple[Band, ...]
    source_text: str


@dataclass(frozen=True, slots=True)
class Reference:
    """The range beside a result; `band` and `position` are None where age, sex or value give none."""

    ranges: ReferenceRange
    band: Band | None
    position: Position | None


async def save_reference_range(connection: Connection, new: NewRanges, entry: Entry) -> ReferenceRange:
    """The stored row. UnknownFactError where there is no such laboratory; RefusedError says what is wrong.

    Rows are never edited: another begins later than all before it. The first may begin on any day: it is only shown.
    """
    if new.laboratory_code not in {each.code for each in await read_laboratories(connection)}:
        raise UnknownFactError
    problems = []
    if not entry.grant.covers_area(area_of(new.laboratory_code)):
        problems.append(ResultProblem("outside_area", "laboratory_code", new.laboratory_code))
    before = await read_ranges(connection, [new.laboratory_code], [new.test_code])
    if before and before[0].valid_from >= new.valid_from:
        since = {"day": before[0].valid_from.isoformat()}
        problems.append(ResultProblem("range_not_later", "valid_from", new.valid_from.isoformat(), since))
    problems += band_problems(new.bands)
    analyte = (await read_catalogue(connection)).analyte(new.test_code, new.valid_from)
    unit = None if analyte is None else analyte.unit(new.unit)
    converted: tuple[Band, ...] = ()
    if analyte is None:
        problems.append(ResultProblem("unknown_test", "test_code", new.test_code))
    elif unit is None:
        problems.append(ResultProblem("unit_unknown", "unit", new.unit, {"units": ", ".join(analyte.accepted)}))
    else:
        converted, impossible = in_canonical_unit(new.bands, analyte, unit)
        problems += impossible
    if problems:
        raise RefusedError(*problems)
    stored = ReferenceRange(
        laboratory_code=new.laboratory_code,
        test_code=new.test_code,
        valid_from=new.valid_from,
        unit=new.unit,
        stated=new.bands,
        bands=converted,
        source_text=new.source_text,
        entered_by=entry.account,
        entered_at=entry.known_at,
    )
    if not await insert_range(connection, stored):
        since = {"day": new.valid_from.isoformat()}
        raise RefusedError(ResultProblem("range_not_later", "valid_from", new.valid_from.isoformat(), since))
    return stored


async def references_of(connection: Connection, results: Sequence[LabResultV1]) -> dict[UUID, Reference]:
    """The range of its laboratory in force at the draw of each result that has one.

    Beside the result and never more: no verdict, alert or order looks at it.
    """
    laboratories = {result.laboratory_code for result in results}
    ranges = await read_ranges(connection, laboratories, {result.test_code for result in results})
    if not ranges:
        return {}
    children = await read_children(connection, {result.child_id for result in results})
    found = {}
    for result in results:
        whose = (result.laboratory_code, result.test_code)
        held = [row for row in ranges if (row.laboratory_code, row.test_code) == whose]
        row = next((each for each in held if each.valid_from <= result.drawn_on), None)
        if row is None:
            continue
        child = children.get(result.child_id)
        born = child.birth_date if child else None
        band = None
        if child is not None and born is not None:
            band = band_of(row.bands, child.sex, completed_months(born, result.drawn_on))
        lies = None if band is None or result.value is None else position(result.value, result.comparator, band)
        found[result.fact_id] = Reference(row, band, lies)
    return found
