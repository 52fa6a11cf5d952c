"""Work done again and again beside the rest, such as housekeeping."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from shared.messaging.outcomes import is_not_now

LOG = structlog.get_logger(__name__)


async def repeat(turn: Callable[[], Awaitable[None]], every_seconds: float, stop: asyncio.Event) -> None:
    """`turn`, then a pause, until `stop`. What cannot be done now (the database is away) waits for the next turn."""
    while not stop.is_set():
        try:
            await turn()
        except Exception as error:
            if not is_not_now(error):
                raise
            LOG.warning("housekeeping_waits", error=error)
        try:
            await asyncio.wait_for(stop.wait(), every_seconds)
        except TimeoutError:
            continue


async def work_off(turn: Callable[[], Awaitable[float | None]], stop: asyncio.Event) -> None:
    """`turn` until nothing is to be done (None) or `stop`; after each one a rest of as many seconds as it asks for."""
    while not stop.is_set() and (seconds := await turn()) is not None:
        try:
            await asyncio.wait_for(stop.wait(), seconds)
        except TimeoutError:
            continue
