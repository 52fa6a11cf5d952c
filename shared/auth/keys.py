"""Public keys of the identity provider, cached; read again when a token names a key we do not know."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import httpx
import structlog
from jwt import PyJWK, PyJWTError
from pydantic import BaseModel

from shared.problems import ProblemKind

LOG = structlog.get_logger(__name__)
ALGORITHMS: Final = ("RS256", "ES256")
REFRESH_FLOOR_SECONDS: Final = 10.0  # tokens with invented key ids must not make us hammer the provider
MAX_AGE_SECONDS: Final = 3600.0  # a withdrawn key stops working within the hour
FETCH_TIMEOUT_SECONDS: Final = 5.0

IDENTITY_UNAVAILABLE: Final = ProblemKind(
    code="identity_unavailable",
    status=503,
    title_id="Penyedia identitas tidak dapat dihubungi",
    title_en="The identity provider cannot be reached",
    remedy_id="Coba lagi sebentar lagi.",
    remedy_en="Try again in a moment.",
)

Fetch = Callable[[], Awaitable[bytes]]


class KeyDocument(BaseModel):
    """The outside of a JSON web key set (RFC 7517)."""

    keys: list[dict[str, Any]]


def from_file(path: Path) -> Fetch:
    """Reads the JWKS at `path`."""

    async def fetch() -> bytes:
        return await asyncio.to_thread(path.read_bytes)

    return fetch


def from_url(url: str) -> Fetch:
    """Gets the JWKS from `url`; no redirect is followed."""

    async def fetch() -> bytes:
        async with httpx.AsyncClient(timeout=FETCH_TIMEOUT_SECONDS) as client:
            answer = await client.get(url)
            answer.raise_for_status()
            return answer.content

    return fetch


class KeySet:
    """Keys by id. One fetch at a time; never more often than the floor, whoever asks."""

    def __init__(self, fetch: Fetch, clock: Callable[[], float] = time.monotonic) -> None:
        self._fetch = fetch
        self._clock = clock
        self._keys: dict[str, PyJWK] = {}
        self._fetched_at: float | None = None
        self._tried_at: float | None = None
        self._lock = asyncio.Lock()

    async def find(self, key_id: str) -> PyJWK | None:
        """The key, or None if the provider does not have it. Problem 503 if there is nothing to judge by."""
        if key_id not in self._keys or self._older_than(self._fetched_at, MAX_AGE_SECONDS):
            async with self._lock:
                if self._older_than(self._tried_at, REFRESH_FLOOR_SECONDS):
                    await self._refresh()
        if self._older_than(self._fetched_at, MAX_AGE_SECONDS + FETCH_TIMEOUT_SECONDS + REFRESH_FLOOR_SECONDS):
            raise IDENTITY_UNAVAILABLE.problem(headers={"Retry-After": str(round(REFRESH_FLOOR_SECONDS))})
        return self._keys.get(key_id)

    async def ping(self) -> None:
        """For readiness: fails while no key is known."""
        if not self._keys:
            await self.find("")

    def _older_than(self, moment: float | None, seconds: float) -> bool:
        return moment is None or self._clock() - moment >= seconds

    async def _refresh(self) -> None:
        self._tried_at = self._clock()
        try:
            keys = parse_keys(await self._fetch())
        except (OSError, httpx.HTTPError, ValueError) as error:
            LOG.warning("keys_not_refreshed", error=error)
            return
        self._keys = keys
        self._fetched_at = self._clock()
        LOG.info("keys_refreshed", keys=len(keys))


def parse_keys(document: bytes) -> dict[str, PyJWK]:
    """Signature keys by id; keys without id, of another use or algorithm are left out. ValueError if not a JWKS."""
    keys: dict[str, PyJWK] = {}
    for item in KeyDocument.model_validate_json(document).keys:
        if item.get("use", "sig") != "sig" or not isinstance(item.get("kid"), str):
            continue
        try:
            key = PyJWK(item)
        except PyJWTError:
            continue  # one broken key must not cost the others
        if key.algorithm_name in ALGORITHMS:
            keys[item["kid"]] = key
    return keys
