"""What one visit must satisfy before it is stored (domain.md §1 and §2: dates, entry limits, zero is no measurement).

Refused is what a client can mend at once; held back for a person is what may be true or may have a likely meaning.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final, Protocol

from services.measurement.domain.entry_problems import EntryProblem
from services.measurement.domain.plausible import (
    HEAD_CIRCUMFERENCE_CM,
    LENGTH_HEIGHT_CM,
    MM_PER_CM,
    MUAC_CM,
    MUAC_MM,
    TEMPERATURE_C,
    TEMPERATURE_F,
    WEIGHT_KG,
    Limits,
)

_LIMITS: Final[tuple[tuple[str, Limits, str], ...]] = (
    ("weight_kg", WEIGHT_KG, "implausible_weight"),
    ("length_height_cm", LENGTH_HEIGHT_CM, "implausible_length_height"),
    ("head_circumference_cm", HEAD_CIRCUMFERENCE_CM, "implausible_head_circumference"),
    ("muac_cm", MUAC_CM, "implausible_muac"),
    ("temperature_c", TEMPERATURE_C, "implausible_temperature"),
)
# Grams or a lost decimal point; metres, millimetres or a lost point.
_LIKELY_FACTORS: Final = {"weight_kg": (1 / 1000, 1 / 10, 10.0), "length_height_cm": (1 / 10, 100.0, 10.0)}


class Visit(Protocol):
    """The values of a visit, in the units their names say; None = not measured."""

    @property
    def measured_on(self) -> date: ...  # noqa: D102 - the names say it
    @property
    def weight_kg(self) -> float | None: ...  # noqa: D102
    @property
    def length_height_cm(self) -> float | None: ...  # noqa: D102
    @property
    def head_circumference_cm(self) -> float | None: ...  # noqa: D102
    @property
    def muac_cm(self) -> float | None: ...  # noqa: D102
    @property
    def oedema(self) -> bool | None: ...  # noqa: D102
    @property
    def danger_signs(self) -> tuple[str, ...] | None: ...  # noqa: D102
    @property
    def temperature_c(self) -> float | None: ...  # noqa: D102


def visit_problems(
    visit: Visit, birth_date: date, today: date, *, died_on: date | None = None, departed_on: date | None = None
) -> list[EntryProblem]:
    """Everything wrong with a visit of a child born on `birth_date`; empty = it may be stored."""
    gone = after_the_end(visit.measured_on, died_on, departed_on)
    found = [] if gone is None else [EntryProblem(gone, "measured_on", "quarantine", visit.measured_on.isoformat())]
    return [*found, *_date_problems(visit.measured_on, birth_date, today), *_value_problems(visit)]


def after_the_end(measured_on: date, died_on: date | None, departed_on: date | None) -> str | None:
    """The code of a visit after death or departure: one of the two dates is wrong, and a person knows which."""
    if died_on is not None and measured_on > died_on:
        return "visit_after_death"
    return "visit_after_departure" if departed_on is not None and measured_on > departed_on else None


def _date_problems(measured_on: date, birth_date: date, today: date) -> Iterator[EntryProblem]:
    if measured_on < birth_date:
        yield EntryProblem("visit_before_birth", "measured_on", "quarantine", measured_on.isoformat())
    if measured_on > today:
        yield EntryProblem("measured_in_future", "measured_on", "quarantine", measured_on.isoformat())


def _value_problems(visit: Visit) -> Iterator[EntryProblem]:
    weight, height, muac = visit.weight_kg, visit.length_height_cm, visit.muac_cm
    measured = not (weight is height is muac is visit.head_circumference_cm is visit.temperature_c is None)
    # That no danger sign is there is worth a visit: it ends an urgent one. That there is no oedema comes with a weight.
    if not measured and not visit.oedema and visit.danger_signs is None:
        yield EntryProblem("nothing_measured", "weight_kg")
        return
    if weight is not None and height is not None and _swapped(weight, height):
        proposed = (("weight_kg", height), ("length_height_cm", weight))
        yield EntryProblem("weight_height_swapped", "weight_kg", "quarantine", weight, proposed)
        return
    for field, limits, code in _LIMITS:
        value: float | None = getattr(visit, field)
        if value is None or limits.hold(value):
            continue
        if value == 0:
            yield EntryProblem("zero_is_no_measurement", field)
        elif field == "muac_cm" and MUAC_MM.hold(value):
            meant = ((field, round(value / MM_PER_CM, 1)),)
            yield EntryProblem("muac_in_mm", field, "quarantine", value, meant)
        elif field == "temperature_c" and TEMPERATURE_F.hold(value):
            meant = ((field, round((value - 32) / 1.8, 1)),)
            yield EntryProblem("temperature_in_fahrenheit", field, "quarantine", value, meant)
        else:
            yield EntryProblem(code, field, "quarantine", value, _meant(field, limits, value))


def _swapped(weight: float, height: float) -> bool:
    fits = WEIGHT_KG.hold(weight) and LENGTH_HEIGHT_CM.hold(height)
    return not fits and WEIGHT_KG.hold(height) and LENGTH_HEIGHT_CM.hold(weight)


def _meant(field: str, limits: Limits, value: float) -> tuple[tuple[str, float], ...]:
    for factor in _LIKELY_FACTORS.get(field, ()):
        if limits.hold(value * factor):
            return ((field, round(value * factor, 3)),)
    return ()
