"""Laboratory results by hand, for tests of readings."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from services.scoring.domain.lab_results import LabResult, Reading
from services.scoring.domain.readings import Subject, read_results
from services.scoring.domain.ruleset import load

BORN: Final = date(2024, 3, 15)
UNITS: Final = {rule.test_code: rule.unit for rule in load().laboratory.readings.values()}
DRAWN: Final = date(2026, 4, 20)  # at 25 months
COAST_M: Final = 12.0


def result(number: int, test_code: str, value: float | None, drawn_on: date = DRAWN, **changes: Any) -> LabResult:
    """A venous result in the canonical unit, reported the day after the draw."""
    document: dict[str, Any] = {
        "fact_id": UUID(int=number),
        "test_code": test_code,
        "drawn_on": drawn_on,
        "drawn_at": None,
        "reported_at": datetime(drawn_on.year, drawn_on.month, drawn_on.day, 3, tzinfo=UTC) + timedelta(days=1),
        "specimen": "venous",
        "value": value,
        "comparator": None,
        "canonical_unit": UNITS.get(test_code),
    }
    return LabResult(**{**document, **changes})


def finds(number: int, test_code: str, *codes: str, drawn_on: date = DRAWN, **changes: Any) -> LabResult:
    """A result of a qualitative test."""
    return result(number, test_code, None, drawn_on, findings=codes, canonical_unit=None, **changes)


def skin(number: int, millimetres: float | None, hours: float | None = 50, **changes: Any) -> LabResult:
    """A Mantoux test read so many hours after the injection."""
    read = datetime(DRAWN.year, DRAWN.month, DRAWN.day, 3, tzinfo=UTC)
    injected = None if hours is None else read - timedelta(hours=hours)
    told = {"drawn_at": read, "administered_at": injected, "specimen": "skin"}
    return result(number, changes.pop("test_code", "mantoux"), millimetres, **{**told, **changes})


def bound(number: int, test_code: str, text: str, drawn_on: date = DRAWN, **changes: Any) -> LabResult:
    """A result written as `<5`, `>=200` or `12`."""
    comparator = text.rstrip("0123456789.") or None
    return result(number, test_code, float(text.lstrip("<>=")), drawn_on, comparator=comparator, **changes)


def read_all(
    *results: LabResult,
    born: date | None = BORN,
    elevation_m: float | None = COAST_M,
    malnutrition: tuple[tuple[date, bool], ...] = (),
) -> dict[str, Reading]:
    """Readings by rule."""
    found = read_results(results, Subject(born, elevation_m, malnutrition), load().laboratory)
    return {reading.rule_id: reading for reading in found}


def said(reading: Reading) -> tuple[str, str]:
    """The verdict and its class."""
    return reading.abnormal, reading.grade
