"""Looks for records that may be one child, whenever an identity, a birth date or a home is new."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

from services.measurement.store.vault import Vault
from services.measurement.use_cases.match_children import match_pending
from shared.calendar import now_utc
from shared.jobs.repeat import repeat
from shared.postgres.pool import Pool

# A hundred a second at most: a district of 40,000 in some minutes, at a tenth of a processor, while files come in.
EVERY_SECONDS: Final = 1.0
AT_ONCE: Final = 100


@dataclass(frozen=True, slots=True)
class Matching:
    """Done again and again; who is interrupted leaves the children pending for the next turn."""

    pool: Pool
    vault: Vault

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`."""
        await repeat(self.once, EVERY_SECONDS, stop)

    async def once(self) -> None:
        """The next who are pending."""
        async with self.pool.acquire() as connection, connection.transaction():
            await match_pending(connection, AT_ONCE, now_utc(), self.vault)
