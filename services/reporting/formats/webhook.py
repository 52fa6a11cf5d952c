"""A delivery as it travels: its headers and its secret."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from typing import Final
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from services.reporting.domain.webhooks import signature

NONCE_BYTES: Final = 12
TIMESTAMP: Final = "Tumbuh-Timestamp"
SIGNATURE: Final = "Tumbuh-Signature"


class SecretVault:
    """Seals the secrets of subscriptions, each bound to its own. `key`: 32 bytes, of the deployment."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(hmac.digest(key, b"tumbuh webhook secret", hashlib.sha256))

    def seal(self, subscription_id: UUID, secret: str) -> bytes:
        """What is stored."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, secret.encode(), subscription_id.bytes)

    def unseal(self, subscription_id: UUID, sealed: bytes) -> bytes:
        """The secret. Raises cryptography's InvalidTag for what another key or subscription sealed."""
        return self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], subscription_id.bytes)


def new_secret() -> str:
    """Shown to a person once."""
    return "twh_" + secrets.token_urlsafe(32)


def delivery_headers(key: UUID, secret: bytes, timestamp: int, body: bytes) -> dict[str, str]:
    """Of one attempt: the key stays the same, timestamp and signature are new."""
    return {
        "Content-Type": "application/json",
        "User-Agent": "Tumbuh-Webhook/1",
        "Idempotency-Key": str(key),
        TIMESTAMP: str(timestamp),
        SIGNATURE: signature(secret, timestamp, body),
    }
