"""One desk for a module; every test begins with the register and nothing else."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from deploy.local.stack import Stack
from shared.logging import configure_logging
from tests.integration.measurement.desk import Desk, open_desk

ATTEMPTS = 5


@pytest.fixture(scope="module")
async def open_module_desk(database: Stack) -> AsyncIterator[Desk]:
    configure_logging("measurement")
    async with open_desk(database) as desk:
        yield desk


@pytest.fixture
async def desk(open_module_desk: Desk) -> Desk:
    await empty(open_module_desk)
    return open_module_desk


async def empty(desk: Desk) -> None:
    """Forget everything but the register. A job of the test before may be at its last statement: then once more."""
    for _ in range(ATTEMPTS):
        try:
            await desk.forget()
        except asyncpg.DeadlockDetectedError:
            continue
        return
    raise TimeoutError("the tables are never at rest")
