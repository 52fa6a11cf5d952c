"""Fold what was done for groups of children again, and make the stored acts say so."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from uuid import UUID

from services.reporting.domain.fold import GroupFacts
from services.reporting.domain.services import ActRevision, fold_acts
from services.reporting.domain.versions import compare
from services.reporting.store.child_services import read_act_revisions, read_acts, write_acts
from services.reporting.store.group_facts import Groups
from services.reporting.use_cases.refold import Into, held
from shared.calendar import month_of
from shared.postgres.pool import Connection


async def refold_services(
    connection: Connection,
    into: Into,
    groups: Groups,
    facts: Mapping[UUID, GroupFacts],
    leaders: Collection[UUID],
) -> None:
    """Fold the acts of the groups of `leaders` with their child facts in `facts`, and write what differs."""
    members = [child_id for child_id, leader in groups.items() if leader in leaders]
    if not members:
        return
    acts: dict[UUID, list[ActRevision]] = {leader: [] for leader in leaders}
    for act in await read_act_revisions(connection, members):
        acts[groups[act.child_id]].append(act)
    stored = await read_acts(connection, members)
    if not stored and not any(acts.values()):
        return  # nearly every child
    fresh = [version for leader in leaders for version in fold_acts(facts[leader].children, acts[leader])]
    for target in into:
        here = held(target, groups)
        known = stored.get(target.generation, ())
        difference = compare(known, [version for version in fresh if version.key[0] in here])
        await write_acts(connection, target.generation, difference)
        if target.is_live:
            into[target].served |= {
                (root_id, month_of(act.began_on))
                for (root_id, _), act in (*difference.was_current, *difference.is_current)
            }
