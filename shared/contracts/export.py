"""Contracts as files: JSON Schema per kind and one AsyncAPI document, both made from the models and the registry.

`python -m shared.contracts.export` writes them, `--check` fails when a file is not what the models say, when a change
breaks a reader (compatibility.py), or when an example does not decode any more.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from shared.contracts.compatibility import breaking_changes
from shared.contracts.kinds import KINDS
from shared.contracts.topics import TOPICS

HERE = Path(__file__).parent
SCHEMAS = HERE / "schemas"
EXAMPLES = HERE / "examples"
ASYNCAPI = HERE / "asyncapi.json"
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema_of(kind: str) -> dict[str, Any]:
    """JSON Schema of the body of `kind` as a reader sees it: unknown fields are allowed."""
    schema = KINDS[kind].model_json_schema(mode="serialization", ref_template="#/$defs/{model}")
    for part in (schema, *schema.get("$defs", {}).values()):
        part.pop("additionalProperties", None)  # writers refuse unknown fields, readers ignore them
    return {"$schema": DIALECT, "$id": f"{kind}.v1.schema.json", **schema}


def asyncapi() -> dict[str, Any]:
    """AsyncAPI 3 document: channels, who sends, who receives."""
    headers = {
        "type": "object",
        "required": ["ce_specversion", "ce_id", "ce_source", "ce_type", "ce_subject", "ce_time", "content-type"],
        "properties": {
            "ce_specversion": {"const": "1.0"},
            "ce_id": {"type": "string", "format": "uuid", "description": "uuid5(fact_id, epoch.revision)"},
            "ce_source": {"type": "string"},
            "ce_type": {"type": "string", "pattern": r"^tumbuh\."},
            "ce_subject": {"type": "string", "description": "child_id, or the register code: the record's key"},
            "ce_time": {"type": "string", "format": "date-time", "description": "known_at of the fact"},
            "ce_dataschema": {"type": "string"},
            "ce_causationid": {"type": "string", "format": "uuid"},
            "traceparent": {"type": "string"},
            "content-type": {"const": "application/json"},
        },
    }
    channels: dict[str, Any] = {}
    operations: dict[str, Any] = {}
    for topic in TOPICS:
        channels[topic.name] = {
            "address": topic.name,
            "description": topic.purpose,
            "messages": {kind: {"$ref": f"#/components/messages/{kind}"} for kind in topic.kinds},
            "bindings": {
                "kafka": {
                    "topic": topic.name,
                    "partitions": topic.partitions,
                    "topicConfiguration": {
                        "cleanup.policy": [topic.cleanup_policy],
                        "retention.ms": topic.retention_ms,
                    },
                }
            },
        }
        channel = {"$ref": f"#/channels/{topic.name.replace('/', '~1')}"}
        operations[f"{topic.producer}.send.{topic.name}"] = {"action": "send", "channel": channel}
        for consumer in topic.consumers:
            operations[f"{consumer}.receive.{topic.name}"] = {"action": "receive", "channel": channel}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Tumbuh facts",
            "version": "1",
            "description": "Every message is the complete state of one fact; (epoch, revision) orders them.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": operations,
        "components": {
            "messages": {
                kind: {
                    "name": f"tumbuh.{kind}",
                    "title": model.__name__,
                    "summary": (model.__doc__ or "").strip().splitlines()[0],
                    "headers": headers,
                    "payload": {"$ref": f"schemas/{kind}.v1.schema.json"},
                }
                for kind, model in KINDS.items()
            }
        },
    }


def _text(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def write() -> None:
    """Write all documents."""
    SCHEMAS.mkdir(exist_ok=True)
    for kind in KINDS:
        (SCHEMAS / f"{kind}.v1.schema.json").write_text(_text(schema_of(kind)), encoding="utf-8")
    ASYNCAPI.write_text(_text(asyncapi()), encoding="utf-8")


def problems() -> list[str]:
    """What is wrong with the committed documents and examples; empty if nothing."""
    found: list[str] = []
    for kind, model in KINDS.items():
        path = SCHEMAS / f"{kind}.v1.schema.json"
        if not path.exists():
            found.append(f"{path.name} is missing: run python -m shared.contracts.export")
            continue
        committed = json.loads(path.read_text(encoding="utf-8"))
        broken = breaking_changes(committed, schema_of(kind))
        found += [f"{kind}: {change}" for change in broken]
        if not broken and committed != schema_of(kind):
            found.append(f"{path.name} is out of date: run python -m shared.contracts.export")
        examples = sorted((EXAMPLES / kind / "1").glob("*.json"))
        if not examples:
            found.append(f"{kind} has no example in examples/{kind}/1")
        for example in examples:
            try:
                model.read(example.read_bytes())
            except ValueError as error:
                found.append(f"{example.name} of {kind} does not decode any more: {type(error).__name__}")
    if not ASYNCAPI.exists() or json.loads(ASYNCAPI.read_text(encoding="utf-8")) != asyncapi():
        found.append("asyncapi.json is out of date: run python -m shared.contracts.export")
    return found


def main(arguments: list[str]) -> int:
    """Exit code 1 when `--check` finds something."""
    if "--check" not in arguments:
        write()
        return 0
    found = problems()
    for problem in found:
        sys.stderr.write(problem + "\n")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
