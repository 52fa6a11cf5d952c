"""Shares of children by tier, through the API, on real PostgreSQL."""

import uuid
from typing import Any

from tests.integration.scoring.doors_desk import DESA_A, DESA_B, Desk, child, days_ago
from tests.integration.scoring.evidence import visit


async def by_tier(desk: Desk, **who: Any) -> tuple[dict[str, Any], dict[str, int]]:
    answer = await desk.get("/v1/rulesets/active/tier-shares", **who)
    return answer, {row["tier"]: row["children"] for row in answer["tiers"] if row["children"]}


async def test_the_shares_count_present_children_under_five_of_the_own_area_once(desk: Desk) -> None:
    """Not the dead, the departed, the older, nor a child merged into another."""
    await desk.suspected()
    for changes in (
        {},
        {"died_on": days_ago(1)},
        {"departed_on": days_ago(1)},
        {"birth_date": days_ago(1827)},
        {"residences": ({"valid_from": days_ago(600), "desa_code": DESA_B},)},
    ):
        child_id = uuid.uuid4()
        await desk.arrive(child(child_id, **changes), visit(child_id, days_ago(5), 11.0, 82.0))
    never, survivor = uuid.uuid4(), uuid.uuid4()
    await desk.arrive(child(never))
    twice = uuid.uuid4()
    await desk.arrive(child(survivor), child(twice, merged_into=survivor), visit(twice, days_ago(5), 8.4, 74.0))

    answer, counts = await by_tier(desk, role="district", areas=["12.19"])
    assert counts == {"suspected": 2, "low": 2}
    assert (answer["judged"], answer["unknown"], answer["ruleset_version"]) == (4, 1, "2026-01")
    suspected = next(row for row in answer["tiers"] if row["tier"] == "suspected")
    assert (suspected["share"], suspected["expected"], suspected["state"]) == (0.5, [0.2, 0.28], "too_few")
    assert "terlalu sedikit" in suspected["text_id"]
    _, of_a = await by_tier(desk, role="puskesmas", areas=[DESA_A])
    assert of_a == {"suspected": 2, "low": 1}


async def test_exact_counts_are_not_for_the_province(desk: Desk) -> None:
    answer = await desk.send("GET", "/v1/rulesets/active/tier-shares", role="province", areas=["12"])
    assert answer.status_code == 403
