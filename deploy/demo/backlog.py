"""How much is still on its way, by the services' own metrics: cheap to ask, where a ledger counts every fact."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Final

import httpx

GAUGES: Final = ("tumbuh_consumer_lag_records", "tumbuh_outbox_pending_messages")
POLL_S: Final = 1.0  # the services measure once a second


async def wait_for_backlog(pool: httpx.AsyncClient, urls: Sequence[str], at_most: int, within_s: float) -> int:
    """Wait until no more than `at_most` messages are on their way, or `within_s` is over; how many there are then."""
    deadline = time.monotonic() + within_s
    while True:
        waiting = await backlog(pool, urls)
        if waiting <= at_most or time.monotonic() >= deadline:
            return waiting
        await asyncio.sleep(POLL_S)


async def backlog(pool: httpx.AsyncClient, urls: Sequence[str]) -> int:
    """Messages in outboxes and not yet consumed, over all services. One that does not answer says nothing here."""
    return sum(await asyncio.gather(*(_backlog_of(pool, url) for url in urls)))


async def _backlog_of(pool: httpx.AsyncClient, url: str) -> int:
    try:
        answer = await pool.get(f"{url}/metrics")
    except httpx.TransportError:
        return 0
    return messages_waiting(answer.text)


def messages_waiting(exposition: str) -> int:
    """The sum of the backlog gauges in a Prometheus text."""
    values = (line.rpartition(" ")[2] for line in exposition.splitlines() if line.startswith(GAUGES))
    return round(sum(float(value) for value in values))
