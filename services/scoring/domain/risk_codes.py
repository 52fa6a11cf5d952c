"""How a risk status is written in integer columns: tiers, rules that fired, things unknown, and the evidence kinds.

Codes are for ever, as in `assessment_codes`. Masks hold `1 << code`.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final


class Tier(IntEnum):
    """Risk tiers in rising order: the highest that fires is the child's."""

    UNKNOWN = 0
    LOW = 1
    WATCH = 2
    NUTRITION = 3
    SUSPECTED = 4
    URGENT = 5


class RiskRule(IntEnum):
    """The rules of the tier; names are the keys of `[tier.*]` in a rule set and the rule ids of reasons."""

    OEDEMA = 0
    MUAC_SEVERE = 1
    WHZ_SEVERE = 2
    INFANT_SEVERE = 3
    HAZ_SEVERE = 4
    HAZ_LOW = 5
    WAZ_SEVERE = 6
    WAZ_LOW = 7
    WHZ_LOW = 8
    TWICE_NOT_GAINED = 9
    NOT_GAINED = 10
    HAZ_DROP = 11
    LOW_BIRTH_WEIGHT = 12
    PRETERM = 13
    CRITICAL_HAEMOGLOBIN = 14  # the two of the laboratory rest on a result: the fold over growth never fires them
    CRITICAL_RESULT = 15
    STUNTING_RISK = 16  # the early warning
    DANGER_SIGN = 17
    CRITICAL_GLUCOSE_GIZI_BURUK = 18  # of the laboratory, as 14 and 15


class UnknownThing(IntEnum):
    """What could not be judged; `explain.py` says why and what would settle it."""

    MEASUREMENT = 0  # there is none
    CHILD = 1  # no birth date yet: the child fact has not arrived
    SEX = 2
    HEIGHT_FOR_AGE = 3  # no standing valid score
    WEIGHT_FOR_AGE = 4
    WEIGHT_FOR_HEIGHT = 5
    HEIGHT_FOR_AGE_FLAGGED = 6  # the newest score is implausible
    WEIGHT_FOR_AGE_FLAGGED = 7
    WEIGHT_FOR_HEIGHT_FLAGGED = 8
    POSITION = 9  # 0.7 cm would change a class of the deciding measurement
    HAZ_DROP = 10  # a drop seen once
    LENGTH_DECREASE = 11  # the newest length is below an earlier one
    HEIGHT_OUTDATED = 12
    WEIGHT_OUTDATED = 13
    OEDEMA_OUTDATED = 14  # oedema was seen, later visits do not say
    DANGER_SIGN_OUTDATED = 15  # the same of a danger sign


class Evidence(IntEnum):
    """Kinds of evidence. Each is the newest measurement that says something about it, by date, then rank of the day."""

    HAZ = 0  # valid: not flagged
    WAZ = 1
    WHZ = 2
    MUAC = 3
    OEDEMA = 4  # stated, either way
    INFANT = 5  # weight and length together: the under-6-months rule
    LETTER = 6
    DROP = 7
    ANY = 8  # the newest measurement of all
    HAZ_SCORE = 9  # valid or flagged
    WAZ_SCORE = 10
    WHZ_SCORE = 11
    LENGTH = 12
    DANGER_SIGN = 13  # seen, or stated that there is none


TIER_NAMES: Final = tuple(tier.name.lower() for tier in Tier)
RULE_IDS: Final = tuple(rule.name.lower() for rule in RiskRule)

# Where the evidence of a rule lies; the two of birth rest on the child fact, the two of lab on results.
RULE_EVIDENCE: Final = {
    RiskRule.OEDEMA: Evidence.OEDEMA,
    RiskRule.MUAC_SEVERE: Evidence.MUAC,
    RiskRule.WHZ_SEVERE: Evidence.WHZ,
    RiskRule.INFANT_SEVERE: Evidence.INFANT,
    RiskRule.HAZ_SEVERE: Evidence.HAZ,
    RiskRule.HAZ_LOW: Evidence.HAZ,
    RiskRule.WAZ_SEVERE: Evidence.WAZ,
    RiskRule.WAZ_LOW: Evidence.WAZ,
    RiskRule.WHZ_LOW: Evidence.WHZ,
    RiskRule.TWICE_NOT_GAINED: Evidence.LETTER,
    RiskRule.NOT_GAINED: Evidence.LETTER,
    RiskRule.HAZ_DROP: Evidence.DROP,
    RiskRule.STUNTING_RISK: Evidence.HAZ,
    RiskRule.DANGER_SIGN: Evidence.DANGER_SIGN,
}
# Gizi buruk as a service (domain rule of the guideline): any of these.
GIZI_BURUK: Final = (RiskRule.OEDEMA, RiskRule.MUAC_SEVERE, RiskRule.WHZ_SEVERE, RiskRule.INFANT_SEVERE)
