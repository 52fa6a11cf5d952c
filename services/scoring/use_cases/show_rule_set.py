"""A rule set as a document: every number with its source and how sure it is."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from typing import Any, Final

Json = dict[str, Any]
ASIDE: Final = ("source", "status", "unit")


def rule_set_head(row: Mapping[str, Any]) -> Json:
    """A row of the list: which content, from whom, and since when it judges or judged."""
    return {
        "version": row["version"],
        "sha256": row["sha256"],
        "source": row["source"],
        "added_by": row["added_by"],
        "added_at": row["added_at"],
        "active": row["active"],
        "activated_at": row["activated_at"],
        "activated_by": row["activated_by"],
        "replay_id": row["replay_id"],
    }


def rules_told(content: bytes) -> list[Json]:
    """The rules of a stored rule set, in its order: place, numbers, source in words, status (S, S2, P)."""
    data = tomllib.loads(content.decode())
    sources = data.get("sources", {})
    return [rule for place, table in data.items() if isinstance(table, dict) for rule in _rules(place, table, sources)]


def _rules(place: str, table: Json, sources: Json) -> Iterator[Json]:
    if "source" not in table:
        for name, inner in table.items():
            if isinstance(inner, dict):
                yield from _rules(f"{place}.{name}", inner, sources)
        return
    yield {
        "rule": place,
        "numbers": {name: value for name, value in table.items() if name not in ASIDE},
        "unit": table.get("unit"),
        "source": sources.get(table["source"], table["source"]),
        "status": table["status"],
        "provisional": table["status"] == "P",
    }
