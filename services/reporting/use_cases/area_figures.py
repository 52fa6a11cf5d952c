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
from services.reporting.domain.suppression import hide, is_told, suppress, told_from
from services.reporting.store.generations import has_long_cells
from services.reporting.store.register import tree_on
from services.reporting.store.sums import SUM_COLUMNS, Detail, Sums, sums_by_period, sums_by_place, where_of
from services.reporting.use_cases.hidden_columns import EVERY_COUNT, hidden_below, hidden_by_period
from shared.calendar import end_of_day
from shared.postgres.pool import Connection

Below = Literal["area", "puskesmas"]
Figures = dict[str, Any]
DESA: Final = ("desa", "kelurahan")
UNMAPPED_NAME: Final = "Belum terpetakan"


class UnknownAreaError(LookupError):
    """The register knows no such area on the period's last day."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: an area, a period, as known on a day (None = now), with or without suppression.

    `today` tells which periods are told outside where no `as_of` does; who sees exact figures may leave it out.
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
        **heading(tree, entry, asked),
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
    places = await _sums(connection, entry, asked, "place" if below == "puskesmas" else _detail(tree, entry))
    total = _row(tree, entry.code, entry, places, asked)
    rows = _rows_below(tree, entry, places, asked, below)
    if not asked.exact:
        total, rows = await _shown_together(connection, total, rows, entry, asked)
    return {**heading(tree, entry, asked), "rows": rows, "total": total}


async def _shown_together(
    connection: Connection, total: Figures, rows: list[Figures], entry: Entry, asked: Question
) -> tuple[Figures, list[Figures]]:
    """An area and those below it as they are told outside; of posyandu only months, and small as they mostly are."""
    is_long = asked.period.months > MONTH and entry.entry == "area"
    if is_long and _level(entry) not in DESA:
        hidden = await hidden_below(
            connection, entry.code, asked.period, asked.known_on, asked.as_of, patient=asked.patient
        )
        return hide(total, hidden.own), [hide(row, hidden.below.get(row["code"], EVERY_COUNT)) for row in rows]
    total = await _shown(connection, total, entry, asked)
    return total, suppress(rows, {*total["suppressed"], *(FINDING_COLUMNS if is_long else ())})


async def trend(connection: Connection, asked: Question, months: int) -> dict[str, Any]:
    """The area's figures for each of the periods of the asked length in `months` months up to it, by its name then."""
    tree, entry = await find_area(connection, asked.code, asked.period)
    count = max(1, months // asked.period.months)
    periods = [asked.period.shifted(back) for back in range(1 - count, 1)]
    has_cells = asked.period.months == MONTH or await has_long_cells(connection)
    if asked.as_of is None and has_cells:
        sums = await sums_by_period(connection, where_of(entry), periods[0], asked.period)
    else:
        sums = {period: await _own_sums(connection, entry, asked.about(entry.code, period)) for period in periods}
    told = {period: _figures(counts, asked) for period, counts in sums.items()}
    if not asked.exact:
        hidden = await _hidden(connection, entry, asked, periods)
        told = {period: hide(row, hidden[period]) for period, row in told.items()}
    points = [{"period": str(period), **row} for period, row in told.items()]
    return {**heading(tree, entry, asked), "points": points}


def heading(tree: Tree, entry: Entry, asked: Question) -> dict[str, Any]:
    """What an answer is about. `findings_told_from`: when those of the period will be told outside, until they are."""
    yet = not asked.exact and not is_told(asked.period, asked.known_on)
    return {
        **({"findings_told_from": told_from(asked.period).isoformat()} if yet else {}),
        "area": entry.code,
        "name": entry.name,
        "level": _level(entry),
        "period": str(asked.period),
        "as_of": asked.as_of.isoformat() if asked.as_of is not None else None,
        "official_target": tree.official_target(entry.code),
    }


def _level(entry: Entry) -> str:
    return entry.level or (level_of(entry.code) if entry.entry == "area" else entry.entry)


async def own_row(connection: Connection, tree: Tree, entry: Entry, asked: Question) -> dict[str, Any]:
    """Figures of the area itself. Suppressed as among its siblings at every level, or it would tell what they hide."""
    places = await _sums(connection, entry, asked, "own")
    return await _shown(connection, _row(tree, entry.code, entry, places, asked), entry, asked)


async def own_rows(
    connection: Connection, tree: Tree, entry: Entry, asked: Question, months: Sequence[Period]
) -> dict[Period, dict[str, Any]]:
    """The same of `months`, one after the other, all at once; as of a past day each by itself."""
    if asked.as_of is not None:
        return {month: await own_row(connection, tree, entry, asked.about(entry.code, month)) for month in months}
    sums = await sums_by_period(connection, where_of(entry), months[0], months[-1])
    rows = {
        month: _row(tree, entry.code, entry, [Sums(entry.code, "", counts)], asked) for month, counts in sums.items()
    }
    if asked.exact:
        return rows
    hidden = await _hidden(connection, entry, asked, months)
    return {month: hide(row, hidden[month]) for month, row in rows.items()}


async def _shown(connection: Connection, row: dict[str, Any], entry: Entry, asked: Question) -> dict[str, Any]:
    if asked.exact:
        return row
    hidden = await _hidden(connection, entry, asked, [asked.period])
    return hide(row, hidden[asked.period])


async def _hidden(
    connection: Connection, entry: Entry, asked: Question, periods: Sequence[Period]
) -> dict[Period, set[str]]:
    if entry.entry != "area":  # a posyandu or a puskesmas is too small for eyes outside
        return {period: set(EVERY_COUNT) for period in periods}
    return await hidden_by_period(connection, entry.code, periods, asked.known_on, asked.as_of, patient=asked.patient)


def _detail(tree: Tree, entry: Entry) -> Detail:
    """Rows of an area come from sums by code, unless the register has an area elsewhere than its code says."""
    return "below" if tree.is_as_coded(entry.code) else "place"


async def _sums(connection: Connection, entry: Entry, asked: Question, detail: Detail) -> list[Sums]:
    known_before = end_of_day(asked.as_of) if asked.as_of is not None else None
    return await sums_by_place(connection, where_of(entry), asked.period, known_before, detail)


async def _own_sums(connection: Connection, entry: Entry, asked: Question) -> dict[str, int]:
    return _added(await _sums(connection, entry, asked, "own"))


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
    unnamed = UNMAPPED_NAME if code == UNMAPPED else code
    return {
        "code": code,
        "name": entry.name if entry is not None else unnamed,
        "level": _level(entry) if entry is not None else level_of(code),
        "official_target": tree.official_target(code),
        **_figures(_added(places), asked),
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
