"""What an area's path to a target is reckoned from, read in the caller's transaction; outside what was released."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

import numpy as np

from services.reporting.domain.areas import Entry, below
from services.reporting.domain.figures import RATES
from services.reporting.domain.growth_rates import (
    AGES,
    BANDS,
    HISTORY_MONTHS,
    SCORE_MONTHS,
    Counts,
    History,
    histories_of,
)
from services.reporting.domain.periods import Period
from services.reporting.domain.tallies import Tally
from services.reporting.domain.target_path import Start
from services.reporting.store.growth_history import Today, growth_of
from services.reporting.store.growth_tally import growth_kept, growth_of_tally
from services.reporting.store.releases import read_released
from services.reporting.store.sums import where_of
from services.reporting.store.survey_figures import TargetFigure, areas_above, targets_of
from services.reporting.use_cases.area_figures import Question, find_area, heading, own_row
from services.reporting.use_cases.find_tally import demand_countable
from services.reporting.use_cases.reckon_path import Ground
from services.reporting.use_cases.tally_kinds import GROWTH_KIND
from services.reporting.use_cases.tally_of_now import counted_at_of, tally_of_now
from shared.calendar import add_months, completed_months, end_of_day, last_day
from shared.postgres.pool import Connection

INDICATOR: Final = "stunted"
KABUPATEN_PARTS: Final = 2
_Begins = tuple[Start, History, History, datetime | None]  # also of all that rates are drawn to; when, None = now
ASSUMED_ID: Final = (
    "Laju pulih dan laju baru pendek diambil dari riwayat 12 bulan terakhir dan dianggap tetap; pindah dan "
    "kematian tidak dihitung; anak tanpa skor dianggap seperti anak seumurnya. Ini bukan ramalan, melainkan akibat "
    "bila semua tetap."
)
ASSUMED_EN: Final = (
    "Rates of recovery and of new stunting are those of the last 12 months and taken to stay; moves and deaths are "
    "left out; children without a score are taken for others of their age. No forecast: what follows if all stays "
    "as it is."
)


@dataclass(frozen=True, slots=True)
class PathQuestion:
    """`asked.period` ends with the month to start from; `target` None = the target in force for the year of `until`."""

    asked: Question
    until: date
    target: float | None = None


class HiddenStartError(Exception):
    """The figures that the path begins with may not be seen, or are not released; the path would tell them."""


async def read_target_path(connection: Connection, question: PathQuestion) -> tuple[dict[str, Any], Ground]:
    """The head of the answer, and what the path is reckoned from."""
    asked = question.asked
    tree, entry = await find_area(connection, asked.code, asked.period)
    month = asked.period.last_month
    wider = ".".join((entry.code if entry.entry == "area" else entry.parent_code or "").split(".")[:KABUPATEN_PARTS])
    first = add_months(month, 1 - HISTORY_MONTHS)
    start, own, history, counted_at = await _begins(connection, entry, wider, asked)
    target = await _target(connection, question, areas_above(wider))
    row = await own_row(connection, tree, entry, asked.about(asked.code, Period(month)))
    numerator, denominator = RATES[INDICATOR]
    if row[numerator] is None or row[denominator] is None:
        raise HiddenStartError(asked.code)
    head = {
        **await heading(connection, tree, entry, asked.about(asked.code, Period(month))),
        **counted_at_of(entry, counted_at),
        "indicator": INDICATOR,
        "until": f"{question.until:%Y-%m}",
        "rates_from": {"first": f"{first:%Y-%m}", "last": f"{month:%Y-%m}", "drawn_to": wider},
        "measured": {
            "numerator": row[numerator],
            "denominator": row[denominator],
            "share": row[f"{INDICATOR}_share"],
            "low": row[f"{INDICATOR}_low"],
            "high": row[f"{INDICATOR}_high"],
            "coverage": row["coverage"],
        },
        "target": None if target is None else {"year": target.year, "share": target.share, "source": target.source},
        "assumptions": {"text_id": ASSUMED_ID, "text_en": ASSUMED_EN},
    }
    ground = Ground(
        start,
        own,
        history,
        (question.until.year - month.year) * 12 + question.until.month - month.month,
        None if target is None else target.share,
    )
    return head, ground


async def _begins(connection: Connection, entry: Entry, wider: str, asked: Question) -> _Begins:
    if not asked.exact:
        return await _released(connection, asked)
    found = await _of_tallies(connection, entry, wider, asked)
    if found is None:
        await demand_countable(connection, entry, asked)
        found = await _counted(connection, entry, wider, asked)
    return found


async def _released(connection: Connection, asked: Question) -> _Begins:
    """What was kept of a kabupaten when the month was released."""
    month = Period(asked.period.last_month)
    for one in (await read_released(connection, asked.code, [month], asked.known_on, ["growth"])).get(month, ()):
        growth = growth_kept(one.area.growth)
        if growth is not None:
            return _started(growth.known, growth.unknown), growth.history, growth.history, None
    raise HiddenStartError(asked.code)


async def _of_tallies(connection: Connection, entry: Entry, wider: str, asked: Question) -> _Begins | None:
    """What tallies say of the area and of all that its rates are drawn to, and when they were counted if not now."""
    if asked.as_of is not None or entry.entry != "area":
        return None
    month = Period(asked.period.last_month)
    every = await tally_of_now(connection, GROWTH_KIND, wider, month)
    if every is None:
        return None
    history = growth_of_tally(every.tally)
    if entry.code == wider:
        return _started(history.known, history.unknown), history.history, history.history, every.counted_at
    own = await tally_of_now(connection, GROWTH_KIND, entry.code, month)
    if own is None:
        return None
    rows = [number for number, code in enumerate(own.tally.parts) if below(code, entry.code)]
    growth = growth_of_tally(Tally((), own.tally.counts[rows]))
    return _started(growth.known, growth.unknown), growth.history, history.history, None


async def _counted(connection: Connection, entry: Entry, wider: str, asked: Question) -> _Begins:
    """The same, counted from the children of all that the rates are drawn to and the caller may see."""
    month = asked.period.last_month
    months = add_months(month, 1 - HISTORY_MONTHS), month, add_months(month, 1 - SCORE_MONTHS)
    known = end_of_day(asked.as_of) if asked.as_of is not None else None
    pasts, today = await growth_of(connection, where_of(entry), wider, months, known)
    return _start(today, last_day(month)), *histories_of(pasts), None


def _start(today: Sequence[Today], day: date) -> Start:
    known, unknown = np.zeros((AGES, BANDS), np.int64), np.zeros(AGES, np.int64)
    for born, band, children in today:
        age = completed_months(born, day)
        if 0 <= age < AGES:
            if band is None:
                unknown[age] += children
            else:
                known[age, band] += children
    return _started(known, unknown)


def _started(known: Counts, unknown: Counts) -> Start:
    return Start(known, unknown, float(known[:12].sum() + unknown[:12].sum()) / 12)


async def _target(connection: Connection, question: PathQuestion, areas: Sequence[str]) -> TargetFigure | None:
    """The one asked for; else of the nearest area that has one, the first whose year is not before `until`."""
    if question.target is not None:
        return TargetFigure(question.asked.code, question.until.year, INDICATOR, 0, question.target, "asked for")
    found = await targets_of(connection, areas, INDICATOR)
    due = [target for target in found if target.year >= question.until.year] or found[-1:]
    return max(due, key=lambda target: (len(target.area_code.replace("00", "")), -target.year), default=None)
