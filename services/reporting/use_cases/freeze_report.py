"""An area's figures of a period with all levels below, as known at the end of a past day: what a report holds."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any, Final, NamedTuple

from services.reporting.domain.areas import UNMAPPED, Entry, Tree
from services.reporting.domain.figures import JUDGED, figures
from services.reporting.domain.hidden_periods import hidden_in_periods, inside
from services.reporting.domain.periods import Period
from services.reporting.domain.read_indicators import load
from services.reporting.domain.report import FORMAT, definitions
from services.reporting.domain.suppression import is_told, without
from services.reporting.store.cut_offs import Standing, standing_at
from services.reporting.store.quality_marks import PosyanduMonth, waiting_since
from services.reporting.store.reports import rule_sets
from services.reporting.store.sums import SUM_COLUMNS, Sums, first_measured, sums_by_place, where_of
from services.reporting.store.whole_register import tree_below
from services.reporting.use_cases.area_figures import Question, find_area
from services.reporting.use_cases.freeze_quality import freeze_quality
from services.reporting.use_cases.hidden_columns import untold
from services.reporting.use_cases.show_indicators import show_indicators
from shared.calendar import end_of_day
from shared.postgres.pool import Connection

KABUPATEN: Final = "kabupaten"
_LEVELS: Final = 4  # provinsi to desa
_TOO_SMALL: Final = frozenset({"posyandu", "puskesmas"})


class NotSettledError(Exception):
    """Figures of that day are not complete yet, or nobody can tell. `code` says why, `count` of how many."""

    def __init__(self, code: str, count: int) -> None:
        super().__init__(code)
        self.code = code
        self.count = count


class NothingKnownError(Exception):
    """Nothing of the period was known on that day. `known_from`: the first at whose end something was; None = none."""

    def __init__(self, known_from: date | None) -> None:
        super().__init__("nothing_known")
        self.known_from = known_from


class Frozen(NamedTuple):
    """A report's content, exact and (of a kabupaten) suppressed for readers outside the district."""

    exact: dict[str, Any]
    suppressed: dict[str, Any] | None


class _Row(NamedTuple):
    kind: str
    code: str
    parent: str | None
    entry: Entry | None


async def demand_settled(connection: Connection, area: str, period: Period, as_of: date) -> Standing:
    """How far the partitions are. NotSettledError unless all are past the day's cut-off and nothing waits."""
    standing = await standing_at(connection, as_of)
    if not standing.partitions or standing.unknown:
        raise NotSettledError("cut_off_unknown", standing.unknown)
    if standing.behind:
        raise NotSettledError("behind_cut_off", standing.behind)
    _, entry = await find_area(connection, area, period)
    waiting = sum(place.counts["pending"] for place in await sums_by_place(connection, where_of(entry), period))
    if waiting:
        raise NotSettledError("measurements_wait", waiting)
    unjudged = await waiting_since(connection, area, period, end_of_day(as_of))
    if unjudged:
        raise NotSettledError("quality_waits", unjudged)
    return standing


async def demand_known(connection: Connection, area: str, period: Period, as_of: date, frozen: Frozen) -> None:
    """NothingKnownError where a report would say of everybody that nothing is known, and block its period with that.

    That nobody was measured is worth publishing, but only of children who are registered, and if it is so to this day.
    """
    own = next(row for row in frozen.exact["rows"] if (row["kind"], row["code"]) == ("area", area))
    if own["measured_children"] or own["height_measured"]:
        return
    _, entry = await find_area(connection, area, period)
    known_from = await first_measured(connection, where_of(entry), period, end_of_day(as_of))
    if known_from is not None or not own["target_children"] or as_of < period.first:
        raise NothingKnownError(known_from)


async def freeze_report(
    connection: Connection, area: str, period: Period, as_of: date, standing: Standing | None = None
) -> Frozen:
    """The content; without `standing` (for comparing) only what is recounted."""
    _, entry = await find_area(connection, area, period)
    tree = await tree_below(connection, period.last_day, area)
    places = await sums_by_place(connection, where_of(entry), period, end_of_day(as_of))
    rows = _figures(list(_skeleton(tree, entry)), tree, entry, places)
    content: dict[str, Any] = {
        "format": FORMAT,
        "area": entry.code,
        "name": entry.name,
        "level": entry.level,
        "period": str(period),
        "as_of": as_of.isoformat(),
        "definitions": definitions(),
        "rule_sets": await rule_sets(connection, period.first, period.last_day, end_of_day(as_of)),
        "cut_off": None if standing is None else standing._asdict(),
    }
    asked = Question(area, period, as_of, patient=True)
    quality = await freeze_quality(
        connection, where_of(entry), period, as_of, lambda key: [row[:2] for row in _rows_of(tree, entry, key)]
    )
    exact = {**content, "suppressed": False, "rows": rows, "quality": quality}
    exact["indicators"] = await _indicators(connection, asked)
    if entry.level != KABUPATEN:
        return Frozen(exact, None)
    told = await _indicators(connection, replace(asked, exact=False))
    of_periods = {period: rows}
    if is_told(period, as_of):
        for part in inside(period):
            places = await sums_by_place(connection, where_of(entry), part, end_of_day(as_of))
            of_periods[part] = _figures(list(_skeleton(tree, entry)), tree, entry, places)
    shown = _suppressed(of_periods, period, untold(period, as_of))
    return Frozen(exact, {**content, "suppressed": True, "rows": shown, "indicators": told})


async def _indicators(connection: Connection, asked: Question) -> list[dict[str, Any]]:
    """Of the area itself, each by the definition in force (`since`) and as of the day that is asked for."""
    today = asked.as_of or asked.period.last_day
    shown = await show_indicators(connection, asked, load(), None, today)
    indicators: list[dict[str, Any]] = shown["indicators"]
    return indicators


def _skeleton(tree: Tree, entry: Entry) -> Iterator[_Row]:
    """The area and everything below it that the register knows: areas, puskesmas, posyandu."""
    yield _Row("area", entry.code, None, entry)
    for served in tree.children(entry.code, "puskesmas"):
        yield _Row("puskesmas", served.code, entry.code, served)
    waiting = [entry.code]
    while waiting:
        code = waiting.pop()
        for post in tree.children(code, "posyandu"):
            yield _Row("posyandu", post.code, code, post)
        for child in tree.children(code, "area"):
            yield _Row("area", child.code, code, child)
            waiting.append(child.code)


def _figures(skeleton: Sequence[_Row], tree: Tree, entry: Entry, places: Iterable[Sums]) -> list[dict[str, Any]]:
    """A row for each of the skeleton and each place that counts without being in the register."""
    rows = {(row.kind, row.code): row for row in skeleton}
    totals = {key: dict.fromkeys((*SUM_COLUMNS, *JUDGED), 0) for key in rows}
    for place in places:
        for row in _rows_of(tree, entry, place):
            rows.setdefault((row.kind, row.code), row)
            total = totals.setdefault((row.kind, row.code), dict.fromkeys((*SUM_COLUMNS, *JUDGED), 0))
            for name, count in place.counts.items():
                total[name] += count
    told = []
    for key in sorted(rows):
        row = rows[key]
        told.append(
            {
                "kind": row.kind,
                "code": row.code,
                "name": row.entry.name if row.entry is not None else None,
                "level": row.entry.level if row.entry is not None else None,
                "parent_code": row.parent,
                "official_target": tree.official_target(row.code),
                **figures(totals[key]),
                "pending": None,  # what waited on a past day is not kept
            }
        )
    return told


def _rows_of(tree: Tree, entry: Entry, place: Sums | PosyanduMonth) -> Iterator[_Row]:
    """Every row that a place counts in: the area, those between, its desa, its posyandu, its puskesmas."""
    code, parent = entry.code, None
    for _ in range(_LEVELS):
        yield _Row("area", code, parent, None)
        if code == place.desa_code:
            break
        code, parent = tree.child_area_of(code, place.desa_code), code
    home = place.posyandu_code or f"{place.desa_code}.{UNMAPPED}"
    yield _Row("posyandu", home, place.desa_code, None)
    yield _Row("puskesmas", tree.puskesmas_of(place.desa_code, place.posyandu_code), entry.code, None)


def _suppressed(
    of_periods: Mapping[Period, Sequence[dict[str, Any]]], period: Period, yet: Collection[str]
) -> list[dict[str, Any]]:
    """Areas only, each among its neighbours, from above; posyandu and puskesmas are too small for eyes outside.

    `of_periods`: the rows of the period, and of those inside it, which are told too.
    """
    nobody = figures(dict.fromkeys(SUM_COLUMNS, 0))
    areas = {
        each: {row["code"]: {**row, "pending": 0} for row in rows if row["kind"] not in _TOO_SMALL}
        for each, rows in of_periods.items()
    }
    families: dict[str | None, list[str]] = {}
    for code, row in areas[period].items():
        families.setdefault(row["parent_code"], []).append(code)
    told: list[dict[str, Any]] = []
    above: list[tuple[str | None, dict[Period, Collection[str]]]] = [(None, dict.fromkeys(areas, yet))]
    while above:
        parent, hidden_above = above.pop()
        codes = families.get(parent, [])
        rows = {each: [found.get(code, {"code": code, **nobody}) for code in codes] for each, found in areas.items()}
        hidden = hidden_in_periods(rows, hidden_above)
        above += [(code, {each: hidden[each][number] for each in areas}) for number, code in enumerate(codes)]
        shown = zip(rows[period], hidden[period], strict=True)
        told += [{**without(row, columns), "pending": None} for row, columns in shown]
    return sorted(told, key=lambda row: str(row["code"]))
