"""Figures of an area: of itself, of the areas below it, over periods. Read in the caller's one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final, Literal

from services.reporting.domain.areas import UNMAPPED, Entry, Tree, level_of
from services.reporting.domain.figures import JUDGED, figures
from services.reporting.domain.hidden_counts import FINDING_COLUMNS
from services.reporting.domain.periods import MONTH, Period
from services.reporting.domain.suppression import day_told, hide, suppress, told_next
from services.reporting.store.generations import has_long_cells
from services.reporting.store.register import tree_on
from services.reporting.store.releases import count_released_kabupaten
from services.reporting.store.sums import SUM_COLUMNS, Detail, Sums, sums_by_period, sums_by_place, where_of
from services.reporting.use_cases.hidden_columns import hidden_by_period
from services.reporting.use_cases.released_figures import nothing_shown, released_below, released_figures
from shared.calendar import end_of_day
from shared.postgres.pool import Connection

Below = Literal["area", "puskesmas"]
Figures = dict[str, Any]
PROVINSI: Final = "provinsi"
DESA: Final = ("desa", "kelurahan")
UNMAPPED_NAME: Final = "Belum terpetakan"


class UnknownAreaError(LookupError):
    """The register knows no such area on the period's last day."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: an area, a period, as known on a day (None = now), with or without suppression.

    `today` tells what is released where no `as_of` does; who sees exact figures may leave it out.
    `patient`: nobody waits, so what takes long is counted as of this moment (files, reports).
    """

    code: str
    period: Period
    as_of: date | None = None
    exact: bool = True
    today: date | None = None
    patient: bool = False

    def about(self, code: str, period: Period | None = None) -> Question:
        """The same of another area or period."""
        return replace(self, code=code, period=period or self.period)

    @property
    def known_on(self) -> date:
        """The day at whose end the figures are known."""
        day = self.as_of or self.today
        if day is None:
            raise ValueError("without as_of a suppressed answer needs to know what day it is")
        return day


async def find_area(
    connection: Connection, code: str, period: Period, *, puskesmas: bool = False
) -> tuple[Tree, Entry]:
    """The area and the tree around it, as valid on the last day of `period`. Raises UnknownAreaError."""
    tree = await tree_on(connection, period.last_day, code, puskesmas=puskesmas)
    entry = tree.find(code)
    if entry is None:
        raise UnknownAreaError(code)
    return tree, entry


async def summarise(connection: Connection, asked: Question) -> dict[str, Any]:
    """All figures of one area."""
    tree, entry = await find_area(connection, asked.code, asked.period)
    return {
        **await heading(connection, tree, entry, asked),
        "path": [{"code": above.code, "name": above.name} for above in tree.path(entry.code)],
        **await own_row(connection, tree, entry, asked),
    }


async def compare(connection: Connection, asked: Question, below: Below = "area") -> dict[str, Any]:
    """One row for each area directly below, also for those where nobody is registered; rows add up to the area."""
    tree, entry = await find_area(connection, asked.code, asked.period, puskesmas=below == "puskesmas")
    return await compare_within(connection, tree, entry, asked, below)


async def compare_within(
    connection: Connection, tree: Tree, entry: Entry, asked: Question, below: Below = "area"
) -> dict[str, Any]:
    """The same of an area that was found already."""
    about = await heading(connection, tree, entry, asked)
    if not asked.exact:
        total = await own_row(connection, tree, entry, asked)
        return {**about, "rows": await _rows_outside(connection, tree, entry, asked, below, total), "total": total}
    places = await _sums(connection, entry, asked, "place" if below == "puskesmas" else _detail(tree, entry))
    rows = _rows_below(tree, entry, places, asked, below)
    return {**about, "rows": rows, "total": _row(tree, entry.code, entry, places, asked)}


async def _rows_outside(
    connection: Connection, tree: Tree, entry: Entry, asked: Question, below: Below, total: Figures
) -> list[Figures]:
    """As they were released, else how many there are. Posyandu and puskesmas are too small for eyes outside."""
    if entry.entry != "area":
        return []
    if _level(entry) in DESA or below == "puskesmas":
        kind = "posyandu" if _level(entry) in DESA else below
        return [{**_named(tree, child.code, child), **nothing_shown()} for child in tree.children(entry.code, kind)]
    if not await released_figures(connection, entry.code, [asked.period], asked.known_on):
        places = await _sums(connection, entry, asked, _detail(tree, entry))
        rows = _rows_below(tree, entry, places, asked, below)
        return suppress(rows, {*total["suppressed"], *FINDING_COLUMNS})
    released = await released_below(connection, entry.code, asked.period, asked.known_on)
    codes = set(released)
    if _level(entry) == PROVINSI:  # of some kabupaten the period may not be released
        codes.update(child.code for child in tree.children(entry.code, "area"))
    return [
        {
            **_named(tree, code, tree.find(code)),
            **(released[code].figures if code in released else nothing_shown()),
        }
        for code in sorted(codes)
    ]


async def trend(connection: Connection, asked: Question, months: int) -> dict[str, Any]:
    """The area's figures for each of the periods of the asked length in `months` months up to it, by its name then."""
    tree, entry = await find_area(connection, asked.code, asked.period)
    count = max(1, months // asked.period.months)
    periods = [asked.period.shifted(back) for back in range(1 - count, 1)]
    told = await _own_figures(connection, tree, entry, asked, periods)
    points = [{"period": str(period), **told[period]} for period in periods]
    return {**await heading(connection, tree, entry, asked), "points": points}


async def heading(connection: Connection, tree: Tree, entry: Entry, asked: Question) -> dict[str, Any]:
    """What an answer is about. Outside `released_on`, or `findings_told_from`: the day on which they will be."""
    released: Figures = {}
    as_of = asked.as_of
    if not asked.exact:
        shown = (await released_figures(connection, entry.code, [asked.period], asked.known_on)).get(asked.period)
        if shown is not None:
            released = {"released_on": shown.released_on.isoformat()}
        else:
            released = {"findings_told_from": told_next(asked.period, asked.known_on).isoformat()}
            as_of = _live_day(asked)
    return {
        **released,
        "area": entry.code,
        "name": entry.name,
        "level": _level(entry),
        "period": str(asked.period),
        "as_of": as_of.isoformat() if as_of is not None else None,
        "official_target": tree.official_target(entry.code),
    }


def _level(entry: Entry) -> str:
    return entry.level or (level_of(entry.code) if entry.entry == "area" else entry.entry)


async def own_row(connection: Connection, tree: Tree, entry: Entry, asked: Question) -> dict[str, Any]:
    """Figures of the area itself. Outside as they were released, else how many there are and nothing that was found."""
    return (await own_rows(connection, tree, entry, asked, [asked.period]))[asked.period]


async def own_rows(
    connection: Connection, tree: Tree, entry: Entry, asked: Question, periods: Sequence[Period]
) -> dict[Period, dict[str, Any]]:
    """The same of `periods`, one after the other and of one length, all at once."""
    told = await _own_figures(connection, tree, entry, asked, periods)
    return {period: {**_named(tree, entry.code, entry), **row} for period, row in told.items()}


async def _own_figures(
    connection: Connection, tree: Tree, entry: Entry, asked: Question, periods: Sequence[Period]
) -> dict[Period, Figures]:
    if asked.exact:
        return await _live_figures(connection, entry, asked, periods)
    if entry.entry != "area":  # a posyandu or a puskesmas is too small for eyes outside
        return {period: nothing_shown() for period in periods}
    released = await released_figures(connection, entry.code, periods, asked.known_on)
    told = {period: shown.figures for period, shown in released.items()}
    if told and _level(entry) == PROVINSI:
        of = {child.code for child in tree.children(entry.code, "area")}
        numbers = await count_released_kabupaten(connection, entry.code, list(told), asked.known_on)
        for period, number in numbers.items():
            if number < len(of):
                told[period] = {**told[period], "kabupaten_released": {"released": number, "of": len(of)}}
    rest = [number for number, period in enumerate(periods) if period not in told]
    if rest:
        between = periods[rest[0] : rest[-1] + 1]  # they follow one another, released or not
        live = await _live_figures(connection, entry, asked, between)
        hidden = await hidden_by_period(connection, entry.code, between, _live_day(asked))
        told = {period: hide(row, hidden[period]) for period, row in live.items()} | told
    return told


async def _live_figures(
    connection: Connection, entry: Entry, asked: Question, periods: Sequence[Period]
) -> dict[Period, Figures]:
    """Of each period, in order, as of now or of the day that is asked."""
    is_series = asked.as_of is None and len(periods) > 1
    if is_series and (periods[0].months == MONTH or await has_long_cells(connection)):
        found = await sums_by_period(connection, where_of(entry), periods[0], periods[-1])
        sums = {period: found[period] for period in periods}
    else:
        sums = {
            period: _added(await _sums(connection, entry, asked.about(entry.code, period), "own")) for period in periods
        }
    return {period: _figures(counts, asked) for period, counts in sums.items()}


def _live_day(asked: Question) -> date | None:
    """The day as of which it is told what is not released; None = now."""
    return asked.as_of if asked.exact or asked.as_of is None else day_told(asked.as_of)


def _detail(tree: Tree, entry: Entry) -> Detail:
    """Rows of an area come from sums by code, unless the register has an area elsewhere than its code says."""
    return "below" if tree.is_as_coded(entry.code) else "place"


async def _sums(connection: Connection, entry: Entry, asked: Question, detail: Detail) -> list[Sums]:
    day = _live_day(asked)
    known_before = end_of_day(day) if day is not None else None
    return await sums_by_place(connection, where_of(entry), asked.period, known_before, detail)


def _rows_below(tree: Tree, entry: Entry, places: Iterable[Sums], asked: Question, below: Below) -> list[Figures]:
    if entry.entry != "area":
        return []
    is_desa = _level(entry) in DESA
    kind = "posyandu" if is_desa else below
    grouped: dict[str, list[Sums]] = {child.code: [] for child in tree.children(entry.code, kind)}
    for sums in places:
        if is_desa:
            code = sums.posyandu_code or UNMAPPED
        elif below == "puskesmas":
            code = tree.puskesmas_of(sums.desa_code, sums.posyandu_code)
        else:
            code = tree.child_area_of(entry.code, sums.desa_code)
        grouped.setdefault(code, []).append(sums)
    return [_row(tree, code, tree.find(code), places, asked) for code, places in sorted(grouped.items())]


def _row(tree: Tree, code: str, entry: Entry | None, places: Iterable[Sums], asked: Question) -> dict[str, Any]:
    return {**_named(tree, code, entry), **_figures(_added(places), asked)}


def _named(tree: Tree, code: str, entry: Entry | None) -> dict[str, Any]:
    unnamed = UNMAPPED_NAME if code == UNMAPPED else code
    return {
        "code": code,
        "name": entry.name if entry is not None else unnamed,
        "level": _level(entry) if entry is not None else level_of(code),
        "official_target": tree.official_target(code),
    }


def _added(places: Iterable[Sums]) -> dict[str, int]:
    total = dict.fromkeys((*SUM_COLUMNS, *JUDGED), 0)
    for place in places:
        for name, count in place.counts.items():
            total[name] += count
    return total


def _figures(total: Mapping[str, int], asked: Question) -> dict[str, Any]:
    told = figures(total)
    if asked.as_of is not None:
        told["pending"] = None  # what waited on a past day is not kept
    return told
