"""Versions: what was true of a key, as known from one instant to another."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Generic, NamedTuple, TypeVar
from uuid import UUID

KeyT = TypeVar("KeyT", bound=Hashable)
ContentT = TypeVar("ContentT")
RootMonth = tuple[UUID, date]  # a root child, and a month (of a span: its first)


class Version(NamedTuple, Generic[KeyT, ContentT]):
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
    old_current = {version.key: version.content for version in old.values() if version.known_to is None}
    difference: Difference[KeyT, ContentT] = Difference([], [], [], [])
    for version in fresh:
        key, known_from, known_to, content = version
        if old.pop((key, known_from), None) != version:
            difference.write.append(version)
        if known_to is None:
            before = old_current.pop(key, None)
            if before is None:
                difference.is_current.append((key, content))
            elif before != content:
                difference.was_current.append((key, before))
                difference.is_current.append((key, content))
    difference.gone.extend(old)
    difference.was_current.extend(old_current.items())
    return difference
