"""Unknown counts, and what is known of them: a linear program that says between which values a sum of them lies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import ceil, floor
from typing import Any

import numpy as np
from scipy import sparse
from scipy.optimize import linprog

Weights = Mapping[int, float]
_TOLERANCE = 1e-6


class Program:
    """Counts are not negative. They are numbered by whatever tells them apart."""

    def __init__(self) -> None:
        self._number: dict[Any, int] = {}
        self._equal: list[tuple[Weights, float]] = []
        self._at_most: list[tuple[Weights, float]] = []
        self._made: dict[str, Any] | None = None

    def of(self, *key: Any) -> int:
        """The number of an unknown count."""
        return self._number.setdefault(key, len(self._number))

    def equal(self, weights: Weights, value: float) -> None:
        """A weighted sum is known."""
        self._equal.append((dict(weights), value))

    def at_most(self, small: Iterable[int], large: Iterable[int], more: float = 0.0) -> None:
        """Some counts together are at most others (and so many `more`)."""
        weights: dict[int, float] = dict.fromkeys(small, 1.0)
        for number in large:
            weights[number] = weights.get(number, 0.0) - 1.0
        self._at_most.append((weights, more))

    def values(self, weights: Weights) -> tuple[int, int]:
        """The least and the largest whole number that the weighted sum may be."""
        if self._made is None:
            self._made = {
                name: of_rows
                for letters, rows in (("eq", self._equal), ("ub", self._at_most))
                for name, of_rows in self._matrix(letters, rows).items()
            }
        goal = np.zeros(len(self._number))
        goal[list(weights)] = list(weights.values())
        least, most = (linprog(sign * goal, **self._made, method="highs") for sign in (1, -1))
        if least.status != 0 or most.status != 0:
            raise AssertionError(f"what is told contradicts itself: {least.message} {most.message}")
        return ceil(least.fun - _TOLERANCE), floor(-most.fun + _TOLERANCE)

    def _matrix(self, letters: str, rows: list[tuple[Weights, float]]) -> dict[str, Any]:
        if not rows:
            return {}
        where = [(number, column) for number, (weights, _) in enumerate(rows) for column in weights]
        values = [value for weights, _ in rows for value in weights.values()]
        shape = (len(rows), len(self._number))
        return {
            f"A_{letters}": sparse.csr_array((values, tuple(zip(*where, strict=True))), shape=shape),
            f"b_{letters}": np.array([value for _, value in rows]),
        }
