"""The scoring schema on a real PostgreSQL, and the service at its doors; empty before each test."""

from collections.abc import AsyncIterator

import pytest

from deploy.local.stack import Stack
from services.scoring.app import MIGRATIONS
from shared.logging import configure_logging
from shared.postgres.migrate import migrate
from shared.postgres.pool import Pool, open_pool
from tests.integration.scoring import doors_desk
from tests.integration.scoring.evidence import empty


@pytest.fixture(scope="module")
async def ground(database: Stack) -> Stack:
    await migrate(database.address("scoring_owner"), "scoring", MIGRATIONS)
    return database


@pytest.fixture(scope="module")
async def open_module_pool(ground: Stack) -> AsyncIterator[Pool]:
    async with open_pool(ground.address("scoring_worker")) as pool:
        yield pool


@pytest.fixture
async def pool(open_module_pool: Pool) -> Pool:
    await empty(open_module_pool)
    return open_module_pool


@pytest.fixture(scope="module")
async def open_module_desk(database: Stack) -> AsyncIterator[doors_desk.Desk]:
    configure_logging("scoring")
    async with doors_desk.open_desk(database) as desk:
        yield desk


@pytest.fixture
async def desk(open_module_desk: doors_desk.Desk) -> doors_desk.Desk:
    await doors_desk.empty(open_module_desk)
    return open_module_desk
