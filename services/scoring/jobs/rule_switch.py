"""Publishes what a switch of rule sets changed, some families at a time, whoever began it and wherever it stopped."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final

import structlog

from services.scoring.use_cases.publish_switch import publish_switch
from services.scoring.use_cases.rules_in_force import RulesInForce
from shared import metrics
from shared.calendar import now_utc
from shared.jobs.repeat import repeat
from shared.messaging.crash_points import crash_point
from shared.outbox.append import append
from shared.postgres.pool import Pool

LOG = structlog.get_logger(__name__)
POLL_SECONDS: Final = 1.0
SILENT_SECONDS: Final = 120.0  # longer than any step takes
INSIDE_PUBLICATION: Final = "inside_publication"  # some families of a switch are published, others are not
MOST_WAITING: Final = 50  # outbox rows: who only waits for the relay does not pile up more


class SwitchPublisher:
    """Until it is stopped, looks for a switch that is not published.

    Args:
        pool: of the worker role.
        rules: what is in force.
        wake: tells the relay that something was committed.
    """

    def __init__(self, pool: Pool, rules: RulesInForce, wake: Callable[[], None]) -> None:
        self._pool = pool
        self._rules = rules
        self._wake = wake
        self._version = ""
        self.moved_at = time.monotonic()

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`."""

        async def work_off() -> None:
            await self._tell()
            while not stop.is_set() and await self.once():
                crash_point(INSIDE_PUBLICATION)

        await repeat(work_off, POLL_SECONDS, stop)

    async def once(self) -> bool:
        """Some families; whether there was anything to do."""
        self.moved_at = time.monotonic()
        async with self._pool.acquire() as connection, connection.transaction():
            if await connection.fetchval("SELECT count(*) FROM outbox") > MOST_WAITING:
                return False
            messages = await publish_switch(connection, self._rules, now_utc())
            await append(connection, messages or [])
        if messages is None:
            return False
        self._wake()
        return True

    async def _tell(self) -> None:
        """Which rule set judges, for who looks at the metrics."""
        version = (await self._rules.now(self._pool)).version
        if version != self._version:
            metrics.RULESET_INFO.clear()
            metrics.RULESET_INFO.labels(version).set(1)
            LOG.info("judging_by", version=version)
            self._version = version
