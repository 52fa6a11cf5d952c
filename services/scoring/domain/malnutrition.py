"""Gizi buruk at each visit of one root, for laboratory values that mean something else in such a child."""

from __future__ import annotations

from datetime import date

import numpy as np

from services.scoring.domain.assessment_codes import NO_LENGTH, NO_SCORE, AssessmentFlag, Oedema
from services.scoring.domain.fold_columns import Fold
from services.scoring.domain.risk_codes import RiskRule


def severe_malnutrition(fold: Fold, root: int) -> tuple[tuple[date, bool], ...]:
    """(day, gizi buruk) of every valid visit that says either, rising: by oedema, arm, weight for height, or as infant.

    A visit is judged by itself: gizi buruk on the day of a draw is what the newest visit until that day says.
    """
    facts, seen, tier = fold.measurements, fold.assessments, fold.rules.tier
    rows = np.flatnonzero((fold.children.root[facts.child] == root) & ~facts.voided)
    muac, infant = tier[RiskRule.MUAC_SEVERE], tier[RiskRule.INFANT_SEVERE]
    found: dict[date, bool] = {}
    for row in rows[np.argsort(facts.measured_on[rows], kind="stable")].tolist():
        months, flags = int(seen.completed_months[row]), int(seen.flags[row])
        said = []
        if facts.oedema[row] != Oedema.UNKNOWN:
            said.append((bool(facts.oedema[row] == Oedema.YES), False))
        if seen.whz[row] != NO_SCORE and not flags & AssessmentFlag.WHZ_FLAGGED:
            said.append((bool(seen.whz[row] < tier[RiskRule.WHZ_SEVERE].below * 100), True))
        if muac.from_months <= months < muac.before_months and not np.isnan(facts.muac_cm[row]):
            said.append((bool(facts.muac_cm[row] < muac.below), True))
        if 0 <= months < infant.before_months and seen.adjusted_length[row] != NO_LENGTH and seen.waz[row] != NO_SCORE:
            short = seen.adjusted_length[row] < infant.length_below_cm * 100
            if short and not flags & AssessmentFlag.WAZ_FLAGGED:
                said.append((bool(seen.waz[row] < infant.below * 100), True))
        severe = any(each for each, _ in said)
        if severe or any(decides for _, decides in said):  # no oedema alone does not say that there is no gizi buruk
            day: date = facts.measured_on[row].astype(date)
            found[day] = severe or found.get(day, False)
    return tuple(found.items())
