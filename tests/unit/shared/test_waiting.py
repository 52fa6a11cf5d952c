"""The age of the oldest unapplied record: told while the consumer stands still, and gone when it has caught up."""

from types import SimpleNamespace

from shared.messaging.records import Received
from shared.messaging.waiting import Waiting

TOPIC = "tumbuh.measurement.v1"
PLACE = (TOPIC, 3)


def applied_at(timestamp_seconds: float) -> Received:
    milliseconds = int(timestamp_seconds * 1000)
    raw = SimpleNamespace(topic=TOPIC, partition=3, offset=1, timestamp=milliseconds, key=None, value=None, headers=())
    return Received(raw, None, None)


def test_a_consumer_that_stands_still_is_seen_to_wait_longer_and_longer_b128() -> None:
    """B128: no batch ends, so no batch can tell; the age grows all the same."""
    waiting = Waiting()
    waiting.seen({PLACE: 4}, 1000)
    waiting.seen({PLACE: 4}, 1060)
    assert waiting.age_seconds(TOPIC, 1300) == 300


def test_what_was_there_before_the_start_is_as_old_as_the_record_applied_before_it() -> None:
    waiting = Waiting()
    waiting.seen({PLACE: 4000}, 1000)
    waiting.applied([applied_at(100)])
    assert waiting.age_seconds(TOPIC, 1001) == 901


def test_a_partition_without_lag_or_of_another_worker_waits_for_nothing() -> None:
    waiting = Waiting()
    waiting.seen({PLACE: 4, (TOPIC, 4): 1}, 1000)
    waiting.seen({PLACE: 0}, 1010)
    assert waiting.age_seconds(TOPIC, 2000) == 0


def test_the_oldest_partition_speaks_for_its_topic_only() -> None:
    waiting = Waiting()
    waiting.seen({PLACE: 1}, 1000)
    waiting.seen({PLACE: 1, (TOPIC, 4): 1, ("tumbuh.risk.v1", 0): 1}, 1500)
    assert waiting.age_seconds(TOPIC, 1600) == 600
    assert waiting.age_seconds("tumbuh.risk.v1", 1600) == 100


def test_a_record_applied_while_nothing_waits_starts_no_clock() -> None:
    waiting = Waiting()
    waiting.applied([applied_at(100)])
    assert waiting.age_seconds(TOPIC, 2000) == 0
