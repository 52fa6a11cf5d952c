"""Who was due for a service in a month and did not get it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any, Final
from uuid import UUID

from services.reporting.domain.indicator_set import IndicatorSet
from services.reporting.domain.indicator_values import parts_of
from services.reporting.domain.periods import Period
from services.reporting.domain.tallies import COUNTED_LEVEL
from services.reporting.store.service_counts import Window, desa_from, list_missing, months_back
from services.reporting.store.sums import where_of
from services.reporting.use_cases.area_figures import Question, find_area
from services.reporting.use_cases.show_indicators import UnknownIndicatorError
from shared.calendar import end_of_day, month_of
from shared.postgres.pool import Connection

Behind = tuple[str, UUID]  # the desa where the last child of a page counts, and its id
NOBODY: Final = UUID(int=0)
DESA_AT_FIRST: Final = 8


class NoRoundError(LookupError):
    """The service has no round in the period."""


async def list_not_reached(
    connection: Connection,
    asked: Question,
    known: IndicatorSet,
    name: str,
    page: tuple[Behind | None, int],
    today: date,
) -> tuple[Period, list[dict[str, Any]]]:
    """The month meant, and children due for a service in it who did not get it and live where the caller may look.

    By desa and id, up to so many behind the last of the page before. Raises UnknownAreaError, UnknownIndicatorError,
    NoRoundError.
    """
    _, entry = await find_area(connection, asked.code, asked.period)
    wanted = known.list_named(name)
    if wanted is None:
        raise UnknownIndicatorError(name)
    months = parts_of("point_in_time", wanted.count, asked.period, month_of(today))
    if not months:
        raise NoRoundError(name)
    window = Window(where_of(entry), months[0], end_of_day(asked.as_of) if asked.as_of is not None else None)
    after, limit = page
    rows: list[dict[str, Any]] = []
    for code in await _looked_at(connection, window, after):
        there = window if code is None else replace(window, where=replace(window.where, area=code))
        rows += await list_missing(connection, there, known.acts, wanted.count, after, limit - len(rows))
        if len(rows) == limit:
            break
        if code is not None:
            after = (f"{code}/", NOBODY)  # behind all that lies below it
    for row in rows:
        row["months_since_seen"] = months_back(months[0].first, row["last_seen_on"])
    return months[0], rows


async def _looked_at(connection: Connection, window: Window, after: Behind | None) -> list[str | None]:
    """Areas, one after the other, that hold all of the list that is left: the whole area (None) is the last.

    What is counted of an area of 40,000 children takes seconds, and a page is full after some desa; where few are
    missing, after some kecamatan.
    """
    area = window.where.area
    if area is None or window.known_before is not None or area.count(".") >= COUNTED_LEVEL:
        return [None]
    desa = await desa_from(connection, area, after[0] if after is not None else area, DESA_AT_FIRST + 1)
    if len(desa) <= DESA_AT_FIRST:
        return [*desa]
    last = desa.pop()
    kecamatan = last.rsplit(".", 1)[0]
    return [*desa, kecamatan, None] if area.count(".") + 1 < COUNTED_LEVEL else [*desa, None]
