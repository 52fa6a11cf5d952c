"""What is hidden of a release: of siblings from the provinsi down, beside what was released of the periods inside."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np

from services.reporting.domain.areas import Tree
from services.reporting.domain.figures import counts_of
from services.reporting.domain.hidden_counts import (
    LEFT_OUT_WHERE_SMALL,
    RULED,
    Counts,
    Truths,
    hidden_of,
    hidden_siblings,
)
from services.reporting.domain.hidden_periods import Parts, hide_beside
from services.reporting.domain.release import TOP, Batch
from services.reporting.domain.suppression import in_order

NAMES: Final = (*RULED, *LEFT_OUT_WHERE_SMALL)
DESA_PATH: Final = 4  # provinsi, kabupaten, kecamatan, desa


class Places(NamedTuple):
    """Areas of a release: `below` and `belongs` as of a Batch, `codes` of all, the provinsi first."""

    codes: list[str]
    below: dict[str, list[str]]
    belongs: dict[str, list[str]]


class Beside(NamedTuple):
    """Released periods of one length inside the one that is released: periods x areas x columns of sums.

    As `known` now, and as they were `told` with what was `hidden` (by RULED, periods x areas). `release`: its number,
    periods x areas; 0 = not released.
    """

    known: Counts
    told: Counts
    hidden: Mapping[str, Truths]
    release: Counts


def places_of(tree: Tree, provinsi: str, kabupaten: Sequence[str], desa_codes: Iterable[str]) -> Places:
    """All known areas of the kabupaten, and those that children live in. A desa nobody knows has its kecamatan by code.

    An area lies where the register has it, whatever its code says.
    """
    below: dict[str, set[str]] = {provinsi: set(kabupaten)}
    belongs: dict[str, list[str]] = {}
    levels: dict[str, int] = {provinsi: 0}
    lived_in = set(desa_codes)
    for code in sorted({*tree.area_codes(), *lived_in} - {provinsi}):
        path = tree.path_within(provinsi, code)
        if path[1] not in below[provinsi]:
            continue
        for level, (parent, child) in enumerate(pairwise(path), start=1):
            below.setdefault(parent, set()).add(child)
            levels[child] = level
        if len(path) == DESA_PATH or code in lived_in:
            belongs[code] = path
    for code in kabupaten:
        levels[code] = 1
    downwards = sorted(below, key=lambda code: (levels[code], code))
    families = {TOP: [provinsi], **{code: sorted(below[code]) for code in downwards}}
    return Places([code for family in families.values() for code in family], families, belongs)


def added_up(places: Places, desa_codes: Sequence[str], counts: Counts) -> Counts:
    """`counts` (… x desa x columns) as … x areas x columns: each desa in all areas that it belongs to."""
    place = {code: number for number, code in enumerate(places.codes)}
    pairs = sorted(
        (place[area], number) for number, desa in enumerate(desa_codes) for area in places.belongs.get(desa, ())
    )
    sums = np.zeros((*counts.shape[:-2], len(places.codes), counts.shape[-1]), np.int64)
    if pairs:
        areas, desa = np.array(pairs, np.intp).T
        first = np.flatnonzero(np.diff(areas, prepend=-1))
        sums[..., areas[first], :] = np.add.reduceat(counts[..., desa, :], first, axis=-2)
    return sums


def hidden_of_family(
    batch: Batch, parent: str, place: Mapping[str, int], sum_columns: Sequence[str], beside: Sequence[Beside]
) -> dict[str, frozenset[str]]:
    """Names of the hidden counts of the areas below `parent`, of which `batch.hidden` is known already.

    `place`: of an area in `beside` (by length of periods); `sum_columns`: those of `beside`, with which `batch` begins.
    """
    codes = batch.below[parent]
    counts = _counts(sum_columns, np.stack([batch.sums[code] for code in codes])[None])
    above = {name: np.array([name in batch.hidden.get(parent, ())]) for name in NAMES}
    order = in_order(batch.siblings_of(parent))
    found = {name: truths.copy() for name, truths in hidden_siblings(counts, order, above).items()}
    which = [place[code] for code in codes]
    parts = [_parts(sum_columns, of_length, which) for of_length in beside]
    of_period = {name: truths[0] for name, truths in found.items()}
    hide_beside({name: counts[name][0] for name in RULED}, parts, order, of_period)
    hidden = {}
    for number, code in enumerate(codes):
        own = hidden_of(counts, number, found, above)
        hidden[code] = frozenset(name for name, truths in own.items() if truths[0])
    return hidden


def _counts(sum_columns: Sequence[str], sums: Counts) -> dict[str, Counts]:
    return counts_of({name: sums[..., number] for number, name in enumerate(sum_columns)})


def _parts(sum_columns: Sequence[str], beside: Beside, which: Sequence[int]) -> Parts:
    known, told = beside.known[:, which], beside.told[:, which]
    differs: Truths = ((known != told).any(axis=2) & (beside.release[:, which] > 0)).any(axis=0)
    hidden = {name: truths[:, which] for name, truths in beside.hidden.items()}
    return Parts(_counts(sum_columns, known), _counts(sum_columns, told), hidden, differs, beside.release[:, which])
