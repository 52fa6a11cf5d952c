"""Bearer tokens: verified against the provider's keys, turned into a `Caller`."""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import jwt

from shared.auth.areas import AreaGrant
from shared.auth.keys import ALGORITHMS, KeySet, from_file, from_url
from shared.auth.roles import effective_scopes
from shared.problems import Problem, ProblemKind
from shared.settings import ServiceSettings

LEEWAY_SECONDS: Final = 30  # clocks of phones and servers differ a little
MAX_TOKEN_LENGTH: Final = 8192
MAX_AREAS: Final = 200
REMEMBERED_SECONDS: Final = 60.0  # so long does a withdrawn key still work for a token seen just before
MAX_REMEMBERED: Final = 5_000

_SIGN_IN_ID: Final = "Masuk kembali lalu kirim ulang dengan token yang baru."
_SIGN_IN_EN: Final = "Sign in again and send the request with the new token."
TOKEN_MISSING: Final = ProblemKind(
    "token_missing", 401, "Token tidak ada", "No token",
    "Kirim header `Authorization: Bearer <token>`.", "Send the header `Authorization: Bearer <token>`.",
)  # fmt: skip
TOKEN_EXPIRED: Final = ProblemKind(
    "token_expired", 401, "Token sudah kedaluwarsa", "The token has expired", _SIGN_IN_ID, _SIGN_IN_EN
)
TOKEN_INVALID: Final = ProblemKind(
    "token_invalid", 401, "Token tidak sah", "The token is not valid", _SIGN_IN_ID, _SIGN_IN_EN
)
SCOPE_MISSING: Final = ProblemKind(
    "scope_missing", 403, "Tidak berwenang", "Not allowed",
    "Minta admin memberi akun ini kewenangan yang disebut.", "Ask the administrator to grant the scope named.",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: a person (`subject`) through a client (`client_id`), with role, scopes and areas."""

    subject: str
    role: str
    scopes: frozenset[str]
    areas: AreaGrant
    client_id: str

    @property
    def key(self) -> str:
        """Names the caller for idempotency and rate: two people of one client never share answers."""
        return f"{self.client_id}:{self.subject}"

    def may(self, scope: str) -> bool:
        """Whether the scope is held."""
        return scope in self.scopes

    def demand(self, scope: str) -> None:
        """Problem `scope_missing`, naming the scope, unless it is held."""
        if scope not in self.scopes:
            raise SCOPE_MISSING.problem(
                f"Kewenangan `{scope}` diperlukan.",
                f"Scope `{scope}` is required.",
                headers={"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{scope}"'},
                extra={"scope": scope},
            )


class TokenVerifier:
    """Checks signature, issuer, audience and expiry; knows no session and asks nobody per request."""

    def __init__(self, keys: KeySet, *, issuer: str, audience: str, clock: Callable[[], float] = time.time) -> None:
        self.keys = keys
        self._issuer = issuer
        self._audience = audience
        self._clock = clock
        self._verified: OrderedDict[bytes, tuple[Caller, float]] = OrderedDict()  # digest → caller, good until

    @classmethod
    def of(cls, settings: ServiceSettings) -> Self:
        """The verifier of a service process that serves users."""
        tokens = settings.tokens
        source = from_url(tokens.jwks_url) if tokens.jwks_url else from_file(Path(str(tokens.jwks_file)))
        return cls(KeySet(source), issuer=tokens.token_issuer, audience=tokens.token_audience)

    async def caller(self, authorization: str | None) -> Caller:
        """The caller behind an `Authorization` header. Problems: token_missing, token_expired, token_invalid (401)."""
        scheme, _, token = (authorization or "").strip().partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token:
            raise _refused(TOKEN_MISSING)
        if len(token) > MAX_TOKEN_LENGTH:
            raise _refused(TOKEN_INVALID)
        digest = hashlib.sha256(token.encode()).digest()
        known = self._verified.get(digest)
        if known is not None and self._clock() < known[1]:
            return known[0]
        claims = await self.claims(token)
        caller = caller_of(claims)
        self._remember(digest, caller, float(claims["exp"]))
        return caller

    def _remember(self, digest: bytes, caller: Caller, expires_at: float) -> None:
        """Verifying takes half a millisecond and a client sends the same token for hours: good for a minute."""
        self._verified[digest] = (caller, min(expires_at, self._clock() + REMEMBERED_SECONDS))
        if len(self._verified) > MAX_REMEMBERED:
            self._verified.popitem(last=False)

    async def claims(self, token: str) -> Mapping[str, Any]:
        """The verified claims of a token. Problems: token_expired, token_invalid (401)."""
        try:
            header = jwt.get_unverified_header(token)
            key_id = header.get("kid")
            # The algorithm is the key's, never the token's: else a public key could be used as an HMAC secret.
            if header.get("alg") not in ALGORITHMS or not isinstance(key_id, str):
                raise _refused(TOKEN_INVALID)
            key = await self.keys.find(key_id)
            if key is None:
                raise _refused(TOKEN_INVALID)
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[key.algorithm_name],
                issuer=self._issuer,
                audience=self._audience,
                leeway=LEEWAY_SECONDS,
                options={"require": ["exp", "iss", "aud", "sub"]},
            )
        except jwt.ExpiredSignatureError:
            raise _refused(TOKEN_EXPIRED) from None
        except jwt.PyJWTError:
            raise _refused(TOKEN_INVALID) from None
        return claims


def caller_of(claims: Mapping[str, Any]) -> Caller:
    """The caller in verified claims: `sub`, `role`, `scope`, `area` (texts with blanks, or lists), `azp`/`client_id`.

    An area that is no code, or too many of them, makes the whole token invalid: half a grant would be a guess.
    """
    codes = sorted(set(_texts(claims.get("area"))))
    try:
        areas = AreaGrant(tuple(codes))
    except ValueError:
        raise _refused(TOKEN_INVALID) from None
    if len(codes) > MAX_AREAS:
        raise _refused(TOKEN_INVALID)
    role = str(claims.get("role", ""))
    subject = str(claims["sub"])
    client = claims.get("azp") or claims.get("client_id") or subject
    return Caller(
        subject=subject,
        role=role,
        scopes=effective_scopes(role, _texts(claims.get("scope"))),
        areas=areas,
        client_id=str(client),
    )


def _texts(claim: object) -> list[str]:
    if isinstance(claim, str):
        return claim.split()
    if isinstance(claim, list):
        return [str(item) for item in claim]
    return []


def _refused(kind: ProblemKind) -> Problem:
    return kind.problem(headers={"WWW-Authenticate": f'Bearer error="{kind.code}"'})
