"""What was sent: frozen content, its digest, and what changed against the time before."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Final, NamedTuple

from services.reporting.domain.aksi_values import CellKey

ENCODING: Final = "utf-8"


class Area(NamedTuple):
    """A desa as it was named when it was sent, in the official order (by code)."""

    desa_code: str
    desa_name: str
    kecamatan_code: str
    kecamatan_name: str


class Change(NamedTuple):
    """A cell that differs from what was sent before; None = it had, or has, no value."""

    desa_code: str
    indicator_code: str
    before: int | None
    after: int | None


@dataclass(frozen=True, slots=True)
class Content:
    """All that a submission says. `statements`: kecamatan → (text, evidence)."""

    kabupaten_code: str
    year: int
    aksi_code: str
    version: int
    as_of: date
    programme: tuple[str, int]
    areas: tuple[Area, ...]
    values: Mapping[CellKey, int | None]
    statements: Mapping[str, tuple[str, str]]

    def digest(self) -> str:
        """SHA-256 of the canonical form, in hexadecimal: whoever holds the content can compute it."""
        return hashlib.sha256(self.canonical()).hexdigest()

    def canonical(self) -> bytes:
        """Sorted JSON without blanks, UTF-8."""
        content: dict[str, Any] = asdict(self)
        content["as_of"] = self.as_of.isoformat()
        content["values"] = [[*key, value] for key, value in sorted(self.values.items())]
        content["statements"] = [[code, *said] for code, said in sorted(self.statements.items())]
        content["areas"] = [list(area) for area in self.areas]
        return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode(ENCODING)


def changes(before: Mapping[CellKey, int | None] | None, after: Mapping[CellKey, int | None]) -> list[Change]:
    """Cells that differ, by desa and indicator. Of a first submission none: nothing was sent before."""
    if before is None:
        return []
    return [
        Change(*key, before.get(key), after.get(key))
        for key in sorted({*before, *after})
        if before.get(key) != after.get(key)
    ]


def in_order(areas: Iterable[Area]) -> tuple[Area, ...]:
    """The official order of desa: by their code."""
    return tuple(sorted(areas))
