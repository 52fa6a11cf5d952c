"""Who was due for a service in a month and did not get it."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from services.reporting.domain.indicator_set import IndicatorSet
from services.reporting.domain.indicator_values import parts_of
from services.reporting.domain.periods import Period
from services.reporting.store.service_counts import Window, list_missing, months_back
from services.reporting.store.sums import where_of
from services.reporting.use_cases.area_figures import Question, find_area
from services.reporting.use_cases.show_indicators import UnknownIndicatorError
from shared.calendar import end_of_day, month_of
from shared.postgres.pool import Connection


class NoRoundError(LookupError):
    """The service has no round in the period."""


async def list_not_reached(
    connection: Connection,
    asked: Question,
    known: IndicatorSet,
    name: str,
    page: tuple[UUID | None, int],
    today: date,
) -> tuple[Period, list[dict[str, Any]]]:
    """The month meant, and children due for a service in it who did not get it and live where the caller may look.

    Raises UnknownAreaError, UnknownIndicatorError, NoRoundError.
    """
    _, entry = await find_area(connection, asked.code, asked.period)
    wanted = known.list_named(name)
    if wanted is None:
        raise UnknownIndicatorError(name)
    months = parts_of("point_in_time", wanted.count, asked.period, month_of(today))
    if not months:
        raise NoRoundError(name)
    window = Window(where_of(entry), months[0], end_of_day(asked.as_of) if asked.as_of is not None else None)
    rows = await list_missing(connection, window, known.acts, wanted.count, *page)
    for row in rows:
        row["months_since_seen"] = months_back(months[0].first, row["last_seen_on"])
    return months[0], rows
