"""A result as a client reports it, checked and turned into a fact."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from services.lab.domain.catalogue import Catalogue
from services.lab.domain.result_problems import ResultProblem
from services.lab.domain.results import Converted, Draw, Found, draw_of, draw_problem, read_value
from services.lab.store.held_results import Held
from services.lab.store.holding import HeldChild
from services.lab.store.specimens import Specimen as Tube
from services.lab.use_cases.entry import Entry
from shared.calendar import JAKARTA
from shared.contracts.fact import derived_fact_id, new_fact_id
from shared.contracts.lab import Comparator, LabOrderV1, LabResultV1, Specimen

Number = Annotated[float | None, Field(description="As the analyser prints it, in `unit`.")]
LONGEST_FINDING: Final = 80
MOST_FINDINGS: Final = 20
Word = Annotated[str, Field(min_length=1, max_length=LONGEST_FINDING)]


class ResultValues(BaseModel):
    """What was found, in which blood; `comparator` where the analyser gives only a bound.

    A number with its unit, or `findings`: codes of the catalogue or the words in which a laboratory writes them.
    """

    model_config = ConfigDict(frozen=True)

    value: Number = None
    findings: Annotated[tuple[Word, ...], Field(max_length=MOST_FINDINGS)] = ()
    unit: Annotated[str, Field(max_length=40)] | None = None
    comparator: Comparator | None = None
    drawn_at: AwareDatetime | None = None
    drawn_on: date | None = None
    administered_at: AwareDatetime | None = Field(
        default=None, description="Of a skin test; `drawn_at` is its reading."
    )
    specimen: Specimen | None = None
    method: Annotated[str, Field(max_length=60)] | None = None


class NewResult(ResultValues):
    """One reported value: of an order, or of a child without one."""

    order_id: UUID | None = None
    child_id: UUID | None = None
    specimen_id: UUID | None = None
    test_code: Annotated[str, Field(max_length=40)]
    replaces: UUID | None = Field(default=None, description="Result of another child or order that was meant.")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What rows refer to: only what the caller may see is in here."""

    orders: Mapping[UUID, LabOrderV1]
    children: Mapping[UUID, HeldChild]
    tubes: Mapping[UUID, Tube]
    replaced: Mapping[UUID, LabResultV1]
    catalogue: Catalogue


def build_result(row: NewResult, around: Surroundings, entry: Entry) -> LabResultV1 | list[ResultProblem]:
    """The first revision of the result, or everything that is wrong with the row."""
    order, child, problems = _whose(row, around)
    tube = around.tubes.get(row.specimen_id) if row.specimen_id else None
    problems += _tube_problems(row, tube)
    draw = _draw(row, tube)
    if isinstance(draw, ResultProblem):
        problems.append(draw)
        draw = Draw(entry.now.astimezone(JAKARTA).date())
    elif wrong := draw_problem(draw, child.birth_date if child else None, entry.now):
        problems.append(wrong)
    analyte = around.catalogue.analyte(row.test_code, draw.on)
    if analyte is None:
        return [*problems, ResultProblem("unknown_test", "test_code")]
    read = read_value(analyte, row.value, row.unit, row.comparator, row.findings)
    if isinstance(read, ResultProblem):
        return [*problems, read]
    if row.administered_at is not None and (
        "administration" not in analyte.needs or row.administered_at >= (draw.at or entry.now)
    ):
        problems.append(ResultProblem("administration_impossible", "administered_at"))
    specimen = row.specimen or (tube.specimen if tube else None)
    if specimen is not None and specimen not in analyte.specimens:
        fitting = ", ".join(analyte.specimens)
        problems.append(ResultProblem("specimen_unfit", "specimen", facts={"specimens": fitting}))
    laboratory_code = entry.laboratory_code or (order.laboratory_code if order else None)
    if laboratory_code is None and not problems:
        problems.append(ResultProblem("no_laboratory", "order_id"))
    if problems or laboratory_code is None:
        return problems
    child_id = order.child_id if order else row.child_id
    return LabResultV1.model_validate(
        {
            "fact_id": new_fact_id(),
            "child_id": child_id,
            "epoch": 1,
            "revision": 1,
            "change": "recorded",
            "known_at": entry.known_at,
            "order_id": row.order_id,
            "laboratory_code": laboratory_code,
            "test_code": row.test_code,
            "loinc": read.loinc,
            "drawn_on": draw.on,
            "drawn_at": draw.at,
            "administered_at": row.administered_at,
            "reported_at": entry.known_at,
            "specimen": specimen or "other",
            **_what(read, row.comparator),
            "method": row.method,
            "replaces": row.replaces,
        }
    )


def _what(read: Converted | Found, comparator: str | None) -> dict[str, Any]:
    """The part of a result that says what was measured or found."""
    if isinstance(read, Found):
        return {"findings": read.codes, "original_value": read.original_value}
    return {
        "value": read.value,
        "comparator": comparator,
        "canonical_unit": read.canonical_unit,
        "original_value": read.original_value,
        "original_unit": read.original_unit,
    }


def held_row(row: NewResult, around: Surroundings, entry: Entry, reason: str) -> Held:
    """A row with nothing wrong but `reason`, which a person can decide, as it is held; sent again it is the same."""
    order, _, _ = _whose(row, around)
    child_id = order.child_id if order else row.child_id
    draw = _draw(row, around.tubes.get(row.specimen_id) if row.specimen_id else None)
    if child_id is None or isinstance(draw, ResultProblem):
        raise ValueError("more is wrong with the row than its test or unit")
    laboratory_code = entry.laboratory_code or (order.laboratory_code if order else None)
    label: tuple[str, ...] = (
        "held",
        laboratory_code or "",
        row.test_code,
        draw.key,
        row.comparator or "",
        repr(row.value),
    )
    if row.unit is not None and row.unit.strip():
        label += (row.unit.strip(),)
    if row.findings:
        label += ("found", *row.findings)
    return Held(
        held_id=derived_fact_id(row.order_id or child_id, "/".join(label)),
        child_id=child_id,
        laboratory_code=laboratory_code,
        received_at=entry.known_at,
        reported=row.model_dump(mode="json", exclude_none=True),
        reason=reason,
    )


def _whose(row: NewResult, around: Surroundings) -> tuple[LabOrderV1 | None, HeldChild | None, list[ResultProblem]]:
    problems = []
    order = around.orders.get(row.order_id) if row.order_id else None
    child_id = order.child_id if order else row.child_id
    child = around.children.get(child_id) if child_id else None
    if row.order_id is None and row.child_id is None:
        problems.append(ResultProblem("order_or_child_missing", "order_id"))
    elif row.order_id is not None and order is None:
        problems.append(ResultProblem("unknown_order", "order_id"))
    elif order is not None and row.child_id not in {None, order.child_id}:
        problems.append(ResultProblem("order_of_another_child", "child_id"))
    elif order is None and (child is None or not child.known):
        problems.append(ResultProblem("unknown_child", "child_id"))
    replaced = around.replaced.get(row.replaces) if row.replaces else None
    if row.replaces is not None and replaced is None:
        problems.append(ResultProblem("unknown_replaced", "replaces"))
    elif replaced is not None and (replaced.order_id, replaced.child_id) == (row.order_id, child_id):
        problems.append(ResultProblem("replaces_same", "replaces"))
    return order, child, problems


def _tube_problems(row: NewResult, tube: Tube | None) -> list[ResultProblem]:
    if row.specimen_id is None:
        return []
    if tube is None or tube.order_id != row.order_id:
        return [ResultProblem("unknown_specimen", "specimen_id")]
    return [ResultProblem("specimen_rejected", "specimen_id")] if tube.rejected_at else []


def _draw(row: NewResult, tube: Tube | None) -> Draw | ResultProblem:
    if tube is None:
        return draw_of(row.drawn_on, row.drawn_at)
    of_tube = Draw(tube.drawn_on, tube.drawn_at)
    if row.drawn_on is None and row.drawn_at is None:
        return of_tube
    stated = draw_of(row.drawn_on, row.drawn_at)
    if isinstance(stated, Draw) and (
        stated.on != of_tube.on or (stated.at and of_tube.at and stated.key != of_tube.key)
    ):
        return ResultProblem("draw_differs", "drawn_at" if stated.at else "drawn_on")
    return stated
