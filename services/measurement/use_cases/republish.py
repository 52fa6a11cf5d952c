"""Send every current fact again at unchanged order: harmless for who has it, healing for who lost it."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from services.measurement.store.children import CHILDREN
from services.measurement.store.fact_rows import FactRows
from services.measurement.store.measurements import MEASUREMENTS
from services.measurement.store.register import ENTRIES
from services.measurement.use_cases.publish import publish
from shared.postgres.pool import Connection

KINDS: Final[tuple[FactRows[Any], ...]] = (ENTRIES, CHILDREN, MEASUREMENTS)  # register first, children before visits
FIRST_ID: Final = UUID(int=0)


async def republish_page(connection: Connection, kind: int, after: UUID, limit: int) -> tuple[int, UUID] | None:
    """Publish up to `limit` facts of `KINDS[kind]` beyond `after`; where to go on, None when all is sent.

    The rows are locked against change until the commit: else a newer revision could be sent before the older one and
    the older would be the last in the compacted register topic.
    """
    rows = KINDS[kind]
    page = await rows.held_page(connection, after, limit)
    await publish(connection, page)
    if len(page) == limit:
        return kind, page[-1].fact_id
    return (kind + 1, FIRST_ID) if kind + 1 < len(KINDS) else None
