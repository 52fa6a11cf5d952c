"""The rule set in force, for a route: read in the transaction of its page, so that both are of one moment."""

from __future__ import annotations

from fastapi import Request

from services.scoring.domain.ruleset import RuleSet
from services.scoring.use_cases.rules_in_force import RulesInForce
from shared.postgres.pool import Connection, Pool


async def rules_now(request: Request, connection: Connection | Pool) -> RuleSet:
    """What judges now."""
    rules: RulesInForce = request.app.state.rules
    return await rules.now(connection)
