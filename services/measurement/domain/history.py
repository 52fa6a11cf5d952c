"""What changed from one state of a record to the next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from services.measurement.domain.nik import mask_nik

HIDDEN: Final = "***"  # something is known; what it is stays sealed


class Change(NamedTuple):
    """A field and its values before and after; None = not known."""

    field: str
    before: Any
    after: Any


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """Fields whose values differ, by name; a field that one side lacks is None there."""
    names = sorted({*before, *after})
    return [Change(name, before.get(name), after.get(name)) for name in names if before.get(name) != after.get(name)]


def identity_changes(before: Mapping[str, str], after: Mapping[str, str]) -> list[Change]:
    """The same of two identities, masked: that an item was added, changed or removed, of an NIK also how it ends."""
    return [
        Change(f"identity.{name}", _masked(name, old), _masked(name, new)) for name, old, new in changes(before, after)
    ]


def _masked(name: str, value: str | None) -> str | None:
    if value is None:
        return None
    return mask_nik(value) if name == "nik" else HIDDEN
