"""Risks of a child's family and birth, beside its status: an attribute that care looks at, never a tier.

BKKBN's list (keluarga berisiko stunting) is taken as it was verified, never computed here; ours stands beside it. Each
answer is yes, no or unknown. Siblings are not linked to each other, so a stunted one is known only where somebody says
so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from services.scoring.domain.risk_codes import RiskRule
from services.scoring.domain.ruleset import RuleSet

VERIFIED: Final = (
    *("no_proper_water", "no_proper_latrine", "mother_under_20", "mother_35_or_more"),
    *("spacing_under_2_years", "more_than_3_children"),
)
STATED: Final = ("mother_muac_under_23_5_cm", "stunted_sibling", "tb_contact")  # ours, as somebody says
OF_BIRTH: Final = ("low_birth_weight", "short_at_birth", "preterm")  # ours, by the child's own record
RISKS: Final = (*VERIFIED, *OF_BIRTH, *STATED)
Answer = Literal["yes", "no", "unknown"]


@dataclass(frozen=True, slots=True)
class Stated:
    """What was said of a risk, as of when, by whom."""

    risk: str
    answer: Answer
    as_of: date
    source: str


@dataclass(frozen=True, slots=True)
class Record:
    """One record of the child; merged ones stand behind their survivor's. None = not known."""

    birth_weight_kg: float | None = None
    birth_length_cm: float | None = None
    gestation_weeks: int | None = None
    household: tuple[Stated, ...] = ()


@dataclass(frozen=True, slots=True)
class Risk:
    """One risk: by a statement (`as_of`, `source`) or by a value beside its threshold."""

    risk: str
    answer: Answer
    as_of: date | None = None
    source: str | None = None
    value: float | None = None
    threshold: float | None = None


def household_risks(records: Sequence[Record], rules: RuleSet) -> tuple[Risk, ...]:
    """Every risk of `RISKS`, in its order.

    Of several records of one child (the survivor's first) the latest statement counts, and the first that has a value.
    """
    said: dict[str, Stated] = {}
    for record in records:
        for each in record.household:
            if each.risk not in said or said[each.risk].as_of < each.as_of:
                said[each.risk] = each
    birth = {
        "low_birth_weight": _below(
            "low_birth_weight",
            [record.birth_weight_kg for record in records],
            rules.tier[RiskRule.LOW_BIRTH_WEIGHT].below,
        ),
        "short_at_birth": _below(
            "short_at_birth", [record.birth_length_cm for record in records], rules.birth_length_below_cm
        ),
        "preterm": _below(
            "preterm", [record.gestation_weeks for record in records], rules.tier[RiskRule.PRETERM].below
        ),
    }
    return tuple(birth[risk] if risk in birth else _of_statement(risk, said.get(risk)) for risk in RISKS)


def _of_statement(risk: str, said: Stated | None) -> Risk:
    return Risk(risk, "unknown") if said is None else Risk(risk, said.answer, said.as_of, said.source)


def _below(risk: str, values: Sequence[float | None], threshold: float) -> Risk:
    value = next((value for value in values if value is not None), None)
    if value is None:
        return Risk(risk, "unknown", threshold=threshold)
    return Risk(risk, "yes" if value < threshold else "no", value=float(value), threshold=threshold)
