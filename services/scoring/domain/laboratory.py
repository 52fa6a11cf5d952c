"""What the laboratory adds to a child's status: readings, reasons that make it urgent, tests that are needed next.

Work a family, and only for families with results. The laboratory never changes the growth finding: it stands beside it.
Nothing here looks at today: a result grows old against the newest fact of the child, so that the same facts give the
same status on any day.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final
from uuid import UUID

from services.scoring.domain.bounds import below, range_of
from services.scoring.domain.lab_results import LabResult, Reading, newest_of_each
from services.scoring.domain.laboratory_rules import HAEMOGLOBIN
from services.scoring.domain.readings import Subject, read_results
from services.scoring.domain.risk_codes import RiskRule, Tier
from services.scoring.domain.ruleset import RuleSet
from services.scoring.domain.tier_rules import TierRule

GLUCOSE: Final = ("glucose", "mmol/L")
GLUCOSE_DECIMALS: Final = 1


@dataclass(frozen=True, slots=True)
class UrgentResult:
    """A rule of the tier that fired on a result."""

    rule: RiskRule
    result_id: UUID
    drawn_on: date
    value: float
    threshold: float


@dataclass(frozen=True, slots=True)
class LabFinding:
    """The laboratory's word on one root. `drawn` has the day of every valid result by its id."""

    readings: tuple[Reading, ...] = ()
    urgent: tuple[UrgentResult, ...] = ()
    drawn: Mapping[UUID, date] = field(default_factory=dict)

    def reading(self, rule_id: str) -> Reading | None:
        """The reading by that rule."""
        return next((reading for reading in self.readings if reading.rule_id == rule_id), None)

    def refers(self, rules: RuleSet) -> bool:
        """Whether a doctor has to see the child for what a reading says."""
        return any(reading.grade in rules.laboratory.refer.get(reading.rule_id, ()) for reading in self.readings)

    def tier(self, rules: RuleSet) -> Tier:
        """The tier that the results alone ask for."""
        return max((rules.tier[urgent.rule].tier for urgent in self.urgent), default=Tier.UNKNOWN)


NOTHING = LabFinding()


def _is_abnormal(reading: Reading) -> bool:
    return reading.abnormal == "yes"


def _waits_for(test: str) -> Callable[[Reading], bool]:
    return lambda reading: reading.settle_with == test


# Reflex of the rule set, the reading that may ask for it, and when it does.
REFLEX_OF: Final[tuple[tuple[str, str, Callable[[Reading], bool]], ...]] = (
    ("haemoglobin_low", HAEMOGLOBIN[0], _is_abnormal),
    ("ferritin_depends", "ferritin", _waits_for("crp")),
    ("tsh_raised", "tsh", _waits_for("ft4")),
    ("urine_positive", "urine_leukocyte_esterase", _is_abnormal),
    ("urine_positive", "urine_nitrite", _is_abnormal),
    ("hiv_maternal", "hiv", _waits_for("hiv_pcr")),
)


def laboratory_finding(
    results: Sequence[LabResult], subject: Subject, measured_on: date | None, rules: RuleSet
) -> LabFinding:
    """The finding from all valid results of a root; `measured_on` is the day of its newest valid measurement."""
    if not results:
        return NOTHING
    newest_fact = max(day for day in (measured_on, *(each.drawn_on for each in results)) if day is not None)
    newest = newest_of_each(results).values()
    found = [_urgent(result, subject, newest_fact, rules) for result in newest]
    return LabFinding(
        readings=read_results(results, subject, rules.laboratory),
        urgent=tuple(each for each in found if each is not None),
        drawn={result.fact_id: result.drawn_on for result in results},
    )


def _urgent(result: LabResult, subject: Subject, newest_fact: date, rules: RuleSet) -> UrgentResult | None:
    """The first rule that fires: haemoglobin as measured at any age, low sugar in gizi buruk, what was called critical.

    The laboratory does not know who is gizi buruk: its limit of glucose is everybody's, the higher one is ours.
    """
    low = rules.tier[RiskRule.CRITICAL_HAEMOGLOBIN]
    haemoglobin = rules.laboratory.readings[HAEMOGLOBIN[0]]
    is_haemoglobin = result.test_code == haemoglobin.test_code and result.canonical_unit == haemoglobin.unit
    if is_haemoglobin and result.value is not None:
        measured = range_of(result.value, result.comparator, haemoglobin.decimals)
        if below(measured, low.below) == "yes" and _recent(result, newest_fact, low):
            return UrgentResult(low.rule, result.fact_id, result.drawn_on, result.value, low.below)
    sugar = rules.tier[RiskRule.CRITICAL_GLUCOSE_GIZI_BURUK]
    if (
        (result.test_code, result.canonical_unit) == GLUCOSE
        and result.value is not None
        and below(range_of(result.value, result.comparator, GLUCOSE_DECIMALS), sugar.below) == "yes"
        and subject.severely_malnourished(result.drawn_on)
        and _recent(result, newest_fact, sugar)
    ):
        return UrgentResult(sugar.rule, result.fact_id, result.drawn_on, result.value, sugar.below)
    critical = rules.tier[RiskRule.CRITICAL_RESULT]
    if result.critical is not None and _recent(result, newest_fact, critical):
        limit = result.critical.limit
        return UrgentResult(critical.rule, result.fact_id, result.drawn_on, result.critical.value, limit)
    return None


def _recent(result: LabResult, newest_fact: date, rule: TierRule) -> bool:
    return (newest_fact - result.drawn_on).days <= rule.drawn_at_most_days


def required_tests(found: LabFinding, known: Sequence[str], opened_on: date, rules: RuleSet) -> tuple[str, ...]:
    """What a case needs: what it needed before, the core panel, and what readings since its opening ask for."""
    laboratory = rules.laboratory
    needed = {*known, *laboratory.core_panel}
    for reflex, rule_id, asks in REFLEX_OF:
        reading = found.reading(rule_id)
        if reading is not None and asks(reading) and reading.drawn_on >= opened_on:
            needed.update(laboratory.reflexes[reflex])
    return laboratory.in_order(needed)


def anaemia(found: LabFinding, opened_on: date) -> str | None:
    """The primary reading of the newest haemoglobin, where it was drawn on or after that day and has a reference."""
    reading = found.reading(HAEMOGLOBIN[0])
    if reading is None or reading.drawn_on < opened_on or reading.abnormal == "no_reference":
        return None
    return reading.abnormal
