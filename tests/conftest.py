"""Real PostgreSQL and real Kafka for the tests that ask for them; `pytest tests/unit` starts nothing.

One server and one broker serve the whole run: those `./tumbuh test` has started, else throw-away ones that end with
this process. What a module gets is its own: a database (`database`), or a migrated database, empty topics and service
processes (`system`). Topics keep their real names, so modules that use `system` or `topics` get them empty by deleting
and making them, which is quicker than a broker each and needs no prefix in the product. Topics of a test's own
(`own_topic`) carry random names and are open to the administrator only.
"""

from __future__ import annotations

import asyncio
import os
import uuid
from collections.abc import Awaitable, Callable, Generator, Iterator
from pathlib import Path

import pytest
from aiokafka.admin import NewTopic

from deploy.local import kafka_access
from deploy.local.data_dir import DataDir
from deploy.local.secret_store import KAFKA_ADMIN
from deploy.local.stack import Stack, open_stack
from deploy.local.throw_away import TEST_STACK_VARIABLE, throw_away_stack
from deploy.local.trial import Trial, empty_topics, fresh_database, trial
from shared.contracts.topics import SERVICES

LAST_LINES = 40


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that failed over running services says what they wrote last; their files go with the test."""
    report = yield
    running = getattr(item, "funcargs", {}).get("system")
    if report.failed and isinstance(running, Trial):
        for service in SERVICES:
            if running.stack.data.log(service).exists():
                said = "\n".join(running.log(service).splitlines()[-LAST_LINES:])
                report.sections.append((f"last words of {service}", said))
    return report


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """PostgreSQL and Kafka, running and ready, with roles, schemas, topics and access lists."""
    inherited = os.environ.get(TEST_STACK_VARIABLE)
    if inherited:
        yield open_stack(DataDir(Path(inherited)))
        return
    with throw_away_stack() as own:
        yield own


@pytest.fixture(scope="module")
def database(stack: Stack) -> Iterator[Stack]:
    """The stack with an empty database of this module: schemas and roles, no tables (`database.address(role)`)."""
    with fresh_database(stack) as own:
        yield own


@pytest.fixture(scope="module")
def topics(stack: Stack) -> Stack:
    """The stack with the registry's topics empty."""
    asyncio.run(empty_topics(stack))
    return stack


@pytest.fixture(scope="module")
def system(stack: Stack) -> Iterator[Trial]:
    """Migrated database, empty topics and services to start, kill and stop by name; nothing is started yet."""
    with trial(stack) as own:
        yield own


@pytest.fixture
def own_topic(stack: Stack) -> Callable[[int], Awaitable[str]]:
    """A function that makes a topic of so many partitions with a random name, for the account `admin`."""

    async def make(partitions: int) -> str:
        name = f"test.{uuid.uuid4().hex[:12]}"
        async with kafka_access.admin(stack.bootstrap, stack.secrets.kafka[KAFKA_ADMIN]) as client:
            await client.create_topics([NewTopic(name, partitions, 1)])
        return name

    return make
