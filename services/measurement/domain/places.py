"""Names of places in a file → codes of the register. Nothing is guessed: a name fits exactly, or a person decides.

Names are compared without case, marks, spaces and the word for what they are ("Kec.", "Desa", "Posyandu").
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

MappedKind = Literal["desa", "posyandu"]
MappingKey = tuple[MappedKind, str, str]  # kind, code above, plain name

_NOT_LETTERS: Final = re.compile(r"[^a-z0-9]+")
_PREFIXES: Final[Mapping[str, frozenset[str]]] = {
    "kabupaten": frozenset({"kab", "kabupaten"}),
    "kecamatan": frozenset({"kec", "kecamatan"}),
    "desa": frozenset({"desa", "ds", "kel", "kelurahan", "nagari"}),
    "posyandu": frozenset({"posyandu", "pos", "posy", "pyd"}),
}
SUGGESTED: Final = 3
NEAR_ENOUGH: Final = 0.6  # difflib ratio: one or two letters of a short name


class NamedEntry(NamedTuple):
    """One area or posyandu of the register."""

    kind: str  # kabupaten, kecamatan, desa (kelurahan too), posyandu
    code: str
    name: str
    parent_code: str


class NamedPlace(NamedTuple):
    """Names as a file gives them."""

    kabupaten: str | None
    kecamatan: str | None
    desa: str | None
    posyandu: str | None


@dataclass(frozen=True, slots=True)
class Place:
    """What names mean. `problem` = code why the desa is not known; `unmapped` = a name to be decided by a person."""

    desa_code: str | None = None
    posyandu_code: str | None = None
    problem: str | None = None
    unmapped: MappingKey | None = None


class PlaceBook:
    """The register's names, and what people have decided that other names mean.

    Args:
        entries: areas and posyandu.
        decided: (kind, code above, plain name) → code.
    """

    def __init__(self, entries: Iterable[NamedEntry], decided: Mapping[MappingKey, str]) -> None:
        self._codes: dict[tuple[str, str, str], list[str]] = {}
        self._below: dict[tuple[str, str], dict[str, str]] = {}
        self._decided = decided
        for entry in entries:
            name = plain_name(entry.kind, entry.name)
            self._codes.setdefault((entry.kind, entry.parent_code, name), []).append(entry.code)
            self._codes.setdefault((entry.kind, "", name), []).append(entry.code)
            self._below.setdefault((entry.kind, entry.parent_code), {})[name] = entry.code
        self._found: dict[NamedPlace, Place] = {}

    def find(self, names: NamedPlace) -> Place:
        """The codes of a row's names; a posyandu that is not known leaves the row without one."""
        known = self._found.get(names)
        if known is None:
            known = self._found[names] = self._look_up(names)
        return known

    def suggest(self, key: MappingKey) -> list[str]:
        """Codes of the most similar names below the same area, best first."""
        kind, above, name = key
        choices = self._below.get((kind, above), {})
        return [choices[near] for near in difflib.get_close_matches(name, choices, SUGGESTED, NEAR_ENOUGH)]

    def _look_up(self, names: NamedPlace) -> Place:
        kecamatan = self._kecamatan(names)
        if kecamatan is None or not names.desa:
            return Place(problem="unknown_desa")
        desa_name = plain_name("desa", names.desa)
        key: MappingKey = ("desa", kecamatan, desa_name)
        codes = self._codes.get(key, [])
        if len(codes) > 1:  # a desa and a kelurahan of one name in one kecamatan
            named = {"2": "desa", "1": "kelurahan"}
            word = _words(names.desa)[0]
            codes = [code for code in codes if named[code.rpartition(".")[2][0]].startswith(word)]
        desa_code = self._decided.get(key) or (codes[0] if len(codes) == 1 else None)
        if desa_code is None:
            several = len(self._codes.get(key, ())) > 1
            return Place(problem="ambiguous_desa" if several else "unknown_desa", unmapped=key)
        if not names.posyandu:
            return Place(desa_code)
        key = ("posyandu", desa_code, plain_name("posyandu", names.posyandu))
        codes = self._codes.get(key, [])
        posyandu = self._decided.get(key) or (codes[0] if len(codes) == 1 else None)
        return Place(desa_code, posyandu, unmapped=None if posyandu is not None or not key[2] else key)

    def _kecamatan(self, names: NamedPlace) -> str | None:
        if not names.kecamatan:
            return None
        above = ""
        if names.kabupaten:
            codes = self._codes.get(("kabupaten", "", plain_name("kabupaten", names.kabupaten)), [])
            if len(codes) != 1:
                return None
            above = codes[0]
        codes = self._codes.get(("kecamatan", above, plain_name("kecamatan", names.kecamatan)), [])
        return codes[0] if len(codes) == 1 else None


def plain_name(kind: str, name: str) -> str:
    """`Kec. Sei  Balai` and `SEIBALAI` alike: `seibalai`."""
    words = _words(name)
    while len(words) > 1 and words[0] in _PREFIXES[kind]:
        words = words[1:]
    return "".join(words)


def _words(name: str) -> list[str]:
    plain = unicodedata.normalize("NFKD", name.casefold())
    return _NOT_LETTERS.sub(" ", "".join(c for c in plain if not unicodedata.combining(c))).split() or [""]
