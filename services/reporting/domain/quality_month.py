"""The counts of the posyandu of one kecamatan in one month, as columns: what reasons are looked for in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from services.reporting.domain.exact_tests import Floats
from services.reporting.domain.quality_counts import FEWEST_OF_STEP, Counts

NUMBERS: Final = (
    *("visits", "children", "scored", "flagged", "incomplete", "weights", "heights", "heights_whole", "muac"),
    *("position_stated", "position_wrong", "late", "letters_compared", "letters_differ", "births_heaped"),
    *("births_january", "same_day_twice", "pairs_possible", "pairs_identical", "identical_children", "both_measured"),
    *("repeats", "repeats_same", "stunted"),
    *(f"{name}_{part}" for name in ("haz", "waz", "whz") for part in ("n", "p1", "p2")),
    *(f"{name}_{part}" for name in ("dwaz", "dhaz") for part in ("n", "p1", "p2")),
)


class Month:
    """The counts of P posyandu in one month, as columns; zero where there is none."""

    def __init__(self, counts: Sequence[Counts | None]) -> None:
        self.counts = counts
        self._columns = {name: np.array([0.0 if each is None else each[name] for each in counts]) for name in NUMBERS}
        digits = {
            name: np.array([[0] * 10 if each is None else each[name] for each in counts], dtype=np.float64)
            for name in ("weight_digits", "height_digits")
        }
        self._columns["weights_round"] = digits["weight_digits"][:, [0, 5]].sum(axis=1)
        self._columns["heights_half"] = digits["height_digits"][:, [0, 5]].sum(axis=1)

    def __getitem__(self, name: str) -> Floats:
        return self._columns[name]

    def mean(self, name: str) -> Floats:
        """Mean of a z-score; 0 where there is none."""
        return self[f"{name}_p1"] / np.maximum(self[f"{name}_n"], 1)

    def variance(self, name: str) -> Floats:
        """Sample variance (n - 1) of a z-score; 0 where there are fewer than two."""
        n = self[f"{name}_n"]
        spread = self[f"{name}_p2"] - n * self.mean(name) ** 2
        return np.maximum(np.where(n > 1, spread / np.maximum(n - 1, 1), 0.0), 0.0)

    def steps(self) -> list[str]:
        """By which steps scale and board were read: `tenth_whole` for one of 0.1 kg and 1 cm."""
        half_kg = self["weights_round"] >= FEWEST_OF_STEP * np.maximum(self["weights"], 1)
        whole_cm = self["heights_whole"] >= FEWEST_OF_STEP * np.maximum(self["heights"], 1)
        half_cm = self["heights_half"] >= FEWEST_OF_STEP * np.maximum(self["heights"], 1)
        boards = np.where(whole_cm, "whole", np.where(half_cm, "half", "tenth"))
        return [f"{'half' if kg else 'tenth'}_{board}" for kg, board in zip(half_kg, boards, strict=True)]
