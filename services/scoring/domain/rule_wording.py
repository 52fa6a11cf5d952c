"""What a rule set itself adds to a status: thresholds, sources and standing of its reasons, tracks of its tiers.

A fingerprint beside that of the content (`fingerprint`), which knows nothing of rules: a verdict that another rule set
makes and words alike is no news, and keeps the version that first said it.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b

import numpy as np
import numpy.typing as npt

from services.scoring.domain.fingerprint import mix
from services.scoring.domain.fold_columns import Fold, Int64s
from services.scoring.domain.laboratory import LabFinding
from services.scoring.domain.risk_codes import RiskRule, Tier
from services.scoring.domain.ruleset import RuleSet


def risk_wording(fold: Fold, laboratory: Mapping[int, LabFinding], rules: RuleSet) -> Int64s:
    """One fingerprint a root: what `rules` would say of the fold's findings."""
    of_rule = {rule: _digest(_said_of(rules, rule)) for rule in RiskRule}
    of_tier = np.concatenate([_digest(rules.tracks[tier]) for tier in Tier])
    words = mix(np.zeros(fold.risk.tier.size, np.uint64), of_tier[fold.risk.tier])
    for rule in RiskRule:
        fired = (fold.risk.reasons >> rule & 1) == 1
        words = np.where(fired, mix(words, of_rule[rule]), words)
    for root, found in laboratory.items():
        for urgent in found.urgent:
            words[root : root + 1] = mix(words[root : root + 1], of_rule[urgent.rule])
    return words.astype(np.int64)


def _said_of(rules: RuleSet, rule: RiskRule) -> tuple[object, ...]:
    said = rules.tier[rule]
    return (said.threshold, said.source, said.provisional, said.tier.name, rules.tracks[said.tier])


def _digest(said: object) -> npt.NDArray[np.int64]:
    """64 bits of what is said, the same on every machine."""
    return np.frombuffer(blake2b(repr(said).encode(), digest_size=8).digest(), "<i8")
