"""Every event says which event caused it, and stays in its trace (CloudEvents `ce_causationid`, W3C `traceparent`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from shared.contracts.codec import Message
from shared.messaging.batch import caused
from shared.messaging.records import Received

TRACE = f"00-{'a1' * 16}-{'b2' * 8}-01"


@dataclass
class Record:
    key: bytes | None
    headers: Sequence[tuple[str, bytes]]
    topic: str = "tumbuh.measurement.v1"
    partition: int = 0
    offset: int = 0
    timestamp: int = 0
    value: bytes | None = field(default=b"{}")


def received(key: bytes | None, *headers: tuple[str, bytes]) -> Received:
    return Received(Record(key, list(headers)), None, None)


def message(key: str) -> Message:
    return Message("tumbuh.risk.v1", key, (("ce_id", "own"),), b"{}")


def test_a_message_names_the_last_record_of_its_child_as_its_cause_and_carries_on_its_trace() -> None:
    batch = [
        received(b"child-1", ("ce_id", b"first")),
        received(b"child-2", ("ce_id", b"other")),
        received(b"child-1", ("ce_type", b"tumbuh.measurement"), ("ce_id", b"second"), ("traceparent", TRACE.encode())),
    ]
    (told,) = caused([message("child-1")], batch)
    assert told.headers == (("ce_id", "own"), ("ce_causationid", "second"), ("traceparent", TRACE))


def test_a_message_of_a_child_that_no_record_named_has_no_cause() -> None:
    batch = [received(None, ("ce_id", b"nobody")), received(b"child-2", ("ce_id", b"other"))]
    assert caused([message("child-1")], batch) == [message("child-1")]
