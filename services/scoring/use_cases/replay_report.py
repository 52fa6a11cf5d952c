"""What a replay would change, as one document: for the command and for the API."""

from __future__ import annotations

from datetime import date
from typing import Any

from services.scoring.domain.ruleset import RuleSet
from services.scoring.domain.tier_shares import TierShares, tier_shares
from services.scoring.store import replay_views
from services.scoring.store.replays import Replay
from shared.calendar import born_after_for_under_five
from shared.postgres.pool import Connection

Json = dict[str, Any]


async def replay_report(connection: Connection, replay: Replay, rules: RuleSet, today: date) -> Json:
    """Numbers within the areas that the connection may see. `rules`: those that are tried."""
    totals = await replay_views.totals(connection, replay.replay_id)
    counts = await replay_views.tiers(connection, replay.replay_id, born_after_for_under_five(today))
    panel = rules.laboratory.core_panel
    return {
        **replay_head(replay),
        **totals,
        "moves": await replay_views.moves(connection, replay.replay_id),
        "reasons": await replay_views.reasons(connection, replay.replay_id),
        "tier_shares": shares_shown(tier_shares(counts, rules.tier_shares)),
        "panel": panel,
        "orders_by_month": [
            {
                "month": f"{month:%Y-%m}",
                "cases_before": before,
                "cases": after,
                "tests_before": before * len(panel),
                "tests": after * len(panel),
            }
            for month, before, after in await replay_views.months(connection, replay.replay_id)
        ],
    }


def replay_head(replay: Replay) -> Json:
    """Which replay, of what, and where it stands."""
    return {
        "replay_id": str(replay.replay_id),
        "version": replay.version,
        "against": replay.against,
        "state": replay.state,
        "started_by": replay.started_by,
        "started_at": replay.started_at,
        "ready_at": replay.ready_at,
        "switched_at": replay.switched_at,
        "published_at": replay.published_at,
    }


def shares_shown(shares: TierShares) -> Json:
    """Shares of present children under five by tier, beside what the rule set allows."""
    return {
        "judged": shares.judged,
        "unknown": shares.unknown,
        "refused": [tier.name.lower() for tier in shares.refused],
        "tiers": [
            {
                "tier": each.tier.name.lower(),
                "children": each.children,
                "share": None if each.share is None else round(each.share, 4),
                "expected": None if each.band is None else each.band.expected,
                "refused_outside": None if each.band is None else each.band.refused_outside,
                "state": each.state,
            }
            for each in shares.shares
        ],
    }
