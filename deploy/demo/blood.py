"""What a laboratory would say of a simulated child: values in the units, findings in the words of Indonesian slips.

The same order has the same blood, urine and stool however often it is asked for.
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
RESULTED_BY: Final = {
    "blood_count": ("haemoglobin", "mcv"),
    "ferritin": ("ferritin",),
    "crp": ("crp",),
    "urinalysis": ("urine_leukocyte_esterase", "urine_nitrite"),
    "stool": ("stool_parasites",),
    "urine_culture": ("urine_culture",),
}
BLOOD: Final = frozenset({"blood_count", "ferritin", "crp"})  # drawn in one tube; the others are brought along
PARASITES: Final = {"Ascaris lumbricoides": 0.12, "Trichuris trichiura": 0.1, "cacing tambang": 0.04, "Giardia": 0.03}
ESTERASE: Final = {"Negatif": 0.93, "+/-": 0.03, "1+": 0.03, "2+": 0.01}
NITRITE: Final = {"Negatif": 0.985, "Positif": 0.015}
CULTURE: Final = {"Tidak ada pertumbuhan": 0.45, "Escherichia coli": 0.45, "Kontaminasi": 0.1}


@dataclass(frozen=True, slots=True)
class Value:
    """One printed value. `comparator` where it is a bound; a qualitative one has `findings` and no number."""

    test_code: str
    value: float = 0.0
    unit: str = ""
    comparator: str | None = None
    findings: tuple[str, ...] = ()
    specimen: str = "venous"

    def as_row(self) -> dict[str, Any]:
        """The fields of a result."""
        about = {"test_code": self.test_code, "specimen": self.specimen}
        if self.findings:
            return about | {"findings": list(self.findings)}
        row: dict[str, Any] = about | {"value": self.value, "unit": self.unit}
        return row if self.comparator is None else row | {"comparator": self.comparator}


def results_of(rng: np.random.Generator) -> dict[str, Value]:
    """The results of one visit by analyte. Inflammation lifts ferritin; iron that lacks makes cells small."""
    haemoglobin = round(float(np.clip(rng.normal(HAEMOGLOBIN_MEAN_G_DL, HAEMOGLOBIN_SD_G_DL), 4.5, 16.5)), 1)
    inflamed = rng.random() < INFLAMED_SHARE
    crp = round(float(rng.lognormal(2.6, 0.6) if inflamed else rng.lognormal(-0.1, 0.7)), 1)
    pale = min(0.0, haemoglobin - 11.0)
    ferritin = round(
        float(rng.lognormal(np.log(FERRITIN_MEDIAN_UG_L), 0.7) * (1.6 if inflamed else 1.0) * 1.25**pale), 1
    )
    values = (
        Value("haemoglobin", haemoglobin, "g/dL"),
        Value("mcv", round(float(rng.normal(77.0 + 2.5 * pale, 4.0)), 1), "fL"),
        _or_below(Value("ferritin", ferritin, "ng/mL"), FERRITIN_FLOOR_UG_L),
        _or_below(Value("crp", crp, "mg/L"), CRP_FLOOR_MG_L),
    )
    return {value.test_code: value for value in (*values, *_urine_and_stool(rng))}


def _urine_and_stool(rng: np.random.Generator) -> tuple[Value, ...]:
    seen = tuple(name for name, share in PARASITES.items() if rng.random() < share)
    return (
        Value("stool_parasites", findings=seen or ("Tidak ditemukan",), specimen="stool"),
        *(
            Value(code, findings=(str(rng.choice(list(shares), p=list(shares.values()))),), specimen="urine")
            for code, shares in (
                ("urine_leukocyte_esterase", ESTERASE),
                ("urine_nitrite", NITRITE),
                ("urine_culture", CULTURE),
            )
        ),
    )


def _or_below(value: Value, floor: float) -> Value:
    return value if value.value >= floor else Value(value.test_code, floor, value.unit, "<")
