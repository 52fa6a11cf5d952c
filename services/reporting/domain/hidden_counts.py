"""Which counts of siblings are hidden: the one rule of `suppression`, on arrays, for many periods at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from services.reporting.domain.case_course import STEPS

SMALLEST_SHOWN: Final = 10  # of a finding; the counts that must stay unknown are those below five
FEWEST_MEASURED: Final = 5  # of children, or none

Counts = npt.NDArray[np.int64]  # of periods x siblings x groups, unless said
Truths = npt.NDArray[np.bool_]
Columns = Mapping[str, Counts]
Parts = tuple[Counts, ...]


class Block(NamedTuple):
    """Columns that are hidden together. `parts`: counts that must not be small; `base`: what it is counted among."""

    columns: tuple[str, ...]
    parts: Callable[[Columns], Parts]
    base: str | None


def _finding(name: str, among: str) -> Block:
    """A finding, and those of its denominator who do not have it."""
    return Block((name,), lambda row: (row[name], row[among] - row[name]), among)


def _care(name: str) -> Block:
    """A step of care: who has not come so far is no finding."""
    return Block((name,), lambda row: (row[name],), "suspected")


# How many there are, and how many were measured: the work of a posyandu, where zero says that it has not begun.
MEASURED: Final = (
    "target_children",
    "measured_children",
    "height_measured",
    "both_measured",
    "haz_measured",
    "waz_measured",
    "whz_measured",
)
# How it was measured. Left out where small, but no finding: two shown counts may tell it.
LEFT_OUT_WHERE_SMALL: Final = ("haz_flagged", "waz_flagged", "whz_flagged", "pending")
SIZE: Final = Block(MEASURED, lambda row: tuple(row[name] for name in MEASURED), None)
FINDINGS: Final = (
    _finding("stunted", "haz_measured"),
    _finding("severely_stunted", "stunted"),
    _finding("underweight", "waz_measured"),
    _finding("severely_underweight", "underweight"),
    _finding("wasted", "whz_measured"),
    _finding("severely_wasted", "wasted"),
    _finding("overweight", "whz_measured"),
    Block(("oedema",), lambda row: (row["oedema"],), "measured_children"),
    # N + T + O + B = weighed: none of the four follows from what is shown of the others.
    Block(
        ("gained", "not_gained", "gain_assessed"),
        lambda row: (row["gained"], row["not_gained"], row["measured_children"] - row["gain_assessed"]),
        "measured_children",
    ),
    Block(
        ("not_weighed_before", "first_weighing"),
        lambda row: (row["not_weighed_before"], row["first_weighing"]),
        "gained",
    ),
    _finding("twice_not_gained", "not_gained"),
    Block(("below_red_line",), lambda row: (row["below_red_line"],), "measured_children"),
    _finding("suspected", "measured_children"),
    Block(("urgent",), lambda row: (row["urgent"],), "measured_children"),
    *map(_care, (*STEPS, "anaemia_known")),
    _finding("anaemic", "anaemia_known"),
)
FINDING_COLUMNS: Final = frozenset(name for block in FINDINGS for name in block.columns)
BLOCKS: Final = (SIZE, *FINDINGS)
RULED: Final = (*MEASURED, *sorted(FINDING_COLUMNS))


def hidden_siblings(counts: Columns, order: Sequence[int], hidden_above: Mapping[str, Truths]) -> dict[str, Truths]:
    """Periods x siblings: whether a column of RULED is hidden.

    `counts`: by COUNTS, periods x siblings; `order`: siblings from the first that is hidden on; `hidden_above`: in
    which periods a column is hidden of the area that they are parts of.
    """
    has_children = counts["target_children"] > 0
    # Where nobody is, there is nothing to hide: last in the order.
    places = np.asarray(order, np.intp)[np.argsort(~has_children[:, order], axis=1, kind="stable")]
    ruled = np.take_along_axis(np.stack([counts[name] for name in RULED]), places[None], axis=2)
    in_order = {name: ruled[number, ..., None] for number, name in enumerate(RULED)}
    rank = places.argsort(axis=1)
    numbers = number_hidden(in_order, has_children.sum(axis=1), hidden_above)
    return {name: rank < number[:, None] for name, number in numbers.items()}


def hidden_of(
    counts: Columns, which: int, hidden: Mapping[str, Truths], hidden_above: Mapping[str, Truths]
) -> dict[str, Truths]:
    """In which periods the columns of one sibling are not to be seen: `hidden` ones, and what is left out with them."""
    own: dict[str, Truths] = {name: truths[:, which] for name, truths in hidden.items()}
    without_size = own["target_children"] | hidden_above.get("target_children", False)
    for name in LEFT_OUT_WHERE_SMALL:
        count = counts[name][:, which]
        own[name] = without_size | ((count > 0) & (count < FEWEST_MEASURED))
    return own


def number_hidden(counts: Columns, present: Counts, hidden_above: Mapping[str, Truths]) -> dict[str, Counts]:
    """Of each of RULED and each period, how many siblings are hidden, from the first one on.

    `counts`: by RULED, siblings in their order; `present`: how many of them there are in each period, the first ones.
    """
    numbers: dict[str, Counts] = {}
    for block, own in zip(BLOCKS, _own_numbers(counts, present), strict=True):
        number = own if block.base is None else np.maximum(own, numbers[block.base])
        all_hidden = [hidden_above[name] for name in block.columns if name in hidden_above]
        if all_hidden:
            number = np.where(np.logical_or.reduce(all_hidden), present, number)
        numbers.update(dict.fromkeys(block.columns, number))
    return numbers


def _own_numbers(counts: Columns, present: Counts) -> list[Counts]:
    """Of each of BLOCKS and each period, without regard to what else is hidden."""
    findings = [block.parts(counts) for block in FINDINGS]
    return [*_first_shown([SIZE.parts(counts)], present, _is_told), *_first_shown(findings, present, _is_large)]


def _first_shown(blocks: Sequence[Parts], present: Counts, is_shown: Callable[[Counts], Truths]) -> Counts:
    """Blocks x periods: how many siblings are hidden, from the first one on: up to the last small one, and enough.

    Only the first ones of each period are `present`.
    """
    periods, siblings, groups = blocks[0][0].shape
    # blocks x parts x periods x siblings x groups; where a block has fewer parts, some that are shown anyhow
    stacked = np.full((len(blocks), max(map(len, blocks)), periods, siblings, groups), SMALLEST_SHOWN)
    for number, parts in enumerate(blocks):
        stacked[number, : len(parts)] = parts
    shown: Truths = np.logical_and.reduce(is_shown(stacked), axis=(1, 4))
    small = ~shown & (np.arange(siblings) < present[:, None])
    until = np.where(small.any(axis=2), siblings - small[..., ::-1].argmax(axis=2), 0)
    # One alone is small, so a second one follows: until all that are hidden are large together.
    together: Truths = np.logical_and.reduce(is_shown(stacked.cumsum(axis=3)), axis=(1, 4))
    enough = together & (np.arange(siblings) >= until[..., None] - 1)
    first = np.where(enough.any(axis=2), enough.argmax(axis=2) + 1, siblings)
    hidden: Counts = np.where(until == 0, 0, np.minimum(first, present))
    return hidden


def _is_large(counts: Counts) -> Truths:
    large: Truths = counts >= SMALLEST_SHOWN
    return large


def _is_told(counts: Counts) -> Truths:
    told: Truths = (counts == 0) | (counts >= FEWEST_MEASURED)
    return told
