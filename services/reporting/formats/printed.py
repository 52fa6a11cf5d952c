"""Numbers as R prints them into CSV: 15 significant digits, an empty cell where there is none."""

from __future__ import annotations

from math import ceil, floor, isnan


def printed(value: float | None) -> str:
    """A number with 15 significant digits; empty for None and NaN."""
    return "" if value is None or isnan(value) else f"{value:.15g}"


def round_tenths(value: float) -> float:
    """To one decimal by R's rule: of the two neighbours the nearer in double arithmetic, the even one between."""
    below, above = floor(value * 10.0) / 10.0, ceil(value * 10.0) / 10.0
    to_below, to_above = value - below, above - value
    takes_below = to_below < to_above or (to_below == to_above and floor(value * 10.0) % 2 == 0)
    return below if takes_below else above
