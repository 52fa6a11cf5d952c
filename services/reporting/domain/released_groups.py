"""Groups of sex and age of an area as a release keeps them, and as they are told by either or both.

Kept are the sums of the finest groups, whole, and for each way to break down which counts must not be shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from services.reporting.domain.groups import AGES, EVERY_WAY, SEXES, UNKNOWN, By, Group, groups_by
from services.reporting.domain.hidden_counts import Counts, Truths
from services.reporting.domain.hidden_groups import Cells, hidden_in_groups, there_are
from services.reporting.domain.periods import MONTH
from services.reporting.domain.release import TOP, Batch

HiddenBy = dict[By, frozenset[str]]


def kept_by_family(batch: Batch, cells: Mapping[str, Counts], columns: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Family by family what is kept of each area; of a quarter, semester or year only of kabupaten and the provinsi.

    Beside the groups of its months, which are told, a quarter of few children would tell them one by one. `cells`: by
    area, SEXES x AGES x `columns`.
    """
    hidden: dict[str, HiddenBy] = {}
    for parent, codes in batch.families():
        if batch.period.months == MONTH or parent in {TOP, batch.provinsi}:
            of_family = np.stack([cells[code] for code in codes])
            hidden |= _hidden(batch, parent, of_family, columns, hidden.get(parent, {}))
            there = there_are(of_family)
            yield {code: _kept(cells[code], there, columns, hidden[code]) for code in codes}


def _hidden(
    batch: Batch, parent: str, cells: Cells, columns: Sequence[str], hidden_above: HiddenBy
) -> dict[str, HiddenBy]:
    """Of each area below `parent`: what is hidden of it as a whole, and what has to be beside it in its groups."""
    siblings = batch.siblings_of(parent)
    found: dict[str, HiddenBy] = {code: {} for _, code in siblings}
    for by in EVERY_WAY:
        above = batch.hidden.get(parent, frozenset()) | hidden_above.get(by, frozenset())
        of_each = hidden_in_groups(cells, columns, siblings, by, above)
        for (_, code), own in zip(siblings, of_each, strict=True):
            found[code][by] = batch.hidden.get(code, frozenset()) | own
    return found


def _kept(cells: Counts, there: Truths, columns: Sequence[str], hidden: HiddenBy) -> dict[str, Any]:
    """As json holds them: `groups` (codes), `sums` of each of them by column (one of zeros is left out), `hidden`."""
    groups = [
        Group(sex, age).code
        for sex, of_sex in zip(SEXES, there.tolist(), strict=True)
        for age, is_there in zip(AGES, of_sex, strict=True)
        if is_there
    ]
    of_groups = cells[there].T.tolist()
    return {
        "groups": groups,
        "sums": {name: counts for name, counts in zip(columns, of_groups, strict=True) if any(counts)},
        "hidden": {by: sorted(names) for by, names in hidden.items()},
    }


def released_groups(
    kept: Sequence[Mapping[str, Any]], by: By, columns: Sequence[str]
) -> tuple[dict[Group, dict[str, int]], set[str]]:
    """Sums by group of `by`, in their order, and the hidden counts of all of them; of several releases together.

    Groups of an area that is the sum of areas released at different times add up; what one of them hides is hidden.
    """
    groups: dict[Group, dict[str, int]] = {}
    for one in kept:
        for place, code in enumerate(one["groups"]):
            sex, age = code.split(",")
            sums = groups.setdefault(Group(sex, age).wider(by), dict.fromkeys(columns, 0))
            for name in one["sums"].keys() & sums.keys():
                sums[name] += one["sums"][name][place]
    usual = groups_by(by)
    unusual = [group for group in (Group(sex, UNKNOWN).wider(by) for sex in SEXES) if group not in usual]
    hidden = {name for one in kept for name in one["hidden"][by]}
    return {group: groups[group] for group in (*usual, *unusual) if group in groups}, hidden
