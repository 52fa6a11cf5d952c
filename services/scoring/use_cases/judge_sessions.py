"""Judge the values of marked sessions and keep the hints at them: opened, changed, withdrawn; changes are published.

A verdict is a function of facts (`plausibility.detect.judge_stream`), so that whatever the order of arrival the hints
end as if the final facts had been judged at once. What makes that true here: the children of a session are locked, in
the order of every batch, before anything is read; a fact that changes after that leaves a mark of its own, and
whoever takes that mark waits for the same locks.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate
from typing import Final
from uuid import UUID

from services.scoring.domain.plausibility.detect import STREAM_POSYANDU_DAYS, judge_stream
from services.scoring.store import hints, sessions
from services.scoring.store.evidence import lock_families, read_families
from services.scoring.store.sessions import Affected, Mark, Session
from services.scoring.use_cases.hint_facts import changed_hints
from services.scoring.use_cases.session_values import SessionValues, session_values
from shared.contracts.hint import HintV1
from shared.outbox.publish import publish
from shared.postgres.pool import Connection

VISITS_A_TURN: Final = 1_000  # locked and judged together: what holds up a batch of the consumer for a moment


@dataclass(frozen=True, slots=True)
class Turn:
    """What one transaction did."""

    marks: int
    visits: int
    hints: Sequence[HintV1]


async def judge_sessions(connection: Connection, marks: Sequence[Mark], visits_a_turn: int = VISITS_A_TURN) -> Turn:
    """Judge what `marks` (claimed in this transaction) affect, publish what changed, settle the marks.

    What holds more than `visits_a_turn` visits is left: whole marks as they are, of one begun its sessions one by one.
    """
    found = await sessions.affected(connection, marks, STREAM_POSYANDU_DAYS)
    taken, left_over = _taken(found, visits_a_turn)
    left = left_over[0].mark if left_over else len(marks)
    is_begun = bool(left_over) and taken[-1].mark == left
    changed: list[HintV1] = []
    if taken:
        children = {child_id for session in taken for child_id in session.child_ids}
        roots = await lock_families(connection, children, ())
        judged = await _read(connection, {session.session for session in taken}, roots)
        # Away from the loop: consumer and relay share it.
        verdicts = await asyncio.to_thread(judge_stream, judged.values, judged.asked)
        changed = changed_hints(judged, verdicts, await hints.read_hints(connection, children))
        await hints.write_hints(connection, changed)
        await publish(connection, changed)
    if is_begun:
        rest: dict[Session, tuple[UUID, ...]] = {item.session: () for item in left_over if item.mark == left}
        await sessions.mark(connection, rest, marks[left].marked_at)
    await sessions.settle(connection, marks[: left + is_begun])
    return Turn(left + is_begun, sum(session.visits for session in taken), changed)


async def set_aside(connection: Connection, mark: Mark) -> None:
    """A mark that cannot be judged: each of its sessions gets a mark of its own; a single one waits for its time."""
    found = await sessions.affected(connection, [mark], STREAM_POSYANDU_DAYS)
    if len(found) <= 1:
        await sessions.postpone(connection, mark)
        return
    for item in found:
        await sessions.mark(connection, {item.session: ()}, mark.marked_at)
    await sessions.settle(connection, [mark])


def _taken(found: Sequence[Affected], visits: int) -> tuple[Sequence[Affected], Sequence[Affected]]:
    """As many as hold `visits` visits together, one at least; and the rest."""
    before = [0, *accumulate(session.visits for session in found)]
    cut = max(1, sum(total <= visits for total in before[1:]))
    return found[:cut], found[cut:]


async def _read(connection: Connection, taken: Collection[Session], roots: Collection[UUID]) -> SessionValues:
    """Everything the verdicts rest on, and a little more; `roots` are locked."""
    family = await connection.fetch("SELECT child_id FROM child WHERE root_id = ANY($1::uuid[])", list(roots))
    rows = await sessions.read(connection, [row["child_id"] for row in family], _windows(taken))
    return session_values(rows, await read_families(connection, set(rows["root_id"])), taken, roots)


def _windows(taken: Collection[Session]) -> Mapping[str, tuple[date, date]]:
    """Of each place the days from the first that its first session looks back at to its last session."""
    days: dict[str, list[date]] = defaultdict(list)
    for place, day in taken:
        days[place].append(day)
    return {place: (min(on) - timedelta(days=STREAM_POSYANDU_DAYS), max(on)) for place, on in days.items()}
