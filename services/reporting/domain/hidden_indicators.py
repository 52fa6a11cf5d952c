"""Indicators that count children one by one: what of them may not be seen outside, beside all figures that are told.

The rule is that of the figures (`suppression.py`: siblings in a fixed order, from the first up to the last small one),
with what hangs together:

1. What is left of a told figure is a count, too: of the stunted those who are not under two, of the referred those who
   are not stunted. It must not be small.
2. What is hidden of a figure is hidden of the indicators that count among those children: their denominator would tell
   it. Wasted, but not severely so, is a difference of two figures.
3. Indicators that add up are hidden together: classes of one reading, one service by age, who has a growth card of how
   many and who has none. Of how many an answer is known is no finding, and where nobody's is, nothing is hidden.
4. What is counted since January grows from month to month by those who were found anew. What was told of an earlier
   month of the year is taken from it: who came to have it since, and who has it not, must not be small.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import accumulate
from operator import add
from typing import Any, Final, NamedTuple

from services.reporting.domain.hidden_counts import FINDING_COLUMNS, SMALLEST_SHOWN
from services.reporting.domain.indicator_set import WASTED_MODERATELY, Count
from services.reporting.domain.suppression import in_order
from shared.calendar import UNDER_FIVE_MONTHS

# Mark of a child's month → the figures that its count follows from.
FIGURES_OF: Final[Mapping[str, tuple[str, ...]]] = {
    "weighed": ("measured_children",),
    "haz_measured": ("haz_measured",),
    "stunted": ("stunted",),
    "underweight": ("underweight",),
    "severely_wasted": ("severely_wasted",),
    WASTED_MODERATELY: ("wasted", "severely_wasted"),
    "letter_n": ("gained",),
    "letter_t": ("not_gained",),
    "suspected": ("suspected",),
    "referred": ("referred",),
    "in_care": ("in_care",),
}


class Sibling(NamedTuple):
    """Figures of an area, which of them are hidden, and of each count how many have it and of how many.

    `before`: of each count what was told last of the same year, where that is looked at; None = nothing was.
    """

    code: str
    official_target: int | None
    figures: Mapping[str, Any]
    hidden_figures: AbstractSet[str]
    counted: Sequence[tuple[int, int]]
    before: Sequence[tuple[int, int] | None] = ()


def hidden_indicators(
    siblings: Sequence[Sibling], counts: Sequence[Count], hidden_above: Collection[int] = (), *, one_month: bool = True
) -> list[set[int]]:
    """Of each sibling the numbers of those `counts` that may not be seen.

    `hidden_above`: numbers hidden of the area they are parts of. `one_month`: the counts look at the same month as the
    figures, so that one can be subtracted from the other.
    """
    order = in_order([(sibling.official_target, sibling.code) for sibling in siblings])
    hidden: list[set[int]] = [set() for _ in siblings]
    for family in _families(counts):
        present = [i for i in order if any(_is_there(siblings[i], counts[number], number) for number in family)]
        rows = [
            [part for number in family for part in _parts(siblings[i], counts[number], number, one_month=one_month)]
            for i in present
        ]
        first_shown = len(present) if not family.isdisjoint(hidden_above) else _first_shown(rows)
        for i in present[:first_shown]:
            hidden[i] |= family
    for sibling, numbers in zip(siblings, hidden, strict=True):
        numbers.update(n for n, count in enumerate(counts) if not sibling.hidden_figures.isdisjoint(_among(count)))
    return hidden


def _families(counts: Sequence[Count]) -> Iterator[frozenset[int]]:
    """Numbers of counts that add up: of one answer, among the same children, or the same thing by age."""
    families: dict[Any, list[int]] = {}
    for number, count in enumerate(counts):
        among = (count.window, count.among, count.among_one_of)
        family = count.family or (*among, () if any(among[1:]) else count.counted)
        families.setdefault(family, []).append(number)
    yield from map(frozenset, families.values())


def _among(count: Count) -> frozenset[str]:
    """Findings that the denominator follows from."""
    columns = {column for mark in (*count.among, *count.among_one_of) for column in FIGURES_OF.get(mark, ())}
    return frozenset(columns & FINDING_COLUMNS)


def _is_there(sibling: Sibling, count: Count, number: int) -> bool:
    """Nobody of an age, or nobody asked or tested, is told; nobody with a finding is as telling as a few."""
    if count.family is not None:
        return count.is_of_known and bool(sibling.counted[number][0])
    among = (*count.among, *count.among_one_of)
    if among and all(not FINDING_COLUMNS.isdisjoint(FIGURES_OF.get(mark, ())) for mark in among):
        return bool(sibling.figures["target_children"])
    return bool(sibling.counted[number][1])


def _parts(sibling: Sibling, count: Count, number: int, *, one_month: bool) -> list[int]:
    """Counts that must not be small: who has it, who has it not, and what is left of the figures."""
    if count.is_of_known:
        return []
    numerator, denominator = sibling.counted[number]
    parts = [numerator, denominator - numerator]
    if sibling.before:
        told = sibling.before[number]
        without = denominator - numerator
        parts += (
            [SMALLEST_SHOWN, SMALLEST_SHOWN] if told is None else [numerator - told[0], without - (told[1] - told[0])]
        )
    figures = [figure for mark in count.counted for figure in FIGURES_OF.get(mark, ())]
    if not one_month or not figures:
        return parts
    left = [sibling.figures[figure] - numerator for figure in figures]
    if (count.age_from, count.age_before) != (0, UNDER_FIVE_MONTHS):
        among = [column for mark in (*count.among, *count.among_one_of) for column in FIGURES_OF[mark]]
        others = sum(sibling.figures[column] for column in among or ["target_children"]) - denominator
        left += [others - one for one in left]
    return parts + left


def _first_shown(rows: Sequence[Sequence[int]]) -> int:
    """How many siblings are hidden, from the first on: up to the last small one, and until together they are not."""
    small = [place for place, row in enumerate(rows) if min(row, default=SMALLEST_SHOWN) < SMALLEST_SHOWN]
    if not small:
        return 0
    together = accumulate(rows, lambda sums, row: list(map(add, sums, row)))
    enough = (place for place, sums in enumerate(together) if place >= small[-1] and min(sums) >= SMALLEST_SHOWN)
    return next(enough, len(rows) - 1) + 1
