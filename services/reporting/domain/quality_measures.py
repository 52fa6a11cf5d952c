"""Shares and spreads of summed counts, as an answer tells them: never without what they were made of."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from services.reporting.domain.quality_counts import Counts, Z
from services.reporting.domain.quality_metrics.digits import DIGITS, digit_preference_score

_WITH_DIGITS: Final = ("weight", "height")
# Measure → (numerator, denominator), beside those that are reasons by themselves.
_SHARES: Final = {
    "whole_cm": ("heights_whole", "heights"),
    "flagged": ("flagged", "scored"),
    "incomplete": ("incomplete", "children"),
    "position_stated": ("position_stated", "visits"),
    "wrong_position": ("position_wrong", "position_stated"),
    "muac": ("muac", "visits"),
    "same_day_twice": ("same_day_twice", "children"),
    "copied": ("repeats_same", "repeats"),
    "identical": ("identical_children", "both_measured"),
    "birth_days": ("births_heaped", "children"),
    "birth_january": ("births_january", "children"),
    "late_entry": ("late", "visits"),
    "letters_differ": ("letters_differ", "letters_compared"),
}


def measures(areas: Sequence[Counts]) -> list[dict[str, Any]]:
    """Of the counts of each of several areas, none where nothing was counted; null where there is nothing to divide by.

    All at once: a province has dozens of areas, and columns cost as much as one.
    """
    scores = {
        name: digit_preference_score(
            np.array([counts.get(f"{name}_digits", [0] * DIGITS) for counts in areas], dtype=np.int64)
        ).tolist()
        for name in _WITH_DIGITS
    }
    return [_measures(counts, {name: scores[name][at] for name in scores}) for at, counts in enumerate(areas)]


def _measures(counts: Counts, scores: Mapping[str, float]) -> dict[str, Any]:
    if not counts:
        return {}
    told: dict[str, Any] = {}
    for name, (numerator, denominator) in _SHARES.items():
        told[name] = _share(int(counts[numerator]), int(counts[denominator]))
    digits = counts["weight_digits"]
    told["weight_round"] = _share(digits[0] + digits[5], counts["weights"])
    for name, score in scores.items():
        n = sum(counts[f"{name}_digits"])
        told[f"{name}_digit_preference"] = {"score": score if math.isfinite(score) else None, "n": n}
    for name in Z:
        told[name] = _shape(int(counts[f"{name}_n"]), *(counts[f"{name}_p{power}"] for power in (1, 2, 3, 4)))
    return told


def _share(numerator: int, denominator: int) -> dict[str, Any]:
    share = numerator / denominator if denominator else None
    return {"numerator": numerator, "denominator": denominator, "share": share}


def _shape(n: int, p1: float, p2: float, p3: float, p4: float) -> dict[str, Any]:
    """Mean, SD (n - 1), skew and excess kurtosis (population forms) from sums of powers."""
    told: dict[str, Any] = {"n": n, "mean": None, "sd": None, "skew": None, "kurtosis": None}
    if n == 0:
        return told
    mean = p1 / n
    told["mean"] = round(mean, 3)
    second = p2 / n - mean**2
    if n > 1 and second > 1e-9:
        third = p3 / n - 3 * mean * p2 / n + 2 * mean**3
        fourth = p4 / n - 4 * mean * p3 / n + 6 * mean**2 * p2 / n - 3 * mean**4
        told["sd"] = round(math.sqrt(second * n / (n - 1)), 3)
        told["skew"] = round(third / second**1.5, 3)
        told["kurtosis"] = round(fourth / second**2 - 3, 3)
    return told
