"""Profiles of ministry files as data (`eppgbm.toml`): heads, words, and how one export is told from another."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

from services.measurement.domain.cells import Cell, clean_text
from services.measurement.domain.dates import Order
from services.measurement.domain.file_row import FileRow

_FILE: Final = Path(__file__).with_name("eppgbm.toml")
_MARKS: Final = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Profile:
    """One kind of export: fields it must have (all `needs`, one of `one_of` if any) and must not have."""

    code: str
    name: str
    needs: frozenset[str]
    lacks: frozenset[str]
    one_of: frozenset[str] = frozenset()

    def fits(self, present: frozenset[str]) -> bool:
        """Whether a file with these fields is of this kind."""
        if self.one_of and not self.one_of & present:
            return False
        return self.needs <= present and not self.lacks & present


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All heads, words and profiles. Keys of `heads`, `aside` and of the inner tables of `words` are `comparable`.

    `aside` names columns that rows have no place for: kept with the file, used to tell profiles apart.
    """

    heads: Mapping[str, str]
    words: Mapping[str, Mapping[str, str]]
    profiles: tuple[Profile, ...]
    aside: Mapping[str, str] = field(default_factory=dict)
    date_hints: Mapping[str, Order] = field(default_factory=dict)  # by head: the order its writer uses

    def field_of(self, head: Cell) -> str | None:
        """The field a column head names, None for a head nobody knows."""
        return self.heads.get(comparable(head))

    def aside_of(self, head: Cell) -> str | None:
        """The name of a column that is kept aside, None for any other."""
        return self.aside.get(comparable(head))

    def profile_of(self, present: Iterable[str]) -> Profile | None:
        """The profile of a file with these fields, None where none fits."""
        fields_there = frozenset(present)
        return next((profile for profile in self.profiles if profile.fits(fields_there)), None)

    def date_hint(self, heads: Iterable[Cell]) -> Order | None:
        """The order of day and month that who writes these heads is known to use."""
        return next((hint for head in heads if (hint := self.date_hints.get(comparable(head))) is not None), None)

    def missing_fields(self, present: Iterable[str]) -> Sequence[str]:
        """What the profile that comes nearest still needs."""
        there = frozenset(present)
        missing = [sorted(profile.needs - there) for profile in self.profiles]
        return min(missing, key=len)


def comparable(cell: Cell) -> str:
    """A head or word without what does not distinguish it: case, spaces, underscores, punctuation, width."""
    return _MARKS.sub(" ", unicodedata.normalize("NFKC", clean_text(cell)).casefold()).strip()


@cache
def eppgbm() -> Catalogue:
    """The catalogue of the e-PPGBM exports, read once."""
    return build_catalogue(tomllib.loads(_FILE.read_text(encoding="utf-8")))


def build_catalogue(source: Mapping[str, Any], *, date_hints: Mapping[str, Order] | None = None) -> Catalogue:
    """A catalogue from its TOML tables. ValueError where it contradicts itself or names a field that rows lack."""
    aside = _inverted(source.get("aside", {}))
    known = set(FileRow._fields)
    profiles = tuple(
        Profile(
            entry["code"],
            entry["name"],
            frozenset(entry["needs"]),
            frozenset(entry["lacks"]),
            frozenset(entry.get("one_of", ())),
        )
        for entry in source["profiles"]
    )
    asked = set[str]().union(*(profile.needs | profile.lacks | profile.one_of for profile in profiles))
    named = set(source["heads"]).union(source["words"], asked - set(aside.values()))
    if unknown := named - known:
        raise ValueError(f"fields that no row has: {sorted(unknown)}")
    words = {name: _inverted(table) for name, table in source["words"].items()}
    return Catalogue(_inverted(source["heads"]), words, profiles, aside, date_hints or {})


def _inverted(table: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """`{meaning: spellings}` → `{comparable spelling: meaning}`. ValueError if a spelling has two meanings."""
    result: dict[str, str] = {}
    for meaning, spellings in table.items():
        for spelling in spellings:
            if result.setdefault(comparable(spelling), meaning) != meaning:
                raise ValueError(f"{spelling!r} means both {result[comparable(spelling)]} and {meaning}")
    return result
