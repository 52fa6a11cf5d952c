"""Names of places in a file → codes of the register. Nothing is guessed: a name fits exactly, or a person decides.

Names are compared without case, marks, spaces and the word for what they are ("Kec.", "Desa", "Posyandu").
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, cast

MappedKind = Literal["kecamatan", "desa", "posyandu", "puskesmas"]
MappingKey = tuple[MappedKind, str, str]  # kind, code above, plain name

_NOT_LETTERS: Final = re.compile(r"[^a-z0-9]+")
_PREFIXES: Final[Mapping[str, frozenset[str]]] = {
    "kabupaten": frozenset({"kab", "kabupaten"}),
    "kecamatan": frozenset({"kec", "kecamatan"}),
    "desa": frozenset({"desa", "ds", "kel", "kelurahan", "nagari"}),
    "posyandu": frozenset({"posyandu", "pos", "posy", "pyd"}),
    "puskesmas": frozenset({"puskesmas", "pkm", "uptd", "upt", "blud"}),
}
_VILLAGE_WORDS: Final = {"2": "desa", "1": "kelurahan"}  # by the first digit of a code's last group
SUGGESTED: Final = 5
NEAR_ENOUGH: Final = 0.6  # difflib ratio: one or two letters of a short name


class NamedEntry(NamedTuple):
    """One area, posyandu or puskesmas of the register; `desa_codes` = what a puskesmas serves."""

    kind: str  # kabupaten, kecamatan, desa (kelurahan too), posyandu, puskesmas
    code: str
    name: str
    parent_code: str
    desa_codes: tuple[str, ...] = ()


class NamedPlace(NamedTuple):
    """Names as a file gives them."""

    kabupaten: str | None
    kecamatan: str | None
    desa: str | None
    posyandu: str | None
    puskesmas: str | None = None


class Suggestion(NamedTuple):
    """An entry that a name may mean. `similarity` 0 to 1 (difflib ratio of the plain names)."""

    code: str
    name: str
    similarity: float


@dataclass(frozen=True, slots=True)
class Place:
    """What names mean. `problem` = code why the desa is not known.

    `unmapped` = the name that keeps the row waiting, or a posyandu without which it is taken; `asked` = every name that
    a person should decide.
    """

    desa_code: str | None = None
    posyandu_code: str | None = None
    problem: str | None = None
    unmapped: MappingKey | None = None
    asked: tuple[MappingKey, ...] = ()


class PlaceBook:
    """The register's names, and what people have decided that other names mean.

    Args:
        entries: areas, posyandu and puskesmas.
        decided: (kind, code above, plain name) → code.
    """

    def __init__(self, entries: Iterable[NamedEntry], decided: Mapping[MappingKey, str]) -> None:
        self._codes: dict[tuple[str, str, str], list[str]] = {}
        self._below: dict[tuple[str, str], list[NamedEntry]] = {}
        self._entries: dict[str, NamedEntry] = {}
        self._decided = decided
        for entry in entries:
            # A puskesmas serves desa of several kecamatan: its name is looked up in the whole kabupaten.
            above = _kabupaten_of(entry.parent_code) if entry.kind == "puskesmas" else entry.parent_code
            name = plain_name(entry.kind, entry.name)
            self._codes.setdefault((entry.kind, above, name), []).append(entry.code)
            self._codes.setdefault((entry.kind, "", name), []).append(entry.code)
            self._below.setdefault((entry.kind, above), []).append(entry)
            self._entries[entry.code] = entry
        self._found: dict[NamedPlace, Place] = {}

    def find(self, names: NamedPlace) -> Place:
        """The codes of a row's names; a posyandu that is not known leaves the row without one."""
        known = self._found.get(names)
        if known is None:
            known = self._found[names] = self._look_up(names)
        return known

    def suggest(self, key: MappingKey) -> list[Suggestion]:
        """The most similar names below the same area and nowhere else, best first, then by code."""
        kind, above, name = key
        choices = [
            Suggestion(entry.code, entry.name, round(_similarity(name, plain_name(kind, entry.name)), 2))
            for entry in self._below.get((kind, above), ())
        ]
        near = [choice for choice in choices if choice.similarity >= NEAR_ENOUGH]
        return sorted(near, key=lambda choice: (-choice.similarity, choice.code))[:SUGGESTED]

    def _look_up(self, names: NamedPlace) -> Place:
        kabupaten = self._kabupaten(names.kabupaten)
        if kabupaten is None:
            return Place(problem="unknown_desa")
        asked: list[MappingKey] = []
        puskesmas = self._puskesmas(kabupaten, names.puskesmas, asked)
        place = self._desa(names, kabupaten, puskesmas, asked)
        if place.desa_code is None or not names.posyandu:
            return place
        key: MappingKey = ("posyandu", place.desa_code, plain_name("posyandu", names.posyandu))
        posyandu = self._one(key)
        if posyandu is None and key[2]:
            return Place(place.desa_code, unmapped=key, asked=(*place.asked, key))
        return Place(place.desa_code, posyandu, asked=place.asked)

    def _kabupaten(self, name: str | None) -> str | None:
        """The code; "" where none is named and the book knows several; None for one it does not know."""
        known = [entry.code for (kind, _), below in self._below.items() if kind == "kabupaten" for entry in below]
        if not name:
            return known[0] if len(known) == 1 else ""
        codes = self._codes.get(("kabupaten", "", plain_name("kabupaten", name)), [])
        return codes[0] if len(codes) == 1 else None

    def _puskesmas(self, kabupaten: str, name: str | None, asked: list[MappingKey]) -> str | None:
        """Never in the way of a row: asked for where the register has any, a help where no kecamatan is named."""
        if not name or ("puskesmas", kabupaten) not in self._below:
            return None
        key: MappingKey = ("puskesmas", kabupaten, plain_name("puskesmas", name))
        code = self._one(key)
        if code is None and key[2]:
            asked.append(key)
        return code

    def _desa(self, names: NamedPlace, kabupaten: str, puskesmas: str | None, asked: list[MappingKey]) -> Place:
        plain = plain_name("desa", names.desa or "")
        if not names.desa or not plain:
            return Place(problem="unknown_desa", asked=tuple(asked))
        if not names.kecamatan:
            return self._desa_of_puskesmas(plain, puskesmas, tuple(asked))
        above: MappingKey = ("kecamatan", kabupaten, plain_name("kecamatan", names.kecamatan))
        kecamatan = self._one(above)
        if kecamatan is None:
            is_asked = bool(kabupaten and above[2])
            unmapped = above if is_asked else None
            return Place(problem="unknown_desa", unmapped=unmapped, asked=(*asked, above) if is_asked else tuple(asked))
        key: MappingKey = ("desa", kecamatan, plain)
        codes = self._codes.get(key, [])
        desa_code = self._one(key) if len(codes) < 2 else _told_by_word(names.desa, codes) or self._decided.get(key)
        if desa_code is not None:
            return Place(desa_code, asked=tuple(asked))
        problem = "ambiguous_desa" if len(codes) > 1 else "unknown_desa"
        return Place(problem=problem, unmapped=key, asked=(*asked, key))

    def _desa_of_puskesmas(self, plain: str, puskesmas: str | None, asked: tuple[MappingKey, ...]) -> Place:
        """A file without kecamatan: the one desa of this name that its puskesmas serves."""
        served = self._entries[puskesmas].desa_codes if puskesmas is not None else ()
        codes = [code for code in self._codes.get(("desa", "", plain), ()) if code in served]
        return Place(codes[0], asked=asked) if len(codes) == 1 else Place(problem="unknown_desa", asked=asked)

    def _one(self, key: MappingKey) -> str | None:
        """What a person decided, else the one entry of this name."""
        codes = self._codes.get(key, [])
        return self._decided.get(key) or (codes[0] if len(codes) == 1 else None)


def key_text(key: MappingKey) -> str:
    """A key as one word, as rows carry it: a plain name holds letters and digits only."""
    return "|".join(key)


def key_of(text: str) -> MappingKey:
    """The key of `key_text`."""
    kind, above, name = text.split("|")
    return cast("MappedKind", kind), above, name


def plain_name(kind: str, name: str) -> str:
    """`Kec. Sei  Balai` and `SEIBALAI` alike: `seibalai`."""
    words = _words(name)
    while len(words) > 1 and words[0] in _PREFIXES[kind]:
        words = words[1:]
    return "".join(words)


def _told_by_word(name: str, codes: Iterable[str]) -> str | None:
    """Of a desa and a kelurahan of one name the one whose word stands before it."""
    word = _words(name)[0]
    told = [code for code in codes if _VILLAGE_WORDS[code.rpartition(".")[2][0]].startswith(word)]
    return told[0] if len(told) == 1 else None


def _similarity(one: str, other: str) -> float:
    return difflib.SequenceMatcher(None, one, other).ratio()


def _kabupaten_of(code: str) -> str:
    return ".".join(code.split(".")[:2])


def _words(name: str) -> list[str]:
    plain = unicodedata.normalize("NFKD", name.casefold())
    return _NOT_LETTERS.sub(" ", "".join(c for c in plain if not unicodedata.combining(c))).split() or [""]
