"""After a switch: the verdicts that became others are made and published, some families at a time."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from services.scoring.store import replays
from services.scoring.store.evidence import lock_families
from services.scoring.use_cases.judge_measurements import judge, publish_verdicts
from services.scoring.use_cases.rules_in_force import RulesInForce
from shared.contracts.codec import Message
from shared.postgres.pool import Connection

FAMILIES_AT_ONCE: Final = 100


async def publish_switch(
    connection: Connection, rules: RulesInForce, now: datetime, families: int = FAMILIES_AT_ONCE
) -> list[Message] | None:
    """The next families of a switch: locked, judged from the tables, stored; returns the events, None at the end.

    How far it has come is part of the transaction, so that who goes on after a crash leaves nothing out. Cases and
    tasks are not moved: they follow with the next fact of their child.
    """
    in_force = await rules.judging(connection)
    replay = await replays.to_publish(connection)
    if replay is None:
        return None
    changed = await replays.changed_after(connection, replay.replay_id, replay.published_to, families)
    if not changed:
        await replays.set_published(connection, replay.replay_id, None, now)
        return None
    roots = await lock_families(connection, [child_id for child_id, _ in changed], ())
    judged = await judge(connection, roots, in_force.rules)
    anew = {child_id for child_id, of_status in changed if of_status}
    messages = await publish_verdicts(connection, judged, in_force.since, anew)
    await replays.set_published(connection, replay.replay_id, changed[-1][0], now)
    return messages
