"""How the page answers: templates, headers, short messages; and what it needs of its process."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from services.reporting.http.login_provider import Provider
from services.reporting.http.page_session import SESSION_COOKIE, Reader
from services.reporting.http.page_texts import texts
from shared.problems import Language

HERE: Final = Path(__file__).parent
POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Final = {"content-security-policy": POLICY, "cache-control": "no-store"}
AREA: Final = r"^\d{2}(\.\d{2}(\.\d{2}(\.\d{4}(\.P\d{3,4})?)?)?)?$"
Area = Annotated[str | None, Query(pattern=AREA, description="Area or posyandu, whose code ends in .PNNN")]
Lang = Annotated[Language, Query(description="Bahasa Indonesia or English")]


@dataclass(frozen=True, slots=True)
class Entrance:
    """The key that signs attempts to log in, whether cookies travel over TLS only, and who vouches for people.

    Without a provider (a stack of tests) nobody can log in.
    """

    key: bytes
    secure: bool
    provider: Provider | None = None


@cache
def _environment() -> Environment:
    loader = FileSystemLoader(HERE / "templates")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)


def html(template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A template, filled in."""
    return HTMLResponse(_environment().get_template(template).render(**values), status, headers=HEADERS)


def message(
    name: str, language: Language, status: int, *, log_in: str = "", log_out: str = "", reader: Reader | None = None
) -> HTMLResponse:
    """The short page that says `name`; with a link to `log_in` or `log_out`, or back; `reader` may end the session."""
    words = texts(language)
    told = {"title": words[name], "text": words[f"{name}_help"], "log_in": log_in, "log_out": log_out, "reader": reader}
    return html("message.html", status, t=words, lang=language, **told)


def log_in_first(request: Request, language: Language) -> Response:
    """To the provider at once with a session that has ended; whoever never had one is asked first."""
    path, query = request.url.path, request.url.query
    url = "/masuk?" + urlencode({"back": f"{path}?{query}" if query else path, "lang": language})
    if SESSION_COOKIE in request.cookies:
        return RedirectResponse(url, 303, headers=HEADERS)
    return message("sign_in", language, 401, log_in=url)
