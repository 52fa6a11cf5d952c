"""An observation as a laboratory stated it, as it would be reported for the first time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from services.lab.domain.catalogue import Catalogue
from services.lab.domain.catalogue_rows import Analyte
from services.lab.domain.findings import read_findings, understood
from services.lab.domain.reports import LONGEST_WORD, Reported
from services.lab.domain.result_problems import ResultProblem
from services.lab.use_cases.new_result import LONGEST_FINDING, MOST_FINDINGS, NewResult


def test_code(row: Reported, catalogue: Catalogue) -> str:
    """The catalogue's code; a test that is not in it keeps the code or words it came with."""
    return ((catalogue.code_of_loinc(row.test) if row.loinc else None) or row.test)[:LONGEST_WORD]


def new_result_of(row: Reported, code: str, laboratory: str, catalogue: Catalogue) -> NewResult | ResultProblem:
    """The row as it would be reported for the first time; a retraction needs no value."""
    if row.laboratory_code not in {None, laboratory}:
        return ResultProblem("laboratory_differs", "laboratory")
    analytes = catalogue.rows.get(code, ())
    value, findings = _what(row, analytes)
    if value is None and not findings and row.statement in {"final", "corrected"}:
        wrong = "value_not_numeric" if row.findings else "value_missing"
        return ResultProblem(wrong, "value")
    if row.loinc and row.statement in {"final", "corrected"}:
        other = _other_code(row, analytes)
        if other is not None:
            return other
    values: dict[str, Any] = {
        "order_id": row.order_id,
        "child_id": row.child_id,
        "test_code": code,
        "value": value,
        "comparator": None if value is None else row.comparator,
        "unit": None if value is None else row.unit,
        "findings": findings,
        "drawn_on": row.drawn_on,
        "drawn_at": row.drawn_at,
        "administered_at": row.administered_at
        if any("administration" in analyte.needs for analyte in analytes)
        else None,
        "specimen": row.specimen,
        "method": row.method,
    }
    return NewResult.model_validate(values)


def _what(row: Reported, analytes: Sequence[Analyte]) -> tuple[float | None, tuple[str, ...]]:
    """The number or the findings of a row, by what its test is; of a test nobody knows the number, if there is one."""
    known = next((analyte.findings for analyte in analytes if analyte.findings), ())
    said = tuple(understood(known, ways)[:LONGEST_FINDING] for ways in row.findings)[:MOST_FINDINGS]
    takes_numbers = not analytes or any(analyte.units for analyte in analytes)
    if row.value is not None and takes_numbers and (not said or read_findings(known, said)[1]):
        return row.value, ()
    return (None, said) if said and (known or not analytes) else (row.value, ())


def _other_code(row: Reported, analytes: Sequence[Analyte]) -> ResultProblem | None:
    """A unit of the test that is reported under another LOINC code: mass and substance are different tests."""
    if not any(analyte.units for analyte in analytes):
        return None
    written = [unit for analyte in analytes if (unit := analyte.unit(row.unit or ""))]
    if not written or any(unit.loinc == row.test for unit in written):
        return None
    fitting = {unit.name for analyte in analytes for unit in analyte.units if unit.loinc == row.test}
    return ResultProblem("unit_unknown", "unit", facts={"units": ", ".join(sorted(fitting))})
