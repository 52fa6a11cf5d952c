"""One desk for a module; every test begins with one hospital that serves the whole kabupaten."""

from collections.abc import AsyncIterator

import pytest

from deploy.local.stack import Stack
from shared.logging import configure_logging
from tests.integration.lab.desk import Desk, open_desk


@pytest.fixture(scope="module")
async def open_module_desk(database: Stack) -> AsyncIterator[Desk]:
    configure_logging("lab")
    async with open_desk(database) as desk:
        yield desk


@pytest.fixture
async def bare_desk(open_module_desk: Desk) -> Desk:
    """No laboratory yet."""
    await open_module_desk.forget()
    return open_module_desk


@pytest.fixture
async def desk(bare_desk: Desk) -> Desk:
    await bare_desk.enter_laboratory()
    return bare_desk
