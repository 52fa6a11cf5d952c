"""kill -9 at any time and at the worst places, and poison: nothing is lost, nothing counts twice, the rest goes on."""

import threading
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from deploy.local import processes
from deploy.local.services import start
from shared.contracts.topics import TOPICS
from shared.messaging.crash_points import AFTER_DATABASE_COMMIT, AFTER_PRODUCE, INSIDE_BISECT
from shared.postgres.pool import connect
from tests.journey.desk import Desk, until, visit
from tests.journey.poison import on_every_topic, passed_by_laboratory, refused_by_every_database, send, send_all

CRASH_AT = "TUMBUH_CRASH_AT"
CONSUMERS = ("lab", "scoring", "reporting")
CHILDREN, MONTHS = 40, 6


class Intake(threading.Thread):
    """A client that sends one batch a month for the same children and repeats itself until it is answered."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(daemon=True)
        self.desk = desk
        self.children = [desk.register_child() for _ in range(CHILDREN)]
        self.sent = threading.Semaphore(0)
        self.accepted = 0

    def run(self) -> None:
        for months_ago in range(MONTHS):
            report = self.desk.measure([visit(child_id, months_ago) for child_id in self.children])
            self.accepted += report["accepted"] + report["unchanged"]
            self.sent.release()


async def measurements(desk: Desk, children: Sequence[str]) -> dict[str, int]:
    """How many measurements of `children` each service holds; reporting keeps revisions, so it counts facts."""
    counts = {}
    for service, table in (
        ("measurement", "measurement"),
        ("scoring", "measurement"),
        ("scoring", "assessment"),
        ("reporting", "measurement_fact"),
    ):
        connection = await connect(desk.system.stack.address(f"{service}_worker"))
        try:
            counts[f"{service}.{table}"] = await connection.fetchval(
                f"SELECT count(DISTINCT fact_id) FROM {table} WHERE child_id = ANY($1::uuid[])", children
            )
        finally:
            await connection.close()
    return counts


def settled(desk: Desk) -> None:
    """Balanced ledgers, and figures that a recount confirms."""
    ledger = desk.balanced()
    assert ledger["facts"]["differences"] == []
    desk.verified()


@contextmanager
def armed(desk: Desk, monkeypatch: pytest.MonkeyPatch, point: str, services: Sequence[str]) -> Iterator[None]:
    """Restart `services` so that each dies at `point`; after the block all must have died there, and are back."""
    desk.system.stop(*services)  # in their orderly way, if they run
    with monkeypatch.context() as patch:
        patch.setenv(CRASH_AT, point)
        start(desk.system.stack, services, tethered=True)  # without waiting: one may die before it is ready
    yield
    until(lambda: running(desk, services), lambda names: names == [])
    desk.system.start(*services)


def running(desk: Desk, services: Sequence[str]) -> list[str]:
    return [name for name in services if processes.running(desk.system.stack.data, name) is not None]


async def test_each_service_may_be_killed_during_intake(desk: Desk) -> None:
    """B096: the client repeats, the key makes it one; B082: the consumers go on where their positions are."""
    intake = Intake(desk)
    intake.start()
    for service in ("measurement", *CONSUMERS):
        assert intake.sent.acquire(timeout=60)
        desk.system.kill(service)
        desk.system.start(service)
    intake.join(timeout=60)
    assert intake.accepted == CHILDREN * MONTHS
    settled(desk)
    assert set((await measurements(desk, intake.children)).values()) == {CHILDREN * MONTHS}


async def test_death_between_database_commit_and_kafka_offset_counts_nothing_twice(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    child_id = desk.register_child()
    with armed(desk, monkeypatch, AFTER_DATABASE_COMMIT, CONSUMERS):
        desk.measure([visit(child_id, months_ago) for months_ago in range(3)])
        desk.register_child()  # so that the laboratory, which keeps no measurement, has its part
    settled(desk)
    assert set((await measurements(desk, [child_id])).values()) == {3}


async def test_death_after_sending_sends_again_and_nothing_counts_twice(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    child_id = desk.register_child()
    desk.balanced()
    with armed(desk, monkeypatch, AFTER_PRODUCE, ("measurement", "scoring")):
        desk.measure([visit(child_id, months_ago) for months_ago in range(3)])
    settled(desk)
    assert set((await measurements(desk, [child_id])).values()) == {3}
    assert desk.ledger()["bus"]["not_newer"] > 0


async def test_death_between_the_halves_of_a_poisoned_batch_keeps_the_good_half_once(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """B082: what lies around the poison is applied, the poison is set aside, once in each consumer."""
    before = desk.balanced()["bus"]["dead"]
    desk.system.stop(*CONSUMERS)
    child_id = desk.register_child()
    message = refused_by_every_database(uuid.UUID(child_id))  # of the same key: it lies in the same partition
    await send(desk, "measurement", [(message.topic, message.key, message.headers, message.body)])
    desk.measure([visit(child_id)])
    with armed(desk, monkeypatch, INSIDE_BISECT, CONSUMERS):
        pass
    settled(desk)
    assert set((await measurements(desk, [child_id])).values()) == {1}
    assert desk.ledger()["bus"]["dead"] == before + len(CONSUMERS)


async def test_poison_on_every_topic_is_set_aside_with_its_reason_and_the_rest_goes_on(desk: Desk) -> None:
    child_id = desk.register_child()
    before = desk.balanced()["bus"]["dead"]
    known = await dead_letters(desk)
    poisons = on_every_topic(uuid.UUID(child_id))
    await send_all(desk, poisons)
    desk.measure([visit(child_id)])
    consumers = {topic.name: topic.consumers for topic in TOPICS}
    expected = Counter(
        (consumer, poison.topic, poison.reason)
        for poison in poisons
        for consumer in consumers[poison.topic]
        if consumer != "lab" or not passed_by_laboratory(poison)
    )
    until(lambda: desk.ledger()["bus"]["dead"], lambda dead: dead >= before + expected.total())
    settled(desk)
    assert await dead_letters(desk) - known == expected
    assert set((await measurements(desk, [child_id])).values()) == {1}


async def dead_letters(desk: Desk) -> Counter[tuple[str, str, str]]:
    """(consumer, topic, reason) of every dead letter."""
    found: Counter[tuple[str, str, str]] = Counter()
    for service in CONSUMERS:
        answer = desk.call("GET", service, "/v1/dead-letters", role="ops", areas=[])
        found.update((service, row["topic"], row["reason"]) for row in answer.json()["dead_letters"])
    return found
