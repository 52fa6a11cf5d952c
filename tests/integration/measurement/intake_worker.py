"""A process that takes files, with a short lease, so that a test can kill it and see who goes on."""

from __future__ import annotations

import asyncio
import sys

import orjson

from services.measurement.jobs.handlers import handlers
from services.measurement.jobs.parsing import Parser
from services.measurement.store.vault import Vault
from shared.jobs.runner import JobRunner
from shared.postgres.pool import Address, open_pool
from tests.integration.measurement.desk import MASTER_KEY, MATCH_KEY

LEASE_SECONDS = 1.0


async def main(address: Address) -> None:
    async with open_pool(address) as pool:
        known = handlers(pool, Vault(MASTER_KEY, MATCH_KEY), Parser(), lambda: None)
        await JobRunner(pool, known, slots=1, lease_seconds=LEASE_SECONDS).run(asyncio.Event())


if __name__ == "__main__":
    asyncio.run(main(Address(**orjson.loads(sys.stdin.readline()))))
