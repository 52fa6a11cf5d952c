"""Everything that a file of an area's figures holds, read in the caller's one transaction."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any, Final

from services.reporting.domain.areas import UNMAPPED, Entry, level_of
from services.reporting.domain.periods import MONTH
from services.reporting.domain.quality_ruleset import load as quality_rules
from services.reporting.domain.read_indicators import load as known_indicators
from services.reporting.domain.small_areas import with_shrunk
from services.reporting.use_cases.area_figures import Question, compare, find_area, summarise, trend
from services.reporting.use_cases.area_quality import area_quality
from services.reporting.use_cases.cascade import cascade
from services.reporting.use_cases.show_indicators import show_indicators
from shared.postgres.pool import Connection

Told = Callable[[int, int], Awaitable[None]]  # areas done, areas to do as far as known
Rows = list[dict[str, Any]]
ORDER: Final = ("provinsi", "kabupaten", "kecamatan", "desa", "posyandu")
DEEPEST: Final = {"provinsi": "kecamatan"}  # below a province the posyandu are 27,000, and nobody reads them in a file
TREND_MONTHS: Final = {MONTH: 24}  # of longer periods five years
LONG_TREND_MONTHS: Final = 60
BY_PUSKESMAS: Final = ("kabupaten", "kecamatan")


async def collect_figures(connection: Connection, asked: Question, told: Told, lowest: str) -> dict[str, Any]:
    """The area's `summary`, and `levels`: {level: rows} for each level below it down to `lowest`.

    Each row has `parent_code` and `parent_name` beside what a comparison gives, so each is suppressed among its
    siblings. Posyandu are left out for those who see suppressed figures only, as in the routes.
    Raises UnknownAreaError.
    """
    summary = await summarise(connection, asked)
    levels: dict[str, Rows] = {}
    parents: Rows = [{"code": asked.code, "name": summary["name"], "level": summary["level"]}]
    done, known = 0, 1
    for level in _below(summary["level"], lowest, exact=asked.exact):
        rows: Rows = []
        for parent in parents:
            if parent["code"] != UNMAPPED:
                below = await compare(connection, asked.about(parent["code"]))
                within = {"parent_code": parent["code"], "parent_name": parent["name"]}
                rows += [{**row, **within} for row in with_shrunk(below["rows"])]
            done += 1
            await told(done, known)
        levels[level] = rows
        parents = rows
        known += len(rows)
    return {
        "area": asked.code,
        "name": summary["name"],
        "level": summary["level"],
        "period": str(asked.period),
        "as_of": summary["as_of"],
        **({"released_on": summary["released_on"]} if "released_on" in summary else {}),
        "suppressed": not asked.exact,
        "summary": summary,
        "levels": levels,
    }


async def collect_course(connection: Connection, asked: Question, today: date) -> dict[str, Any]:
    """What people read beside the figures: trend, cascade, indicators, and what makes measurements doubtful."""
    months = TREND_MONTHS.get(asked.period.months, LONG_TREND_MONTHS)
    tree, entry = await find_area(connection, asked.code, asked.period)
    quality = await area_quality(connection, tree, entry, asked, quality_rules())
    indicators = await show_indicators(connection, asked, known_indicators(), None, today)
    return {
        "trend": (await trend(connection, asked, months))["points"],
        "cascade": await cascade(connection, asked, today),
        "indicators": indicators["indicators"],
        "doubts": quality.get("reasons", []),
        "puskesmas": await _by_puskesmas(connection, asked, entry),
    }


async def _by_puskesmas(connection: Connection, asked: Question, entry: Entry) -> Rows:
    """The same children by the puskesmas that serves them; a province has too many, and none is shown to outsiders."""
    if not asked.exact or level_of(entry.code) not in BY_PUSKESMAS or entry.entry != "area":
        return []
    rows = (await compare(connection, asked, "puskesmas"))["rows"]
    if all(row["code"] == UNMAPPED for row in rows):
        return []
    return [{**row, "parent_code": entry.code, "parent_name": entry.name} for row in rows]


def _below(level: str, lowest: str, *, exact: bool) -> list[str]:
    """Levels below `level`, the highest first; none below a posyandu or a puskesmas."""
    level = "desa" if level == "kelurahan" else level
    if level not in ORDER:
        return []
    deepest = min(DEEPEST.get(level, lowest), lowest if exact else "desa", key=ORDER.index)
    return list(ORDER[ORDER.index(level) + 1 : ORDER.index(deepest) + 1])
