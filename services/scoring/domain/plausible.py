"""Entry limits: values no under-five can have, with a hint at what was probably meant. Nothing is corrected here.

What is outside is held back before it is scored. Of what is inside, `plausibility` tells what is probably wrong beside
the child's other values and those of its session (see `hint_states` for who does what).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Int8s = npt.NDArray[np.int8]

GRAMS_PER_KG = 1000.0


class Entry(IntEnum):
    """What is wrong with a value; the name in lower case, after `implausible_weight` etc., is the hint."""

    FINE = 0  # or not measured
    BELOW = 1
    ABOVE = 2
    SWAPPED = 3  # weight and length/height exchanged
    GRAMS = 4
    MILLIMETRES = 5


@dataclass(frozen=True, slots=True)
class Entries:
    """`Entry` codes per column."""

    weight: Int8s
    length_height: Int8s
    head_circumference: Int8s
    muac: Int8s


def judge(
    weight_kg: Floats,
    length_height_cm: Floats,
    head_circumference_cm: Floats,
    muac_cm: Floats,
    limits: dict[str, tuple[float, float]],
) -> Entries:
    """Judge each value by the limits of a rule set (`RuleSet.plausible`). NaN = not measured = fine."""
    weight = _outside(weight_kg, limits["weight_kg"])
    length = _outside(length_height_cm, limits["length_height_cm"])
    muac = _outside(muac_cm, limits["muac_cm"])
    grams = (weight > 0) & _within(weight_kg / GRAMS_PER_KG, limits["weight_kg"])
    weight[grams] = Entry.GRAMS
    swapped = (length > 0) & _within(length_height_cm, limits["weight_kg"])
    swapped &= (weight > 0) & _within(weight_kg, limits["length_height_cm"])
    weight[swapped] = length[swapped] = Entry.SWAPPED
    muac[_within(muac_cm, limits["muac_mm"])] = Entry.MILLIMETRES
    return Entries(weight, length, _outside(head_circumference_cm, limits["head_circumference_cm"]), muac)


def _outside(values: Floats, limits: tuple[float, float]) -> Int8s:
    return (values < limits[0]) * np.int8(Entry.BELOW) + (values > limits[1]) * np.int8(Entry.ABOVE)


def _within(values: Floats, limits: tuple[float, float]) -> npt.NDArray[np.bool_]:
    return (values >= limits[0]) & (values <= limits[1])
