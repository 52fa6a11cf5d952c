"""Cookies of the page: an attempt to log in while the browser is at the provider, and the session after it.

An attempt is `payload.signature`: base64 of {state, nonce, verifier, back, expires} and its HMAC-SHA-256 under the page
key, so that whoever comes back is the browser that left. A session is a random word; what it stands for is in the
database under the word's digest, and the person's access token there is sealed under a key that the word gives.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Self

import orjson
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from fastapi import Request

from services.reporting.store.page_sessions import find_session
from shared.auth.areas import AreaGrant
from shared.auth.tokens import Caller
from shared.postgres.pool import Pool

SESSION_COOKIE: Final = "tumbuh_page"
ATTEMPT_COOKIE: Final = "tumbuh_login"
ATTEMPT_LIFETIME: Final = timedelta(minutes=10)
LONGEST: Final = 2_048
NONCE_BYTES: Final = 12  # AES-GCM


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt to log in (state, nonce: OpenID Connect Core; verifier: RFC 7636); `back` is where it leads to."""

    state: str
    nonce: str
    verifier: str
    back: str

    @classmethod
    def new(cls, back: str) -> Self:
        """A fresh one: 256 random bits each."""
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        return cls(state, nonce, verifier, back)

    @property
    def challenge(self) -> str:
        """What the provider is told of the verifier (S256)."""
        return _text(hashlib.sha256(self.verifier.encode()).digest())


@dataclass(frozen=True, slots=True)
class Reader:
    """Who looks at the page, and with which token the page may ask other services in their name."""

    caller: Caller
    name: str
    access_token: str = field(repr=False)


def seal(key: bytes, attempt: Attempt, expires: datetime) -> str:
    """The cookie of an attempt."""
    told = [attempt.state, attempt.nonce, attempt.verifier, attempt.back]
    payload = orjson.dumps([*told, int(expires.timestamp())])
    return f"{_text(payload)}.{_text(_signature(key, payload))}"


def unseal(key: bytes, word: str, now: datetime) -> Attempt | None:
    """The attempt in a cookie; None if it is not ours or too old."""
    payload_text, _, signature_text = word.partition(".")
    if len(word) > LONGEST or not word.isascii():
        return None
    try:
        payload, signature = _bytes(payload_text), _bytes(signature_text)
    except (binascii.Error, ValueError):
        return None
    if not hmac.compare_digest(signature, _signature(key, payload)):
        return None
    *told, expires = orjson.loads(payload)
    return Attempt(*told) if expires > now.timestamp() else None


def new_session_word() -> str:
    """The value of a session cookie."""
    return secrets.token_urlsafe(32)


def digest_of(word: str) -> bytes:
    """Under which the session is kept; a copy of the table opens no page."""
    return hashlib.sha256(word.encode()).digest()


def seal_token(word: str, access_token: str) -> bytes:
    """The token as the session of `word` keeps it: whoever copies the table has no token."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + _token_cipher(word).encrypt(nonce, access_token.encode(), None)


def _unseal_token(word: str, sealed: bytes) -> str:
    return _token_cipher(word).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], None).decode()


def _token_cipher(word: str) -> AESGCM:
    # The word is 256 random bits; told apart from its digest, which names the row.
    return AESGCM(hmac.digest(word.encode(), b"tumbuh access token", hashlib.sha256))


async def reader_of(request: Request) -> Reader | None:
    """Who is logged in with this browser; None if nobody is, or no longer."""
    word = request.cookies.get(SESSION_COOKIE, "")
    if not word or len(word) > LONGEST:
        return None
    pool: Pool = request.app.state.pool
    row = await find_session(pool, digest_of(word))
    if row is None:
        return None
    return Reader(_caller(row), row["name"], _unseal_token(word, row["sealed_access_token"]))


def _caller(row: dict[str, Any]) -> Caller:
    return Caller(
        subject=row["subject"],
        role=row["role"],
        scopes=frozenset(row["scopes"]),
        areas=AreaGrant(tuple(row["granted_areas"])),
        client_id=row["client_id"],
    )


def _signature(key: bytes, payload: bytes) -> bytes:
    return hmac.digest(key, b"tumbuh log-in\x00" + payload, hashlib.sha256)


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
