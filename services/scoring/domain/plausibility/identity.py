"""Which sex and birth date a child's visits agree on, and which values were entered twice.

A view says what a row may see: everything (batch), or earlier days and its own posyandu-day (stream).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from services.scoring.domain.plausibility.values import Bools, Floats, Int64s, Rows, Values

CHUNK_PAIRS: Final = 4_000_000


@dataclass(frozen=True, slots=True)
class Agreement:
    """Of n rows and one attribute: how many visible rows of the child say the same, how many the most frequent other.

    `other_value` is what those say, `believed` the own value unless the other is in the majority.
    """

    own: Floats
    other: Floats
    other_value: Int64s
    believed: Int64s


def agreement(values: Values, attribute: Int64s, *, all_days: bool) -> Agreement:
    """Compare `attribute` (birth day or sex) of each row with the rows of the same child that it sees."""
    size = len(values)
    result = Agreement(np.ones(size), np.zeros(size), attribute.copy(), attribute.copy())
    mixed = _mixed(values.child, attribute)
    if mixed.size == 0:
        return result
    codes = np.unique(attribute[mixed], return_inverse=True)
    for part in _child_chunks(values.child[mixed]):
        rows = mixed[part]
        left, right = _pairs(values.child[rows])
        i, j = rows[left], rows[right]
        if not all_days:
            same_session = (values.day[j] == values.day[i]) & (values.posyandu[j] == values.posyandu[i])
            seen = (values.day[j] < values.day[i]) | same_session
            left, right = left[seen], right[seen]
        code = codes[1][part]
        kinds, width = np.unique(code, return_inverse=True)
        counts = np.zeros((rows.size, kinds.size))
        np.add.at(counts, (left, width[right]), 1.0)
        lines = np.arange(rows.size)
        own = counts[lines, width].copy()
        counts[lines, width] = -1.0
        best = counts.argmax(axis=1)
        other = np.maximum(counts[lines, best], 0.0)
        result.own[rows], result.other[rows] = own, other
        result.other_value[rows] = codes[0][kinds[best]]
        change = other > own
        result.believed[rows[change]] = result.other_value[rows[change]]
    return result


def _mixed(child: Int64s, attribute: Int64s) -> Rows:
    """Rows of children that do not always say the same."""
    order = np.lexsort((attribute, child))
    c, a = child[order], attribute[order]
    changes = (c[1:] == c[:-1]) & (a[1:] != a[:-1])
    return np.flatnonzero(np.isin(child, np.unique(c[1:][changes])))


def _child_chunks(child: Int64s) -> list[Rows]:
    """Rows in chunks of whole children, so that the pairs of a chunk stay countable."""
    order = np.argsort(child, kind="stable")
    _, starts, counts = np.unique(child[order], return_index=True, return_counts=True)
    chunk = np.cumsum(counts.astype(np.int64) ** 2) // CHUNK_PAIRS
    return [part for part in np.split(order, starts[1:][np.diff(chunk) > 0]) if part.size]


def _pairs(group: Int64s) -> tuple[Rows, Rows]:
    """All ordered pairs of rows of the same group, a row with itself too."""
    order = np.argsort(group, kind="stable")
    _, starts, counts = np.unique(group[order], return_index=True, return_counts=True)
    per_row = np.repeat(counts, counts)
    left = np.repeat(np.arange(group.size), per_row)
    first = np.repeat(np.repeat(starts, counts), per_row)
    within = np.arange(left.size) - np.repeat(np.cumsum(per_row) - per_row, per_row)
    return order[left], order[first + within]


@dataclass(frozen=True, slots=True)
class Repeats:
    """Of n rows: another row of the same child, kind and day (-1 none) and whether it holds the same value."""

    partner: Rows
    equal: Bools


def repeats(values: Values, *, all_days: bool) -> Repeats:
    """Values entered more than once for a day; across posyandu only where all is seen."""
    posyandu = np.zeros_like(values.posyandu) if all_days else values.posyandu
    keys = (values.value, posyandu, values.day, values.param, values.child)
    order = np.lexsort(keys)
    same = np.ones(max(order.size - 1, 0), np.bool_)
    for key in keys[1:]:
        same &= key[order][1:] == key[order][:-1]
    partner = np.full(order.size, -1, np.intp)
    equal = np.zeros(order.size, np.bool_)
    v = values.value[order]
    again = same & (v[1:] == v[:-1])
    for joined in (same, again):  # an equal partner is preferred to another one
        at = np.flatnonzero(joined)
        partner[order[at]], partner[order[at + 1]] = order[at + 1], order[at]
    at = np.flatnonzero(again)
    equal[order[at]] = equal[order[at + 1]] = True
    return Repeats(partner, equal)
