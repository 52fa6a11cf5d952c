"""Codes of the register → the names a ministry file has for them: the way back of `places.PlaceBook`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from services.measurement.domain.places import NamedEntry, plain_name

_WORDS: Final = {"1": "Kelurahan", "2": "Desa"}  # by the first digit of the last group of the code


class PlacedNames(NamedTuple):
    """Names from the province down; None = not known."""

    province: str | None
    kabupaten: str | None
    kecamatan: str | None
    puskesmas: str | None
    desa: str | None
    posyandu: str | None


class PlaceNames:
    """The names of all places.

    Args:
        entries: areas and posyandu; kinds as the register has them.
        puskesmas_of: desa code → name of the puskesmas that looks after it.
    """

    def __init__(self, entries: Iterable[NamedEntry], puskesmas_of: Mapping[str, str]) -> None:
        known = list(entries)
        self._names = {entry.code: entry.name for entry in known}
        self._puskesmas_of = puskesmas_of
        desa = [entry for entry in known if entry.kind == "desa"]
        same = Counter((entry.parent_code, plain_name("desa", entry.name)) for entry in desa)
        for entry in desa:
            # A desa and a kelurahan of one name in one kecamatan are told apart by the word before the name.
            if same[entry.parent_code, plain_name("desa", entry.name)] > 1:
                self._names[entry.code] = f"{_WORDS[entry.code.rpartition('.')[2][0]]} {entry.name}"

    def of(self, desa_code: str, posyandu_code: str | None) -> PlacedNames:
        """The names of a desa and posyandu."""
        groups = desa_code.split(".")
        return PlacedNames(
            province=self._names.get(groups[0]),
            kabupaten=self._names.get(".".join(groups[:2])),
            kecamatan=self._names.get(".".join(groups[:3])),
            puskesmas=self._puskesmas_of.get(desa_code),
            desa=self._names.get(desa_code),
            posyandu=None if posyandu_code is None else self._names.get(posyandu_code),
        )
