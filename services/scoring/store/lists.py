"""Reads for lists and pages: keyset pages, sorted by what is in the index."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Any, Final
from uuid import UUID

from asyncpg import Record

from shared.postgres.pool import Connection

STATUS: Final = """
SELECT content FROM risk_status WHERE child_id = (SELECT root_id FROM child WHERE child_id = $1) AND NOT voided
"""
CASES: Final = """
SELECT child_id, fact_id, state, content FROM child_case
WHERE (($1::text IS NULL AND state <> 'closed') OR state = $1)
  AND ($2::uuid IS NULL OR (child_id, fact_id) > ($2, $3::uuid))
ORDER BY child_id, fact_id LIMIT $4
"""
FOLLOW_UPS: Final = """
SELECT child_id, fact_id, task, owner_role, due_on, content FROM follow_up
WHERE state = 'open' AND ($1::text IS NULL OR owner_role = $1)
  AND ($2::date IS NULL OR (due_on, child_id, fact_id) > ($2, $3::uuid, $4::uuid))
ORDER BY due_on, child_id, fact_id LIMIT $5
"""
# The children are walked along their key, and each is asked what it lacks, so a page costs what it shows and no more.
# A test that is both required and unknown is one row: the required one says more.
MISSING: Final = """
SELECT c.child_id, m.missing, m.since, m.because
FROM child c CROSS JOIN LATERAL (
    SELECT DISTINCT ON (missing) missing, since, because FROM (
        SELECT 0 AS source, test.orderable AS missing, coalesce(o.tests ->> test.orderable, 'not_ordered') AS because,
               CASE WHEN o.tests ->> test.orderable IS NULL THEN (k.content ->> 'opened_on')::date
                    ELSE o.ordered_on END AS since
        FROM child_case k
        CROSS JOIN LATERAL json_array_elements_text(k.content -> 'required_tests') AS test (orderable)
        LEFT JOIN lab_order o ON o.child_id = k.child_id AND o.case_id = k.fact_id
        WHERE k.child_id = c.child_id AND k.state <> 'closed'
          AND coalesce(o.tests ->> test.orderable, '') <> 'resulted'
        UNION ALL
        SELECT 1, u.thing ->> 'settle_with', u.thing ->> 'because',
               coalesce(v.measured_on, r.drawn_on, s.measured_on, (s.known_at AT TIME ZONE 'Asia/Jakarta')::date)
        FROM risk_status s
        CROSS JOIN LATERAL json_array_elements(s.content -> 'unknowns') AS u (thing)
        LEFT JOIN measurement v ON v.child_id = s.child_id AND v.fact_id = (u.thing ->> 'fact_id')::uuid
        LEFT JOIN lab_result r ON r.child_id = s.child_id AND r.fact_id = (u.thing ->> 'fact_id')::uuid
        WHERE s.child_id = c.child_id AND NOT s.voided
    ) AS lacks
    ORDER BY missing, source, since
) AS m
WHERE c.root_id = c.child_id AND NOT c.voided AND c.died_on IS NULL AND c.departed_on IS NULL
  AND c.birth_date > $1::date
  AND ($2::uuid IS NULL OR (c.child_id >= $2 AND (c.child_id, m.missing) > ($2, $3::text)))
ORDER BY c.child_id, m.missing LIMIT $4
"""
TESTS_OF_RESULTS: Final = """
SELECT r.fact_id, r.test_code, r.canonical_unit FROM child c JOIN lab_result r ON r.child_id = c.child_id
WHERE c.root_id = $1 AND r.fact_id = ANY($2::uuid[])
"""


def _plain(row: Record) -> dict[str, Any]:
    """The row with ids as text: the driver's own kind of UUID does not go into a cursor."""
    return {name: str(value) if isinstance(value, UUID) else value for name, value in row.items()}


async def status_of(connection: Connection, child_id: UUID) -> dict[str, Any] | None:
    """The status of the child, or of the one it was merged into."""
    content: dict[str, Any] | None = await connection.fetchval(STATUS, child_id)
    return content


async def cases(
    connection: Connection, state: str | None, after: tuple[Any, ...] | None, limit: int
) -> list[dict[str, Any]]:
    """Cases in order of child and id."""
    last = after or (None, None)
    return [_plain(row) for row in await connection.fetch(CASES, state, *last, limit)]


async def follow_ups(
    connection: Connection, owner: str | None, after: tuple[Any, ...] | None, limit: int
) -> list[dict[str, Any]]:
    """Open follow-ups, the earliest due date first."""
    last = after or (None, None, None)
    return [_plain(row) for row in await connection.fetch(FOLLOW_UPS, owner, *last, limit)]


async def missing_tests(
    connection: Connection, born_after: date, after: tuple[Any, ...] | None, limit: int
) -> list[dict[str, Any]]:
    """What children born after that day, here and alive, still lack: one row a child and thing, in that order."""
    last = after or (None, None)
    return [_plain(row) for row in await connection.fetch(MISSING, born_after, *last, limit)]


async def live_case(connection: Connection, root_id: UUID) -> dict[str, Any] | None:
    """The case of the child that is not closed, as published."""
    content: dict[str, Any] | None = await connection.fetchval(
        "SELECT content FROM child_case WHERE child_id = $1 AND state <> 'closed'", root_id
    )
    return content


async def open_tasks(connection: Connection, root_id: UUID) -> list[dict[str, Any]]:
    """Open follow-ups of the child, as published."""
    rows = await connection.fetch("SELECT content FROM follow_up WHERE child_id = $1 AND state = 'open'", root_id)
    return [row["content"] for row in rows]


async def test_states(connection: Connection, root_id: UUID, case_id: UUID) -> dict[str, str]:
    """Orderable → where it stands in the order of the case; empty while there is no order."""
    tests: dict[str, str] | None = await connection.fetchval(
        "SELECT tests FROM lab_order WHERE child_id = $1 AND case_id = $2", root_id, case_id
    )
    return tests or {}


async def tests_of_results(
    connection: Connection, root_id: UUID, result_ids: Collection[UUID]
) -> dict[UUID, tuple[str, str | None]]:
    """Of results of the child and of those merged into it: test code and canonical unit."""
    rows = await connection.fetch(TESTS_OF_RESULTS, root_id, list(result_ids))
    return {UUID(str(row["fact_id"])): (row["test_code"], row["canonical_unit"]) for row in rows}
