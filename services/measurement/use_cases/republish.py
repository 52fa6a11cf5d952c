"""Send every current fact again at unchanged order: harmless for who has it, healing for who lost it."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from services.measurement.store.children import CHILDREN
from services.measurement.store.fact_rows import FactTable
from services.measurement.store.interventions import INTERVENTIONS
from services.measurement.store.measurements import MEASUREMENTS
from services.measurement.store.register import ENTRIES
from shared.outbox.publish import publish
from shared.postgres.pool import Pool

# The register first, children before what is known of them.
KINDS: Final[tuple[FactTable[Any], ...]] = (ENTRIES, CHILDREN, MEASUREMENTS, INTERVENTIONS)
PAGE_FACTS: Final = 1000  # a transaction each: nobody waits long for a row that is held


async def republish(pool: Pool) -> int:
    """Put every current fact into the outbox; how many.

    The rows of a page are held against change until its commit: a newer revision must not be sent before the older
    one, or the older would be the last word in a compacted topic.
    """
    sent = 0
    for rows in KINDS:
        after = UUID(int=0)
        while True:
            async with pool.acquire() as connection, connection.transaction():
                page = await rows.held_page(connection, after, PAGE_FACTS)
                await publish(connection, page)
            sent += len(page)
            if len(page) < PAGE_FACTS:
                break
            after = page[-1].fact_id
    return sent
