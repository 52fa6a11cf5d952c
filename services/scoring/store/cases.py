"""Cases and follow-ups: kept rows, each with the fact as it was published."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from operator import attrgetter
from typing import Final
from uuid import UUID

from shared.contracts.risk import CaseV1, FollowUpV1
from shared.postgres.pool import Connection

READ_FOLLOW_UPS: Final = """
SELECT content::text FROM follow_up WHERE child_id = ANY($1::uuid[]) AND state = 'open'
UNION ALL
SELECT content::text FROM follow_up WHERE child_id = ANY($2::uuid[]) AND state <> 'open'
"""
WRITE_CASES: Final = """
INSERT INTO child_case (child_id, fact_id, epoch, revision, known_at, state, state_before, content)
SELECT child_id, fact_id, epoch, revision, known_at, state, state_before, content::json
FROM unnest($1::uuid[], $2::uuid[], $3::integer[], $4::integer[], $5::timestamptz[], $6::text[], $7::text[], $8::text[])
    AS new(child_id, fact_id, epoch, revision, known_at, state, state_before, content)
ON CONFLICT (child_id, fact_id) DO UPDATE SET
    epoch = EXCLUDED.epoch, revision = EXCLUDED.revision, known_at = EXCLUDED.known_at, state = EXCLUDED.state,
    state_before = EXCLUDED.state_before, content = EXCLUDED.content
"""
WRITE_FOLLOW_UPS: Final = """
INSERT INTO follow_up (child_id, fact_id, epoch, revision, known_at, task, owner_role, due_on, state, content)
SELECT child_id, fact_id, epoch, revision, known_at, task, owner_role, due_on, state, content::json
FROM unnest($1::uuid[], $2::uuid[], $3::integer[], $4::integer[], $5::timestamptz[], $6::text[], $7::text[],
            $8::date[], $9::text[], $10::text[])
    AS new(child_id, fact_id, epoch, revision, known_at, task, owner_role, due_on, state, content)
ON CONFLICT (child_id, fact_id) DO UPDATE SET
    epoch = EXCLUDED.epoch, revision = EXCLUDED.revision, known_at = EXCLUDED.known_at, due_on = EXCLUDED.due_on,
    state = EXCLUDED.state, content = EXCLUDED.content
"""


async def read_cases(connection: Connection, children: Collection[UUID]) -> list[tuple[CaseV1, str | None]]:
    """All cases of these children, the oldest first, with the state a closed one had before."""
    rows = await connection.fetch(
        "SELECT content::text, state_before FROM child_case WHERE child_id = ANY($1::uuid[])", list(children)
    )
    cases = [(CaseV1.read(row["content"]), row["state_before"]) for row in rows]
    return sorted(cases, key=lambda case: (case[0].opened_on, case[0].fact_id))


async def read_follow_ups(
    connection: Connection, children: Collection[UUID], asking: Collection[UUID]
) -> list[FollowUpV1]:
    """Open follow-ups of `children`; of `asking`, for whom new ones may be opened, the ended ones too."""
    rows = await connection.fetch(READ_FOLLOW_UPS, list(children), list(asking))
    return sorted((FollowUpV1.read(row["content"]) for row in rows), key=attrgetter("fact_id"))


async def write_cases(connection: Connection, cases: Sequence[tuple[CaseV1, str | None]]) -> None:
    """Store cases. Closed ones first: the index allows one open case per child at every moment."""
    for closed in (True, False):
        part = [case for case in cases if (case[0].state == "closed") is closed]
        if not part:
            continue
        part.sort(key=lambda case: (case[0].child_id, case[0].fact_id))
        facts = [case for case, _ in part]
        await connection.execute(
            WRITE_CASES,
            [fact.child_id for fact in facts],
            [fact.fact_id for fact in facts],
            [fact.epoch for fact in facts],
            [fact.revision for fact in facts],
            [fact.known_at for fact in facts],
            [fact.state for fact in facts],
            [before for _, before in part],
            [fact.model_dump_json() for fact in facts],
        )


async def write_follow_ups(connection: Connection, follow_ups: Sequence[FollowUpV1]) -> None:
    """Store follow-ups, ended ones first, as an open one may take the place of the ended."""
    for is_open in (False, True):
        part = [fact for fact in follow_ups if (fact.state == "open") is is_open]
        if not part:
            continue
        part.sort(key=lambda fact: (fact.child_id, fact.fact_id))
        await connection.execute(
            WRITE_FOLLOW_UPS,
            [fact.child_id for fact in part],
            [fact.fact_id for fact in part],
            [fact.epoch for fact in part],
            [fact.revision for fact in part],
            [fact.known_at for fact in part],
            [fact.task for fact in part],
            [fact.owner_role for fact in part],
            [fact.due_on for fact in part],
            [fact.state for fact in part],
            [fact.model_dump_json() for fact in part],
        )
