"""What the children of all posyandu of an area show together, also those of posyandu that are too small to be judged.

Only reasons that the rules call `pooled`: readings, each of which counts once. Numerators and denominators are kept as
whole numbers beside every judgement, so that an area of any size and period has the sums.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from services.reporting.domain.quality_counts import Counts
from services.reporting.domain.quality_metrics.count_tests import at_least
from services.reporting.domain.quality_reasons import SHARES, Reason
from services.reporting.domain.quality_ruleset import GRADES, QualityRules

# The order in which they are stored; a number is never taken out or moved.
NUMBERS: Final = (
    *("visits", "children", "heights", "heights_whole", "weights", "weights_round", "scored", "flagged", "incomplete"),
    *("position_stated", "position_wrong", "same_day_twice", "late", "letters_compared", "letters_differ"),
)
COLUMNS: Final = tuple(f"pooled_{name}" for name in NUMBERS)
_SHARES: Final = {code: (f"pooled_{above}", f"pooled_{below}") for code, (above, below) in SHARES.items()}


def numbers_of(counts: Counts) -> list[int]:
    """NUMBERS of a posyandu-month or of any sum of them."""
    digits = counts["weight_digits"]
    return [digits[0] + digits[5] if name == "weights_round" else int(counts[name]) for name in NUMBERS]


def pooled_reasons(rules: QualityRules, sums: Mapping[str, int]) -> list[Reason]:
    """The reasons that stand for all children of an area together, by COLUMNS of its sums; none where those are few."""
    found = []
    for code, rule in rules.reasons.items():
        if not rule.pooled:
            continue
        numerator, denominator = _SHARES[code]
        count, n = sums.get(numerator, 0), sums.get(denominator, 0)
        if n < rule.fewest or count <= rule.limits[0] * n:
            continue
        share = count / n
        grade = sum(share > limit for limit in rule.limits)
        p = float(at_least(np.array(count), np.array(n), rule.expected))
        if grade and p < rules.alpha:
            limit = rule.limits[grade - 1]
            found.append(Reason(code, GRADES[grade], round(share, 4), limit, n, "binomial", float(f"{p:.3g}")))
    return found
