"""The service on a database of this module; each test begins with nothing projected."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from deploy.local.stack import Stack
from shared.logging import configure_logging
from shared.postgres.pool import Pool
from tests.integration.reporting import ground
from tests.integration.reporting.ground import Office


@pytest.fixture(scope="module")
async def open_office(database: Stack) -> AsyncIterator[Office]:
    configure_logging("reporting")
    async with ground.open_office(database) as office:
        yield office


@pytest.fixture
async def office(open_office: Office) -> Office:
    """Reporting as its clients see it, empty."""
    await ground.empty(open_office.worker)
    if await open_office.worker.fetchval("SELECT EXISTS (SELECT FROM quality_history)"):
        await ground.forget_history(open_office.stack)
    if await open_office.worker.fetchval("SELECT EXISTS (SELECT FROM release)"):
        await ground.forget_releases(open_office.stack)
    return open_office


@pytest.fixture
async def pool(office: Office) -> Pool:
    """Connections of the worker role, everything empty."""
    return office.worker
