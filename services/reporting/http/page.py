"""The page at `/`: figures for people, drawn on the server; works without scripts, on a phone and on paper."""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import RedirectResponse

from services.reporting.http import login
from services.reporting.http.asked import Period, month_asked
from services.reporting.http.page_answers import HEADERS, HERE, Lang, html, message
from services.reporting.http.page_session import SESSION_COOKIE, reader_of
from services.reporting.http.page_view import page_view
from services.reporting.use_cases.area_figures import Question, UnknownAreaError, compare, summarise, trend
from services.reporting.use_cases.cascade import cascade
from shared.auth import areas
from shared.auth.areas import AreaGrant
from shared.calendar import today_jakarta
from shared.http.kinds import NOT_FOUND
from shared.postgres.pool import Pool

OPEN_PATHS: Final = frozenset({"/", *login.PATHS, "/berkas/{name}"})
FILES: Final = {"page.css": "text/css; charset=utf-8", "page.js": "text/javascript; charset=utf-8"}
TREND_MONTHS: Final = 24
Area = Annotated[str | None, Query(pattern=r"^\d{2}(\.\d{2}(\.\d{2}(\.\d{4})?)?)?$", description="Area code")]
Figures = dict[str, Any]
router = APIRouter(include_in_schema=False)


@router.get("/")
async def get_page(request: Request, wilayah: Area = None, periode: Period = None, lang: Lang = "id") -> Response:
    """Figures of an area in a month."""
    reader = await reader_of(request)
    if reader is None:
        return _log_in_first(request, lang)
    grant = reader.caller.areas
    if not reader.caller.may("aggregates:read") or not grant.codes:
        return message("no_access", lang, 403, reader=reader)
    home = grant.codes[0]
    code = wilayah or home
    if not grant.covers_area(code):
        return message("unknown_area", lang, 403, reader=reader)
    newest = month_asked(None)
    asked = Question(code, month_asked(periode), exact=reader.caller.may("aggregates:exact"))
    try:
        figures = await _figures(request.app.state.pool, grant, asked)
    except UnknownAreaError:
        return message("unknown_area", lang, 404, reader=reader)
    view = page_view(*figures, language=lang, newest=newest, home=home)
    return html("page.html", reader=reader, **view)


def _log_in_first(request: Request, lang: Lang) -> Response:
    """To the provider at once with a session that has ended; whoever never had one is asked first."""
    query = request.url.query
    url = "/masuk?" + urlencode({"back": f"/?{query}" if query else "/", "lang": lang})
    if SESSION_COOKIE in request.cookies:
        return RedirectResponse(url, 303, headers=HEADERS)
    return message("sign_in", lang, 401, log_in=url)


async def _figures(pool: Pool, grant: AreaGrant, asked: Question) -> tuple[Figures, Figures, Figures, Figures]:
    """Summary, comparison, trend and cascade: one page is of one moment."""
    async with (
        pool.acquire(timeout=10) as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        await areas.apply(connection, grant)
        return (
            await summarise(connection, asked),
            await compare(connection, asked),
            await trend(connection, asked, TREND_MONTHS),
            await cascade(connection, asked, today_jakarta()),
        )


@router.get("/berkas/{name}")
async def get_file(name: Annotated[str, Path(max_length=40)]) -> Response:
    """Style and script of the page."""
    if name not in FILES:
        raise NOT_FOUND.problem()
    return Response(_file(name), media_type=FILES[name], headers={"cache-control": "public, max-age=300"})


@cache
def _file(name: str) -> bytes:
    return (HERE / "static" / name).read_bytes()
