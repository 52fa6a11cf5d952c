"""Send every current fact again at unchanged order: harmless for who has it, healing for who lost it."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from services.lab.store.criticals import CRITICALS
from services.lab.store.kept import Kept
from services.lab.store.orders import ORDERS
from services.lab.store.results import RESULTS
from shared.outbox.publish import publish
from shared.postgres.pool import Pool

TABLES: Final[tuple[Kept[Any], ...]] = (ORDERS, RESULTS, CRITICALS)
PAGE_FACTS: Final = 1_000  # a transaction each: nobody waits long for a row that is held
PAGE: Final = "(child_id, fact_id) > ($1, $2) ORDER BY child_id, fact_id LIMIT $3 FOR SHARE"


async def republish(pool: Pool) -> int:
    """Put every current fact into the outbox; how many.

    The rows of a page are held against change until its commit, so that no newer revision is sent before them.
    """
    sent = 0
    for table in TABLES:
        last = (UUID(int=0), UUID(int=0))
        while True:
            async with pool.acquire() as connection, connection.transaction():
                page = await table.find(connection, PAGE, *last, PAGE_FACTS)
                await publish(connection, page)
            sent += len(page)
            if len(page) < PAGE_FACTS:
                break
            last = (page[-1].child_id, page[-1].fact_id)
    return sent
