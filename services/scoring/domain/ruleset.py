"""Rule sets: read from TOML, checked, and frozen. Nothing numeric of a rule lives in code.

A broken rule set is refused as a whole, with every problem told at once: `RuleSetError.problems`.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from services.scoring.domain.assessment_codes import ALL_CLASSES
from services.scoring.domain.courses import CourseRules, course_rules
from services.scoring.domain.growth_rules import EarlyWarningRules, VelocityRules, early_warning_rules, velocity_rules
from services.scoring.domain.laboratory_rules import LaboratoryRules, laboratory_rules
from services.scoring.domain.place_of_care import PlaceRules, place_rules
from services.scoring.domain.risk_codes import RiskRule, Tier
from services.scoring.domain.ruleset_checks import Checks, RuleSetError
from services.scoring.domain.tier_rules import TierRule, tier_rules, tracks_of_tiers
from services.scoring.domain.tier_shares import ShareRules, share_rules
from shared.growth.codes import Sex

__all__ = ["RuleSet", "RuleSetError", "VelocityRules", "load", "read"]

FOLDER: Final = Path(__file__).parent / "rules"
ACTIVE: Final = "2026-01"
VERSION: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,39}")
RESERVED: Final = ("active", "replays")  # words of the doors
LAST_KMS_MONTH: Final = 60
LEAST_URGENT: Final = 3
ROLES: Final = ("kader", "puskesmas", "clinician", "laboratory")
PLAUSIBLE: Final = ("weight_kg", "length_height_cm", "head_circumference_cm", "muac_cm", "muac_mm")

FOLLOW_UPS: Final = (
    "reweigh_flagged",
    "remeasure_flagged",
    "remeasure_severe",
    "remeasure",
    "laboratory_panel",
    "urgent_assessment",
    "attend_referral",
    "visit_twice_not_gained",
    "start_supplementary_feeding",
)


@dataclass(frozen=True, slots=True)
class CutOffs:
    """Class borders on the rounded z (arm: cm): `below` (strict) rising, then `above` (strict) rising.

    Outside these completed months there is no class.
    """

    below: tuple[float, ...]
    above: tuple[float, ...]
    from_months: int = 0
    before_months: int = 60


@dataclass(frozen=True, slots=True)
class Kms:
    """Weight gain on the card; `minimum_gain_g` is indexed [sex, completed month 0-60], NaN = no letter possible."""

    minimum_gain_g: npt.NDArray[np.float64]
    shortest_days: int
    longest_days: int
    red_below: float
    orange_above: float


@dataclass(frozen=True, slots=True)
class FollowUpRule:
    """Who must do it, how many days after it is opened, how urgent it is among others, how far it may be put off."""

    owner_role: str
    due_days: int
    urgency: int  # 1 = first
    snooze_days: int  # past the first due date


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSet:
    """One version of the rules."""

    version: str
    categories: dict[str, CutOffs]
    kms: Kms
    velocity: VelocityRules
    early_warning: EarlyWarningRules
    tier: dict[RiskRule, TierRule]
    tracks: dict[Tier, tuple[str, ...]]
    term_weeks: int
    plausible: dict[str, tuple[float, float]]
    length_decrease_cm: float
    unknown_position_cm: float
    outdated_after_days: int
    trigger_at_most_days: int
    open_before_months: int
    follow_ups: dict[str, FollowUpRule]
    courses: CourseRules
    recovery_apart_days: int
    recovery_at_least: float
    laboratory: LaboratoryRules
    tier_shares: ShareRules
    place_of_care: PlaceRules
    birth_length_below_cm: float


@cache
def load(version: str = ACTIVE) -> RuleSet:
    """The shipped rule set of that version. RuleSetError when it is broken, FileNotFoundError when there is none."""
    return read((FOLDER / f"{version}.toml").read_bytes())


def read(content: bytes) -> RuleSet:
    """A rule set from TOML. RuleSetError names every problem."""
    try:
        data = tomllib.loads(content.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RuleSetError([f"not TOML: {error}"]) from error
    checks = Checks(data)
    rules = _build(checks)
    checks.nothing_left()
    if checks.problems:
        raise RuleSetError(checks.problems)
    return rules


def _build(checks: Checks) -> RuleSet:
    history, opening, recovery = (checks.table(name) for name in ("history", "opening", "recovery"))
    return RuleSet(
        version=_version(checks),
        categories=_categories(checks),
        kms=_kms(checks),
        velocity=velocity_rules(checks),
        early_warning=early_warning_rules(checks),
        tier=tier_rules(checks),
        tracks=tracks_of_tiers(checks),
        term_weeks=checks.table("corrected_age").whole("term_weeks", 37, 42),
        plausible=_plausible(checks),
        length_decrease_cm=history.number("length_decrease_cm", 0, 10),
        unknown_position_cm=history.number("unknown_position_cm", 0, 2),
        outdated_after_days=history.whole("outdated_after_days", 1, 1826),
        trigger_at_most_days=opening.whole("trigger_at_most_days", 0, 366),
        open_before_months=opening.whole("before_months", 1, 60),
        follow_ups=_follow_ups(checks),
        courses=course_rules(checks),
        recovery_apart_days=recovery.whole("apart_days", 1, 366),
        recovery_at_least=recovery.number("at_least", -6, 6),
        laboratory=laboratory_rules(checks),
        tier_shares=share_rules(checks),
        place_of_care=place_rules(checks),
        birth_length_below_cm=checks.table("household").number("birth_length_below_cm", 30, 60),
    )


def _version(checks: Checks) -> str:
    version = checks.text("version")
    if version and (not VERSION.fullmatch(version) or version in RESERVED):
        checks.problems.append("version: up to 40 letters, digits, dots and dashes; not active, not replays")
    return version


def _categories(checks: Checks) -> dict[str, CutOffs]:
    found = {}
    for kind, names in ALL_CLASSES.items():
        table = checks.table("categories", kind)
        below, above = table.numbers("below", -6, 60), table.numbers("above", -6, 60)
        table.require(len(below) + len(above) + 1 == len(names), f"needs {len(names) - 1} borders: {', '.join(names)}")
        table.require(sorted({*below, *above}) == [*below, *above], "borders must rise")
        months = [table.whole(key, 0, 60) for key in ("from_months", "before_months")] if kind == "muac" else (0, 60)
        found[kind] = CutOffs(below, above, *months)
    return found


def _kms(checks: Checks) -> Kms:
    gains, interval, lines = (checks.table("kms", name) for name in ("minimum_gain", "interval", "lines"))
    minimum = np.full((len(Sex), LAST_KMS_MONTH + 1), np.nan)
    for sex, key in ((Sex.MALE, "male_g"), (Sex.FEMALE, "female_g")):
        for first, last, grams in gains.month_ranges(key, LAST_KMS_MONTH):
            minimum[sex, first : last + 1] = grams
        minimum[sex, 0] = minimum[sex, 1]  # a child weighed twice in its first month is held to the first month's gain
    same = minimum[Sex.MALE] == minimum[Sex.FEMALE]
    minimum[Sex.MISSING, same] = minimum[Sex.MALE, same]  # no sex is assumed, and none is needed where both agree
    return Kms(
        minimum,
        interval.whole("shortest_days", 1, 31),
        interval.whole("longest_days", 31, 92),
        lines.number("red_below", -6, 0),
        lines.number("orange_above", 0, 6),
    )


def _plausible(checks: Checks) -> dict[str, tuple[float, float]]:
    table = checks.table("plausible")
    ranges = {}
    for name in PLAUSIBLE:
        ranges[name] = table.limits(name, 0, 1000)
    return ranges


def _follow_ups(checks: Checks) -> dict[str, FollowUpRule]:
    table = checks.table("follow_ups")
    found = {}
    for name in FOLLOW_UPS:
        entry = table.inner(name)
        found[name] = FollowUpRule(
            owner_role=entry.one_of("owner_role", ROLES, ROLES[0]),
            due_days=entry.whole("due_days", 0, 366),
            urgency=entry.whole("urgency", 1, LEAST_URGENT),
            snooze_days=entry.whole("snooze_days", 0, 366),
        )
    return found
