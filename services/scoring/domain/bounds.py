"""Laboratory values as ranges on the grid of a cut-off's decimals, and whether they lie below or above the cut-off.

A value is rounded to the decimals of the cut-off, half up, before it is compared (domain.md §4): what a clinician reads
and what is decided agree. `<` and `>` results are ranges, so an answer may be `indeterminate`. A bound that has the
cut-off's decimals is meant strictly on them: `<12` is below 12, as the laboratory says.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_DOWN, ROUND_HALF_UP, Decimal
from typing import Literal

Answer = Literal["yes", "no", "indeterminate"]


@dataclass(frozen=True, slots=True)
class Range:
    """From `low` to `high`, None = without end; `open` where the end itself is not possible."""

    low: Decimal | None
    high: Decimal | None
    low_open: bool = False
    high_open: bool = False

    def less(self, amount: Decimal) -> Range:
        """The range moved down by `amount`."""
        low = None if self.low is None else self.low - amount
        high = None if self.high is None else self.high - amount
        return Range(low, high, self.low_open, self.high_open)


def rounded(value: float | Decimal, decimals: int, how: str = ROUND_HALF_UP) -> Decimal:
    """`value` as it is written in decimal, to that many decimals: 9.945 is 9.95, whatever its binary form."""
    return Decimal(str(value)).quantize(Decimal(1).scaleb(-decimals), how)


def range_of(value: float, comparator: str | None, decimals: int) -> Range:
    """Where a reported value lies after rounding."""
    up, down = rounded(value, decimals), rounded(value, decimals, ROUND_HALF_DOWN)
    on_grid = up == Decimal(str(value))
    match comparator:
        case None:
            return Range(up, up)
        case "<":
            return Range(None, down, high_open=on_grid)
        case "<=":
            return Range(None, up)
        case ">":
            return Range(up, None, low_open=on_grid)
        case ">=":
            return Range(up, None)
        case _:
            raise ValueError(f"unknown comparator {comparator}")


def below(value: Range, cut: float) -> Answer:
    """Whether the value is below the cut-off (strict)."""
    limit = Decimal(str(cut))
    if value.high is not None and (value.high < limit or (value.high == limit and value.high_open)):
        return "yes"
    return "no" if value.low is not None and value.low >= limit else "indeterminate"


def above(value: Range, cut: float) -> Answer:
    """Whether the value is above the cut-off (strict)."""
    limit = Decimal(str(cut))
    if value.low is not None and (value.low > limit or (value.low == limit and value.low_open)):
        return "yes"
    return "no" if value.high is not None and value.high <= limit else "indeterminate"
