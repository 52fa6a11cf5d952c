"""How a figure is told: never alone, but with numerator, denominator, coverage, interval, label and quality grade."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from services.reporting.domain import quality_pool
from services.reporting.domain.case_course import CASE_MARKS
from services.reporting.domain.quality_ruleset import GRADES, load

Z_95: Final = 1.959963984540054  # two-sided 95 % of the normal distribution
CAUTION_FROM: Final = 0.80  # domain: labels by coverage
COMPARABLE_ABOVE: Final = 0.90

# Rate → (numerator, denominator): children with the finding among those measured with an unflagged score; then among
# the suspected: laboratory coverage, and anaemia among those of whom it is known.
RATES: Final = {
    "stunted": ("stunted", "haz_measured"),
    "severely_stunted": ("severely_stunted", "haz_measured"),
    "underweight": ("underweight", "waz_measured"),
    "severely_underweight": ("severely_underweight", "waz_measured"),
    "wasted": ("wasted", "whz_measured"),
    "severely_wasted": ("severely_wasted", "whz_measured"),
    "overweight": ("overweight", "whz_measured"),
    "lab_complete": ("lab_complete", "suspected"),
    "anaemic": ("anaemic", "anaemia_known"),
}
COUNTS: Final = (
    "target_children",
    "measured_children",
    "height_measured",
    "both_measured",
    "haz_measured",
    "stunted",
    "severely_stunted",
    "haz_flagged",
    "waz_measured",
    "underweight",
    "severely_underweight",
    "waz_flagged",
    "whz_measured",
    "wasted",
    "severely_wasted",
    "overweight",
    "whz_flagged",
    "oedema",
    "gained",
    "not_gained",
    "not_weighed_before",
    "first_weighing",
    "gain_assessed",
    "twice_not_gained",
    "below_red_line",
    "suspected",
    "urgent",
    *CASE_MARKS,
    "pending",
)  # whole numbers of children, in the order of an answer; each may be suppressed

LABELS: Final = {
    "no_data": ("tidak ada data", "no data"),
    "among_measured": ("di antara anak yang diukur", "among those measured"),
    "with_caution": ("tafsirkan dengan hati-hati", "interpret with caution"),
    "comparable": ("dapat dibandingkan", "comparable"),
}

# What is judged of posyandu and months (`posyandu_quality`), in no sum of cells: children measured by their grade, from
# A to D; children in too small ones; posyandu-months, and those too small; numbers of all children together.
GRADED: Final = tuple(f"graded_{grade.lower()}" for grade in GRADES)
NOT_JUDGED: Final = ("not_judged", "posyandu_months", "posyandu_months_not_judged")
JUDGED: Final = (*GRADED, *NOT_JUDGED, *quality_pool.COLUMNS)


Number = TypeVar("Number", int, npt.NDArray[np.int64])


class Interval(NamedTuple):
    """Bounds of a share, 0 to 1."""

    low: float
    high: float


def wilson(numerator: int, denominator: int, z: float = Z_95) -> Interval | None:
    """Wilson's interval of a share, of 95 % unless told; None where nobody is in the denominator."""
    if denominator <= 0:
        return None
    share = numerator / denominator
    z2 = z * z
    middle = share + z2 / (2 * denominator)
    reach = z * math.sqrt(share * (1 - share) / denominator + z2 / (4 * denominator * denominator))
    scale = 1 + z2 / denominator
    # Of nobody and of everybody the limit is the share itself; the formula gives it but for rounding.
    low = 0.0 if numerator <= 0 else max(0.0, (middle - reach) / scale)
    high = 1.0 if numerator >= denominator else min(1.0, (middle + reach) / scale)
    return Interval(low, high)


def share_of(numerator: int | None, denominator: int | None) -> float | None:
    """A share, or None: no data, or suppressed, but never 0 % of nobody (B108)."""
    return None if numerator is None or not denominator else numerator / denominator


def label(coverage_both: float | None) -> dict[str, str]:
    """What a rate may be called at this coverage of weight and height; `prevalence` is never one of the words."""
    if not coverage_both:
        code = "no_data"
    elif coverage_both < CAUTION_FROM:
        code = "among_measured"
    else:
        code = "comparable" if coverage_both > COMPARABLE_ABOVE else "with_caution"
    text_id, text_en = LABELS[code]
    return {"code": code, "text_id": text_id, "text_en": text_en}


def quality(sums: Mapping[str, int]) -> dict[str, Any]:
    """Grade A to D, the worst of coverage and measuring; None of nobody, and of too few to judge. The one place for it.

    Measuring is graded by posyandu and month; an area has the best grade that the stated share of the children in
    judged ones reach, or that of what all its children show together if that is worse. Where nothing is judged (a day
    before judgements were kept) flagged scores and whole-centimetre heights of the sums speak by the same limits.
    """
    rules = load()
    coverage = share_of(sums["both_measured"], sums["target_children"])
    flagged = share_of(sums["haz_flagged"], sums["haz_measured"] + sums["haz_flagged"])
    whole_cm = share_of(sums["height_whole_cm"], sums["height_measured"])
    graded = [sums.get(name, 0) for name in GRADED]
    measured = max(sums["weighed"], sums["height_measured"])
    grades = []
    if coverage is not None:
        grades.append(sum(coverage < limit for limit in rules.coverage_at_least))
    if any(graded):
        grades.append(measuring_grade(graded, rules.area_share))
    if any(graded) or sums.get("not_judged", 0):
        grades += [GRADES.index(reason.grade) for reason in quality_pool.pooled_reasons(rules, sums)]
    else:
        fewest = rules.reasons["whole_cm"].fewest
        if flagged is not None:
            grades.append(sum(flagged > limit for limit in rules.reasons["flagged"].limits))
        if whole_cm is not None and sums["height_measured"] >= fewest:
            grades.append(sum(whole_cm > limit for limit in rules.reasons["whole_cm"].limits))
    enough = measured > 0 and (any(graded) or measured >= rules.judged_from)
    grade = GRADES[max(grades)] if enough and grades else None
    return {"quality_grade": grade, "flagged_share": flagged, "whole_cm_share": whole_cm}


def measuring_grade(graded: Sequence[int], share: float) -> int:
    """0 (A) to 3 (D): the best grade that `share` of the children reach or exceed, from their number by grade."""
    reached = 0
    for grade, children in enumerate(graded):
        reached += children
        if reached >= share * sum(graded):
            return grade
    return len(graded) - 1


def counts_of(sums: Mapping[str, Number]) -> dict[str, Number]:
    """The counts of one area and period from its summed cells, by COUNTS; of many, from arrays of them."""
    counts: dict[str, Number] = {
        **{name: sums[name] for name in COUNTS if name in sums},
        "measured_children": sums["weighed"],
        "gained": sums["letter_n"],
        "not_gained": sums["letter_t"],
        "not_weighed_before": sums["letter_o"],
        "first_weighing": sums["letter_b"],
        # D' = D - O - B: those whose gain could be judged; N/D' is the programme's measure of growth.
        "gain_assessed": sums["letter_n"] + sums["letter_t"],
    }
    return {name: counts[name] for name in COUNTS}


def figures(sums: Mapping[str, int]) -> dict[str, Any]:
    """All figures of one area and month from its summed cells."""
    counts = counts_of(sums)
    return {**counts, **quality(sums), **derived(counts)}


def derived(counts: Mapping[str, int | None]) -> dict[str, Any]:
    """Shares, intervals and label from counts; what rests on a suppressed count is None."""
    target = counts["target_children"]
    coverage_both = share_of(counts["both_measured"], target)
    told: dict[str, Any] = {
        "coverage": share_of(counts["measured_children"], target),
        "coverage_both": coverage_both,
        "label": label(coverage_both),
        "gained_share": share_of(counts["gained"], counts["gain_assessed"]),
    }
    for name, (numerator_name, denominator_name) in RATES.items():
        numerator, denominator = counts[numerator_name], counts[denominator_name]
        known = numerator is not None and denominator is not None
        interval = wilson(numerator, denominator) if numerator is not None and denominator is not None else None
        told[f"{name}_share"] = share_of(numerator, denominator) if known else None
        told[f"{name}_low"] = interval.low if interval is not None else None
        told[f"{name}_high"] = interval.high if interval is not None else None
    return told
