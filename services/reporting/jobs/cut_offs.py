"""Once a day is over, note where the partitions end: a report as of that day waits until the consumer is past it.

Some minutes after midnight, so that what scoring judges of the day's last facts has been sent, too. A worker that was
down then notes it when it is up again: a later end only asks for more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from datetime import date, datetime, timedelta
from typing import Final

from services.reporting.store.cut_offs import note_cut_off
from shared.calendar import JAKARTA
from shared.jobs.repeat import repeat
from shared.messaging.positions import Place
from shared.postgres.pool import Pool

EVERY_SECONDS: Final = 10.0
ANSWER_SECONDS: Final = 5.0
GRACE: Final = timedelta(minutes=10)


class CutOffs:
    """`ends` asks the broker now, stores the ends of the assigned partitions and says which these are."""

    def __init__(
        self, pool: Pool, ends: Callable[[], Awaitable[Collection[Place]]], clock: Callable[[], datetime]
    ) -> None:
        self._pool = pool
        self._ends = ends
        self._clock = clock
        self._noted: set[tuple[date, Place]] = set()

    async def run(self, stop: asyncio.Event) -> None:
        """Until told to stop."""
        await repeat(self.turn, EVERY_SECONDS, stop)

    async def turn(self) -> None:
        """Note the end of the last day that is over, of every partition not noted yet."""
        day = (self._clock() - GRACE).astimezone(JAKARTA).date() - timedelta(days=1)
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                places = await self._ends()
        except TimeoutError:
            return  # a consumer that is closing gives no answer; the next turn, or the next worker, asks again
        new = {(day, place) for place in places} - self._noted
        if new:
            async with self._pool.acquire() as connection, connection.transaction():
                await note_cut_off(connection, day, sorted(place for _, place in new))
            self._noted = {(day, place) for place in places}
