"""Reasons to doubt the measurements of the posyandu of one kecamatan in a month, and the grade that follows.

Whole columns of posyandu at once. A reason needs both: a value beyond a limit, which says that it matters, and a p
below alpha, which says that chance does not explain it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np

from services.reporting.domain.exact_tests import (
    Floats,
    at_most_correlated,
    away_from,
    narrower_than,
    wider_than,
)
from services.reporting.domain.quality_counts import Bools
from services.reporting.domain.quality_metrics.count_tests import at_least
from services.reporting.domain.quality_month import Month
from services.reporting.domain.quality_ruleset import GRADES, QualityRules, ReasonRule

# Shares of counts: reason → (numerator, denominator).
SHARES: Final = {
    "whole_cm": ("heights_whole", "heights"),
    "weight_round": ("weights_round", "weights"),
    "flagged": ("flagged", "scored"),
    "incomplete": ("incomplete", "children"),
    "wrong_position": ("position_wrong", "position_stated"),
    "same_day_twice": ("same_day_twice", "children"),
    "birth_days": ("births_heaped", "children"),
    "birth_january": ("births_january", "children"),
    "late_entry": ("late", "visits"),
    "letters_differ": ("letters_differ", "letters_compared"),
}
SHIFTS: Final = {"scale_bias": "dwaz", "height_bias": "dhaz"}
LEVELS: Final = {"weight_level": "whz", "height_level": "haz"}
ANSWERED_BY: Final = 0.5  # an opposite shift of this share of the first is its answer: the scale was repaired


class Reason(NamedTuple):
    """Why the data are doubtful: a share or a z beyond the limit of `grade`, of `n` values, by an exact test."""

    code: str
    grade: str
    value: float
    limit: float
    n: int
    test: str
    p: float


class Found(NamedTuple):
    """One reason looked for in all posyandu: columns; p = 1 where nothing can be said."""

    code: str
    value: Floats
    n: Floats
    p: Floats
    test: str
    grade: Floats | None = None  # 1 = B … 3 = D where the code decides, else by the limits
    limit: Floats | None = None


class Judgement(NamedTuple):
    """Of one posyandu and month: the reasons that stand, and those of which there were enough values to see them."""

    reasons: list[Reason]
    seen: set[str]


def judge(rules: QualityRules, months: Sequence[Month]) -> list[Judgement]:
    """The judgement of each posyandu in the last of `months` (oldest first, the same posyandu in each)."""
    told = [Judgement([], set()) for _ in months[-1].counts]
    for found in _look(rules, months):
        rule = rules.reasons[found.code]
        grade, limit = _graded(rule, found)
        enough = found.n >= rule.fewest
        for at in np.flatnonzero(enough):
            told[at].seen.add(found.code)
        for at in np.flatnonzero(enough & (grade > 0) & (found.p < rules.alpha)):
            told[at].reasons.append(
                Reason(
                    found.code,
                    GRADES[int(grade[at])],
                    round(float(found.value[at]), 4),
                    round(float(limit[at]), 4),
                    int(found.n[at]),
                    found.test,
                    float(f"{found.p[at]:.3g}"),
                )
            )
    return told


def _graded(rule: ReasonRule, found: Found) -> tuple[Floats, Floats]:
    """Grade (0 = A … 3 = D) and the limit that was passed."""
    if found.grade is not None and found.limit is not None:
        return found.grade, found.limit
    size, limits = np.abs(found.value), np.array(rule.limits)
    beyond = size[:, None] < limits if rule.code.endswith("_narrow") else size[:, None] > limits
    grade = beyond.sum(axis=1).astype(np.float64)
    return grade, limits[np.maximum(grade.astype(np.int64) - 1, 0)]


def _look(rules: QualityRules, months: Sequence[Month]) -> Iterable[Found]:
    now = months[-1]
    for code, (numerator, denominator) in SHARES.items():
        count, n = now[numerator], now[denominator]
        p = _so_many(count, n, rules.reasons[code].expected)
        yield Found(code, count / np.maximum(n, 1), n, p, "binomial")
    yield _copied(rules, now)
    yield _identical(rules, now)
    for name in ("haz", "whz"):
        variance, n = now.variance(name), now[f"{name}_n"]
        for side, tail in (("wide", wider_than), ("narrow", narrower_than)):
            code = f"{name}_{side}"
            p = tail(variance, n, rules.reasons[code].expected)
            yield Found(code, np.sqrt(variance), n, p, "chi_squared_of_variance")
    for code, change in SHIFTS.items():
        yield _shift(rules, rules.reasons[code], months, change)
    yield _device(rules, now)
    for code, name in LEVELS.items():
        yield _level(rules, rules.reasons[code], now, name)
    yield from _improbable(rules, months)


def _so_many(count: Floats, n: Floats, expected: Floats | float) -> Floats:
    return at_least(count.astype(np.int64), n.astype(np.int64), expected)


def _copied(rules: QualityRules, now: Month) -> Found:
    expected = np.array([rules.same_values[step] for step in now.steps()])
    count, n = now["repeats_same"], now["repeats"]
    return Found("copied", count / np.maximum(n, 1), n, _so_many(count, n, expected), "binomial")


def _identical(rules: QualityRules, now: Month) -> Found:
    """The test counts pairs of children, the value those who are in one."""
    expected = np.array([rules.same_pair[step] for step in now.steps()])
    p = _so_many(now["pairs_identical"], now["pairs_possible"], expected)
    n = now["both_measured"]
    return Found("identical", now["identical_children"] / np.maximum(n, 1), n, p, "binomial_of_pairs")


def _others(values: Floats, usable: Bools, fewest: int) -> tuple[Floats, Floats, Floats]:
    """Median, spread (sample SD) and number of the usable others of each; no neighbours: 0, 0, 0."""
    number = usable.sum() - usable
    known = number >= max(fewest, 2)
    others = np.broadcast_to(np.where(usable, values, np.nan), (values.size, values.size)).copy()
    np.fill_diagonal(others, np.nan)
    median, spread = np.zeros(values.size), np.zeros(values.size)
    if known.any():
        median[known] = np.nanmedian(others[known], axis=1)
        spread[known] = np.nanstd(others[known], axis=1, ddof=1)
    return median, spread, np.where(known, number, 0).astype(np.float64)


def _shift(rules: QualityRules, rule: ReasonRule, months: Sequence[Month], change: str) -> Found:
    """How far the same children have moved beside their neighbours since their last visit; stands until answered."""
    standing, n = np.zeros((2, len(months[-1].counts)))
    p = np.ones(standing.size)
    for month in months[-rule.months :]:
        count = month[f"{change}_n"]
        usable = count >= rule.fewest
        difference = month.mean(change) - _others(month.mean(change), usable, rules.neighbours)[0]
        error = np.sqrt(month.variance(change) / np.maximum(count, 1))
        chance = away_from(difference, error, count - 1, rule.expected)
        sudden = usable & (chance < rules.alpha) & (np.abs(difference) > rule.limits[0])
        opposite = (standing * difference < 0) & (np.abs(difference) >= ANSWERED_BY * np.abs(standing))
        standing = np.where(sudden, np.where(opposite, 0.0, difference), standing)
        n, p = np.where(sudden, count, n), np.where(sudden, chance, p)
    last = months[-1][f"{change}_n"]
    return Found(
        rule.code, standing, np.where(standing != 0, n, last), np.where(standing != 0, p, 1.0), "student_t_of_changes"
    )


def _device(rules: QualityRules, now: Month) -> Found:
    """The same of a device that several posyandu used, beside all changes without it; the worst device of each."""
    rule = rules.reasons["device_bias"]
    size = len(now.counts)
    value, n, p = np.zeros(size), np.zeros(size), np.ones(size)
    sums: dict[str, Floats] = {}
    for each in now.counts:
        for device, some in (each or {}).get("devices", {}).items():
            sums[device] = sums.get(device, np.zeros(3)) + np.array(some)
    total = np.array([now["dwaz_n"].sum(), now["dwaz_p1"].sum(), now["dwaz_p2"].sum()])
    for device, own in sorted(sums.items()):
        rest = total - own
        if own[0] < rule.fewest or rest[0] < rule.fewest:
            continue
        difference = own[1] / own[0] - rest[1] / rest[0]
        error = np.sqrt(sum((some[2] - some[1] ** 2 / some[0]) / (some[0] - 1) / some[0] for some in (own, rest)))
        chance = away_from(np.array([difference]), np.array([error]), np.array([own[0] - 1]), rule.expected)[0]
        for at, each in enumerate(now.counts):
            if device in (each or {}).get("devices", {}) and chance < p[at]:
                value[at], n[at], p[at] = difference, own[0], chance
    return Found("device_bias", value, n, p, "student_t_of_changes")


def _level(rules: QualityRules, rule: ReasonRule, now: Month, name: str) -> Found:
    """A mean beside the means of the neighbours, which differ truly by `expected` at least."""
    n = now[f"{name}_n"]
    median, spread, number = _others(now.mean(name), n >= rule.fewest, rules.neighbours)
    known = number > 0
    difference = np.where(known, now.mean(name) - median, 0.0)
    error = np.sqrt(np.maximum(spread, rule.expected) ** 2 + now.variance(name) / np.maximum(n, 1))
    p = away_from(difference, np.where(known, error, 0.0), number - 1, 0.0)
    return Found(rule.code, difference, np.where(known, n, 0), p, "student_t_of_means")


def _improbable(rules: QualityRules, months: Sequence[Month]) -> Iterable[Found]:
    """Nobody, or far too few, stunted for months where the neighbours have many (B114).

    The children of one month are mostly those of the next, so months are no trials of their own: n is the largest
    month's children, the count the largest month's too, both against us.
    """
    zero, low = rules.reasons["improbable_zero"], rules.reasons["improbable_low"]
    looked = months[-zero.months :]
    n = np.max([month["haz_n"] for month in looked], axis=0)
    least = np.min([month["haz_n"] for month in looked], axis=0)
    count = np.max([month["stunted"] for month in looked], axis=0)
    measured = sum((month["haz_n"] for month in looked), np.zeros(n.size))
    stunted = sum((month["stunted"] for month in looked), np.zeros(n.size))
    others = measured.sum() - measured
    share = np.where(others > 0, (stunted.sum() - stunted) / np.maximum(others, 1), 0.0)
    usable = (len(looked) == zero.months) & (least >= zero.fewest) & (share >= zero.expected)
    n = np.where(usable, n, 0)
    for rule, grade, stands in ((zero, 3.0, stunted == 0), (low, 2.0, stunted > 0)):
        p = np.where(stands, at_most_correlated(count, n, share, rule.correlation), 1.0)
        own = stunted / np.maximum(measured, 1)
        yield Found(rule.code, own, n, p, "beta_binomial", np.full(n.size, grade), share)


def grade_of(reasons: Iterable[Reason | Mapping[str, Any]]) -> str:
    """The worst grade of the reasons; A without any."""
    worst = "A"
    for reason in reasons:
        worst = max(worst, reason.grade if isinstance(reason, Reason) else reason["grade"])
    return worst
