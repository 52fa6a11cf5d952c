"""What people wrote to a task: one row for each act, the last of a kind holds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Final, Literal
from uuid import UUID

from shared.contracts.risk import FollowUpV1
from shared.postgres.pool import Connection

Act = Literal["snooze", "end"]
WRITE: Final = """
INSERT INTO follow_up_note (child_id, fact_id, revision, act, text) VALUES ($1, $2, $3, $4, $5)
"""
READ: Final = """
SELECT DISTINCT ON (n.fact_id, n.act) n.fact_id, n.act, n.text
FROM unnest($1::uuid[], $2::uuid[]) AS task (child_id, fact_id)
JOIN follow_up_note n ON (n.child_id, n.fact_id) = (task.child_id, task.fact_id)
ORDER BY n.fact_id, n.act, n.revision DESC
"""


async def write_note(connection: Connection, task: FollowUpV1, act: Act, text: str | None) -> None:
    """Keep what was written when `task` came to its present revision; None = nothing was."""
    await connection.execute(WRITE, task.child_id, task.fact_id, task.revision, act, text)


async def notes_of(connection: Connection, tasks: Collection[FollowUpV1]) -> Mapping[UUID, Mapping[str, str | None]]:
    """Task → act → the text of the last such act."""
    rows = await connection.fetch(READ, [task.child_id for task in tasks], [task.fact_id for task in tasks])
    found: defaultdict[UUID, dict[str, str | None]] = defaultdict(dict)
    for row in rows:
        found[UUID(str(row["fact_id"]))][row["act"]] = row["text"]
    return found
