"""Sums of cells by kabupaten and by kecamatan: which areas a cell counts in beside its own desa and posyandu."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

LEVELS: Final = (2, 3)  # parts of the code: kabupaten, kecamatan

LevelKey = tuple[int, str, *tuple[Any, ...]]  # level, code, and what a cell's key holds beside its place


def level_rows(cells: Iterable[tuple[tuple[Any, ...], list[int]]]) -> list[tuple[LevelKey, list[int]]]:
    """The changes of `cells` (key: desa, posyandu, period) summed by level and code; sorted by key, zeros left out."""
    sums: dict[LevelKey, list[int]] = {}
    for (desa_code, _, *period), counts in cells:
        parts = desa_code.split(".")
        for level in LEVELS:
            key = (level, ".".join(parts[:level]), *period)
            known = sums.get(key)
            sums[key] = counts if known is None else [one + more for one, more in zip(known, counts, strict=True)]
    return sorted((key, counts) for key, counts in sums.items() if any(counts))
