"""The whole system, running, with a small district's register loaded; one for each module."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.trial import Trial
from tests.journey.desk import Desk

PATIENCE_S = 300  # processes start and die here, on machines that do other things too


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.timeout(PATIENCE_S))


@pytest.fixture(scope="module")
def desk(system: Trial) -> Iterator[Desk]:
    system.start()
    with Desk(system) as desk:
        desk.load_register()
        yield desk
