"""Which stored child a row of a file is about (domain.md §1): a NIK is a claim, a name needs its posyandu.

A row is attached by NIK, birth date and sex, else by name, birth date, sex and home posyandu if there is exactly one;
else it is a new child. Where two children fit equally a person decides: twins are never joined by machine.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from typing import Generic, NamedTuple, TypeVar

IdT = TypeVar("IdT", bound=Hashable)


@dataclass(slots=True)
class KnownChild(Generic[IdT]):
    """One child as matching sees it: hashes of its identity (several after a merge), and where it lives now."""

    child_id: IdT
    nik_hashes: set[bytes] = field(default_factory=set)
    name_hashes: set[bytes] = field(default_factory=set)
    desa_code: str = ""
    posyandu_code: str | None = None


class Claim(NamedTuple):
    """Who a row says it is about."""

    nik_hash: bytes | None
    name_hash: bytes | None
    desa_code: str
    posyandu_code: str | None


class AmbiguousChildError(Exception):
    """More than one child fits."""


class ChildIndex(Generic[IdT]):
    """Known children by hash; new ones are added as they are registered, so that later rows find them."""

    def __init__(self, children: Iterable[KnownChild[IdT]]) -> None:
        self._by_nik: dict[bytes, list[KnownChild[IdT]]] = {}
        self._by_name: dict[bytes, list[KnownChild[IdT]]] = {}
        for child in children:
            self.add(child)

    def add(self, child: KnownChild[IdT]) -> None:
        """Make a child known."""
        for digest in child.nik_hashes:
            self._by_nik.setdefault(digest, []).append(child)
        for digest in child.name_hashes:
            self._by_name.setdefault(digest, []).append(child)

    def learn_nik(self, child: KnownChild[IdT], nik_hash: bytes) -> None:
        """A child that had no NIK has one now."""
        child.nik_hashes.add(nik_hash)
        self._by_nik.setdefault(nik_hash, []).append(child)

    def find(self, claim: Claim) -> KnownChild[IdT] | None:
        """The child, or None for a new one. AmbiguousChildError where several fit."""
        same_nik = self._by_nik.get(claim.nik_hash, []) if claim.nik_hash is not None else []
        if len(same_nik) > 1:
            same_nik = [child for child in same_nik if claim.name_hash in child.name_hashes] or [
                child for child in same_nik if _same_home(child, claim)
            ]
            if len(same_nik) != 1:
                raise AmbiguousChildError
        if same_nik:
            return same_nik[0]
        same_name = self._by_name.get(claim.name_hash, []) if claim.name_hash is not None else []
        same_name = [child for child in same_name if _same_home(child, claim)]
        if len(same_name) > 1:
            raise AmbiguousChildError
        return same_name[0] if same_name else None


def _same_home(child: KnownChild[IdT], claim: Claim) -> bool:
    """The same posyandu; where one side does not know it, the same desa."""
    if child.desa_code != claim.desa_code:
        return False
    return None in {child.posyandu_code, claim.posyandu_code} or child.posyandu_code == claim.posyandu_code
