"""A chunk that met another writer's change of the same child is done again from its beginning."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import structlog

from services.measurement.store.fact_rows import ConcurrentChangeError

LOG = structlog.get_logger(__name__)
ATTEMPTS: Final = 5
T = TypeVar("T")


async def again(chunk: Callable[[], Awaitable[T]]) -> T:
    """`chunk`, a transaction of its own, at most five times."""
    for attempt in range(1, ATTEMPTS):
        try:
            return await chunk()
        except ConcurrentChangeError:
            LOG.info("chunk_again", attempt=attempt)
    return await chunk()
