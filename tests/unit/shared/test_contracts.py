"""Contracts are data: documents follow the models, examples decode for ever, a breaking change is found."""

import copy
import json
from collections.abc import Callable
from datetime import UTC, timedelta, timezone
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from shared.contracts import export
from shared.contracts.codec import Message, UndecodableError, decode, encode
from shared.contracts.compatibility import breaking_changes
from shared.contracts.fact import revised
from shared.contracts.kinds import KINDS
from shared.contracts.topics import SERVICES, TOPICS

Record = tuple[str, bytes | None, list[tuple[str, bytes]], bytes | None]
EXAMPLES = sorted(export.EXAMPLES.glob("*/1/*.json"))


def _name(path: Path) -> str:
    return f"{path.parent.parent.name}/{path.stem}"


def test_committed_documents_are_what_the_models_say() -> None:
    assert export.problems() == []


@pytest.mark.parametrize("path", EXAMPLES, ids=_name)
def test_every_example_is_valid_by_its_schema_and_decodes(path: Path) -> None:
    kind = path.parent.parent.name
    document = json.loads(path.read_bytes())
    jsonschema.validate(document, export.schema_of(kind), format_checker=jsonschema.FormatChecker())
    fact = KINDS[kind].read(path.read_bytes())
    message = encode(fact)
    headers = [(name, value.encode()) for name, value in message.headers]
    assert decode(message.topic, message.key.encode(), headers, message.body) == fact


def test_readers_ignore_an_unknown_field_and_writers_refuse_it() -> None:
    document = json.loads(EXAMPLES[0].read_bytes()) | {"added_later": 1}
    model = KINDS[EXAMPLES[0].parent.parent.name]
    model.read(json.dumps(document).encode())
    with pytest.raises(ValueError, match="added_later"):
        model.model_validate(document)


def test_a_zero_sent_again_without_its_sign_is_the_same_content_and_every_other_number_is_not() -> None:
    """`ZS BB/U` of a real file may be `-0.00`; the owner's jsonb gives it back as 0.00 when it republishes."""
    document = json.loads((export.EXAMPLES / "measurement" / "1" / "file-row.json").read_bytes())

    def hash_of(haz: float, whz: float) -> int:
        official = {**document["official"], "haz": haz, "whz": whz}
        return KINDS["measurement"].read(json.dumps({**document, "official": official})).content_hash()

    assert hash_of(-0.0, -0.0) == hash_of(0.0, -0.0) == hash_of(0.0, 0.0)
    assert len({hash_of(0.0, 0.0), hash_of(-0.05, 0.0), hash_of(0.05, 0.0), hash_of(0.0, -0.05)}) == 4


def test_an_optional_field_that_a_reader_learns_later_does_not_change_the_content_hash() -> None:
    fact = KINDS["measurement"].read((export.EXAMPLES / "measurement/1/weight-only.json").read_bytes())
    bare = json.loads((export.EXAMPLES / "measurement/1/weight-only.json").read_bytes())
    for name in [name for name, value in bare.items() if value is None]:
        del bare[name]
    assert KINDS["measurement"].read(json.dumps(bare).encode()).content_hash() == fact.content_hash()


def test_the_next_revision_counts_on_and_is_known_no_earlier_than_the_last() -> None:
    """A clock set back, or another zone, changes neither the order nor the text of what is stored."""
    fact = KINDS["measurement"].read((export.EXAMPLES / "measurement/1/weight-only.json").read_bytes())
    later = fact.known_at.astimezone(timezone(timedelta(hours=7))) + timedelta(hours=1)
    void = revised(fact, "voided", later, voided=True)
    assert (void.epoch, void.revision, void.change) == (fact.epoch, fact.revision + 1, "voided")
    assert (void.model_dump()["voided"], void.known_at, void.known_at.tzinfo) == (True, later, UTC)
    assert revised(void, "corrected", fact.known_at).known_at == later


def test_one_revision_has_one_event_id_and_another_revision_another() -> None:
    fact = KINDS["measurement"].read((export.EXAMPLES / "measurement/1/weight-only.json").read_bytes())
    assert fact.event_id == fact.model_copy().event_id
    assert fact.event_id != fact.model_copy(update={"revision": 2}).event_id


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda s: s["properties"].pop("weight_kg"), "field weight_kg is gone"),
        (lambda s: s["required"].append("weight_kg"), "field weight_kg is now required"),
        (lambda s: s["properties"]["channel"].update(enum=["api"]), "file is no longer accepted"),
        (lambda s: s["properties"]["voided"].update(type="string"), "type boolean is no longer accepted"),
        (lambda s: s["properties"]["source"].update(maxLength=10), "maxLength is tighter"),
        (lambda s: s["properties"]["revision"].update(minimum=2), "minimum is tighter"),
        (lambda s: s["$defs"]["OfficialScores"]["properties"].pop("haz"), "field haz is gone"),
    ],
)
def test_a_breaking_change_is_found(change: Callable[[dict[str, Any]], object], expected: str) -> None:
    old = export.schema_of("measurement")
    new = copy.deepcopy(old)
    change(new)
    assert any(expected in found for found in breaking_changes(old, new))


def test_a_new_optional_field_breaks_nothing() -> None:
    old = export.schema_of("measurement")
    new = copy.deepcopy(old)
    new["properties"]["added"] = {"type": "string", "default": ""}
    assert breaking_changes(old, new) == []


def test_every_topic_names_known_services_and_every_kind_has_one_topic() -> None:
    for topic in TOPICS:
        assert {topic.producer, *topic.consumers} <= set(SERVICES)
        assert topic.producer not in topic.consumers
    assert sorted(kind for topic in TOPICS for kind in topic.kinds) == sorted(KINDS)


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda m: (m.topic, m.key.encode(), [], m.body), "header_missing"),
        (lambda m: (m.topic, m.key.encode(), [("ce_type", b"other")], m.body), "unknown_type"),
        (lambda m: (m.topic, m.key.encode(), [("ce_type", b"tumbuh.poem")], m.body), "unknown_type"),
        (lambda m: ("tumbuh.risk.v1", m.key.encode(), [("ce_type", b"tumbuh.measurement")], m.body), "wrong_topic"),
        (lambda m: (m.topic, m.key.encode(), [("ce_type", b"tumbuh.measurement")], None), "empty_body"),
        (lambda m: (m.topic, m.key.encode(), [("ce_type", b"tumbuh.measurement")], b"{"), "contract_violation"),
        (lambda m: (m.topic, b"other", [("ce_type", b"tumbuh.measurement")], m.body), "wrong_key"),
        (lambda m: (m.topic, None, [("ce_type", b"tumbuh.measurement")], m.body), "wrong_key"),
    ],
)
def test_a_record_that_can_never_be_read_says_why_without_its_values(
    spoil: Callable[[Message], Record], code: str
) -> None:
    fact = KINDS["measurement"].read((export.EXAMPLES / "measurement/1/file-row.json").read_bytes())
    with pytest.raises(UndecodableError) as caught:
        decode(*spoil(encode(fact)))
    assert caught.value.code == code
    assert "74.5" not in caught.value.detail
