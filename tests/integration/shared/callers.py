"""Requests at a service's application in a test, each in somebody's name."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

import httpx
import orjson

from tests.integration.shared import small_service


async def ask(
    client: httpx.AsyncClient,
    method: str,
    path: str,
    body: Any = None,
    *,
    role: str,
    areas: Sequence[str],
    subject: str = "person-1",
    etag: str | None = None,
    key: str | None = None,
    media_type: str = "application/json",
    language: str = "id",
) -> httpx.Response:
    """One request; JSON unless `body` is bytes. A POST has a key of its own unless one is given."""
    headers = {
        "authorization": f"Bearer {small_service.token(role, tuple(areas), subject)}",
        "accept-language": language,
    }
    if method == "POST":
        headers["idempotency-key"] = key or str(uuid.uuid4())
    if etag is not None:
        headers["if-match"] = etag
    content = body if isinstance(body, bytes) else None if body is None else orjson.dumps(body)
    if content is not None:
        headers["content-type"] = media_type
    return await client.request(method, path, content=content, headers=headers)
