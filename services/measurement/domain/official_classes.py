"""The ministry's classes of a z-score, as codes (`eppgbm.toml` knows their words): Permenkes 2/2020.

z is judged as it is written, with two decimals: -2.00 is not below -2. A flagged z has a class like any other: the
ministry's rows carry it, and what is an outlier is told elsewhere.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple


class _Bounds(NamedTuple):
    """Classes from low to high. `lowest_of` the next class begins at these z; `highest_of` a class ends with these."""

    classes: tuple[str, ...]
    lowest_of_next: tuple[float, ...]
    highest_of_last: tuple[float, ...]


_BOUNDS: Final = {
    "HAZ": _Bounds(("sangat_pendek", "pendek", "normal", "tinggi"), (-3.0, -2.0), (3.0,)),
    "WAZ": _Bounds(("sangat_kurang", "kurang", "normal", "risiko_lebih"), (-3.0, -2.0), (1.0,)),
    "WHZ": _Bounds(
        ("gizi_buruk", "gizi_kurang", "gizi_baik", "risiko_gizi_lebih", "gizi_lebih", "obesitas"),
        (-3.0, -2.0),
        (1.0, 2.0, 3.0),
    ),
}


def class_of(index: str, z: float | None) -> str | None:
    """The class of a z of `HAZ`, `WAZ` or `WHZ`; None without a score."""
    if z is None or math.isnan(z):
        return None
    bounds = _BOUNDS[index]
    reached = sum(z >= lowest for lowest in bounds.lowest_of_next)
    return bounds.classes[reached + sum(z > highest for highest in bounds.highest_of_last)]
