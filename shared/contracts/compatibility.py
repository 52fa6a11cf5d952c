"""Which change of a schema breaks a reader of old or new messages.

Allowed: a new optional field, a new value where the field was free, wider limits. Breaking: a field gone, renamed or
of another type, an optional field made required (old messages lack it), an enum value gone, tighter limits.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

LOWER_LIMITS: Final = ("minimum", "exclusiveMinimum", "minLength", "minItems")
UPPER_LIMITS: Final = ("maximum", "exclusiveMaximum", "maxLength", "maxItems")


def breaking_changes(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """Every breaking difference between two schemas of one kind, by field path."""
    return list(_Comparison(old, new).at(old, new, ""))


def _resolve(schema: dict[str, Any], root: dict[str, Any]) -> dict[str, Any]:
    reference = schema.get("$ref")
    if reference is None:
        return schema
    target: dict[str, Any] = root.get("$defs", {}).get(reference.rsplit("/", 1)[-1], {})
    return target


def _types(schema: dict[str, Any], root: dict[str, Any]) -> set[str]:
    schema = _resolve(schema, root)
    if "anyOf" in schema:
        return set().union(*(_types(option, root) for option in schema["anyOf"]))
    kind = schema.get("type")
    return set(kind) if isinstance(kind, list) else {str(kind)}


def _values(schema: dict[str, Any], root: dict[str, Any]) -> set[str] | None:
    schema = _resolve(schema, root)
    if "anyOf" in schema:
        options = [_values(option, root) for option in schema["anyOf"]]
        known = [option for option in options if option is not None]
        return set().union(*known) if known else None
    if "const" in schema:
        return {str(schema["const"])}
    return {str(value) for value in schema["enum"]} if "enum" in schema else None


class _Comparison:
    """Walks two schemas side by side; a definition that was walked once is not walked again (they may recur)."""

    def __init__(self, old_root: dict[str, Any], new_root: dict[str, Any]) -> None:
        self._old_root = old_root
        self._new_root = new_root
        self._walked: set[int] = set()

    def at(self, old: dict[str, Any], new: dict[str, Any], path: str) -> Iterator[str]:
        """Breaking differences of two parts at `path`."""
        old, new = _resolve(old, self._old_root), _resolve(new, self._new_root)
        if id(old) in self._walked:
            return
        self._walked.add(id(old))
        where = path or "body"
        yield from (f"{where}: {what}" for what in self._values(old, new))
        yield from (f"{where}: {what}" for what in _limits(old, new))
        yield from self._fields(old, new, path)
        if isinstance(old.get("items"), dict) and isinstance(new.get("items"), dict):
            yield from self.at(old["items"], new["items"], f"{path}[]")
        for old_option, new_option in zip(old.get("anyOf", ()), new.get("anyOf", ()), strict=False):
            yield from self.at(old_option, new_option, path)

    def _values(self, old: dict[str, Any], new: dict[str, Any]) -> Iterator[str]:
        gone = _types(old, self._old_root) - _types(new, self._new_root)
        if gone:
            yield f"type {', '.join(sorted(gone))} is no longer accepted"
        before, after = _values(old, self._old_root), _values(new, self._new_root)
        if after is not None and (before is None or before - after):
            yield f"{', '.join(sorted((before or {'any value'}) - after))} is no longer accepted"

    def _fields(self, old: dict[str, Any], new: dict[str, Any], path: str) -> Iterator[str]:
        for name, part in old.get("properties", {}).items():
            if name in new.get("properties", {}):
                yield from self.at(part, new["properties"][name], f"{path}.{name}".strip("."))
            else:
                yield f"{path or 'body'}: field {name} is gone"
        for name in sorted(set(new.get("required", ())) - set(old.get("required", ()))):
            yield f"{path or 'body'}: field {name} is now required"


def _limits(old: dict[str, Any], new: dict[str, Any]) -> Iterator[str]:
    for name in LOWER_LIMITS:
        if name in new and (name not in old or new[name] > old[name]):
            yield f"{name} is tighter"
    for name in UPPER_LIMITS:
        if name in new and (name not in old or new[name] < old[name]):
            yield f"{name} is tighter"
    if "pattern" in new and new["pattern"] != old.get("pattern"):
        yield "pattern changed"
