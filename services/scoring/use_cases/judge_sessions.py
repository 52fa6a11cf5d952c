"""Judge the values of marked sessions and keep the hints at them: opened, changed, withdrawn; changes are published.

A verdict is a function of facts (`plausibility.detect.judge_stream`), so that whatever the order of arrival the hints
end as if the final facts had been judged at once. What makes that true here: the children of a session are locked, in
the order of every batch, before anything is read; a fact that changes after that leaves a mark of its own, and
whoever takes that mark waits for the same locks.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final
from uuid import UUID

from services.scoring.domain.plausibility.detect import STREAM_POSYANDU_DAYS, judge_stream
from services.scoring.store import detector, hints, sessions
from services.scoring.store.evidence import lock_families, read_families
from services.scoring.store.sessions import Affected, Mark, Session
from services.scoring.use_cases.hint_facts import changed_hints
from services.scoring.use_cases.session_values import SessionValues, session_values
from shared.contracts.hint import HintV1
from shared.outbox.publish import publish
from shared.postgres.pool import Connection

VISITS_A_TURN: Final = 1_000  # locked and judged together: what holds up a batch of the consumer for a moment
MARKS_AT_ONCE: Final = 500  # of up to 50 sessions each
TRIED_AT_ONCE: Final = datetime.min.replace(tzinfo=UTC)  # alone in its turn, without waiting


async def judge_all_anew(connection: Connection, version: str) -> bool:
    """Mark every session if another detector than `version` has judged them; whether it was so."""
    if not await detector.is_another(connection, version):
        return False
    await detector.mark_all_sessions(connection)
    return True


async def gather_marks(connection: Connection, visits_a_turn: int = VISITS_A_TURN) -> int:
    """Lay the sessions of all marks out in turns, each session once; how many sessions.

    Turns that wait are laid out anew with them: a session that is marked again is not judged in between. A turn holds
    `visits_a_turn` visits, or one session.
    """
    marks = await sessions.claim(connection, MARKS_AT_ONCE)
    if not marks:
        return 0
    found = await sessions.affected(connection, marks, STREAM_POSYANDU_DAYS)
    await sessions.lay_out(connection, _turns(found, visits_a_turn), None)
    await sessions.settle(connection, marks)
    return len(found)


def _turns(found: Sequence[Affected], visits_a_turn: int) -> Iterator[list[Affected]]:
    turn: list[Affected] = []
    visits = 0
    for item in found:
        if turn and visits + item.visits > visits_a_turn:
            yield turn
            turn, visits = [], 0
        turn.append(item)
        visits += item.visits
    if turn:
        yield turn


async def judge_turn(connection: Connection, turn: Mark) -> list[HintV1]:
    """Judge the sessions of a claimed turn and publish what changed; returns the changed hints."""
    children = await sessions.children_at(connection, turn.sessions)
    changed: list[HintV1] = []
    if children:
        roots = await lock_families(connection, children, ())
        judged = await _read(connection, set(turn.sessions), roots)
        # Away from the loop: consumer and relay share it.
        verdicts = await asyncio.to_thread(judge_stream, judged.values, judged.asked)
        changed = changed_hints(judged, verdicts, await hints.read_hints(connection, children))
        await hints.write_hints(connection, changed)
        await publish(connection, changed)
    await sessions.settle(connection, [turn])
    return changed


async def set_aside(connection: Connection, turn: Mark) -> None:
    """A turn that cannot be judged: each of its sessions gets a turn of its own; a single one waits for its time."""
    if len(turn.sessions) == 1:
        await sessions.postpone(connection, turn)
        return
    alone = [[Affected(session, turn.marked_at, 0)] for session in turn.sessions]
    await sessions.lay_out(connection, alone, TRIED_AT_ONCE)
    await sessions.settle(connection, [turn])


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
