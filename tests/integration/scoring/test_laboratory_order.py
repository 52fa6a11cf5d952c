"""Whatever the order, duplication and batching of child, measurement and laboratory facts: the same end."""

import asyncio
import random
import uuid
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deploy.local.stack import Stack
from shared.contracts.fact import Fact, derived_fact_id
from shared.contracts.risk import CaseV1, FollowUpV1
from shared.postgres.pool import Pool
from tests.integration.scoring.evidence import any_order_ends_alike, child, critical, desa, order, result, visit

APRIL = date(2026, 4, 20)
# What tells how often and when something was judged, not what was found.
OF_THE_JUDGING = {"revision", "known_at", "change"}


def world(seed: int) -> list[Fact]:
    """A suspected child and a second one, perhaps merged into it, with results, alerts, orders and elevations.

    One measurement alone is fresh and low, so that whatever comes first the same case opens by it: a case is kept, not
    folded, and is told apart by what opened it. Results that are withdrawn never were urgent, as a case's tier and its
    required tests only grow.
    """
    rng = random.Random(seed)
    a, b = (uuid.UUID(int=rng.getrandbits(128), version=4) for _ in range(2))
    case_id = derived_fact_id(uuid.uuid5(a, f"{APRIL}"), "case")
    facts: list[Fact] = [child(a), child(b), visit(a, APRIL, None, 76.4)]
    facts += [visit(who, date(2026, 1, 12), None, rng.choice([70.0, 73.0])) for who in (a, b)]
    facts += [desa(rng.choice([None, 0.0, 700.0]), revision) for revision in range(1, rng.randint(2, 4))]
    for who, number in ((a, 0), (a, 1), (a, 2), (b, 3)):
        on = APRIL + timedelta(days=rng.randint(-50, 10))
        for test_code, values in (
            ("haemoglobin", (84, 103, 107, 111, 120)), ("ferritin", (8, 12, 22, 31)), ("crp", (2, 5, 9)),
            ("zinc", (50, 60, 70)),
        ):  # fmt: skip
            if rng.random() < 0.7:
                at = datetime.combine(on, datetime.min.time(), UTC) + timedelta(hours=rng.randint(1, 9))
                found = result(who, test_code, rng.choice(values), on, drawn_at=rng.choice([None, at]))
                found = found.model_copy(update={"fact_id": uuid.uuid5(who, f"{test_code}{number}")})
                facts.append(found)
                if rng.random() < 0.3:
                    facts.append(found.model_copy(update={"revision": 2, "voided": True, "change": "voided"}))
    old = result(a, "platelets", 40, APRIL - timedelta(days=rng.choice([50, 70])))  # urgent perhaps, fresh never
    if rng.random() < 0.5:
        facts += [old, critical(old), *([critical(old, 2, state="acknowledged")] if rng.random() < 0.5 else [])]
    for revision in range(1, rng.randint(1, 5)):
        state = rng.choice(["open", "complete", "cancelled"])
        completed = APRIL + timedelta(days=revision) if state == "complete" else None
        facts.append(order(a, case_id, revision, state, completed_on=completed))
    if rng.random() < 0.5:
        facts.append(child(b, 2, merged_into=a))
        if rng.random() < 0.3:
            facts.append(child(b, 3))
    return facts


async def ending(pool: Pool) -> dict[str, Any]:
    """Statuses, cases and tasks, without what depends on how often they were judged."""
    statuses = await pool.fetch("SELECT child_id, fingerprint, tier FROM risk_status WHERE NOT voided ORDER BY 1")
    cases = await pool.fetch("SELECT content::text FROM child_case ORDER BY fact_id")
    tasks = await pool.fetch("SELECT content::text FROM follow_up ORDER BY fact_id")
    return {
        "statuses": [tuple(row) for row in statuses],
        "cases": [CaseV1.read(row["content"]).model_dump(exclude=OF_THE_JUDGING) for row in cases],
        "tasks": [FollowUpV1.read(row["content"]).model_dump(exclude=OF_THE_JUDGING) for row in tasks],
    }


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 100_000), order=st.randoms(use_true_random=False), cut=st.integers(1, 9))
def test_any_order_duplication_and_batching_ends_in_the_same_statuses_cases_and_tasks(
    ground: Stack, seed: int, order: random.Random, cut: int
) -> None:
    seen = asyncio.run(any_order_ends_alike(ground.address("scoring_worker"), world(seed), order, cut, ending))
    assert len(seen["cases"]) == 1
