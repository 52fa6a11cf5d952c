"""Cases and tasks as people change them: found by id, alone with them under the child's lock."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final
from uuid import UUID

from services.scoring.domain.assessment_matrix import Matrix, read_matrix
from shared.contracts.risk import CaseV1, FollowUpV1
from shared.postgres.pool import Connection

CASE: Final = "SELECT content::text, state_before FROM child_case WHERE fact_id = $1"
EVIDENCE_DAY: Final = """
WITH family AS (
    SELECT c.child_id FROM child c WHERE c.root_id = (SELECT own.root_id FROM child own WHERE own.child_id = $1)
)
SELECT m.measured_on FROM family JOIN measurement m USING (child_id) WHERE m.fact_id = $2 AND NOT m.voided
UNION ALL
SELECT r.drawn_on FROM family JOIN lab_result r USING (child_id) WHERE r.fact_id = $2 AND NOT r.voided
UNION ALL
SELECT i.began_on FROM family JOIN intervention i USING (child_id) WHERE i.fact_id = $2 AND NOT i.voided
"""


async def find_case(connection: Connection, case_id: UUID) -> tuple[CaseV1, str | None] | None:
    """The case, with the state a closed one had before; None also where the caller may not see it."""
    row = await connection.fetchrow(CASE, case_id)
    return None if row is None else (CaseV1.read(row["content"]), row["state_before"])


async def lock_case(connection: Connection, case_id: UUID) -> tuple[CaseV1, str | None] | None:
    """The case as it is once nobody else is changing it."""
    child_id = await connection.fetchval("SELECT child_id FROM child_case WHERE fact_id = $1", case_id)
    if child_id is None:
        return None
    await connection.execute("SELECT lock_child($1)", child_id)
    return await find_case(connection, case_id)


async def lock_follow_up(connection: Connection, follow_up_id: UUID) -> FollowUpV1 | None:
    """The task as it is once nobody else is changing it; None also where the caller may not see it."""
    child_id = await connection.fetchval("SELECT child_id FROM follow_up WHERE fact_id = $1", follow_up_id)
    if child_id is None:
        return None
    await connection.execute("SELECT lock_child($1)", child_id)
    content = await connection.fetchval("SELECT content::text FROM follow_up WHERE fact_id = $1", follow_up_id)
    return None if content is None else FollowUpV1.read(content)


async def open_tasks(connection: Connection, case: CaseV1) -> list[FollowUpV1]:
    """What is still to be done for the child of a locked case."""
    rows = await connection.fetch(
        "SELECT content::text FROM follow_up WHERE child_id = $1 AND state = 'open' ORDER BY fact_id", case.child_id
    )
    return [FollowUpV1.read(row["content"]) for row in rows]


async def family_codes(connection: Connection, root_id: UUID) -> tuple[Sequence[date], Matrix]:
    """Day and assessment codes of every measurement of a root."""
    rows = await connection.fetch("SELECT measured_on, codes FROM family_assessments($1)", root_id)
    return [row["measured_on"] for row in rows], read_matrix([row["codes"] for row in rows])


async def birth_date_of(connection: Connection, child_id: UUID) -> date | None:
    """None where it is not known."""
    birth_date: date | None = await connection.fetchval("SELECT birth_date FROM child WHERE child_id = $1", child_id)
    return birth_date


async def measured_on(connection: Connection, child_id: UUID, fact_id: UUID) -> date | None:
    """Day of a measurement of this child; None where the fact is something else or another child's."""
    day: date | None = await connection.fetchval(
        "SELECT measured_on FROM measurement WHERE (child_id, fact_id) = ($1, $2)", child_id, fact_id
    )
    return day


async def evidence_day(connection: Connection, child_id: UUID, fact_id: UUID) -> date | None:
    """Day of a measurement, of the draw of a result or of an intervention, of this child or one merged with it.

    None where the id is of no such fact, of a voided one, or of one that the caller may not see.
    """
    day: date | None = await connection.fetchval(EVIDENCE_DAY, child_id, fact_id)
    return day
