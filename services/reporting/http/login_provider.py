"""The identity provider as the page needs it: where to send a person, and what their code is worth.

Authorisation code with PKCE (RFC 6749, RFC 7636), OpenID Connect Core 1.0, RP-initiated log-out 1.0.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

import httpx
from pydantic import BaseModel, ValidationError

from services.reporting.http.page_session import Attempt
from shared.auth.tokens import Caller, TokenVerifier
from shared.problems import Language, Problem

CLIENT_ID: Final = "dashboard"
CALLBACK: Final = "/masuk/kembali"
WITHIN_S: Final = 10.0
DESCRIPTION_GOOD_FOR_S: Final = 600.0


class ProviderUnavailableError(Exception):
    """The provider does not answer as one does; later it may."""


class LoginRefusedError(Exception):
    """What came back proves nothing."""


class Description(BaseModel):
    """The part that we need of its discovery document."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    end_session_endpoint: str


class TokenAnswer(BaseModel):
    """What a code is exchanged for."""

    access_token: str
    id_token: str


@dataclass(frozen=True, slots=True)
class Login:
    """A person as the provider vouches for them, until `expires_at` (seconds since 1970)."""

    caller: Caller
    name: str
    id_token: str
    access_token: str
    expires_at: float


class Provider:
    """The provider whose realm this process reaches at `url`; `page_url` is where browsers reach the page."""

    def __init__(self, url: str, page_url: str, tokens: TokenVerifier, issuer: str) -> None:
        self._url = url.rstrip("/")
        self._page_url = page_url.rstrip("/")
        self._issuer = issuer
        self._tokens = tokens
        # An ID token is for the client, not for the services: same keys, another audience.
        self._identities = TokenVerifier(tokens.keys, issuer=issuer, audience=CLIENT_ID)
        self._described: tuple[Description, float] | None = None

    async def authorization_url(self, attempt: Attempt, language: Language) -> str:
        """Where a person logs in. ProviderUnavailableError."""
        query = {
            "response_type": "code",
            "client_id": CLIENT_ID,
            "redirect_uri": self._page_url + CALLBACK,
            "scope": "openid",
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": attempt.challenge,
            "code_challenge_method": "S256",
            "ui_locales": language,
        }
        return f"{(await self._description()).authorization_endpoint}?{urlencode(query)}"

    async def log_in(self, attempt: Attempt, code: str) -> Login:
        """Who the code stands for. LoginRefusedError, ProviderUnavailableError."""
        answer = await self._exchange(attempt, code)
        try:
            identity = await self._identities.claims(answer.id_token)
            claims = await self._tokens.claims(answer.access_token)
            caller = await self._tokens.caller(f"Bearer {answer.access_token}")
        except Problem as problem:
            if problem.kind.status >= httpx.codes.INTERNAL_SERVER_ERROR:
                raise ProviderUnavailableError(problem.kind.code) from problem
            raise LoginRefusedError(problem.kind.code) from problem
        if identity.get("nonce") != attempt.nonce or identity["sub"] != caller.subject:
            raise LoginRefusedError("the ID token belongs to another attempt or person")
        return Login(caller, _name(identity), answer.id_token, answer.access_token, float(claims["exp"]))

    async def log_out_url(self, id_token: str | None) -> str:
        """Where a session at the provider ends; without the ID token it asks first. ProviderUnavailableError."""
        query = {"post_logout_redirect_uri": self._page_url + "/", "client_id": CLIENT_ID}
        if id_token is not None:
            query["id_token_hint"] = id_token
        return f"{(await self._description()).end_session_endpoint}?{urlencode(query)}"

    async def _exchange(self, attempt: Attempt, code: str) -> TokenAnswer:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._page_url + CALLBACK,
            "client_id": CLIENT_ID,
            "code_verifier": attempt.verifier,
        }
        answer = await _ask("POST", (await self._description()).token_endpoint, form)
        if answer.is_client_error:
            raise LoginRefusedError(f"the provider refuses the code ({answer.status_code})")
        try:
            return TokenAnswer.model_validate_json(answer.content)
        except ValidationError as error:
            raise ProviderUnavailableError("the provider's answer is no token") from error

    async def _description(self) -> Description:
        if self._described is not None and time.monotonic() < self._described[1]:
            return self._described[0]
        answer = await _ask("GET", f"{self._url}/.well-known/openid-configuration")
        try:
            description = Description.model_validate_json(answer.content)
        except ValidationError as error:
            raise ProviderUnavailableError("the provider does not describe itself") from error
        if description.issuer != self._issuer:
            raise ProviderUnavailableError(f"it calls itself {description.issuer}, tokens are of {self._issuer}")
        self._described = (description, time.monotonic() + DESCRIPTION_GOOD_FOR_S)
        return description


async def _ask(method: str, url: str, form: Mapping[str, str] | None = None) -> httpx.Response:
    try:
        async with httpx.AsyncClient(timeout=WITHIN_S, trust_env=False) as client:
            answer = await client.request(method, url, data=form)
    except httpx.HTTPError as error:
        raise ProviderUnavailableError(type(error).__name__) from error
    if answer.is_server_error:
        raise ProviderUnavailableError(str(answer.status_code))
    return answer


def _name(identity: Mapping[str, Any]) -> str:
    return str(identity.get("name") or identity.get("preferred_username") or identity["sub"])
