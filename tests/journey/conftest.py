"""The whole system, running, with a small district's register loaded; one for each module."""

from collections.abc import Iterator

import pytest

from deploy.local.trial import Trial
from tests.journey.desk import Desk


@pytest.fixture(scope="module")
def desk(system: Trial) -> Iterator[Desk]:
    system.start()
    with Desk(system) as desk:
        desk.load_register()
        yield desk
