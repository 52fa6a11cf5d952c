"""Versions: what was true of a key, as known from one instant to another."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Generic, TypeVar
from uuid import UUID

KeyT = TypeVar("KeyT", bound=Hashable)
ContentT = TypeVar("ContentT")
RootMonth = tuple[UUID, date]  # a root child, and a month (of a span: its first)


@dataclass(frozen=True, slots=True)
class Version(Generic[KeyT, ContentT]):
    """`content` of `key` as known in `[known_from, known_to)`; `known_to` None = to this day."""

    key: KeyT
    known_from: datetime
    known_to: datetime | None
    content: ContentT


def versions_of(steps: Iterable[tuple[datetime, Mapping[KeyT, ContentT]]]) -> list[Version[KeyT, ContentT]]:
    """Versions from what was known at each instant (ascending, each once); equal neighbours are one version."""
    begun: dict[KeyT, tuple[datetime, ContentT]] = {}
    versions: list[Version[KeyT, ContentT]] = []
    for known, contents in steps:
        for key in [key for key in begun if key not in contents or begun[key][1] != contents[key]]:
            known_from, content = begun.pop(key)
            versions.append(Version(key, known_from, known, content))
        for key, content in contents.items():
            begun.setdefault(key, (known, content))
    versions += [Version(key, known_from, None, content) for key, (known_from, content) in begun.items()]
    return versions


@dataclass(frozen=True, slots=True)
class Difference(Generic[KeyT, ContentT]):
    """What turns stored versions into fresh ones, and which contents stop and start being current by it."""

    write: list[Version[KeyT, ContentT]]
    gone: list[tuple[KeyT, datetime]]
    was_current: list[tuple[KeyT, ContentT]]
    is_current: list[tuple[KeyT, ContentT]]


def compare(
    stored: Iterable[Version[KeyT, ContentT]], fresh: Iterable[Version[KeyT, ContentT]]
) -> Difference[KeyT, ContentT]:
    """Compare by key and `known_from`. Equal versions are neither written nor counted again."""
    old = {(version.key, version.known_from): version for version in stored}
    new = {(version.key, version.known_from): version for version in fresh}
    old_current = {version.key: version.content for version in old.values() if version.known_to is None}
    new_current = {version.key: version.content for version in new.values() if version.known_to is None}
    return Difference(
        write=[version for slot, version in new.items() if old.get(slot) != version],
        gone=[slot for slot in old if slot not in new],
        was_current=[(key, seen) for key, seen in old_current.items() if new_current.get(key) != seen],
        is_current=[(key, seen) for key, seen in new_current.items() if old_current.get(key) != seen],
    )
