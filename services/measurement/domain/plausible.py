"""Entry limits: outside them a value is held back with its most likely meaning, never silently dropped (domain.md §2).

These are limits of what may enter a register, far wider than what is healthy; the growth flags are another matter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from services.measurement.domain.cells import Parsed


@dataclass(frozen=True, slots=True)
class Limits:
    """Lowest and highest value that may be entered, both included."""

    lowest: float
    highest: float

    def hold(self, value: float) -> bool:
        """Whether `value` lies within."""
        return self.lowest <= value <= self.highest


# domain.md §2, after the plausible ranges of older WHO anthro versions (case B026).
WEIGHT_KG: Final = Limits(0.9, 58.0)
LENGTH_HEIGHT_CM: Final = Limits(38.0, 150.0)
HEAD_CIRCUMFERENCE_CM: Final = Limits(25.0, 64.0)
MUAC_CM: Final = Limits(6.0, 35.0)
MUAC_MM: Final = Limits(80.0, 300.0)  # the tape was read in millimetres
TEMPERATURE_C: Final = Limits(30.0, 43.0)  # provisional: of a living child, under the arm
TEMPERATURE_F: Final = Limits(86.0, 109.4)  # the thermometer was read in Fahrenheit
# Provisional: wider than any live birth in the real files, narrow enough to show grams and lost decimal points.
BIRTH_WEIGHT_KG: Final = Limits(0.4, 6.5)
BIRTH_LENGTH_CM: Final = Limits(25.0, 65.0)

GRAMS_PER_KG: Final = 1000.0
MM_PER_CM: Final = 10.0


def read_birth_weight(kg: float) -> Parsed[float]:
    """A birth weight in kilograms, else no value and what was probably meant."""
    if BIRTH_WEIGHT_KG.hold(kg):
        return Parsed(kg)
    if BIRTH_WEIGHT_KG.hold(kg / GRAMS_PER_KG):
        return Parsed(None, "birth_weight_in_grams", round(kg / GRAMS_PER_KG, 3))
    if kg >= 10 and BIRTH_WEIGHT_KG.hold(kg / 10):
        return Parsed(None, "birth_weight_lost_decimal", round(kg / 10, 2))
    return Parsed(None, "implausible_birth_weight")


def read_birth_length(cm: float) -> Parsed[float]:
    """A birth length in centimetres, else no value and what was probably meant."""
    if BIRTH_LENGTH_CM.hold(cm):
        return Parsed(cm)
    for factor in (10.0, 1 / 10):
        if BIRTH_LENGTH_CM.hold(cm * factor):
            return Parsed(None, "birth_length_decimal_shifted", round(cm * factor, 1))
    return Parsed(None, "implausible_birth_length")


def read_muac(cm: float) -> Parsed[float]:
    """A mid-upper-arm circumference in centimetres, else no value and what was probably meant."""
    if MUAC_CM.hold(cm):
        return Parsed(cm)
    if MUAC_MM.hold(cm):
        return Parsed(None, "muac_in_mm", round(cm / MM_PER_CM, 1))
    return Parsed(None, "implausible_muac")
