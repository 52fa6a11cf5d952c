"""Which tests a caller is not told of."""

from __future__ import annotations

from services.scoring.domain.ruleset import RuleSet
from shared.auth.tokens import Caller


def hidden_from(caller: Caller, rules: RuleSet) -> frozenset[str]:
    """The confidential tests of the rule set in force, but for those who treat the child or examine its blood."""
    return frozenset() if caller.may("results:confidential") else rules.laboratory.confidential
