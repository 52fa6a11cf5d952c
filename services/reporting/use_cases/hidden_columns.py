"""Which counts of an area may not be seen outside: as among its siblings, and so for each area above it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import date, datetime
from itertools import pairwise
from typing import Any, Final

import asyncpg

from services.reporting.domain.areas import Tree
from services.reporting.domain.figures import COUNTS, counts_of
from services.reporting.domain.periods import Period
from services.reporting.domain.suppression import FINDING_COLUMNS, hidden_columns, is_told
from services.reporting.store.register import trees_on_days
from services.reporting.store.sibling_sums import sums_below
from services.reporting.store.sums import SUM_COLUMNS, Sums, where_of
from shared.auth import areas
from shared.auth.areas import AreaGrant
from shared.calendar import end_of_day
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
        yield
    finally:
        # A transaction that has failed runs nothing any more, and ends with the areas of before it.
        with suppress(asyncpg.InFailedSQLTransactionError):
            await areas.apply(connection, AreaGrant(tuple(filter(None, own.split(",")))))


async def hidden_by_period(
    connection: Connection, code: str, periods: Sequence[Period], known_on: date, as_of: date | None
) -> dict[Period, set[str]]:
    """The hidden columns of an area in each of `periods` (one after the other, of one length).

    Each level above is read once for all periods. An area that the register does not know on the last day of a period
    has no siblings there: all is hidden.
    """
    parts = code.split(".")
    above = [".".join(parts[:count]) for count in range(1, len(parts) + 1)]
    trees = await trees_on_days(connection, [period.last_day for period in periods], above)
    paths = {period: [entry.code for entry in trees[period.last_day].path(code)] for period in periods}
    if not {each for path in paths.values() for each in path} <= set(above):
        # It belongs elsewhere than its code says.
        above = sorted({*above, *(each for path in paths.values() for each in path)}, key=_height)
        trees = await trees_on_days(connection, [period.last_day for period in periods], above)
    known_before = end_of_day(as_of) if as_of is not None else None
    async with seeing_siblings(connection, code):
        sums = await _sums(connection, trees, paths, known_before)
    hidden: dict[Period, set[str]] = {}
    for period, path in paths.items():
        hidden[period] = _hidden(trees[period.last_day], path, sums, period, untold(period, known_on))
        await asyncio.sleep(0)  # milliseconds each: the heartbeat shares the loop
    return hidden


def _height(code: str) -> tuple[int, str]:
    return code.count("."), code


async def _sums(
    connection: Connection, trees: dict[date, Tree], paths: dict[Period, list[str]], known_before: datetime | None
) -> dict[str, dict[Period, list[Sums]]]:
    """Of each area on the paths above the asked one (which has none above: of itself) what lies directly below."""
    found: dict[str, dict[Period, list[Sums]]] = {}
    for parent in {each for path in paths.values() for each in path[:-1] or path}:
        entries = {trees[period.last_day].find(parent) for period in paths}
        entry = next(each for each in entries if each is not None)
        by_desa = not all(trees[period.last_day].is_as_coded(parent) for period in paths)
        periods = list(paths)
        found[parent] = await sums_below(connection, where_of(entry), periods, known_before, by_desa=by_desa)
    return found


def _hidden(
    tree: Tree, path: Sequence[str], sums: dict[str, dict[Period, list[Sums]]], period: Period, yet: frozenset[str]
) -> set[str]:
    if not path:
        return set(EVERY_COUNT)
    top = _row(tree, path[0], sums[path[0]][period])
    (hidden,) = hidden_columns([top], [[top]], yet)
    for parent, code in pairwise(path):
        below: dict[str, list[Sums]] = {child.code: [] for child in tree.children(parent, "area")}
        for each in sums[parent][period]:
            below.setdefault(tree.child_area_of(parent, each.desa_code), []).append(each)
        rows = [_row(tree, *each) for each in sorted(below.items())]
        hidden = hidden_columns(rows, [[row] for row in rows], hidden)[[row["code"] for row in rows].index(code)]
    return hidden


def _row(tree: Tree, code: str, places: Iterable[Sums]) -> dict[str, Any]:
    counts = [place.counts for place in places] or [dict.fromkeys(SUM_COLUMNS, 0)]
    total = counts[0]
    for more in counts[1:]:
        total = {name: total[name] + more[name] for name in SUM_COLUMNS}
    return {"code": code, "official_target": tree.official_target(code), **counts_of(total)}
