"""An area's figures of a period with all levels below, as known at the end of a past day: what a report holds."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from typing import Any, Final, NamedTuple

from services.reporting.domain.areas import UNMAPPED, Entry, Tree, level_of
from services.reporting.domain.figures import JUDGED, figures
from services.reporting.domain.hidden_counts import FINDING_COLUMNS
from services.reporting.domain.periods import Period
from services.reporting.domain.read_indicators import load
from services.reporting.domain.report import FORMAT, definitions
from services.reporting.domain.suppression import suppress
from services.reporting.store.cut_offs import Standing, standing_at
from services.reporting.store.quality_marks import PosyanduMonth, waiting_since
from services.reporting.store.reports import rule_sets
from services.reporting.store.sums import SUM_COLUMNS, Sums, first_measured, sums_by_place, where_of
from services.reporting.store.whole_register import tree_below
from services.reporting.use_cases.area_figures import Question, find_area
from services.reporting.use_cases.freeze_quality import freeze_quality
from services.reporting.use_cases.released_figures import Shown, released_below, released_figures
from services.reporting.use_cases.show_indicators import show_indicators
from shared.calendar import end_of_day
from shared.postgres.pool import Connection

KABUPATEN: Final = "kabupaten"
DESA: Final = "desa"
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
    released_on, shown = await _outside(connection, tree, entry, period, as_of, rows)
    released = {"released_on": released_on.isoformat() if released_on is not None else None}
    return Frozen(exact, {**content, "suppressed": True, **released, "rows": shown, "indicators": told})


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
                **_named(tree, row),
                **figures(totals[key]),
                "pending": None,  # what waited on a past day is not kept
            }
        )
    return told


def _named(tree: Tree, row: _Row) -> dict[str, Any]:
    return {
        "kind": row.kind,
        "code": row.code,
        "name": row.entry.name if row.entry is not None else None,
        "level": row.entry.level if row.entry is not None else None,
        "parent_code": row.parent,
        "official_target": tree.official_target(row.code),
    }


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


async def _outside(
    connection: Connection, tree: Tree, entry: Entry, period: Period, as_of: date, rows: Sequence[dict[str, Any]]
) -> tuple[date | None, list[dict[str, Any]]]:
    """What is told outside as of the day, and on which day that was released; areas only, by code.

    Posyandu and puskesmas are too small for eyes outside. What was not released yet has no findings.
    """
    own = (await released_figures(connection, entry.code, [period], as_of)).get(period)
    if own is None:
        return None, _without_findings(rows)
    found: list[tuple[str, str | None, Shown]] = [(entry.code, None, own)]
    for code, _, _ in found:  # grows by the areas below
        if level_of(code) != DESA:
            below = await released_below(connection, code, period, as_of)
            found += [(child, code, shown) for child, shown in below.items()]
    return own.released_on, [
        {**_named(tree, _Row("area", code, parent, tree.find(code))), **shown.figures}
        for code, parent, shown in sorted(found, key=lambda each: each[0])
    ]


def _without_findings(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """How many there are and were measured, each area among its neighbours, from above."""
    families: dict[str | None, list[dict[str, Any]]] = {}
    for row in rows:
        if row["kind"] not in _TOO_SMALL:
            families.setdefault(row["parent_code"], []).append({**row, "pending": 0})
    told: list[dict[str, Any]] = []
    above: list[tuple[str | None, Collection[str]]] = [(None, FINDING_COLUMNS)]
    while above:
        parent, hidden = above.pop()
        shown = suppress(families.get(parent, []), hidden)
        above += [(row["code"], row["suppressed"]) for row in shown]
        told += [{**row, "pending": None} for row in shown]
    return sorted(told, key=lambda row: str(row["code"]))
