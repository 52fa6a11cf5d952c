"""Sums by group: every measure of this package takes rows with the number of their group and answers per group."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def tally(codes: npt.NDArray[np.integer], group: Ints, n_codes: int, n_groups: int) -> Ints:
    """How often each code 0 to `n_codes` - 1 stands in each group, shape (n_groups, n_codes); negative = missing."""
    there = codes >= 0
    places = group[there] * n_codes + codes[there]
    return np.bincount(places, minlength=n_groups * n_codes).reshape(n_groups, n_codes)


def sum_by(values: Floats, group: Ints, n_groups: int) -> Floats:
    """Sum per group; a group without rows is 0."""
    total: Floats = np.bincount(group, weights=values, minlength=n_groups).astype(np.float64)
    return total


def one_group(size: int) -> Ints:
    """The group numbers of `size` rows that are all in group 0."""
    return np.zeros(size, np.int64)
