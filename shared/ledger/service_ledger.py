"""What one service says for the ledgers: its positions, its outbox, its dead letters, its facts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from shared.ledger.census import CensusTable, take_census
from shared.postgres.pool import Connection

POSITIONS = """
SELECT p.topic, p.partition, p.first_offset, p.next_offset, p.applied, p.not_newer, p.dead, p.gaps, p.crashes,
       p.crash_code, greatest(p.end_offset - p.next_offset, 0) AS lag, coalesce(d.stored, 0) AS dead_stored
FROM consumer_position p
LEFT JOIN (SELECT topic, partition, count(*) AS stored FROM dead_letter GROUP BY 1, 2) d USING (topic, partition)
ORDER BY 1, 2
"""
DEAD = "SELECT topic, reason, state, count(*) AS n FROM dead_letter GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"


async def service_ledger(
    connection: Connection, service: str, owns: Sequence[CensusTable], holds: Sequence[CensusTable]
) -> dict[str, Any]:
    """The service's part, read in one snapshot; `compare.py` judges it beside the other services' parts."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        positions = [dict(row) for row in await connection.fetch(POSITIONS)]
        pending = await connection.fetchval("SELECT coalesce(sum(cardinality(keys)), 0) FROM outbox")
        dead = [dict(row) for row in await connection.fetch(DEAD)]
        owned = await take_census(connection, owns)
        held = await take_census(connection, holds)
    return {
        "service": service,
        "bus": {"partitions": positions, "outbox_pending": pending, "dead_letters": dead},
        "facts": {"owns": owned, "holds": held},
    }
