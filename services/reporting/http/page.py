"""The page at `/`: figures for people, drawn on the server; works without scripts, on a phone and on paper."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Request, Response

from services.reporting.domain.areas import level_of
from services.reporting.domain.periods import MONTH, QUARTER, SEMESTER, YEAR
from services.reporting.http import child_page, login
from services.reporting.http.asked import AskedPeriod, newest_told_of, period_asked
from services.reporting.http.children_view import children_view
from services.reporting.http.page_answers import HERE, Area, Lang, html, log_in_first, message
from services.reporting.http.page_session import reader_of
from services.reporting.http.page_view import page_view
from services.reporting.store.children import list_suspected
from services.reporting.store.sums import where_of
from services.reporting.use_cases.area_figures import (
    Question,
    UnknownAreaError,
    compare,
    find_area,
    summarise,
    trend,
)
from services.reporting.use_cases.cascade import cascade
from shared.auth import areas
from shared.auth.tokens import Caller
from shared.calendar import today_jakarta
from shared.http.kinds import NOT_FOUND
from shared.postgres.pool import Connection, Pool

OPEN_PATHS: Final = frozenset({"/", child_page.PATH, *login.PATHS, "/berkas/{name}"})
FILES: Final = {"page.css": "text/css; charset=utf-8", "page.js": "text/javascript; charset=utf-8"}
# Months that the trend goes back, by the length of its periods.
TREND_MONTHS: Final = {MONTH: 24, QUARTER: 36, SEMESTER: 48, YEAR: 60}
LISTED: Final = 10  # children
Figures = dict[str, Any]
router = APIRouter(include_in_schema=False)


@router.get("/")
async def get_page(request: Request, wilayah: Area = None, periode: AskedPeriod = None, lang: Lang = "id") -> Response:
    """Figures of an area in a period."""
    reader = await reader_of(request)
    if reader is None:
        return log_in_first(request, lang)
    grant = reader.caller.areas
    if not reader.caller.may("aggregates:read") or not grant.codes:
        return message("no_access", lang, 403, reader=reader)
    home = grant.codes[0]
    code = wilayah or home
    is_small = level_of(code) == "posyandu"  # for those who see suppressed figures too small, as for the API
    if not grant.covers_area(code) or (is_small and not reader.caller.may("aggregates:exact")):
        return message("unknown_area", lang, 403, reader=reader)
    today, exact = today_jakarta(), reader.caller.may("aggregates:exact")
    if periode is not None or exact:
        meant = period_asked(periode)
    else:
        async with _reading(request.app.state.pool, reader.caller) as connection:
            meant = await newest_told_of(connection, code, today)
    asked = Question(code, meant, exact=exact, today=today)
    try:
        figures, suspected = await _figures(request.app.state.pool, reader.caller, asked)
    except UnknownAreaError:
        return message("unknown_area", lang, 404, reader=reader)
    outside_on = None if exact else today
    view = page_view(*figures, language=lang, newest=period_asked(None), home=home, outside_on=outside_on)
    here = {"wilayah": code, "periode": view["period"]}
    children = children_view(suspected, here, lang, explained=request.app.state.scoring_door is not None)
    return html("page.html", reader=reader, children=children, **view)


@asynccontextmanager
async def _reading(pool: Pool, caller: Caller) -> AsyncIterator[Connection]:
    """One page is of one moment."""
    async with (
        pool.acquire(timeout=10) as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        await areas.apply(connection, caller.areas)
        yield connection


async def _figures(
    pool: Pool, caller: Caller, asked: Question
) -> tuple[tuple[Figures, Figures, Figures, Figures], list[Figures]]:
    """Summary, comparison, trend and cascade; children, for who may see them."""
    async with _reading(pool, caller) as connection:
        figures = (
            await summarise(connection, asked),
            await compare(connection, asked),
            await trend(connection, asked, TREND_MONTHS[asked.period.months]),
            await cascade(connection, asked, today_jakarta()),
        )
        if not caller.may("children:read"):
            return figures, []
        _, entry = await find_area(connection, asked.code, asked.period)
        return figures, await list_suspected(connection, where_of(entry), asked.period, LISTED)


@router.get("/berkas/{name}")
async def get_file(name: Annotated[str, Path(max_length=40)]) -> Response:
    """Style and script of the page."""
    if name not in FILES:
        raise NOT_FOUND.problem()
    return Response(_file(name), media_type=FILES[name], headers={"cache-control": "public, max-age=300"})


@cache
def _file(name: str) -> bytes:
    return (HERE / "static" / name).read_bytes()
