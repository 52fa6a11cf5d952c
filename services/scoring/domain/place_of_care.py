"""Where a child with gizi buruk is cared for: inpatient for any of five signs, outpatient for none of them.

Each sign is yes, no or not known. What is not known is never taken for a no: without it the place is indeterminate, and
says what to look at. A child without gizi buruk has no such place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from services.scoring.domain.ruleset_checks import Checks

Place = Literal["inpatient", "outpatient", "indeterminate"]
SEVERE: Final = "severe"  # grade +++

# What settles each sign, in the order in which they are told.
SETTLES: Final = {
    "complication": "check_complications",
    "no_appetite": "test_appetite",
    "severe_oedema": "grade_oedema",
    "under_age": "register_child",
    "low_weight": "measure_weight",
}


@dataclass(frozen=True, slots=True)
class PlaceRules:
    """The table `place_of_care`."""

    infant_before_months: int
    weight_below_kg: float
    source: str
    provisional: bool


def place_rules(checks: Checks) -> PlaceRules:
    """The table `place_of_care` of a rule set."""
    table = checks.table("place_of_care")
    return PlaceRules(
        table.whole("infant_before_months", 1, 12),
        table.number("weight_below_kg", 1, 10),
        table.source,
        table.status == "P",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What is known of a child with gizi buruk; None = not known, an empty sequence = looked for, none.

    `oedema` is the newest statement of a visit, `danger_signs` are those that stand. The other three are a clinician's.
    """

    age_months: int | None
    weight_kg: float | None
    oedema: bool | None
    danger_signs: Sequence[str] = ()
    appetite: Literal["passed", "failed"] | None = None
    complications: Sequence[str] | None = None
    oedema_grade: str | None = None


@dataclass(frozen=True, slots=True)
class PlaceOfCare:
    """The place with the signs that decide it, or with what is missing to decide."""

    place: Place
    reasons: tuple[str, ...]  # signs that were seen
    complications: tuple[str, ...]  # behind the reason `complication`
    missing: tuple[str, ...]  # what would settle it, where nothing has settled it yet
    source: str
    provisional: bool


def place_of_care(seen: Seen, rules: PlaceRules) -> PlaceOfCare:
    """The place of care by what was seen."""
    complications = tuple(dict.fromkeys((*seen.danger_signs, *(seen.complications or ()))))
    found = {
        "complication": True if complications else None if seen.complications is None else False,
        "no_appetite": None if seen.appetite is None else seen.appetite == "failed",
        "severe_oedema": _severe_oedema(seen),
        **_small(seen, rules),
    }
    reasons = tuple(sign for sign in SETTLES if found[sign])
    missing = tuple(settle for sign, settle in SETTLES.items() if found[sign] is None)
    place: Place = "inpatient" if reasons else "indeterminate" if missing else "outpatient"
    return PlaceOfCare(
        place, reasons, complications, missing if place == "indeterminate" else (), rules.source, rules.provisional
    )


def _severe_oedema(seen: Seen) -> bool | None:
    if seen.oedema_grade is not None:
        return seen.oedema_grade == SEVERE
    return False if seen.oedema is False else None  # swollen, how far nobody said; or nobody looked


def _small(seen: Seen, rules: PlaceRules) -> dict[str, bool | None]:
    """Too young, or old enough and too light. The weight of a child whose age is not known decides nothing."""
    if seen.age_months is None:
        return {"under_age": None, "low_weight": None if seen.weight_kg is None else False}
    if seen.age_months < rules.infant_before_months:
        return {"under_age": True, "low_weight": False}
    light = None if seen.weight_kg is None else seen.weight_kg < rules.weight_below_kg
    return {"under_age": False, "low_weight": light}
