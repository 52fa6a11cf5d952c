"""The page at `/`: figures for people, drawn on the server; works without scripts, on a phone and on paper."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path as FilePath
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from services.reporting.http.asked import Period, month_asked
from services.reporting.http.page_session import COOKIE_LIFETIME, Pass, Purpose, read_pass, sign
from services.reporting.http.page_texts import texts
from services.reporting.http.page_view import page_view
from services.reporting.store.page_tokens import use_token
from services.reporting.use_cases.area_figures import Question, UnknownAreaError, compare, summarise, trend
from services.reporting.use_cases.cascade import cascade
from shared.auth import areas
from shared.auth.areas import AreaGrant
from shared.calendar import now_utc, today_jakarta
from shared.http.kinds import NOT_FOUND
from shared.postgres.pool import Pool
from shared.problems import Language

HERE: Final = FilePath(__file__).parent
OPEN_PATHS: Final = frozenset({"/", "/masuk", "/berkas/{name}"})
FILES: Final = {"page.css": "text/css; charset=utf-8", "page.js": "text/javascript; charset=utf-8"}
COOKIE: Final = "tumbuh_page"
TREND_MONTHS: Final = 24
POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Final = {"content-security-policy": POLICY, "cache-control": "no-store"}
Lang = Annotated[Language, Query(description="Bahasa Indonesia or English")]
Area = Annotated[str | None, Query(pattern=r"^\d{2}(\.\d{2}(\.\d{2}(\.\d{4})?)?)?$", description="Area code")]
Figures = dict[str, Any]
router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Entrance:
    """The key that signs tokens and cookies, and whether cookies travel over TLS only."""

    key: bytes
    secure: bool


@cache
def _environment() -> Environment:
    loader = FileSystemLoader(HERE / "templates")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)


def _html(template: str, status: int = 200, **values: Any) -> HTMLResponse:
    return HTMLResponse(_environment().get_template(template).render(**values), status, headers=HEADERS)


@router.get("/")
async def get_page(request: Request, wilayah: Area = None, periode: Period = None, lang: Lang = "id") -> Response:
    """Figures of an area in a month."""
    entry = _entered(request)
    if entry is None:
        return _message("sign_in", lang, 401)
    code = wilayah or entry.area
    grant = AreaGrant((entry.area,))
    if not grant.covers_area(code):
        return _message("unknown_area", lang, 403)
    newest = month_asked(None)
    asked = Question(code, month_asked(periode))
    try:
        figures = await _figures(request.app.state.pool, grant, asked)
    except UnknownAreaError:
        return _message("unknown_area", lang, 404)
    return _html("page.html", **page_view(*figures, language=lang, newest=newest, home=entry.area))


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


@router.get("/masuk")
async def enter(request: Request, token: Annotated[str, Query(max_length=1024)], lang: Lang = "id") -> Response:
    """Exchange a token for a cookie, once. Answers a page that leads on.

    A redirect would be followed as part of the visit to a foreign link, and a strict cookie stays away from that.
    """
    entrance: Entrance = request.app.state.entrance
    entry = read_pass(entrance.key, Purpose.TOKEN, token, now_utc())
    if entry is None or not await use_token(request.app.state.pool, entry.pass_id):
        return _message("sign_in", lang, 401)
    response = _html("entered.html", t=texts(lang), lang=lang)
    response.set_cookie(
        COOKIE,
        sign(entrance.key, Purpose.COOKIE, entry.area, now_utc() + COOKIE_LIFETIME),
        max_age=round(COOKIE_LIFETIME.total_seconds()),
        httponly=True,
        secure=entrance.secure,
        samesite="strict",
        path="/",
    )
    return response


@router.get("/berkas/{name}")
async def get_file(name: Annotated[str, Path(max_length=40)]) -> Response:
    """Style and script of the page."""
    if name not in FILES:
        raise NOT_FOUND.problem()
    return Response(_file(name), media_type=FILES[name], headers={"cache-control": "public, max-age=300"})


@cache
def _file(name: str) -> bytes:
    return (HERE / "static" / name).read_bytes()


def _entered(request: Request) -> Pass | None:
    entrance: Entrance = request.app.state.entrance
    return read_pass(entrance.key, Purpose.COOKIE, request.cookies.get(COOKIE, ""), now_utc())


def _message(name: str, language: Language, status: int) -> Response:
    words = texts(language)
    return _html("message.html", status, t=words, lang=language, title=words[name], text=words[f"{name}_help"])
