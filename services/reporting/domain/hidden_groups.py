"""Which counts of siblings are hidden in their groups of sex and age.

Rows of one family are one table with sums on both sides: areas with a group, and groups of an area. So a sibling is
hidden in all its groups where one of them is small, from the first sibling on, as everywhere (`suppression`).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import numpy.typing as npt

from services.reporting.domain.figures import counts_of
from services.reporting.domain.groups import By
from services.reporting.domain.hidden_counts import (
    FEWEST_MEASURED,
    LEFT_OUT_WHERE_SMALL,
    Counts,
    Truths,
    number_hidden,
)
from services.reporting.domain.suppression import in_order

Cells = npt.NDArray[np.int64]  # areas x SEXES x AGES x columns


def there_are(cells: Cells) -> Truths:
    """SEXES x AGES (of any breakdown of them): groups of which there is anybody in one of the areas.

    One of nobody anywhere tells nothing, and its zeros would hide what others have.
    """
    there: Truths = np.logical_or.reduce(cells != 0, axis=(0, 3))
    return there


def hidden_in_groups(
    cells: Cells,
    columns: Sequence[str],
    siblings: Sequence[tuple[int | None, str]],
    by: By,
    hidden_above: Collection[str] = (),
) -> list[set[str]]:
    """The hidden columns of each sibling in all its groups of `by`.

    `siblings`: their official targets and codes, in the order of `cells`; `hidden_above`: what is hidden of the area
    that they are parts of, as a whole or in its groups.
    """
    hidden: list[set[str]] = [set() for _ in siblings]
    whole = _counts(cells.sum(axis=(1, 2)), columns)
    # Where nobody is, there is nothing to hide.
    order = [index for index in in_order(siblings) if whole["target_children"][index]]
    if order:
        counts = _counts(_parts(cells[order], by)[None], columns)
        above = {name: np.array([True]) for name in hidden_above}
        for name, number in number_hidden(counts, np.array([len(order)]), above).items():
            for index in order[: number[0]]:
                hidden[index].add(name)
    for index, own in enumerate(hidden):
        without_size = "target_children" in own or "target_children" in hidden_above
        own.update(name for name in LEFT_OUT_WHERE_SMALL if without_size or 0 < whole[name][index] < FEWEST_MEASURED)
    return hidden


def _parts(cells: Cells, by: By) -> Counts:
    """Areas x groups x columns: every group of `by` of which there is anybody.

    Those under two are sums of groups: where none of these is small, they are not.
    """
    if by != "sex,age":
        cells = cells.sum(axis=2 if by == "sex" else 1, keepdims=True)
    return cells[:, there_are(cells)]


def _counts(sums: Counts, columns: Sequence[str]) -> dict[str, Counts]:
    return counts_of({name: sums[..., number] for number, name in enumerate(columns)})
