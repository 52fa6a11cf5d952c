"""Records as the consumer sees them: decoded before the transaction, or dead with a reason."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from shared.contracts.codec import UndecodableError, decode, kind_of
from shared.contracts.fact import Fact
from shared.contracts.topics import TOPICS


class RawRecord(Protocol):
    """What of a Kafka record is used."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]


KINDS_OF_TOPIC = {topic.name: frozenset(topic.kinds) for topic in TOPICS}


@dataclass(frozen=True, slots=True)
class Dead:
    """Why a record can never be applied. `detail` names fields, never values: it is shown to operators."""

    reason: str
    detail: str


class Received(NamedTuple):
    """One record: its place, and the fact in it or why there is none.

    Neither fact nor reason: a kind that this consumer does not hold, passed by without reading its body.
    """

    raw: RawRecord
    fact: Fact | None
    dead: Dead | None

    @property
    def place(self) -> tuple[str, int]:
        """Topic and partition."""
        return (self.raw.topic, self.raw.partition)


def receive(records: Iterable[RawRecord], kinds: frozenset[str]) -> list[Received]:
    """Decode `records`, sorted by topic, partition and offset: the order in which a batch may be cut in two.

    `kinds` are those the consumer holds; the body of another kind of the topic is not looked at.
    """
    received = []
    for raw in sorted(records, key=lambda record: (record.topic, record.partition, record.offset)):
        try:
            if passed_by(raw, kinds):
                received.append(Received(raw, None, None))
                continue
            received.append(Received(raw, decode(raw.topic, raw.key, raw.headers, raw.value), None))
        except UndecodableError as error:
            received.append(Received(raw, None, Dead(error.code, error.detail)))
    return received


def passed_by(raw: RawRecord, kinds: frozenset[str]) -> bool:
    """Whether the record is of a kind of its topic that is not among `kinds`. UndecodableError if it states none."""
    kind = kind_of(raw.headers)
    return kind not in kinds and kind in KINDS_OF_TOPIC.get(raw.topic, frozenset())
