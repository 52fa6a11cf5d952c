"""A due date that a person moved stays where it is, whatever is judged again and in whatever order."""

import asyncio
import random
import uuid
from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deploy.local.stack import Stack
from services.scoring.domain.ruleset import load
from services.scoring.store.doors import lock_follow_up
from services.scoring.use_cases.judge_measurements import Clock
from services.scoring.use_cases.snooze_follow_up import AskedSnooze, snooze_follow_up
from shared.contracts.fact import Fact
from shared.contracts.risk import FollowUpV1
from shared.postgres.pool import Address, Pool, open_pool
from tests.integration.scoring.evidence import NOW, TODAY, arrive, child, empty, of, result, visit

CHILD = uuid.UUID(int=77)
SEEN = TODAY - timedelta(days=3)
REASON = visit(CHILD, SEEN, 8.4, 74.0)
TASK = "SELECT content::text FROM follow_up WHERE task = 'remeasure_severe'"
# All of this judges the child again, and none of it answers the task or takes its reason away.
LATER: tuple[Fact, ...] = (
    child(CHILD, 2, birth_date=child(CHILD).birth_date + timedelta(days=4)),
    child(CHILD, 3),
    visit(CHILD, SEEN, 8.3, 73.8, fact_id=REASON.fact_id, revision=2, change="corrected"),
    visit(CHILD, SEEN - timedelta(days=40), 8.1, 73.0),
    visit(CHILD, SEEN - timedelta(days=75), 7.9, 72.0),
    result(CHILD, "haemoglobin", 98.0, SEEN),
    result(CHILD, "crp", 9.0, SEEN),
)


@settings(max_examples=8, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.randoms(use_true_random=False), cut=st.integers(1, 4), place=st.integers(0, 9))
def test_judging_again_in_any_order_leaves_a_snoozed_due_date_alone(
    ground: Stack, order: random.Random, cut: int, place: int
) -> None:
    asyncio.run(_snoozed_somewhere_between(ground.address("scoring_worker"), order, cut, place))


async def _snoozed_somewhere_between(address: Address, order: random.Random, cut: int, place: int) -> None:
    facts = [*LATER, *order.sample(LATER, 3)]
    order.shuffle(facts)
    batches = [facts[start : start + cut] for start in range(0, len(facts), cut)]
    place = min(place, len(batches))
    async with open_pool(address) as pool:
        await empty(pool)
        published = of(await arrive(pool, child(CHILD), REASON), "follow-up")
        for batch in batches[:place]:
            published += of(await arrive(pool, *batch), "follow-up")
        later = await _snooze(pool)
        for batch in batches[place:]:
            published += of(await arrive(pool, *batch), "follow-up")
        stored = await _task(pool)
        assert (stored.state, stored.due_on, stored.snooze) == ("open", later.due_on, later.snooze)
        assert await pool.fetchval("SELECT due_on FROM follow_up WHERE fact_id = $1", stored.fact_id) == later.due_on
        revisions = [fact.revision for fact in (*published, later) if fact.fact_id == later.fact_id]
        assert sorted(revisions) == list(range(1, stored.revision + 1))


async def _task(pool: Pool) -> FollowUpV1:
    return FollowUpV1.read(await pool.fetchval(TASK))


async def _snooze(pool: Pool) -> FollowUpV1:
    async with pool.acquire() as connection, connection.transaction():
        task = await lock_follow_up(connection, (await _task(pool)).fact_id)
        assert task is not None
        asked = AskedSnooze(task.due_on + timedelta(days=2), "weather_or_road", None, "person-1")
        return await snooze_follow_up(connection, task, asked, load(), Clock(TODAY, NOW))
