"""`python -m services.X republish`: the operator's door to sending every current fact again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import structlog

from shared.http.serve import Command
from shared.postgres.pool import Pool, open_pool
from shared.settings import ServiceSettings

LOG = structlog.get_logger(__name__)


def republish_command(republish: Callable[[Pool], Awaitable[int]]) -> Command:
    """The door of a service: a running worker's relay sends what `republish` puts into the outbox."""

    async def run(settings: ServiceSettings, words: Sequence[str]) -> int:  # noqa: ARG001 - takes none
        async with open_pool(settings.database_address("worker")) as pool:
            LOG.info("republished", facts=await republish(pool))
        return 0

    return Command(run)
