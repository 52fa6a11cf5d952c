"""The scoring schema on a real PostgreSQL, empty before each test."""

from collections.abc import AsyncIterator

import pytest

from deploy.local.stack import Stack
from services.scoring.app import MIGRATIONS
from shared.postgres.migrate import migrate
from shared.postgres.pool import Pool, open_pool
from tests.integration.scoring.evidence import empty


@pytest.fixture(scope="module")
async def ground(database: Stack) -> Stack:
    await migrate(database.address("scoring_owner"), "scoring", MIGRATIONS)
    return database


@pytest.fixture
async def pool(ground: Stack) -> AsyncIterator[Pool]:
    async with open_pool(ground.address("scoring_worker")) as pool:
        await empty(pool)
        yield pool
