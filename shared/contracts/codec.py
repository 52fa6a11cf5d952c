"""CloudEvents 1.0, Kafka binary mode: attributes as headers, the fact as JSON body."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pydantic import ValidationError

from shared.contracts.fact import Fact
from shared.contracts.kinds import KINDS
from shared.contracts.topics import topic_of_kind

TYPE_PREFIX: Final = "tumbuh."
Headers = Sequence[tuple[str, bytes]]


class UndecodableError(Exception):
    """A record that can never be read. `code` is stable, `detail` names fields but never their values."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Message:
    """One message ready to be sent: everything but the topic's partition, which follows from the key."""

    topic: str
    key: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


def encode(fact: Fact, *, causation_id: str | None = None, traceparent: str | None = None) -> Message:
    """`fact` as a message of its kind's topic."""
    topic = topic_of_kind(fact.kind)
    headers = [
        ("ce_specversion", "1.0"),
        ("ce_id", fact.event_id),
        ("ce_source", f"/tumbuh/{topic.producer}"),
        ("ce_type", TYPE_PREFIX + fact.kind),
        ("ce_subject", fact.key),
        ("ce_time", fact.known_at.isoformat()),
        ("ce_dataschema", f"{fact.kind}.v1"),
        ("content-type", "application/json"),
    ]
    if causation_id is not None:
        headers.append(("ce_causationid", causation_id))
    if traceparent is not None:
        headers.append(("traceparent", traceparent))
    return Message(topic.name, fact.key, tuple(headers), fact.body())


def kind_of(headers: Headers) -> str:
    """The event kind of a record. UndecodableError if it states none."""
    for name, value in headers:
        if name == "ce_type":
            kind = value.decode("utf-8", "replace")
            if kind.startswith(TYPE_PREFIX):
                return kind.removeprefix(TYPE_PREFIX)
            raise UndecodableError("unknown_type", "ce_type does not begin with 'tumbuh.'")
    raise UndecodableError("header_missing", "ce_type")


def decode(topic: str, key: bytes | None, headers: Headers, body: bytes | None) -> Fact:
    """The fact in a record, checked against its key and topic.

    Raises UndecodableError: unknown type, a type that does not belong on this topic, a broken body, or a key that is
    not the fact's (it would sit in a foreign partition and lose its order).
    """
    kind = kind_of(headers)
    model = KINDS.get(kind)
    if model is None:
        raise UndecodableError("unknown_type", "no contract for this kind")
    if topic_of_kind(kind).name != topic:
        raise UndecodableError("wrong_topic", f"{kind} does not belong here")
    if body is None:
        raise UndecodableError("empty_body", "the record has no value")
    try:
        fact = model.read(body)
    except ValidationError as error:
        fields = "; ".join(
            f"{'.'.join(str(part) for part in problem['loc']) or 'body'}: {problem['type']}"
            for problem in error.errors(include_url=False, include_context=False, include_input=False)[:5]
        )
        raise UndecodableError("contract_violation", fields) from None
    if key is None or key.decode("utf-8", "replace") != fact.key:
        raise UndecodableError("wrong_key", "the key is not the fact's")
    return fact
