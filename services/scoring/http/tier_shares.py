"""`/v1/rulesets/active/tier-shares`: how many children stand in which tier, beside what the rule set expects."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Request, Response

from services.scoring.domain.texts import Words
from services.scoring.domain.tier_shares import Band, TierShare, tier_shares
from services.scoring.http.rules_now import rules_now
from services.scoring.store.tier_counts import count_tiers
from shared.auth.dependency import require
from shared.auth.tokens import Caller
from shared.calendar import born_after_for_under_five, today_jakarta
from shared.http.answer import json_response
from shared.http.transaction import reading

router = APIRouter(prefix="/v1/rulesets", tags=["rules"])


@router.get("/active/tier-shares", summary="Shares of the own area's children by tier, beside what is expected")
async def get_tier_shares(
    request: Request,
    caller: Annotated[Caller, require("aggregates:exact")],  # noqa: ARG001 - exact counts of small areas
) -> Response:
    """`share` is of `judged` children under five who are here; those without a verdict are `unknown` beside them.

    `state`: `as_expected`, `unexpected`, `refused` (a rule set with this share is not switched on), `too_few` children
    to say, `no_band` for a tier of which nothing is expected.
    """
    async with reading(request) as connection:
        rules = await rules_now(request, connection)
        counts = await count_tiers(connection, born_after_for_under_five(today_jakarta()))
    shares = tier_shares(counts, rules.tier_shares)
    return json_response(
        {
            "ruleset_version": rules.version,
            "judged": shares.judged,
            "unknown": shares.unknown,
            "judged_at_least": rules.tier_shares.judged_at_least,
            "tiers": [_shown(each) for each in shares.shares],
        }
    )


def _shown(each: TierShare) -> dict[str, Any]:
    code = each.tier.name.lower()
    texts = {f"text_{language}": Words(language).name(each.state, "tier_share") for language in ("id", "en")}
    return {
        "tier": code,
        "children": each.children,
        "share": None if each.share is None else round(each.share, 4),
        **_limits(each.band),
        "state": each.state,
        **texts,
    }


def _limits(band: Band | None) -> dict[str, Any]:
    return {
        "expected": None if band is None else band.expected,
        "refused_outside": None if band is None else band.refused_outside,
    }
