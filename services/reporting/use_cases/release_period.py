"""Releases a period: what is told outside of kabupaten of a provinsi is worked out once, hidden and kept."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Sequence
from datetime import date
from itertools import groupby
from typing import Final, NamedTuple

import numpy as np

from services.reporting.domain.areas import Tree
from services.reporting.domain.figures import JUDGED
from services.reporting.domain.hidden_counts import RULED, Counts, Truths
from services.reporting.domain.hidden_periods import inside
from services.reporting.domain.periods import LENGTHS, Period, period_of
from services.reporting.domain.release import Batch, Released
from services.reporting.domain.release_hiding import Beside, Places, added_up, hidden_of_family, places_of
from services.reporting.domain.suppression import is_told, newest_told
from services.reporting.store.judged_sums import judged_by_place
from services.reporting.store.register import trees_on_days
from services.reporting.store.releases import (
    Head,
    counted_months,
    hold_provinsi,
    provinsi_with_children,
    read_whole_release,
    released_kabupaten,
    unreleased,
    write_release,
)
from services.reporting.store.sibling_sums import SumsBelow, sums_below
from services.reporting.store.sums import SUM_COLUMNS, area_where
from services.reporting.store.whole_register import tree_below
from services.reporting.use_cases.release_analyses import changes_of, growth_of
from services.reporting.use_cases.release_counted import counted_of
from services.reporting.use_cases.release_days import days_of
from services.reporting.use_cases.release_groups import groups_of
from shared.auth.areas import AreaGrant, apply
from shared.postgres.pool import Connection

COLUMNS: Final = (*SUM_COLUMNS, *JUDGED)
DESA_PARTS: Final = 4


class NotFinishedError(ValueError):
    """Findings of the period may not be told yet."""


class Due(NamedTuple):
    """What may be released: a period of kabupaten of a provinsi."""

    provinsi: str
    period: Period
    kabupaten: tuple[str, ...]


async def due(connection: Connection, today: date, within: str | None = None) -> list[Due]:
    """Everything that may be released and is not: shorter periods and earlier ones first.

    Of a kabupaten the periods in which anybody counts, from the first on in which anybody was measured. `within`: only
    this kabupaten or provinsi.
    """
    found: list[Due] = []
    for provinsi in [within[:2]] if within is not None else await provinsi_with_children(connection):
        months = await _months_of(connection, provinsi, newest_told(today))
        for length in LENGTHS:
            of_periods: dict[Period, set[str]] = {}
            for kabupaten, month in months:
                period = period_of(month, length)
                if is_told(period, today) and within in {None, provinsi, kabupaten}:
                    of_periods.setdefault(period, set()).add(kabupaten)
            if of_periods:
                every = {code for codes in of_periods.values() for code in codes}
                released = await released_kabupaten(connection, every, list(of_periods))
                for period, codes in of_periods.items():
                    left = sorted(code for code in codes if (code, period) not in released)
                    if left:
                        found.append(Due(provinsi, period, tuple(left)))
    return sorted(found, key=lambda one: (one.period.months, one.period.first, one.provinsi))


async def release_period(
    connection: Connection,
    provinsi: str,
    period: Period,
    kabupaten: Collection[str],
    today: date,
    asked_by: str | None = None,
) -> int | None:
    """Release `period` of those of the kabupaten of which it is not; the release's number, None if nothing is left.

    In the caller's REPEATABLE READ transaction of the worker. None, too, while another process is at the provinsi.
    Raises NotFinishedError, and asyncpg.UniqueViolationError where another process has released meanwhile.
    """
    if not is_told(period, today):
        raise NotFinishedError(str(period))
    if not await hold_provinsi(connection, provinsi):
        return None
    await apply(connection, AreaGrant((provinsi,)))  # what counts children asks whose they may be
    left = await unreleased(connection, sorted(kabupaten), period)
    if not left:
        return None
    batch = await _batch(connection, provinsi, period, left)
    groups = await groups_of(connection, batch)
    changes, growth = await changes_of(connection, batch), await growth_of(connection, batch)
    days = await days_of(connection, batch, today)
    counted = await counted_of(connection, batch)
    parents = {code: parent for parent, family in batch.families() for code in family}
    released = (
        Released(
            area_code=code,
            parent_code=parent,
            sums=dict(zip(batch.columns, batch.sums[code].tolist(), strict=True)),
            hidden=batch.hidden[code],
            groups=groups.get(code),
            changes=changes.get(code),
            growth=growth.get(code),
            days=days.get(code),
            counted=counted.get(code),
        )
        for code, parent in parents.items()
    )
    known_at = await connection.fetchval("SELECT now()")
    head = Head(provinsi, period, today, known_at, batch.columns, asked_by)
    return await write_release(connection, head, left, released)


async def _batch(connection: Connection, provinsi: str, period: Period, kabupaten: Sequence[str]) -> Batch:
    tree = await tree_below(connection, period.last_day, provinsi)
    codes = await _kabupaten_by_code(connection, provinsi, tree)
    own = await _by_desa(connection, codes, [period])
    within = [await _by_desa(connection, codes, periods) for periods in _by_length(inside(period))]
    places = places_of(tree, provinsi, kabupaten, {code for found in (own, *within) for code in found.codes})
    judged = await _judged(connection, codes, period)
    sums = np.concatenate(
        [added_up(places, own.codes, own.counts)[0], added_up(places, judged.codes, judged.counts)[0]], axis=1
    )
    batch = Batch(
        provinsi, period, tree, places.below, places.belongs, COLUMNS, dict(zip(places.codes, sums, strict=True))
    )
    beside = [
        await _beside(connection, batch, places, periods, added_up(places, found.codes, found.counts))
        for periods, found in zip(_by_length(inside(period)), within, strict=True)
    ]
    place = {code: number for number, code in enumerate(places.codes)}
    hidden: dict[str, frozenset[str]] = {}
    batch.hidden = hidden
    for parent in batch.below:
        hidden |= hidden_of_family(batch, parent, place, SUM_COLUMNS, beside)
        await asyncio.sleep(0)  # the heartbeat shares the loop
    return batch


def _by_length(periods: Iterable[Period]) -> list[list[Period]]:
    return [list(alike) for _, alike in groupby(periods, lambda period: period.months)]


async def _kabupaten_by_code(connection: Connection, provinsi: str, tree: Tree) -> list[str]:
    """Every kabupaten that the register knows or children's places name: what is read at a time."""
    counted = {row[0][:5] for row in await counted_months(connection, provinsi)}
    return sorted(counted | {code for code in tree.area_codes() if code.count(".") == 1})


async def _by_desa(connection: Connection, kabupaten: Sequence[str], periods: Sequence[Period]) -> SumsBelow:
    """Sums of every desa of a provinsi: periods x desa x SUM_COLUMNS."""
    read = [await sums_below(connection, area_where(code), periods, None, by_desa=True) for code in kabupaten]
    empty = np.zeros((len(periods), 0, len(SUM_COLUMNS)), np.int64)
    return SumsBelow(
        [code for found in read for code in found.codes],
        np.concatenate([empty, *(found.counts for found in read)], axis=1),
    )


async def _judged(connection: Connection, kabupaten: Sequence[str], period: Period) -> SumsBelow:
    """What is judged of every desa: 1 x desa x JUDGED."""
    found: dict[str, list[int]] = {}
    for code in kabupaten:
        rows = await judged_by_place(connection, area_where(code).of_places, period, None, DESA_PARTS)
        found |= {desa: [counts[name] for name in JUDGED] for (desa, _), counts in rows.items()}
    counts = np.array(list(found.values()), np.int64).reshape(1, len(found), len(JUDGED))
    return SumsBelow(list(found), counts)


async def _beside(
    connection: Connection, batch: Batch, places: Places, periods: Sequence[Period], known: Counts
) -> Beside:
    """What was released of shorter periods of one length, as it was told, beside what is `known` of them now."""
    place = {code: number for number, code in enumerate(places.codes)}
    width = len(places.codes)
    told = np.zeros((len(periods), width, len(SUM_COLUMNS)), np.int64)
    hidden: dict[str, Truths] = {name: np.zeros((len(periods), width), bool) for name in RULED}
    release = np.zeros((len(periods), width), np.int64)
    provinsi, own = place[batch.provinsi], set(batch.kabupaten)
    for number, period in enumerate(periods):
        for code, sums, names, columns, release_id in await read_whole_release(connection, batch.provinsi, period):
            if code not in place:
                continue
            release[number, place[code]] = release_id
            if place[code] != provinsi:
                named = dict(zip(columns, sums, strict=True))
                row = np.array([named.get(name, 0) for name in SUM_COLUMNS], np.int64)
                told[number, place[code]] += row
                if code in own:  # of the provinsi those of this release are told together
                    told[number, provinsi] += row
            for name in hidden.keys() & set(names):
                hidden[name][number, place[code]] = True
        await asyncio.sleep(0)
    kabupaten = [place[code] for code in batch.kabupaten]
    release[:, provinsi] = release[:, kabupaten].max(axis=1)  # others of the provinsi are told apart
    for code in batch.kabupaten:
        for below in _below(batch, code):  # an area that was not known then had nobody
            own_release = release[:, place[below]]
            own_release[own_release == 0] = release[own_release == 0, place[code]]
    return Beside(known, told, hidden, release)


def _below(batch: Batch, code: str) -> Iterable[str]:
    for child in batch.below.get(code, ()):
        yield child
        yield from _below(batch, child)


async def _months_of(connection: Connection, provinsi: str, newest: Period) -> list[tuple[str, date]]:
    """Kabupaten (by the register of the month's end) and months up to `newest` in which anybody counts there."""
    by_kecamatan = {
        code: list(rows) for code, rows in groupby(await counted_months(connection, provinsi), lambda row: row[0])
    }
    measured = [row[1] for rows in by_kecamatan.values() for row in rows if row[4] and row[1] <= newest.first]
    if not measured:
        return []
    months = [Period(min(measured))]
    while months[-1] != newest:
        months.append(months[-1].shifted(1))
    codes = sorted({code.rpartition(".")[0] for code in by_kecamatan})
    trees = await trees_on_days(connection, [month.last_day for month in months], [provinsi, *codes])
    counted: dict[tuple[str, date], bool] = {}  # whether anybody was measured
    for code, rows in by_kecamatan.items():
        of_month = {row[1]: row for row in rows}
        targets = sum(row[2] for row in rows if row[1] < months[0].first)
        for month in months:
            _, _, change, shift, is_measured = of_month.get(month.first, (code, month.first, 0, 0, False))
            targets += change
            if targets + shift > 0:
                kabupaten = trees[month.last_day].child_area_of(provinsi, code)
                key = kabupaten, month.first
                counted[key] = counted.get(key, False) or is_measured
    since: dict[str, date] = {}
    for (kabupaten, first), is_measured in sorted(counted.items()):
        if is_measured:
            since.setdefault(kabupaten, first)
    return sorted(key for key in counted if key[1] >= since.get(key[0], date.max))
