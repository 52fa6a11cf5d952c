"""The figures follow from the set of facts, whatever the order, the batches and the repetitions in which they came."""

from __future__ import annotations

import random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.reporting.use_cases.rebuild import rebuild
from services.reporting.use_cases.verify import verify
from shared.postgres.pool import Pool
from tests.integration.reporting import ground
from tests.unit.reporting.history import random_history

PROPERTY = settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None
)


@PROPERTY
@given(seed=st.integers(0, 10**9), steps=st.integers(1, 60), size=st.integers(1, 40))
async def test_any_order_duplication_and_batching_of_facts_ends_in_the_same_figures(
    pool: Pool, seed: int, steps: int, size: int
) -> None:
    """B090: corrections, moves, merges, voids in any order: equal to the recount, equal to a rebuild."""
    facts = random_history(seed, steps)
    await ground.empty(pool)
    await ground.deliver(pool, facts, size)
    in_order = await ground.derived(pool)
    async with pool.acquire() as connection:
        assert (await verify(connection))["differences"] == []

    shuffled = facts + random.Random(seed).sample(facts, len(facts) // 3)
    random.Random(seed + 1).shuffle(shuffled)
    await ground.empty(pool)
    await ground.deliver(pool, shuffled, size)
    assert await ground.derived(pool) == in_order
    async with pool.acquire() as connection:
        assert (await verify(connection))["differences"] == []
        assert (await rebuild(connection))["differences"] == []
    assert await ground.derived(pool) == in_order
