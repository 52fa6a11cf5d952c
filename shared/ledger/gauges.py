"""The ledgers that a service can judge alone, as metrics: its consumed partitions, and where a consumer keeps falling.

The facts ledger is not among them: it compares an owner with a holder, which are two services.
"""

from __future__ import annotations

from typing import Final

from shared import metrics
from shared.contracts.topics import TOPICS
from shared.ledger.compare import unaccounted_records
from shared.ledger.service_ledger import POSITIONS
from shared.postgres.pool import Connection

COMPACTED: Final = frozenset(topic.name for topic in TOPICS if topic.cleanup_policy == "compact")


async def refresh_bus_gauges(connection: Connection) -> None:
    """Read all positions in one statement, so that a batch under way cannot look like a difference."""
    rows = await connection.fetch(POSITIONS)
    metrics.LEDGER_IMBALANCE.labels(kind="bus").set(sum(unaccounted_records(dict(row), COMPACTED) for row in rows))
    for row in rows:
        crashes = metrics.CONSUMER_CRASHES_AT_OFFSET.labels(topic=row["topic"], partition=str(row["partition"]))
        crashes.set(row["crashes"])
