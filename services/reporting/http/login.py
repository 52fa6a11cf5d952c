"""Logging in to the page and out of it, at the identity provider and here."""

from __future__ import annotations

import hmac
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import structlog
from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from services.reporting.http.login_provider import LoginRefusedError, Provider, ProviderUnavailableError
from services.reporting.http.page_answers import HEADERS, Entrance, Lang, html, message
from services.reporting.http.page_session import (
    ATTEMPT_COOKIE,
    ATTEMPT_LIFETIME,
    SESSION_COOKIE,
    Attempt,
    digest_of,
    new_session_word,
    seal,
    seal_token,
    unseal,
)
from services.reporting.http.page_texts import texts
from services.reporting.store.page_sessions import close_session, open_session
from shared.calendar import now_utc
from shared.problems import Language

LOG = structlog.get_logger(__name__)
PATHS: Final = ("/masuk", "/masuk/kembali", "/keluar")
SEE_OTHER: Final = 303
# Only our own pages: a link must not lead a person who has just logged in to somebody else's.
Back = Annotated[
    str,
    Query(
        pattern=r"^/(anak/[0-9A-Fa-f-]{36})?(\?[0-9A-Za-z=&.%_-]*)?$", max_length=300, description="Page to show then"
    ),
]
Word = Annotated[str, Query(max_length=2_000)]
router = APIRouter(include_in_schema=False)


@router.get("/masuk")
async def start(request: Request, back: Back = "/", lang: Lang = "id") -> Response:
    """Send the browser to the provider, with an attempt to come back with."""
    entrance: Entrance = request.app.state.entrance
    attempt = Attempt.new(back)
    try:
        url = await _provider(entrance).authorization_url(attempt, lang)
    except ProviderUnavailableError as error:
        return _unavailable(error, lang)
    response = _redirect(url)
    word = seal(entrance.key, attempt, now_utc() + ATTEMPT_LIFETIME)
    _set(response, entrance, ATTEMPT_COOKIE, word, round(ATTEMPT_LIFETIME.total_seconds()))
    return response


@router.get("/masuk/kembali")
async def come_back(
    request: Request,
    state: Word = "",
    code: Word = "",
    denied: Annotated[str, Query(alias="error", max_length=200)] = "",
    error_description: Word = "",  # noqa: ARG001 - the provider may say more than we tell
    session_state: Word = "",  # noqa: ARG001
    iss: Word = "",  # noqa: ARG001 - there is one provider, and its tokens say whose they are
    lang: Lang = "id",
) -> Response:
    """Exchange the code for a session. Whoever comes without the attempt of this state gets none."""
    entrance: Entrance = request.app.state.entrance
    attempt = unseal(entrance.key, request.cookies.get(ATTEMPT_COOKIE, ""), now_utc())
    if denied:
        return _refused(f"the provider says {denied}", lang)
    if attempt is None or not code or not hmac.compare_digest(state.encode(), attempt.state.encode()):
        return _refused("no attempt of this browser", lang)
    try:
        provider = _provider(entrance)
        login = await provider.log_in(attempt, code)
        if not login.caller.may("aggregates:read"):
            # No session here; and the provider must forget them, or nobody else could log in with this browser.
            return message("no_access", lang, 403, log_out=await provider.log_out_url(login.id_token))
    except LoginRefusedError as error:
        return _refused(str(error), lang)
    except ProviderUnavailableError as error:
        return _unavailable(error, lang)
    word = new_session_word()
    session: dict[str, Any] = {
        "subject": login.caller.subject,
        "client_id": login.caller.client_id,
        "name": login.name,
        "role": login.caller.role,
        "scopes": sorted(login.caller.scopes),
        "granted_areas": list(login.caller.areas.codes),
        "id_token": login.id_token,
        "sealed_access_token": seal_token(word, login.access_token),
        "expires_at": datetime.fromtimestamp(login.expires_at, UTC),
    }
    await open_session(request.app.state.pool, digest_of(word), session)
    response = _redirect(attempt.back)
    # The cookie outlives the session, so that whoever comes back later is sent to the provider and not turned away.
    _set(response, entrance, SESSION_COOKIE, word, None)
    response.delete_cookie(ATTEMPT_COOKIE, path="/")
    return response


@router.post("/keluar")
async def leave(request: Request, lang: Lang = "id") -> Response:
    """End the session here, then at the provider."""
    entrance: Entrance = request.app.state.entrance
    id_token = await close_session(request.app.state.pool, digest_of(request.cookies.get(SESSION_COOKIE, "")))
    try:
        url = await _provider(entrance).log_out_url(id_token)
        # Not a redirect: browsers hold `form-action` against where a form leads, and that is the provider.
        response: Response = html("left.html", t=texts(lang), lang=lang, url=url)
    except ProviderUnavailableError as error:
        response = _unavailable(error, lang)
    response.delete_cookie(SESSION_COOKIE, path="/")
    return response


def _provider(entrance: Entrance) -> Provider:
    if entrance.provider is None:
        raise ProviderUnavailableError("this process was given none")
    return entrance.provider


def _redirect(url: str) -> Response:
    return RedirectResponse(url, SEE_OTHER, headers=HEADERS)


def _set(response: Response, entrance: Entrance, name: str, word: str, max_age: int | None) -> None:
    """Lax, not strict: the browser comes back from the provider by a link of another site."""
    response.set_cookie(name, word, max_age=max_age, httponly=True, secure=entrance.secure, samesite="lax", path="/")


def _refused(why: str, language: Language) -> Response:
    LOG.info("login_refused", why=why)
    return message("login_refused", language, 400)


def _unavailable(error: ProviderUnavailableError, language: Language) -> Response:
    LOG.warning("provider_unavailable", why=str(error))
    return message("login_unavailable", language, 503)
