"""What is hidden outside of an area whose period is not released: all findings, and how many there are where few."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import date
from itertools import pairwise
from typing import Final

import asyncpg
import numpy as np

from services.reporting.domain.areas import Tree
from services.reporting.domain.figures import COUNTS, counts_of
from services.reporting.domain.hidden_counts import FINDING_COLUMNS, Counts, Truths, hidden_of, hidden_siblings
from services.reporting.domain.periods import Period
from services.reporting.domain.suppression import in_order
from services.reporting.store.register import trees_on_days
from services.reporting.store.sibling_sums import SumsBelow, sums_below
from services.reporting.store.sums import SUM_COLUMNS, area_where
from shared.auth import areas
from shared.auth.areas import AreaGrant
from shared.calendar import end_of_day
from shared.postgres.page import one_page
from shared.postgres.pool import Connection

EVERY_COUNT: Final = frozenset(COUNTS)


@asynccontextmanager
async def seeing_siblings(connection: Connection, code: str) -> AsyncIterator[None]:
    """Look from the province: what is hidden of an area depends on its siblings, wherever the reader may look.

    Else two readers of different areas were told different cells of one table, and together the hidden ones.
    """
    own: str = await connection.fetchval("SELECT current_setting('tumbuh.areas', true)") or ""
    province = code.partition(".")[0]
    if province in own.split(","):
        yield
        return
    await areas.apply(connection, AreaGrant((province,)))
    try:
        with one_page():
            yield
    finally:
        # A transaction that has failed runs nothing any more, and ends with the areas of before it.
        with suppress(asyncpg.InFailedSQLTransactionError):
            await areas.apply(connection, AreaGrant(tuple(filter(None, own.split(",")))))


async def hidden_by_period(
    connection: Connection, code: str, periods: Sequence[Period], as_of: date | None
) -> dict[Period, set[str]]:
    """The hidden columns of an area in each of `periods` (one after the other, of one length), none of them released.

    Each level above is read once for all periods. An area that the register does not know on the last day of a period
    has no siblings there: all is hidden.
    """
    trees = await _trees(connection, code, periods)
    known_before = end_of_day(as_of) if as_of is not None else None
    read: dict[str, SumsBelow] = {}
    hidden: dict[Period, set[str]] = {}
    async with seeing_siblings(connection, code):
        for number, period in enumerate(periods):
            tree = trees[period.last_day]
            path = [entry.code for entry in tree.path(code)]
            hidden[period] = set(FINDING_COLUMNS) if path else set(EVERY_COUNT)
            for parent in path[:-1] or path:
                if parent not in read:
                    by_desa = not all(each.is_as_coded(parent) for each in trees.values())
                    where = area_where(parent)
                    read[parent] = await sums_below(connection, where, periods, known_before, by_desa=by_desa)
            if path:
                hidden[period] = _hidden(tree, path, {parent: read[parent] for parent in path[:-1] or path}, number)
    return hidden


async def _trees(connection: Connection, code: str, periods: Sequence[Period]) -> Mapping[date, Tree]:
    """The register on the last days of periods: of the areas above, also where one belongs elsewhere than coded."""
    parts = code.split(".")
    above = [".".join(parts[:count]) for count in range(1, len(parts) + 1)]
    days = [period.last_day for period in periods]
    trees = await trees_on_days(connection, days, above)
    known = {entry.code for tree in trees.values() for entry in tree.path(code)}
    if known <= set(above):
        return trees
    return await trees_on_days(connection, days, sorted({*above, *known}, key=lambda each: (each.count("."), each)))


def _hidden(tree: Tree, path: Sequence[str], sums: Mapping[str, SumsBelow], number: int) -> set[str]:
    """Hidden columns of the last area of `path` in the period `number`."""
    above: dict[str, Truths] = {name: np.array([True]) for name in FINDING_COLUMNS}
    counts = _counts(sums[path[0]].counts[number].sum(axis=0)[None])
    above = hidden_of(counts, 0, hidden_siblings(counts, [0], above), above)
    for parent, code in pairwise(path):
        belongs = [tree.child_area_of(parent, each) for each in sums[parent].codes]
        siblings = sorted({*(child.code for child in tree.children(parent, "area")), *belongs})
        added = np.zeros((len(siblings), len(SUM_COLUMNS)), np.int64)
        np.add.at(added, [siblings.index(each) for each in belongs], sums[parent].counts[number])
        order = in_order([(tree.official_target(each), each) for each in siblings])
        counts = _counts(added)
        above = hidden_of(counts, siblings.index(code), hidden_siblings(counts, order, above), above)
    return {name for name, truths in above.items() if truths[0]}


def _counts(sums: Counts) -> dict[str, Counts]:
    """Of siblings in one period."""
    return counts_of({name: sums[None, :, number] for number, name in enumerate(SUM_COLUMNS)})
