"""A changed fact marks the sessions whose verdicts may change by it, in the transaction that stores it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from services.scoring.store import sessions
from services.scoring.store.evidence_facts import place_of
from services.scoring.store.sessions import Session
from shared.contracts.child import ChildV1, MeasurementV1
from shared.postgres.pool import Connection

FIRST: Final = (1, 1)  # the order of a fact that replaces none


@dataclass(frozen=True, slots=True)
class Before:
    """What was stored, before a batch is merged, of what verdicts rest on: children by id, sessions by measurement."""

    children: dict[UUID, tuple[Any, ...]] = field(default_factory=dict)
    sessions: dict[UUID, Session] = field(default_factory=dict)


async def look_before(
    connection: Connection, children: Collection[ChildV1], measurements: Collection[MeasurementV1]
) -> Before:
    """To be called under the locks of the children, before their facts are merged."""
    revised = [(fact.child_id, fact.fact_id) for fact in measurements if fact.order != FIRST]
    return Before(
        await sessions.judged_by(connection, {child.child_id for child in children}) if children else {},
        await sessions.sessions_of(connection, revised) if revised else {},
    )


async def mark_sessions(
    connection: Connection,
    before: Before,
    children: Collection[ChildV1],
    measurements: Collection[MeasurementV1],
) -> None:
    """Mark by the facts that were applied.

    A visit marks its session, and the one it was taken out of. A child marks all sessions of its family when something
    about it that every verdict rests on is not what it was: sex, birth date, whose record it is, whether it counts. A
    move, a death or a birth weight marks nothing.
    """
    touched: dict[Session, set[UUID]] = defaultdict(set)
    for fact in measurements:
        touched[(place_of(fact), fact.measured_on)].add(fact.child_id)
        if fact.fact_id in before.sessions:
            touched[before.sessions[fact.fact_id]].add(fact.child_id)
    if children:
        for session, child_ids in (await _of_changed(connection, before, children, measurements)).items():
            touched[session] |= child_ids
    await sessions.mark(connection, touched)


async def _of_changed(
    connection: Connection, before: Before, children: Collection[ChildV1], measurements: Collection[MeasurementV1]
) -> dict[Session, set[UUID]]:
    after = await sessions.judged_by(connection, {child.child_id for child in children})
    roots: set[UUID] = set()
    for child_id, state in after.items():
        old = before.children.get(child_id)
        if old != state:
            roots |= {state[0]} if old is None else {old[0], state[0]}
    if not roots:
        return {}
    return await sessions.sessions_of_families(connection, roots, [fact.fact_id for fact in measurements])
