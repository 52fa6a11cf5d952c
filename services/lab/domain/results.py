"""A reported value on its way into the record: unit recognised, converted once, held against what is possible."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import Final

from services.lab.domain.catalogue_rows import Analyte
from services.lab.domain.findings import contradiction, read_findings
from services.lab.domain.result_problems import ResultProblem
from services.lab.domain.units import Unit, exact, rounded, written
from shared.calendar import JAKARTA

LONGEST_ORIGINAL: Final = 80


@dataclass(frozen=True, slots=True)
class Draw:
    """When the blood was taken; the time of day may be unknown."""

    on: date
    at: datetime | None = None

    @property
    def key(self) -> str:
        """Part of a result's natural key: one draw, one value of a test."""
        return self.on.isoformat() if self.at is None else f"{self.at.timestamp():.0f}"


@dataclass(frozen=True, slots=True)
class Converted:
    """A value in the canonical unit, and as it came."""

    value: float
    canonical_unit: str
    loinc: str | None
    original_value: str
    original_unit: str


def draw_of(drawn_on: date | None, drawn_at: datetime | None) -> Draw | ResultProblem:
    """The draw that was stated; its day is that of the place, whatever the offset."""
    if drawn_at is None:
        return ResultProblem("draw_missing", "drawn_at") if drawn_on is None else Draw(drawn_on)
    day = drawn_at.astimezone(JAKARTA).date()
    if drawn_on is not None and drawn_on != day:
        return ResultProblem("draw_differs", "drawn_on")
    return Draw(day, drawn_at)


def draw_problem(draw: Draw, birth_date: date | None, now: datetime) -> ResultProblem | None:
    """A draw lies neither before birth nor in the future."""
    today = now.astimezone(JAKARTA).date()
    late = draw.on > today or (draw.at is not None and draw.at > now)
    early = birth_date is not None and draw.on < birth_date
    return ResultProblem("date_impossible", "drawn_at" if draw.at else "drawn_on") if late or early else None


def read_value(
    analyte: Analyte, value: float | None, unit_text: str | None, comparator: str | None, said: Sequence[str]
) -> Converted | Found | ResultProblem:
    """A reported number with its unit, or what was `said` to be found: one of the two, as the test takes it."""
    if value is None:
        return find_codes(analyte, said) if said else ResultProblem("value_missing", "value")
    if said:
        return ResultProblem("value_and_findings", "findings")
    if not analyte.units:
        allowed = ", ".join(finding.code for finding in analyte.findings)
        return ResultProblem("value_unexpected", "value", value, {"findings": allowed})
    return convert_value(analyte, value, unit_text, comparator)


def convert_value(
    analyte: Analyte, value: float, unit_text: str | None, comparator: str | None
) -> Converted | ResultProblem:
    """`value` in the canonical unit, rounded to the test's decimals; a bound keeps its comparator.

    A value that is impossible in its unit is refused, with the unit it would fit: 112 g/dL is meant in g/L.
    """
    units = ", ".join(analyte.accepted)
    if unit_text is None or not unit_text.strip():
        return ResultProblem("unit_missing", "unit", facts={"units": units})
    unit = analyte.unit(unit_text)
    if unit is None or analyte.canonical is None:
        return ResultProblem("unit_unknown", "unit", facts={"units": units})
    number = exact(value)
    if not _plausible(analyte, number, unit):
        return _implausible(analyte, number, unit, value)
    return Converted(
        value=float(rounded(number * unit.factor, analyte.decimals)),
        canonical_unit=analyte.canonical.name,
        loinc=unit.loinc,
        original_value=(comparator or "") + written(value),
        original_unit=unit_text.strip(),
    )


@dataclass(frozen=True, slots=True)
class Found:
    """Codes of what was found, and the words in which it came."""

    codes: tuple[str, ...]
    loinc: str | None
    original_value: str


def find_codes(analyte: Analyte, said: Sequence[str]) -> Found | ResultProblem:
    """What was found, as codes of the test; words that are none of its findings wait for a person."""
    allowed = ", ".join(finding.code for finding in analyte.findings)
    if not analyte.findings:
        return ResultProblem("findings_unexpected", "findings", _shown(said), {"units": ", ".join(analyte.accepted)})
    codes, strange = read_findings(analyte.findings, said)
    if strange:
        return ResultProblem("finding_unknown", "findings", _shown(strange), {"findings": allowed})
    if contradiction(analyte.findings, codes, several=analyte.several):
        return ResultProblem("findings_contradict", "findings", _shown(codes))
    loinc = analyte.loinc or next((unit.loinc for unit in analyte.units if unit.loinc), None)
    return Found(codes, loinc, _shown(said))


def _shown(words: Sequence[str]) -> str:
    return ", ".join(word.strip() for word in words)[:LONGEST_ORIGINAL]


def _plausible(analyte: Analyte, number: Fraction, unit: Unit) -> bool:
    low, high = analyte.plausible
    return low <= number * unit.factor <= high


def _implausible(analyte: Analyte, number: Fraction, unit: Unit, value: float) -> ResultProblem:
    low, high = (written(float(bound / unit.factor)) for bound in analyte.plausible)
    fitting = [
        other.name
        for other in analyte.units
        if other.accepted and other.factor != unit.factor and _plausible(analyte, number, other)
    ]
    hint_id, hint_en = "kirim nilai yang benar.", "send the right value."
    if fitting:
        fits = " / ".join(fitting)
        hint_id, hint_en = f"apakah satuannya {fits}, bukan {unit.name}?", f"is the unit {fits} instead of {unit.name}?"
    facts = {"low": low, "high": high, "unit": unit.name, "hint_id": hint_id, "hint_en": hint_en}
    return ResultProblem("value_implausible", "value", value, facts)
