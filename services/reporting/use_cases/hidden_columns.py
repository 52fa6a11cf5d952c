"""Which counts of an area may not be seen outside: as among its siblings, and so for each area above it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import date, datetime
from itertools import pairwise
from typing import Final

import asyncpg
import numpy as np

from services.reporting.domain.areas import Tree
from services.reporting.domain.figures import COUNTS, counts_of
from services.reporting.domain.hidden_counts import FINDING_COLUMNS, Counts, Truths, hidden_of, hidden_siblings
from services.reporting.domain.periods import MONTH, Period
from services.reporting.domain.suppression import in_order, is_told
from services.reporting.store.register import trees_on_days
from services.reporting.store.sibling_sums import SumsBelow, sums_below
from services.reporting.store.sums import SUM_COLUMNS, where_of
from services.reporting.use_cases.hidden_long_periods import Asked, HiddenBelow, LongPeriods
from shared.auth import areas
from shared.auth.areas import AreaGrant
from shared.calendar import end_of_day
from shared.postgres.page import one_page
from shared.postgres.pool import Connection

EVERY_COUNT: Final = frozenset(COUNTS)


def untold(period: Period, known_on: date) -> frozenset[str]:
    """Columns that nobody outside is told of any area yet."""
    return frozenset() if is_told(period, known_on) else FINDING_COLUMNS


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
    connection: Connection,
    code: str,
    periods: Sequence[Period],
    known_on: date,
    as_of: date | None,
    *,
    patient: bool = False,
) -> dict[Period, set[str]]:
    """The hidden columns of an area in each of `periods` (one after the other, of one length).

    Each level above is read once for all periods. An area that the register does not know on the last day of a period
    has no siblings there: all is hidden. `patient`: see hidden_long_periods.
    """
    if periods[0].months > MONTH:
        long = await _of_long_periods(connection, code, periods, known_on, as_of, patient=patient, with_below=False)
        return {period: hidden.own for period, hidden in long.items()}
    trees, paths = await _paths(connection, code, periods)
    known_before = end_of_day(as_of) if as_of is not None else None
    async with seeing_siblings(connection, code):
        sums = await _sums(connection, trees, paths, known_before)
    hidden: dict[Period, set[str]] = {}
    place = {period: number for number, period in enumerate(paths)}
    for (tree, path), alike in _alike(trees, paths).items():
        if path:
            shares = _shares(sums, path, [place[period] for period in alike])
            told = _hidden(tree, path, shares, [untold(period, known_on) for period in alike])
            hidden |= {period: {name for name in told if told[name][number]} for number, period in enumerate(alike)}
        else:
            hidden |= {period: set(EVERY_COUNT) for period in alike}
    return hidden


async def hidden_below(
    connection: Connection, code: str, period: Period, known_on: date, as_of: date | None, *, patient: bool = False
) -> HiddenBelow:
    """The hidden columns of an area in a quarter, a semester or a year, and of the areas directly below it."""
    known = await _of_long_periods(connection, code, [period], known_on, as_of, patient=patient, with_below=True)
    return known[period]


async def _of_long_periods(
    connection: Connection,
    code: str,
    periods: Sequence[Period],
    known_on: date,
    as_of: date | None,
    *,
    patient: bool,
    with_below: bool,
) -> dict[Period, HiddenBelow]:
    trees, paths = await _paths(connection, code, periods)
    asked = [Asked(one, trees[one.last_day], paths[one], is_told(one, known_on)) for one in periods if paths[one]]
    known_before = end_of_day(as_of) if as_of is not None else None
    hidden = {period: HiddenBelow(set(EVERY_COUNT), {}) for period in periods}
    async with seeing_siblings(connection, code):
        reader = LongPeriods(connection, asked, known_before, patient=patient)
        for one in asked:
            hidden[one.period] = await reader.hidden(one, with_below=with_below)
    return hidden


async def _paths(
    connection: Connection, code: str, periods: Sequence[Period]
) -> tuple[dict[date, Tree], dict[Period, list[str]]]:
    """The register on the last days of periods, and the areas from the province down to the asked one in each."""
    parts = code.split(".")
    above = [".".join(parts[:count]) for count in range(1, len(parts) + 1)]
    trees = await trees_on_days(connection, [period.last_day for period in periods], above)
    paths = {period: [entry.code for entry in trees[period.last_day].path(code)] for period in periods}
    if not {each for path in paths.values() for each in path} <= set(above):
        # It belongs elsewhere than its code says.
        above = sorted({*above, *(each for path in paths.values() for each in path)}, key=_height)
        trees = await trees_on_days(connection, [period.last_day for period in periods], above)
    return trees, paths


def _height(code: str) -> tuple[int, str]:
    return code.count("."), code


def _alike(trees: dict[date, Tree], paths: dict[Period, list[str]]) -> dict[tuple[Tree, tuple[str, ...]], list[Period]]:
    """Periods for which the register says the same."""
    found: dict[tuple[Tree, tuple[str, ...]], list[Period]] = {}
    for period, path in paths.items():
        found.setdefault((trees[period.last_day], tuple(path)), []).append(period)
    return found


async def _sums(
    connection: Connection, trees: dict[date, Tree], paths: dict[Period, list[str]], known_before: datetime | None
) -> dict[str, SumsBelow]:
    """Of each area on the paths above the asked one (which has none above: of itself) what lies directly below."""
    found: dict[str, SumsBelow] = {}
    every = dict.fromkeys(trees[period.last_day] for period in paths)
    for parent in {each for path in paths.values() for each in path[:-1] or path}:
        entry = next(each for each in (tree.find(parent) for tree in every) if each is not None)
        by_desa = not all(tree.is_as_coded(parent) for tree in every)
        found[parent] = await sums_below(connection, where_of(entry), list(paths), known_before, by_desa=by_desa)
    return found


def _shares(sums: dict[str, SumsBelow], path: Sequence[str], which: Sequence[int]) -> dict[str, SumsBelow]:
    """Of the areas on a path, only the periods `which`."""
    return {code: SumsBelow(sums[code].codes, sums[code].counts[which]) for code in path[:-1] or path}


def _hidden(
    tree: Tree, path: Sequence[str], sums: dict[str, SumsBelow], yet: Sequence[frozenset[str]]
) -> dict[str, Truths]:
    """In which periods the columns of the last area of `path` are hidden; `yet`: what nobody is told, by period."""
    hidden = {name: np.array([name in columns for columns in yet]) for name in FINDING_COLUMNS}
    top = sums[path[0]].counts.sum(axis=1, keepdims=True)
    counts = _counts(top)
    hidden = hidden_of(counts, 0, hidden_siblings(counts, [0], hidden), hidden)
    for parent, code in pairwise(path):
        siblings = [child.code for child in tree.children(parent, "area")]
        belongs = [tree.child_area_of(parent, each) for each in sums[parent].codes]
        siblings = sorted({*siblings, *belongs})
        added = np.zeros((len(yet), len(siblings), len(SUM_COLUMNS)), np.int64)
        for number, each in enumerate(belongs):
            added[:, siblings.index(each)] += sums[parent].counts[:, number]
        order = in_order([(tree.official_target(each), each) for each in siblings])
        counts = _counts(added)
        hidden = hidden_of(counts, siblings.index(code), hidden_siblings(counts, order, hidden), hidden)
    return hidden


def _counts(sums: Counts) -> dict[str, Counts]:
    return counts_of({name: sums[..., number] for number, name in enumerate(SUM_COLUMNS)})
