"""The relay's batches: the partition every Kafka client would choose, and the order of each key kept."""

from __future__ import annotations

from typing import Any

import orjson
from aiokafka.partitioner import murmur2
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.outbox.partitions import partitions_of
from shared.outbox.relay import batches_of

PARTITIONS = 12
FULL = 3  # messages that fit into one of the batches below


class SmallBatch:
    """A batch as the producer makes it, but full after three messages."""

    def __init__(self) -> None:
        self.messages: list[tuple[bytes, bytes, list[tuple[str, bytes]]]] = []

    def append(self, *, timestamp: None, key: bytes, value: bytes, headers: list[tuple[str, bytes]]) -> object | None:
        assert timestamp is None
        if len(self.messages) == FULL:
            return None
        self.messages.append((key, value, headers))
        return self


def outbox_row(keys: list[str], first: int) -> dict[str, Any]:
    return {
        "keys": keys,
        "headers": [orjson.dumps([["ce_id", key]]).decode() for key in keys],
        "bodies": [str(first + place).encode() for place in range(len(keys))],
    }


@settings(max_examples=200, deadline=None)
@given(st.lists(st.binary(max_size=41), max_size=20), st.integers(1, 60))
def test_the_partition_of_a_key_is_that_of_the_default_partitioner(keys: list[bytes], partitions: int) -> None:
    expected = [(murmur2(key) & 0x7FFFFFFF) % partitions for key in keys]
    assert partitions_of(keys, partitions) == expected


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(st.sampled_from(["a", "b", "child-3", "child-44"]), max_size=9), max_size=4))
def test_batches_hold_every_message_once_and_keep_the_order_of_a_partition(rows: list[list[str]]) -> None:
    numbered: list[dict[str, Any]] = []
    sent: list[tuple[bytes, bytes]] = []
    for keys in rows:
        numbered.append(outbox_row(keys, len(sent)))
        sent += [(key.encode(), str(len(sent) + place).encode()) for place, key in enumerate(keys)]
    batches: list[tuple[int, Any]] = batches_of(numbered, PARTITIONS, SmallBatch)  # type: ignore[arg-type]
    for partition in range(PARTITIONS):
        expected = [pair for pair in sent if partitions_of([pair[0]], PARTITIONS) == [partition]]
        mine = [message for place, batch in batches if place == partition for message in batch.messages]
        assert [(key, value) for key, value, _ in mine] == expected
        assert all(headers == [("ce_id", key)] for key, _, headers in mine)
