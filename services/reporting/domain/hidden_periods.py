"""What is hidden of a quarter, a semester or a year, beside the shorter periods inside it, which are told too.

A child counts once in a period. Where no child of an area (but for a few) was measured in two of its months, because
all came in one month, or each posyandu in its own, the period is the sum of its months. So of such an area:

1. What is hidden in a month with anybody measured is hidden in the period, and with it, as always, of all siblings
   before.
2. What is told in every month, or follows from the total, covers nobody in the period: the siblings that are hidden
   together are not small without it.
3. What was told of the months before late facts and corrections came in is not what the period is the sum of: all of
   it is hidden in the period, or the difference would be those who came late.

And of every area, also where most were measured again and again:

4. A period has what its last month has, and those who were not seen since (`period_months.LATEST`). Few of them are
   a small count that two told ones would tell, so the period is hidden: findings of a quarter are seldom told of a
   desa.

The same of semesters and quarters, years and semesters: whatever lies inside.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from services.reporting.domain.hidden_counts import (
    FINDINGS,
    RULED,
    SMALLEST_SHOWN,
    Columns,
    Counts,
    Truths,
)
from services.reporting.domain.periods import LENGTHS, Period

Row = Mapping[str, Any]
Hidden = list[set[str]]  # of each sibling
FEW_TWICE: Final = SMALLEST_SHOWN  # children of a denominator who were measured in two of the shorter periods
_NAMES: Final = tuple(block.columns[0] for block in FINDINGS)
_BASES: Final = tuple(block.base or "target_children" for block in FINDINGS)
_IN_ANY_PART: Final = ("oedema", "suspected", "urgent")  # found once, found in the period


class Parts(NamedTuple):
    """Shorter periods of one length inside a period: counts as `known` now and as they were `told`, what is `hidden`.

    All by column, parts x siblings; `differs`: of which siblings what is known is not what was told; `release`: parts x
    siblings, a number for those that were told together.
    """

    known: Columns
    told: Columns
    hidden: Mapping[str, Truths]
    differs: Truths
    release: Counts


def inside(period: Period) -> list[Period]:
    """The shorter periods of the calendar that lie in `period`, months first."""
    lengths = [months for months in LENGTHS if months < period.months]
    return [Period(first, months) for months in lengths for first in period.months_of[::months]]


def hide_beside(counts: Columns, parts: Sequence[Parts], order: Sequence[int], hidden: Mapping[str, Truths]) -> None:
    """Hide of the siblings in a period, too, what its `parts`, by length, would tell. `counts`, `hidden`: of siblings.

    `order`: siblings from the first that is hidden on.
    """
    siblings = np.array([index for index in order if counts["target_children"][index]], np.intp)
    if not parts or not len(siblings):
        return
    own = {name: counts[name][siblings] for name in RULED}
    among = np.stack([own[base] for base in _BASES])  # findings x siblings
    hidden_again, told_again = np.zeros((2, *among.shape), bool)
    for alike in parts:
        # findings x parts x siblings
        known, told = (np.stack([of_parts[base] for base in _BASES])[..., siblings] for of_parts in alike[:2])
        is_hidden = np.stack([alike.hidden[name] for name in _NAMES])[..., siblings]
        is_sum = known.sum(axis=1) - among < FEW_TWICE
        unknown = is_hidden & (told > 0)
        hidden_again |= is_sum & (unknown.any(axis=1) | alike.differs[siblings])
        # The only hidden one of a release with anybody measured is what its total has beside those that are shown.
        release = alike.release[:, siblings]
        together = release[:, :, None] == release[:, None, :]
        unknown &= np.einsum("fps,pst->fpt", unknown.astype(np.int64), together) > 1
        told_again |= is_sum & ~unknown.any(axis=1) & ~alike.differs[siblings]
        hidden_again |= _leaves_few(own, {name: counts[:, siblings] for name, counts in alike.told.items()}, is_hidden)
    until = {name: int(hidden[name][siblings].sum()) for name in RULED}
    for number, (block, base) in enumerate(zip(FINDINGS, _BASES, strict=True)):
        first_shown = max(until[_NAMES[number]], until[base], *(np.flatnonzero(hidden_again[number]) + 1).tolist(), 0)
        while 0 < first_shown < len(siblings):
            unknown = (~told_again[number] & (own[base] > 0))[:first_shown]
            together = block.parts(_Together(own, unknown))
            if not unknown.any() or (unknown.sum() > 1 and min(together) >= SMALLEST_SHOWN):
                break
            first_shown += 1
        until.update(dict.fromkeys(block.columns, first_shown))
        for column in block.columns:
            hidden[column][siblings[:first_shown]] = True


def _leaves_few(own: Columns, told: Columns, is_hidden: Truths) -> Truths:
    """Findings x siblings: whether few are left of the period beside a part that is told (parts x siblings)."""
    left = {name: own[name] - told[name] for name in RULED}
    few = []
    for number, (block, base) in enumerate(zip(FINDINGS, _BASES, strict=True)):
        beside = told[base] > 0
        if block.columns[0] not in _IN_ANY_PART:  # the last part in which anybody was measured
            beside &= beside[::-1].cumsum(axis=0)[::-1] == 1
        parts = np.stack(block.parts(left))
        anybody = (np.stack([*parts, left[base]]) != 0).any(axis=0)
        few.append((beside & ~is_hidden[number] & anybody & (parts < SMALLEST_SHOWN).any(axis=0)).any(axis=0))
    return np.stack(few)


class _Together(dict[str, Counts]):
    """Sums of columns over some siblings, made when a finding asks for them."""

    def __init__(self, counts: Columns, which: npt.NDArray[np.bool_]) -> None:
        super().__init__()
        self._counts, self._which = counts, which

    def __missing__(self, name: str) -> Counts:
        total: Counts = self._counts[name][: len(self._which)][self._which].sum()
        self[name] = total
        return total
