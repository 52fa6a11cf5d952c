"""Replays on real PostgreSQL: all history under another rule set, and nothing live changes before the switch."""

import asyncio
import random
import uuid
from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deploy.local.stack import Stack
from services.scoring.domain.ruleset import ACTIVE, FOLDER, RuleSetError, load
from services.scoring.jobs.replay import Share, judge_share, run_drop, run_switch
from services.scoring.jobs.rule_switch import SwitchPublisher
from services.scoring.store import bulk_evidence, replay_views, replays, rule_sets
from services.scoring.store.replays import Replay
from services.scoring.use_cases.publish_switch import publish_switch
from services.scoring.use_cases.replay_report import replay_report
from services.scoring.use_cases.rules_in_force import RulesInForce, install_shipped
from services.scoring.use_cases.switch_rules import NotNowError, VersionTakenError, begin_replay, rules_of
from services.scoring.use_cases.verify_replay import digests
from shared.contracts.fact import Fact
from shared.outbox.append import append
from shared.postgres.pool import Connection, Pool, connect, open_pool
from tests.integration.scoring.evidence import NOW, TODAY, arrive, child, empty, of, visit

SHIPPED = (FOLDER / f"{ACTIVE}.toml").read_bytes()


def rules_file(version: str, **tier: tuple[str, str]) -> bytes:
    """The shipped rule set under another version, with one number of some tier rules replaced."""
    text = SHIPPED.decode().replace(f'version = "{ACTIVE}"', f'version = "{version}"')
    for name, (old, new) in tier.items():
        head, mark, rest = text.partition(f"[tier.{name}]")
        assert mark
        assert old in rest
        text = head + mark + rest.replace(old, new, 1)
    return text.encode()


STRICTER = rules_file("2026-07", haz_low=("below = -2.0", "below = -1.2"))
REWORDED = rules_file("2026-08", haz_low=("below = -2.0", "below = -2.0001"))


@pytest.fixture
async def own(ground: Stack, pool: Pool) -> AsyncIterator[Connection]:
    """The command's own connection."""
    connection = await connect(ground.address("scoring_worker"))
    await install(pool)
    yield connection
    await connection.close()


async def install(pool: Pool) -> None:
    """As at the first start of the service."""
    async with pool.acquire() as connection, connection.transaction():
        await install_shipped(connection, NOW - timedelta(days=900))


async def replay(ground: Stack, own: Connection, content: bytes) -> Replay:
    """As the command does it, in this process: one bucket for single children, one for merged ones."""
    async with own.transaction():
        begun = await begin_replay(own, content, "tester", NOW)
    found, in_force = tuple(await bulk_evidence.buckets(own, 3)), await rule_sets.content_of(own, begun.against)
    assert in_force is not None
    await judge_share(ground.address("scoring_worker"), Share(begun.replay_id, content, in_force, found))
    async with own.transaction():
        await replays.set_ready(own, begun.replay_id, NOW)
    ready = await replays.find_replay(own, begun.replay_id)
    assert ready is not None
    return ready


async def published(pool: Pool, rules: RulesInForce | None = None) -> int:
    """What the worker's task does after a switch; how many steps."""
    publisher = SwitchPublisher(pool, rules or RulesInForce(load()), lambda: None)
    steps = 0
    while await publisher.once():
        steps += 1
    return steps


async def live(pool: Pool) -> dict[str, list[tuple[Any, ...]]]:
    return {
        "assessment": [
            tuple(row)
            for row in await pool.fetch("SELECT measurement_id, measurement_revision, codes FROM assessment ORDER BY 1")
        ],
        "status": [
            tuple(row)
            for row in await pool.fetch(
                "SELECT child_id, tier, priority, fingerprint FROM risk_status WHERE NOT voided ORDER BY 1"
            )
        ],
    }


def some_children(count: int, seed: int = 3) -> list[Fact]:
    """Children with some months of history, about a third of them short; nobody measured lately."""
    rng = random.Random(seed)
    facts: list[Fact] = []
    for _ in range(count):
        child_id = uuid.UUID(int=rng.getrandbits(128), version=4)
        facts.append(child(child_id, birth_date=date(2024, 1, 10) + timedelta(days=rng.randint(0, 200))))
        short = rng.choice((0, 2.5, 2.5, 5.5))
        for month in range(1, 5):
            on = date(2025, 8 + month, 3) if month < 5 else date(2026, 1, 3)
            facts.append(visit(child_id, on, 9.6 + month / 5, 80.5 + month - short, known_at=NOW - timedelta(days=100)))
    return facts


async def test_today_s_rules_replayed_are_today_s_tables_and_twice_the_same_hash(
    ground: Stack, pool: Pool, own: Connection
) -> None:
    facts = some_children(8)
    a, b = facts[0].fact_id, facts[5].fact_id
    await arrive(pool, *facts)
    await arrive(pool, child(a, 2, merged_into=b))
    before = await live(pool)
    hashes = []
    for _ in range(2):
        made = await replay(ground, own, SHIPPED)
        totals = await replay_views.totals(own, made.replay_id)
        assert (totals["children"], totals["measurements"]) == (7, 32)
        assert (totals["assessments_changed"], totals["statuses_changed"]) == (0, 0)
        hashes.append(totals["hash"])
    assert hashes[0] == hashes[1]
    other = await replay(ground, own, STRICTER)
    assert (await replay_views.totals(own, other.replay_id))["hash"] != hashes[0]
    assert await live(pool) == before, "a replay changes nothing that is live"
    await arrive(pool, visit(b, date(2026, 3, 3), 10.4, 84.0))
    assert await pool.fetchval("SELECT count(*) FROM replay_mark") == 1, "a batch says what it touched"
    assert await run_drop(own)
    for table in ("replay", "replay_child", "replay_mark"):
        assert await pool.fetchval(f"SELECT count(*) FROM {table}") == 0, "a dropped replay leaves nothing"
    assert await pool.fetchval("SELECT array_agg(version) FROM rule_set") == [ACTIVE]


PEOPLE = [uuid.uuid5(uuid.NAMESPACE_OID, str(number)) for number in range(5)]
visits = st.tuples(
    st.integers(0, 4),
    st.dates(date(2025, 3, 1), date(2026, 4, 30)),
    st.integers(60, 120),
    st.integers(660, 880),
    st.sampled_from([{}, {}, {"voided": True}, {"is_remeasurement": True}, {"oedema": True}]),
)
people = st.lists(
    st.sampled_from([{}, {}, {"gestation_weeks": 33}, {"sex": None}, {"voided": True}, {"birth_weight_kg": 2.1}]),
    min_size=4,
    max_size=4,
)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(people, st.lists(visits, max_size=25), st.sampled_from(["merged", "apart"]), st.randoms(use_true_random=False))
def test_any_history_replayed_by_today_s_rules_is_as_it_was_judged(
    ground: Stack, told: list[Any], history: list[Any], merging: str, order: random.Random
) -> None:
    """Merged, voided, late, preterm, of a child not announced yet: in any order of arrival."""
    facts: list[Fact] = [child(PEOPLE[number], **changes) for number, changes in enumerate(told)]
    for number, on, hectograms, millimetres, changes in history:
        facts.append(visit(PEOPLE[number], on, hectograms / 10, millimetres / 10, **changes))
    facts = list({(fact.kind, fact.fact_id): fact for fact in facts}.values())
    order.shuffle(facts)
    if merging == "merged":
        facts.append(child(PEOPLE[0], 2, merged_into=PEOPLE[1]))
    asyncio.run(replayed_is_judged(ground, facts))


async def replayed_is_judged(ground: Stack, facts: list[Fact]) -> None:
    own = await connect(ground.address("scoring_worker"))
    async with open_pool(ground.address("scoring_worker"), max_size=2) as pool:
        await empty(pool)
        await install(pool)
        for start in range(0, len(facts), 7):
            await arrive(pool, *facts[start : start + 7])
        made = await replay(ground, own, SHIPPED)
        totals = await replay_views.totals(own, made.replay_id)
        assert (totals["assessments_changed"], totals["statuses_changed"]) == (0, 0)
        rows = await pool.fetch("SELECT child_id, digest, was_tier, tier FROM replay_child")
        statuses = await pool.fetch("SELECT child_id, tier FROM risk_status WHERE NOT voided")
        stored = {row["child_id"]: row["tier"] for row in statuses}
        assert {row["child_id"]: row["tier"] for row in rows if row["tier"]} == stored
        assert all(row["was_tier"] == row["tier"] for row in rows)
        async with own.transaction():
            found = {row["child_id"]: row["digest"] for row in rows}
            assert not found or await digests(own, found, load()) == found, "read in bulk or as a batch reads: the same"
            assert await replays.incomplete(own, made.replay_id) == {"missing": 0, "surplus": 0}
    await own.close()


async def test_a_switch_publishes_what_changes_at_the_next_revision_and_nothing_else(
    ground: Stack, pool: Pool, own: Connection
) -> None:
    await arrive(pool, *some_children(9))
    before = {row["child_id"]: row for row in await pool.fetch("SELECT * FROM risk_status")}
    made = await replay(ground, own, STRICTER)
    report = await replay_report(own, made, (await rules_of(own, made)).tried, TODAY)
    assert 0 < report["raised"] < report["statuses_changed"] < 9, "those short already: by another number"
    assert report["lowered"] == 0
    assert {(move["was_tier"], move["tier"]) for move in report["moves"]} <= {
        ("low", "suspected"),
        ("watch", "suspected"),
    }
    assert report["reasons"] == [{"reason": "haz_low", "gained": report["raised"], "lost": 0}]
    assert sum(month["cases"] for month in report["orders_by_month"]) > sum(
        month["cases_before"] for month in report["orders_by_month"]
    )
    await pool.execute("DELETE FROM outbox")
    switched = await run_switch(own, made, "tester")
    assert (switched.refused, switched.verified.checked, switched.verified.differences) == ((), 9, 0)
    assert await published(pool) == 1
    since = await pool.fetchval("SELECT max(activated_at) FROM rule_set_activation")
    for row in await pool.fetch("SELECT * FROM risk_status"):
        old, told = before[row["child_id"]], (row["ruleset_version"], row["revision"])
        changed = row["tier"] == "suspected"
        assert told == (("2026-07", old["revision"] + 1) if changed else (ACTIVE, old["revision"]))
        assert row["known_at"] == (since if changed else old["known_at"])
    sent = await pool.fetchval("SELECT sum(cardinality(keys)) FROM outbox")
    assert sent == report["statuses_changed"] + report["assessments_changed"]
    assert await pool.fetchval("SELECT state FROM replay") == "switched"
    for table in ("child_case", "follow_up"):
        assert await pool.fetchval(f"SELECT count(*) FROM {table}") == 0, "cases and tasks are not replayed"
    again = await replay(ground, own, STRICTER)
    assert (await replay_views.totals(own, again.replay_id))["children_changed"] == 0, (
        "what is published is what was replayed"
    )


async def test_a_rule_that_only_reads_differently_is_news_for_those_it_speaks_of(
    ground: Stack, pool: Pool, own: Connection
) -> None:
    await arrive(pool, *some_children(9))
    made = await replay(ground, own, REWORDED)
    totals = await replay_views.totals(own, made.replay_id)
    short = await pool.fetchval("SELECT count(*) FROM risk_status WHERE tier = 'suspected'")
    assert (totals["statuses_changed"], totals["raised"], totals["assessments_changed"]) == (short, 0, 0)
    await run_switch(own, made, "tester")
    await published(pool)
    said = await pool.fetch("SELECT tier, ruleset_version, content -> 'reasons' AS reasons FROM risk_status")
    for row in said:
        assert row["ruleset_version"] == ("2026-08" if row["tier"] == "suspected" else ACTIVE)
        assert all(why["threshold"] == -2.0001 for why in row["reasons"] if why["rule_id"] == "haz_low")


async def test_what_arrives_during_a_replay_is_in_it_before_the_switch(
    ground: Stack, pool: Pool, own: Connection
) -> None:
    """Batches go on from the first bucket to after the switch; then a fresh replay of the same rules finds nothing."""
    facts = some_children(12)
    await arrive(pool, *facts)
    people = [fact.fact_id for fact in facts if fact.kind == "child"]
    stop, enough, told = asyncio.Event(), asyncio.Event(), 0
    rng = random.Random(5)

    async def go_on() -> None:
        nonlocal told
        while not stop.is_set():
            who, on = rng.choice(people), date(2026, 1, 1) + timedelta(days=told)
            await arrive(pool, visit(who, on, 9.9, rng.choice((79.0, 86.0))))
            if told % 7 == 3:
                await arrive(pool, child(rng.choice(people[6:]), 2 + told, merged_into=rng.choice(people[:6])))
            told += 1
            if told == 12:
                enough.set()

    load_going_on = asyncio.create_task(go_on())
    try:
        made = await replay(ground, own, STRICTER)
        switched = await run_switch(own, made, "tester")
        await asyncio.wait_for(enough.wait(), 60)
    finally:
        stop.set()
        await load_going_on
    assert (switched.refused, switched.verified.differences) == ((), 0)
    assert await pool.fetchval("SELECT count(*) FROM replay_mark") == 0
    await published(pool)
    again = await replay(ground, own, STRICTER)
    totals = await replay_views.totals(own, again.replay_id)
    assert (totals["children_changed"], totals["assessments_changed"]) == (0, 0)


async def test_no_batch_judges_by_the_old_rules_after_the_switch(ground: Stack, pool: Pool, own: Connection) -> None:
    first, second = uuid.uuid4(), uuid.uuid4()
    await arrive(pool, child(first), child(second))
    made = await replay(ground, own, STRICTER)
    async with pool.acquire() as connection, connection.transaction():
        await RulesInForce(load()).judging(connection)  # a batch under way
        switching = asyncio.create_task(run_switch(own, made, "tester"))
        while not await pool.fetchval("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"):
            assert not switching.done()
            await asyncio.sleep(0.005)
        late = asyncio.create_task(arrive(pool, visit(second, date(2026, 4, 20), 9.9, 79.9)))
        await asyncio.sleep(0.02)
        assert not late.done(), "who comes after the switch asked waits for it"
    await switching
    assert of(await late, "risk-status")[0].ruleset_version == "2026-07"


async def test_outside_the_limits_nothing_is_switched(ground: Stack, pool: Pool, own: Connection) -> None:
    text = rules_file("2026-09").decode().replace("judged_at_least = 200", "judged_at_least = 5")
    assert "judged_at_least = 5" in text
    await arrive(pool, *(child(uuid.uuid4(), birth_date=date(2025, 1, 1)) for _ in range(6)))
    everyone = await pool.fetch("SELECT child_id FROM child")
    await arrive(pool, *(visit(row["child_id"], date(2026, 4, 1), 9.9, 82.0) for row in everyone))
    before = await live(pool)
    made = await replay(ground, own, text.encode())
    switched = await run_switch(own, made, "tester")
    assert switched.refused == ("share_suspected",)
    assert await pool.fetchval("SELECT array_agg(version) FROM rule_set_activation") == [ACTIVE]
    assert (await published(pool), await live(pool)) == (0, before)
    assert await run_drop(own)


async def test_a_generation_that_is_not_right_is_not_switched(ground: Stack, pool: Pool, own: Connection) -> None:
    await arrive(pool, *some_children(3))
    made = await replay(ground, own, STRICTER)
    await pool.execute(
        "UPDATE replay_child SET digest = digest + 1 WHERE child_id = (SELECT child_id FROM child ORDER BY 1 LIMIT 1)"
    )
    await pool.execute("DELETE FROM replay_child WHERE child_id = (SELECT child_id FROM child ORDER BY 1 DESC LIMIT 1)")
    switched = await run_switch(own, made, "tester")
    assert switched.refused == ("verification",)
    assert (len(switched.verified.differing), switched.verified.missing) == (1, 1)


async def test_a_publication_that_is_cut_off_is_gone_on_with_where_it_stopped(
    ground: Stack, pool: Pool, own: Connection
) -> None:
    await arrive(pool, *some_children(20))
    made = await replay(ground, own, STRICTER)
    await run_switch(own, made, "tester")
    await pool.execute("DELETE FROM outbox")
    changed = [row["child_id"] for row in await pool.fetch(CHANGED, made.replay_id)]
    assert len(changed) > 4
    in_force = RulesInForce(load())
    async with pool.acquire() as connection:
        async with connection.transaction():
            await append(connection, await publish_switch(connection, in_force, NOW, 2) or [])
        cut_off = connection.transaction()
        await cut_off.start()
        await publish_switch(connection, in_force, NOW, 2)
        await cut_off.rollback()
    with pytest.raises(NotNowError, match="being published"):
        await replay(ground, own, STRICTER)
    assert await pool.fetchval("SELECT count(*) FROM risk_status WHERE ruleset_version = '2026-07'") == 2
    await arrive(pool, visit(changed[-1], date(2026, 4, 4), 10.0, 82.0))  # a batch is quicker than the publication
    await published(pool)
    bodies = [body for row in await pool.fetch("SELECT bodies FROM outbox") for body in row["bodies"]]
    told = [fact["child_id"] for fact in map(orjson.loads, bodies) if fact.get("tracks") is not None]
    assert sorted(told) == sorted(map(str, changed[:-1])), "each once; the last one was told by its batch"
    assert await pool.fetchval("SELECT count(*) FROM risk_status WHERE ruleset_version = '2026-07'") == len(changed)


async def test_a_version_is_one_content_for_ever(ground: Stack, pool: Pool, own: Connection) -> None:
    with pytest.raises(VersionTakenError, match=f"version: {ACTIVE} is taken"):
        await replay(ground, own, rules_file(ACTIVE, haz_low=("below = -2.0", "below = -1")))
    with pytest.raises(RuleSetError) as broken:
        await replay(
            ground, own, rules_file("2026-10", haz_low=("below = -2.0", "below = 'two'"), oedema=("tier", "tire"))
        )
    assert "tier.haz_low: below must be a number from -6 to 250" in broken.value.problems
    assert "tier.oedema: unknown key tire" in broken.value.problems
    assert await pool.fetchval("SELECT count(*) FROM rule_set") == 1


CHANGED = "SELECT child_id FROM replay_child WHERE replay_id = $1 AND status_changed ORDER BY child_id"
