"""The tree of areas on one day, and which row of a comparison a cell belongs to."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

UNMAPPED = "unmapped"
_LEVEL_BY_PARTS = {1: "provinsi", 2: "kabupaten", 3: "kecamatan", 4: "desa"}


class Entry(NamedTuple):
    """One register entry as valid on the day."""

    entry: str
    code: str
    name: str
    level: str | None
    parent_code: str | None
    desa_codes: tuple[str, ...]
    target_children: int | None


class Tree:
    """Entries valid on a day. Codes are dotted, so a desa the register does not know still finds its kecamatan."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._entries = {(entry.entry, entry.code): entry for entry in entries}
        self._puskesmas_of = {
            desa_code: entry.code
            for entry in self._entries.values()
            if entry.entry == "puskesmas"
            for desa_code in entry.desa_codes
        }

    def find(self, code: str) -> Entry | None:
        """The area, posyandu or puskesmas with this code."""
        for kind in ("area", "posyandu", "puskesmas"):
            if (kind, code) in self._entries:
                return self._entries[kind, code]
        return None

    def official_target(self, code: str) -> int | None:
        """The official number of children under five of an area, where the register has one."""
        entry = self._entries.get(("target", code))
        return entry.target_children if entry is not None else None

    def children(self, code: str, kind: str) -> list[Entry]:
        """Entries of a kind directly below `code`, by code; puskesmas wherever below."""
        return sorted(
            entry
            for entry in self._entries.values()
            if entry.entry == kind
            and (entry.parent_code == code or (kind == "puskesmas" and below(entry.parent_code or "", code)))
        )

    def path(self, code: str) -> list[Entry]:
        """From the highest known area down to `code` itself."""
        found: list[Entry] = []
        current: str | None = code
        while current is not None and len(found) < 6:
            entry = self.find(current)
            if entry is None:
                break
            found.append(entry)
            current = entry.parent_code
        return found[::-1]

    def area_codes(self) -> list[str]:
        """Of every known area."""
        return [code for kind, code in self._entries if kind == "area"]

    def path_within(self, area: str, code: str) -> list[str]:
        """From `area` down to `code`, which lies below it: by the register, else by the code."""
        path = [area]
        while path[-1] != code and len(path) < len(_LEVEL_BY_PARTS):
            path.append(self.child_area_of(path[-1], code))
        return path

    def child_area_of(self, area: str, desa_code: str) -> str:
        """The area directly below `area` that a desa belongs to: by the register, else by the code."""
        current = desa_code
        for _ in range(5):
            entry = self._entries.get(("area", current))
            parent = entry.parent_code if entry is not None and entry.parent_code else current.rpartition(".")[0]
            if parent == area or not parent:
                return current
            current = parent
        return desa_code

    def is_as_coded(self, area: str) -> bool:
        """Whether every known area below `area` belongs where its code says; only then may sums by code be used."""
        return all(
            (entry.parent_code or "") == entry.code.rpartition(".")[0]
            for entry in self._entries.values()
            if entry.entry == "area" and entry.code != area and below(entry.code, area)
        )

    def puskesmas_of(self, desa_code: str, posyandu_code: str) -> str:
        """The puskesmas that serves a home posyandu, or the residence where the posyandu is unmapped."""
        home = posyandu_code.rpartition(".")[0] if posyandu_code else desa_code
        return self._puskesmas_of.get(home, UNMAPPED)


def below(code: str, area: str) -> bool:
    """Whether `code` is `area` or lies under it."""
    return code == area or code.startswith(f"{area}.")


def level_of(code: str) -> str:
    """The level of an area by the shape of its code."""
    return _LEVEL_BY_PARTS.get(code.count(".") + 1, "posyandu")
