"""A replay from its beginning to the switch: opened, caught up with what came meanwhile, verified, switched."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from services.scoring.domain.ruleset import RuleSet, RuleSetError, read
from services.scoring.domain.tier_shares import TierShares, tier_shares
from services.scoring.store import replay_views, replays, rule_sets
from services.scoring.store.replays import Replay
from services.scoring.use_cases.replay_families import RuleSets, replay_families
from services.scoring.use_cases.rules_in_force import install_shipped
from services.scoring.use_cases.verify_replay import Verified, verify_replay
from shared.calendar import born_after_for_under_five
from shared.contracts.fact import new_fact_id
from shared.postgres.pool import Connection

MARKS_AT_ONCE: Final = 20


class NotNowError(Exception):
    """What is asked for is not possible now; the text says what to do."""


class VersionTakenError(RuleSetError):
    """Another rule set has this version."""


@dataclass(frozen=True, slots=True)
class Switched:
    """How a switch ended; `refused` names why it did not happen."""

    refused: tuple[str, ...]
    verified: Verified
    shares: TierShares


async def begin_replay(connection: Connection, content: bytes, by: str, now: datetime) -> Replay:
    """Open a replay of the rule set in `content`; an earlier one that was not switched is dropped.

    Waits for the batches under way: from here on every batch tells the replay what it touched. RuleSetError,
    VersionTakenError (same version, other content), NotNowError.
    """
    rules = read(content)
    await rule_sets.own_rules(connection)
    await install_shipped(connection, now)
    await drop_replay(connection)
    active = await rule_sets.read_active(connection)
    if active is None:
        raise LookupError("the shipped rule set is in force")
    if await rule_sets.add_rule_set(connection, rules.version, content, "command", by) != rule_sets.digest(content):
        raise VersionTakenError(
            [f"version: {rules.version} is taken by a rule set with other content; give it another"]
        )
    replay_id = new_fact_id()
    await replays.begin(connection, replay_id, rules.version, active.version, by, now)
    opened = await replays.find_replay(connection, replay_id)
    if opened is None:
        raise LookupError("the replay that was just opened")
    return opened


async def drop_replay(connection: Connection) -> bool:
    """Drop what was replayed and not switched; False where there is nothing. NotNowError while it is published."""
    found = await replays.current(connection)
    if found is None:
        return False
    if found.state == "publishing":
        raise NotNowError(f"{found.version} was switched on and is being published; wait until that is done")
    await replays.drop(connection, found.replay_id)
    return True


async def catch_up(connection: Connection, replay: Replay, rules: RuleSets, marks: int = MARKS_AT_ONCE) -> int:
    """Judge again what some marks name; how many families were named."""
    touched = await replays.take_marks(connection, replay.replay_id, marks)
    if touched:
        await replay_families(connection, replay.replay_id, touched, rules)
    return len(touched)


async def switch_rules(
    connection: Connection, replay: Replay, rules: RuleSets, by: str, clock: Callable[[], tuple[date, datetime]]
) -> Switched:
    """Let the replayed rule set judge from the commit on, if the generation is right and within the limits.

    Nobody judges meanwhile: batches wait. So what came until now is in the generation, and what comes from now on is
    judged by the new rules.
    """
    await rule_sets.own_rules(connection)
    while await catch_up(connection, replay, rules):
        pass
    today, now = clock()
    verified = await verify_replay(connection, replay, rules.tried)
    counts = await replay_views.tiers(connection, replay.replay_id, born_after_for_under_five(today))
    shares = tier_shares(counts, rules.tried.tier_shares)
    refused = (
        *(("verification",) if verified.differences else ()),
        *(f"share_{tier.name.lower()}" for tier in shares.refused),
        *(("superseded",) if await _superseded(connection, replay) else ()),
    )
    if not refused:
        await rule_sets.activate(connection, replay.version, now, by, replay.replay_id)
        await replays.set_switched(connection, replay.replay_id, now)
    return Switched(refused, verified, shares)


async def _superseded(connection: Connection, replay: Replay) -> bool:
    """Whether other rules judge than those the replay was compared with."""
    active = await rule_sets.read_active(connection)
    return active is None or active.version != replay.against


async def rules_of(connection: Connection, replay: Replay) -> RuleSets:
    """Both rule sets of a replay. RuleSetError when this program cannot read one of them."""
    return RuleSets(await _stored(connection, replay.version), await _stored(connection, replay.against))


async def _stored(connection: Connection, version: str) -> RuleSet:
    return read(await rule_sets.content_of(connection, version) or b"")


async def replay_of(connection: Connection, replay_id: UUID) -> Replay:
    """The replay as it stands now. NotNowError when it is gone."""
    found = await replays.find_replay(connection, replay_id)
    if found is None:
        raise NotNowError("the replay was dropped meanwhile; run it again")
    return found
