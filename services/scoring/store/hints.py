"""Hints: kept rows, each with the fact as it was published."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Final
from uuid import UUID

from shared.contracts.hint import HintV1
from shared.postgres.pool import Connection

WRITE: Final = """
INSERT INTO hint (child_id, fact_id, epoch, revision, known_at, error_kind, state, probability, content)
SELECT child_id, fact_id, epoch, revision, known_at, error_kind, state, probability, content::json
FROM unnest($1::uuid[], $2::uuid[], $3::integer[], $4::integer[], $5::timestamptz[], $6::text[], $7::text[],
            $8::double precision[], $9::text[])
    AS new (child_id, fact_id, epoch, revision, known_at, error_kind, state, probability, content)
ON CONFLICT (child_id, fact_id) DO UPDATE SET
    epoch = EXCLUDED.epoch, revision = EXCLUDED.revision, known_at = EXCLUDED.known_at, state = EXCLUDED.state,
    probability = EXCLUDED.probability, content = EXCLUDED.content
"""
# `area` is a code of any level: a desa lies in it, or the posyandu is it.
LIST: Final = """
SELECT h.child_id::text, h.fact_id::text AS hint_id, h.probability, h.content
FROM hint h JOIN child c ON c.child_id = h.child_id
WHERE h.state = $1 AND ($2::text IS NULL OR h.error_kind = $2)
  AND ($3::text IS NULL OR c.posyandu_code = $3 OR (c.desa_code >= $3 AND c.desa_code < $3 || '/'))
  AND ($4::double precision IS NULL OR h.probability < $4
       OR (h.probability = $4 AND (h.child_id, h.fact_id) > ($5::uuid, $6::uuid)))
ORDER BY h.probability DESC, h.child_id, h.fact_id LIMIT $7
"""
OPEN_OF: Final = """
SELECT h.content::text FROM child c JOIN hint h ON h.child_id = c.child_id
WHERE c.root_id = $1 AND h.state = 'open' ORDER BY h.probability DESC, h.fact_id
"""


async def read_hints(connection: Connection, children: Collection[UUID]) -> list[HintV1]:
    """All hints of these children, in any state."""
    rows = await connection.fetch("SELECT content::text FROM hint WHERE child_id = ANY($1::uuid[])", list(children))
    return [HintV1.read(row["content"]) for row in rows]


async def write_hints(connection: Connection, hints: Sequence[HintV1]) -> None:
    """Store hints, sorted by key."""
    if not hints:
        return
    rows = sorted(hints, key=lambda hint: (hint.child_id, hint.fact_id))
    await connection.execute(
        WRITE,
        [hint.child_id for hint in rows],
        [hint.fact_id for hint in rows],
        [hint.epoch for hint in rows],
        [hint.revision for hint in rows],
        [hint.known_at for hint in rows],
        [hint.error_kind for hint in rows],
        [hint.state for hint in rows],
        [hint.probability for hint in rows],
        [hint.model_dump_json() for hint in rows],
    )


async def list_hints(
    connection: Connection,
    state: str,
    error_kind: str | None,
    area: str | None,
    after: tuple[Any, ...] | None,
    limit: int,
) -> list[dict[str, Any]]:
    """Hints within the caller's areas, the most probable first."""
    last = after or (None, None, None)
    return [dict(row) for row in await connection.fetch(LIST, state, error_kind, area, *last, limit)]


async def open_hints_of(connection: Connection, root_id: UUID) -> list[HintV1]:
    """Open hints of a child and of those merged into it, the most probable first."""
    return [HintV1.read(row["content"]) for row in await connection.fetch(OPEN_OF, root_id)]


async def find_hint(connection: Connection, hint_id: UUID) -> HintV1 | None:
    """The hint; None also where the caller may not see it."""
    content = await connection.fetchval("SELECT content::text FROM hint WHERE fact_id = $1", hint_id)
    return None if content is None else HintV1.read(content)


async def lock_hint(connection: Connection, hint_id: UUID) -> HintV1 | None:
    """The hint as it is once nobody else is judging its child; None also where the caller may not see it."""
    child_id = await connection.fetchval("SELECT child_id FROM hint WHERE fact_id = $1", hint_id)
    if child_id is None:
        return None
    await connection.execute("SELECT lock_child($1)", child_id)
    return await find_hint(connection, hint_id)
