"""What to do with `not now`: wait with jitter, stay a member of the group, tell health, and try again for ever."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final, TypeVar

import structlog
from aiokafka import AIOKafkaConsumer

from shared.messaging.outcomes import is_not_now

LOG = structlog.get_logger(__name__)
NOT_NOW_READY_SECONDS: Final = 10.0  # readiness turns false after this long without progress
LONGEST_PAUSE_SECONDS: Final = 5.0
ResultT = TypeVar("ResultT")


@dataclass
class Progress:
    """What health and metrics read. Times are `time.monotonic()` seconds."""

    moved_at: float = field(default_factory=time.monotonic)
    waiting_since: float | None = None
    batches: int = 0

    def ready(self) -> bool:
        """False while the consumer has been unable to work for a while."""
        return self.waiting_since is None or time.monotonic() - self.waiting_since < NOT_NOW_READY_SECONDS


class Patience:
    """Tries work of one consumer group again until it is done or the process is told to stop."""

    def __init__(self, group: str) -> None:
        self._group = group
        self.progress = Progress()

    async def retried(
        self,
        work: Callable[[], Awaitable[ResultT]],
        stop: asyncio.Event,
        consumer: AIOKafkaConsumer | None = None,
    ) -> ResultT | None:
        """The result of `work`; None when `stop` was set while waiting. Errors that are not `not now` are raised.

        While it waits the partitions of `consumer` are paused and it goes on polling, so that the group keeps it.
        """
        attempt = 0
        while True:
            try:
                result = await work()
            except Exception as error:
                if not is_not_now(error):
                    raise
                self.waits("consumer_waits", error)
            else:
                self.progress.waiting_since = None
                if attempt and consumer is not None:
                    consumer.resume(*consumer.assignment())
                return result
            attempt += 1
            if consumer is not None:
                consumer.pause(*consumer.assignment())
                await consumer.getmany(timeout_ms=0)  # paused: returns nothing, but tells the group we are alive
            try:
                await asyncio.wait_for(stop.wait(), pause_seconds(attempt))
            except TimeoutError:
                continue
            return None

    def waits(self, event: str, error: BaseException) -> None:
        """Note that nothing can be done now, and since when."""
        if self.progress.waiting_since is None:
            self.progress.waiting_since = time.monotonic()
        LOG.warning(event, group=self._group, error=type(error).__name__)


def pause_seconds(attempt: int) -> float:
    """How long to wait before the next try: doubling, bounded, and spread so that processes do not wake together."""
    longest: float = min(LONGEST_PAUSE_SECONDS, 0.1 * 2 ** min(attempt, 6))
    return longest * random.uniform(0.5, 1.5)  # noqa: S311 - jitter
