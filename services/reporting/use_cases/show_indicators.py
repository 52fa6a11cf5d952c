"""The indicators of an area in a period, each by its own rule."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

from services.reporting.domain.indicator_set import Indicator, IndicatorSet
from services.reporting.domain.indicator_values import (
    coverage_over,
    not_counted,
    not_recorded,
    parts_of,
    value_of,
)
from services.reporting.domain.periods import Period
from services.reporting.use_cases.area_figures import Question, find_area, heading
from services.reporting.use_cases.find_tally import TooLargeError
from services.reporting.use_cases.live_indicators import LiveIndicators
from services.reporting.use_cases.released_indicators import ReleasedIndicators
from services.reporting.use_cases.rows_of_area import RowsOfArea
from shared.calendar import month_of
from shared.postgres.pool import Connection

Desk = LiveIndicators | ReleasedIndicators


class UnknownIndicatorError(LookupError):
    """No indicator of the period has this code."""


async def show_indicators(
    connection: Connection, asked: Question, known: IndicatorSet, codes: Collection[str] | None, today: date
) -> dict[str, Any]:
    """Each indicator in force on the period's last day, with the coverage, label and grade of the months it rests on.

    `counted_at`: when children were counted; None = now, or as released. What would take too long to count has no
    value, and the reason says what to ask instead. Raises UnknownAreaError, UnknownIndicatorError (with the codes).
    """
    tree, entry = await find_area(connection, asked.code, asked.period)
    indicators = known.on(asked.period.last_day)
    if codes is not None:
        unknown = sorted(set(codes) - {one.code for one in indicators})
        if unknown:
            raise UnknownIndicatorError(", ".join(unknown))
        indicators = tuple(one for one in indicators if one.code in codes)
    wanted = known.with_known(one.count for one in indicators)
    rows = RowsOfArea(connection, asked, (tree, entry), month_of(today))
    desk: Desk
    if asked.exact:
        desk = LiveIndicators(connection, asked, entry, rows, known.acts, wanted)
    else:
        desk = ReleasedIndicators(connection, asked, entry, rows, wanted)
    shown = [await _shown(desk, rows, one, asked, month_of(today)) for one in indicators]
    counted_at = desk.counted_at.isoformat() if desk.counted_at is not None else None
    return {**await heading(connection, tree, entry, asked), "counted_at": counted_at, "indicators": shown}


async def _shown(desk: Desk, rows: RowsOfArea, one: Indicator, asked: Question, this_month: date) -> dict[str, Any]:
    """An indicator with its value, and what it rests on."""
    parts: Sequence[Period] = parts_of(one.rule, one.count, asked.period, this_month)
    if isinstance(desk, ReleasedIndicators):
        parts = await desk.released_of(parts)
    if one.count.kind == "not_recorded":
        value, parts = not_recorded(), []
    else:
        value = await _value(desk, one, parts, asked)
    about = [await rows.row(part) for part in parts or [asked.period]]
    return {
        "code": one.code,
        "name_id": one.name["id"],
        "name_en": one.name["en"],
        "rule": one.rule,
        "since": one.since.isoformat(),
        "status": one.status,
        "higher_is_better": one.higher_is_better,
        "periods": [str(part) for part in parts],
        **value,
        **coverage_over(about),
    }


async def _value(desk: Desk, one: Indicator, parts: Sequence[Period], asked: Question) -> dict[str, Any]:
    is_share = one.count.kind == "children" or bool(one.count.denominator)
    try:
        told = [await desk.told(one.count, part) for part in parts]
    except TooLargeError:
        return not_counted(of_a_past_day=asked.as_of is not None)
    return value_of(one.rule, told, is_share=is_share)
