"""CloudEvents 1.0, Kafka binary mode: attributes as headers, the fact as JSON body."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, Final, NamedTuple
from uuid import UUID

import orjson
from pydantic import ValidationError

from shared.contracts.fact import ChildFact, Fact, event_id
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


class Message(NamedTuple):
    """One message ready to be sent: everything but the topic's partition, which follows from the key."""

    topic: str
    key: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


def encode(fact: Fact, *, traceparent: str | None = None) -> Message:
    """`fact` as a message of its kind's topic."""
    return _message(type(fact), fact.key, fact.event_id, fact.known_at, fact.body(), traceparent)


def encode_rows(model: type[ChildFact], rows: Sequence[Mapping[str, Any]]) -> list[Message]:
    """Facts of one kind, given as rows of plain values by field name, as messages.

    For a service that publishes what it has just computed, thousands at a time: the values are true to the contract by
    construction (a test of that service decodes what it publishes), so that no object is built of each. Identifiers are
    UUIDs, dates `date`, instants `datetime` in UTC; nested values anything that serialises to the contract's shape.
    A field at its default may be left out. ValueError where a name is no field of the model, or one without a default
    is missing: writers refuse what readers do not know.
    """
    if rows:  # rows of one maker: the first speaks for all
        required, names = _field_names(model)
        wrong = (rows[0].keys() - names) | (required - rows[0].keys())
        if wrong:
            raise ValueError(f"not the fields of {model.kind}: {sorted(wrong)}")
    messages = []
    for row in rows:
        identity = event_id(row["fact_id"], row["epoch"], row["revision"])
        body = orjson.dumps(row, default=_text_of_id, option=orjson.OPT_UTC_Z)
        messages.append(_message(model, str(row["child_id"]), identity, row["known_at"], body, None))
    return messages


@cache
def _field_names(model: type[Fact]) -> tuple[frozenset[str], frozenset[str]]:
    """Names of the fields that must be there, and of all."""
    fields = model.model_fields.items()
    return frozenset(name for name, field in fields if field.is_required()), frozenset(name for name, _ in fields)


def _text_of_id(value: object) -> str:
    """The database driver's own kind of UUID, which the serialiser does not know."""
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"{type(value).__name__} does not belong into an event")


@cache
def _fixed_headers(model: type[Fact]) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Topic and headers that all facts of a kind share."""
    topic = topic_of_kind(model.kind)
    return topic.name, (
        ("ce_specversion", "1.0"),
        ("ce_source", f"/tumbuh/{topic.producer}"),
        ("ce_type", TYPE_PREFIX + model.kind),
        ("ce_dataschema", f"{model.kind}.v1"),
        ("content-type", "application/json"),
    )


def _message(
    model: type[Fact], key: str, identity: str, known_at: datetime, body: bytes, traceparent: str | None
) -> Message:
    topic, fixed = _fixed_headers(model)
    own = (("ce_id", identity), ("ce_subject", key), ("ce_time", known_at.isoformat()))
    trace = () if traceparent is None else (("traceparent", traceparent),)
    return Message(topic, key, (*fixed, *own, *trace), body)


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
