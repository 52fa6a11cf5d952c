"""Which tests a caller is not told of."""

from __future__ import annotations

from fastapi import Request

from services.scoring.domain.ruleset import RuleSet
from shared.auth.tokens import Caller


def hidden_from(caller: Caller, request: Request) -> frozenset[str]:
    """The confidential tests of the rule set, but for those who treat the child or examine its blood."""
    rules: RuleSet = request.app.state.rules
    return frozenset() if caller.may("results:confidential") else rules.laboratory.confidential
