"""What an analyser would say of a simulated child: values in the units that Indonesian laboratories print.

The same order has the same blood however often it is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

HAEMOGLOBIN_MEAN_G_DL: Final = 10.9  # of children suspected of stunting: about half of them anaemic
HAEMOGLOBIN_SD_G_DL: Final = 1.2
INFLAMED_SHARE: Final = 0.18
FERRITIN_MEDIAN_UG_L: Final = 24.0
CRP_FLOOR_MG_L: Final = 0.5  # what the analyser cannot tell from nothing
FERRITIN_FLOOR_UG_L: Final = 5.0
RESULTED_BY: Final = {"blood_count": ("haemoglobin", "haematocrit", "mcv"), "ferritin": ("ferritin",), "crp": ("crp",)}


@dataclass(frozen=True, slots=True)
class Value:
    """One printed value. `comparator` where it is a bound."""

    test_code: str
    value: float
    unit: str
    comparator: str | None = None

    def as_row(self) -> dict[str, Any]:
        """The fields of a result."""
        row: dict[str, Any] = {"test_code": self.test_code, "value": self.value, "unit": self.unit}
        return row if self.comparator is None else row | {"comparator": self.comparator}


def blood_of(rng: np.random.Generator) -> dict[str, Value]:
    """The values of one draw by analyte. Inflammation lifts ferritin; iron that lacks makes cells small."""
    haemoglobin = round(float(np.clip(rng.normal(HAEMOGLOBIN_MEAN_G_DL, HAEMOGLOBIN_SD_G_DL), 4.5, 16.5)), 1)
    inflamed = rng.random() < INFLAMED_SHARE
    crp = round(float(rng.lognormal(2.6, 0.6) if inflamed else rng.lognormal(-0.1, 0.7)), 1)
    pale = min(0.0, haemoglobin - 11.0)
    ferritin = round(
        float(rng.lognormal(np.log(FERRITIN_MEDIAN_UG_L), 0.7) * (1.6 if inflamed else 1.0) * 1.25**pale), 1
    )
    values = (
        Value("haemoglobin", haemoglobin, "g/dL"),
        Value("haematocrit", round(haemoglobin * 3.0 + float(rng.normal(0.3, 0.6)), 1), "%"),
        Value("mcv", round(float(rng.normal(77.0 + 2.5 * pale, 4.0)), 1), "fL"),
        _or_below(Value("ferritin", ferritin, "ng/mL"), FERRITIN_FLOOR_UG_L),
        _or_below(Value("crp", crp, "mg/L"), CRP_FLOOR_MG_L),
    )
    return {value.test_code: value for value in values}


def _or_below(value: Value, floor: float) -> Value:
    return value if value.value >= floor else Value(value.test_code, floor, value.unit, "<")
