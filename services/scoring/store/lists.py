"""Reads for lists and pages: keyset pages, sorted by what is in the index."""

from __future__ import annotations

from collections.abc import Collection, Sequence
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
# Along the index of desa and child, so that a page of a large area costs no more than one of a small one. Children who
# were merged away need no condition, which the planner would misjudge: they have neither live case nor status.
CHILDREN: Final = """
SELECT desa_code, child_id FROM child
WHERE desa_code >= $1 AND desa_code < $2 AND (desa_code, child_id) >= ($3, $4)
  AND NOT voided AND died_on IS NULL AND departed_on IS NULL AND birth_date > $5
ORDER BY desa_code, child_id LIMIT $6
"""
# A test that is both required and unknown is one row: the required one says more. What is looked up by id is looked up
# row by row: joined, the planner may read whole tables through their row-level security.
LACKS: Final = """
SELECT DISTINCT ON (child_id, missing) child_id, missing, because, since FROM (
    SELECT 0 AS source, k.child_id, test.orderable AS missing,
           coalesce(o.tests ->> test.orderable, 'not_ordered') AS because,
           CASE WHEN o.tests ->> test.orderable IS NULL THEN (k.content ->> 'opened_on')::date
                ELSE o.ordered_on END AS since
    FROM child_case k
    CROSS JOIN LATERAL json_array_elements_text(k.content -> 'required_tests') AS test (orderable)
    LEFT JOIN LATERAL (
        SELECT tests, ordered_on FROM lab_order WHERE child_id = k.child_id AND case_id = k.fact_id LIMIT 1
    ) AS o ON true
    WHERE k.child_id = ANY($1::uuid[]) AND k.state <> 'closed'
      AND coalesce(o.tests ->> test.orderable, '') <> 'resulted'
    UNION ALL
    SELECT 1, s.child_id, u.thing ->> 'settle_with', u.thing ->> 'because',
           coalesce(
               (SELECT v.measured_on FROM measurement v
                WHERE v.child_id = s.child_id AND v.fact_id = (u.thing ->> 'fact_id')::uuid),
               (SELECT r.drawn_on FROM lab_result r
                WHERE r.child_id = s.child_id AND r.fact_id = (u.thing ->> 'fact_id')::uuid),
               s.measured_on,
               (s.known_at AT TIME ZONE 'Asia/Jakarta')::date)
    FROM risk_status s
    CROSS JOIN LATERAL json_array_elements(s.content -> 'unknowns') AS u (thing)
    WHERE s.child_id = ANY($1::uuid[]) AND NOT s.voided
) AS lacks
ORDER BY child_id, missing, source, since
"""
# The same over the caller's areas, counted (migration 0017): the most first.
LACK_TOTALS: Final = """
SELECT missing, children, verdicts, cases FROM lack_totals($1) ORDER BY verdicts DESC, children DESC, missing
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


async def children_of(
    connection: Connection, area: tuple[str, str], start: tuple[str, UUID], born_after: date, limit: int
) -> list[tuple[str, UUID]]:
    """(desa, child) of an area (a half-open range of desa codes) from `start` on: here, alive and young enough."""
    rows = await connection.fetch(CHILDREN, *area, *start, born_after, limit)
    return [(row["desa_code"], row["child_id"]) for row in rows]


async def lacks_of(connection: Connection, children: Sequence[UUID]) -> list[dict[str, Any]]:
    """What these children still lack: one row a child and thing."""
    return [_plain(row) for row in await connection.fetch(LACKS, children)]


async def lack_totals(connection: Connection, born_after: date) -> list[dict[str, Any]]:
    """What the children of the transaction's areas lack: `missing`, `children`, `verdicts`, `cases`."""
    return [dict(row) for row in await connection.fetch(LACK_TOTALS, born_after)]


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
