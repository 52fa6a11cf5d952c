"""Who may see the page until people sign in by OIDC: a token that works once, then a cookie of the same make.

Both are `payload.signature`: base64 of {id, purpose, area, expires} and its HMAC-SHA-256 under the page key. The
purpose is signed too, so that neither can be used as the other.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID, uuid4

import orjson

TOKEN_LIFETIME: Final = timedelta(minutes=10)
COOKIE_LIFETIME: Final = timedelta(hours=8)
LONGEST: Final = 1_024


class Purpose(StrEnum):
    """What a signed word is good for."""

    TOKEN = "token"  # noqa: S105 - a kind of word, not a secret
    COOKIE = "cookie"


@dataclass(frozen=True, slots=True)
class Pass:
    """A verified token or cookie: which areas it opens."""

    pass_id: UUID
    area: str


def sign(key: bytes, purpose: Purpose, area: str, expires: datetime) -> str:
    """A new signed word for `area`, good until `expires`."""
    payload = orjson.dumps({"id": uuid4(), "for": purpose.value, "area": area, "exp": int(expires.timestamp())})
    return f"{_text(payload)}.{_text(_signature(key, payload))}"


def read_pass(key: bytes, purpose: Purpose, word: str, now: datetime) -> Pass | None:
    """The pass in `word`; None if it is not ours, for something else, or too old."""
    payload_text, _, signature_text = word.partition(".")
    if len(word) > LONGEST or not word.isascii():
        return None
    try:
        payload, signature = _bytes(payload_text), _bytes(signature_text)
    except (binascii.Error, ValueError):
        return None
    if not hmac.compare_digest(signature, _signature(key, payload)):
        return None
    told = orjson.loads(payload)
    if told["for"] != purpose.value or told["exp"] <= now.timestamp():
        return None
    return Pass(UUID(told["id"]), told["area"])


def _signature(key: bytes, payload: bytes) -> bytes:
    return hmac.digest(key, b"tumbuh page\x00" + payload, hashlib.sha256)


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
