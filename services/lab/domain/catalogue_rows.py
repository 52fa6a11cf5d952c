"""One row of the catalogue: read, and checked the same way whether it is shipped or entered by the district."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any, Final

from services.lab.domain.findings import Finding, finding_problems
from services.lab.domain.loinc import is_loinc
from services.lab.domain.result_problems import ResultProblem
from services.lab.domain.units import Unit, plain, scale

STATUSES: Final = ("S", "S2", "P")
KINDS: Final = ("quantity", "findings")
NEEDS: Final = ("draw_time", "crp", "assay", "administration")  # what a value says nothing without
SPECIMENS: Final = ("venous", "capillary", "stool", "urine", "skin", "other")
MOST_DECIMALS: Final = 6
REQUIRED: Final = ("code", "name_id", "name_en", "from", "specimens", "needs", "status", "source")
REQUIRED_OF_QUANTITY: Final = ("canonical_unit", "units", "decimals", "plausible")
_UNIT: Final = "units[{}]"


@dataclass(frozen=True, slots=True)
class Analyte:
    """One test of the catalogue as it holds from a day on; limits and range are in the canonical unit.

    A quantity has units, and may have findings that stand for a number (not readable). Of kind `findings` it has no
    unit, hence no number; `loinc` is then its own code, None for one that LOINC does not know (yet).
    """

    code: str
    name_id: str
    name_en: str
    valid_from: date
    kind: str
    canonical: Unit | None
    units: tuple[Unit, ...]
    decimals: int
    plausible: tuple[Fraction, Fraction]
    critical_below: Decimal | None
    critical_above: Decimal | None
    leader: str | None
    specimens: tuple[str, ...]
    needs: tuple[str, ...]
    status: str
    source: str
    loinc: str | None = None
    findings: tuple[Finding, ...] = ()
    several: bool = False  # whether more than one may be found at once
    confidential: bool = False  # results only for those who treat the child
    version: str = ""  # whose row this is, and the day it holds from: kept with every result that it reads
    entry: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)  # as it was written

    def unit(self, text: str) -> Unit | None:
        """The unit written as `text`, among those that may be reported."""
        spelling = plain(text)
        return next((unit for unit in self.units if unit.accepted and spelling in unit.spellings), None)

    @property
    def accepted(self) -> tuple[str, ...]:
        """Names of the units that may be reported."""
        return tuple(unit.name for unit in self.units if unit.accepted)

    @property
    def loincs(self) -> frozenset[str]:
        """Every LOINC code under which it is reported."""
        return frozenset(filter(None, (self.loinc, *(unit.loinc for unit in self.units))))


def read_row(entry: Mapping[str, Any], origin: str) -> tuple[Analyte | None, list[ResultProblem]]:
    """The row and everything that is wrong with it; no row where something is missing or no number.

    `origin` is the version of the shipped catalogue, or `district`. TypeError or KeyError where the entry has not the
    shape of one: the doors see to that.
    """
    kind = entry.get("kind", KINDS[0])
    wanted = (*REQUIRED, *(REQUIRED_OF_QUANTITY if kind == KINDS[0] else ()))
    problems = [
        ResultProblem("field_missing", name, facts={"name": name}) for name in wanted if entry.get(name) in (None, "")
    ]
    problems += _factors_that_are_none(entry.get("units") or ())
    if problems:
        return None, problems
    valid_from = entry["from"]
    units = tuple(map(_unit, entry["units"])) if kind == KINDS[0] else ()
    low, high = entry["plausible"] if units else (0, 1)
    row = Analyte(
        code=entry["code"],
        name_id=entry["name_id"],
        name_en=entry["name_en"],
        valid_from=date.fromisoformat(valid_from) if isinstance(valid_from, str) else valid_from,
        kind=kind,
        canonical=next((unit for unit in units if unit.name == entry["canonical_unit"] and unit.factor == 1), None),
        units=units,
        decimals=entry["decimals"] if units else 0,
        plausible=(Fraction(str(low)), Fraction(str(high))),
        critical_below=_limit(entry.get("critical_below")),
        critical_above=_limit(entry.get("critical_above")),
        leader=entry.get("leader"),
        specimens=tuple(entry["specimens"]),
        needs=tuple(entry["needs"]),
        status=entry["status"],
        source=entry["source"],
        loinc=entry.get("loinc"),
        findings=tuple(map(_finding, entry.get("findings") or ())),
        several=entry.get("several", False),
        confidential=entry.get("confidential", False),
        version=f"{origin}/{valid_from}",
        entry=entry,
    )
    return row, list(_problems(row))


def problems_beside(row: Analyte, rows: Mapping[str, tuple[Analyte, ...]]) -> Iterator[ResultProblem]:
    """What is wrong with a row beside those of other tests."""
    others = {code: found for code, found in rows.items() if code != row.code}
    if row.leader is not None and row.leader not in others:
        yield ResultProblem("leader_unknown", "leader", row.leader)
    for code, found in sorted(others.items()):
        for loinc in sorted(row.loincs & frozenset[str]().union(*(each.loincs for each in found))):
            yield ResultProblem("loinc_taken", "units", loinc, {"test_code": code})


def _problems(row: Analyte) -> Iterator[ResultProblem]:
    low, high = row.plausible
    if row.kind not in KINDS:
        yield ResultProblem("kind_unknown", "kind", row.kind)
    if row.kind == "findings" and ("units" in row.entry or not row.findings):
        yield ResultProblem("findings_without_unit", "findings")
    if row.units:
        yield from _unit_problems(row)
    if row.loinc is not None and not is_loinc(row.loinc):
        yield ResultProblem("loinc_invalid", "loinc", row.loinc)
    yield from finding_problems(row.findings)
    if low >= high:
        yield ResultProblem("plausible_empty", "plausible")
    if not 0 <= row.decimals <= MOST_DECIMALS:
        yield ResultProblem("decimals_impossible", "decimals", row.decimals)
    yield from limit_problems(row, row.critical_below, row.critical_above)
    if not set(row.needs) <= set(NEEDS):
        yield ResultProblem("needs_unknown", "needs", facts={"known": ", ".join(NEEDS)})
    if row.status not in STATUSES:
        yield ResultProblem("evidence_status_unknown", "status", row.status)
    if not row.specimens or not set(row.specimens) <= set(SPECIMENS):
        yield ResultProblem("specimens_unknown", "specimens", facts={"known": ", ".join(SPECIMENS)})


def limit_problems(row: Analyte, low: Decimal | None, high: Decimal | None) -> Iterator[ResultProblem]:
    """What is wrong with critical limits of a test, the catalogue's or a laboratory's."""
    if low is not None and high is not None and low >= high:
        yield ResultProblem("limits_reversed", "critical_below", float(low))
    for name, value in (("critical_below", low), ("critical_above", high)):
        if value is not None and not row.plausible[0] <= value <= row.plausible[1]:
            bounds = {side: f"{float(bound):g}" for side, bound in zip(("low", "high"), row.plausible, strict=True)}
            unit = {"unit": row.canonical.name if row.canonical else "-"}
            yield ResultProblem("limit_implausible", name, float(value), bounds | unit)


def _unit_problems(row: Analyte) -> Iterator[ResultProblem]:
    """Units are told apart, the canonical one is among them, and prefixes mean what they mean."""
    if row.canonical is None:
        yield ResultProblem("canonical_not_among", "canonical_unit", row.entry["canonical_unit"])
    written = [plain(name) for unit in row.units for name in (unit.name, *unit.aliases)]
    if len(set(written)) < len(written):
        yield ResultProblem("units_alike", "units")
    bases: dict[str, set[str]] = {}
    for place, unit in enumerate(row.units):
        if unit.loinc is not None and not is_loinc(unit.loinc):
            yield ResultProblem("loinc_invalid", f"{_UNIT.format(place)}.loinc", unit.loinc)
        measured, canonical = scale(unit.name), scale(row.canonical.name) if row.canonical else None
        if measured is None:
            continue
        if unit.loinc is not None:
            bases.setdefault(unit.loinc, set()).add(measured[0])
        if canonical and measured[0] == canonical[0] and unit.factor != measured[1] / canonical[1]:
            facts = {"unit": unit.name, "factor": str(measured[1] / canonical[1])}
            yield ResultProblem("unit_factor_wrong", f"{_UNIT.format(place)}.times", facts=facts)
    for loinc, found in bases.items():
        if len(found) > 1:
            yield ResultProblem("loinc_of_two_kinds", "units", loinc)


def _factors_that_are_none(units: Any) -> Iterator[ResultProblem]:
    for place, item in enumerate(units):
        try:
            positive = all(Fraction(item.get(part, "1")) > 0 for part in ("times", "over"))
        except (ValueError, ZeroDivisionError):
            positive = False
        if not positive:
            yield ResultProblem("unit_factor", f"{_UNIT.format(place)}.times", facts={"unit": item["unit"]})


def _finding(item: Mapping[str, Any]) -> Finding:
    return Finding(item["code"], item["id"], item["en"], tuple(item.get("aliases", ())), item.get("alone", False))


def _unit(item: Mapping[str, Any]) -> Unit:
    factor = Fraction(item.get("times", "1")) / Fraction(item.get("over", "1"))
    return Unit(item["unit"], factor, item.get("loinc"), tuple(item["aliases"]), item.get("local", False))


def _limit(text: str | None) -> Decimal | None:
    try:
        return None if text is None else Decimal(text)
    except InvalidOperation:
        raise ValueError(f"{text!r} is no limit") from None
