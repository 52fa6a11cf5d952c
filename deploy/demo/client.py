"""One caller of one service over its public HTTP API: a token, a key on every write, patience with `not now`."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any, Final

import httpx

from deploy.local.errors import CommandError

ATTEMPTS: Final = 8
FIRST_WAIT_S: Final = 0.25
LONGEST_WAIT_S: Final = 5.0
REQUEST_TIMEOUT_S: Final = 60.0
NOT_NOW: Final = frozenset({429, 502, 503, 504})


class AnswerError(CommandError):
    """A service answered something else than was asked for. Carries status, code and text of its problem."""

    def __init__(self, request: str, answer: httpx.Response) -> None:
        problem = _problem(answer)
        text = problem.get("detail") or problem.get("title") or ""
        super().__init__(f"{request}: {answer.status_code} {problem.get('code', '')} {text}".rstrip())
        self.status = answer.status_code
        self.code = str(problem.get("code", ""))


class Api:
    """`url` as seen by the holder of `token`. The connection pool is shared between callers."""

    def __init__(self, pool: httpx.AsyncClient, url: str, token: str) -> None:
        self._pool, self._url = pool, url
        self._headers = {"authorization": f"Bearer {token}", "accept-language": "id"}

    async def get(self, path: str, **query: str) -> Any:
        """The JSON at `path`."""
        return (await self._send("GET", path, {}, b"", query)).json()

    async def post(self, path: str, body: Any, etag: str | None = None) -> httpx.Response:
        """Send JSON under a key of its own (sent again, it is the same request), about what was read with `etag`."""
        headers = {"idempotency-key": str(uuid.uuid4())} | ({} if etag is None else {"if-match": etag})
        return await self._send("POST", path, headers, body, {})

    async def post_bytes(self, path: str, content: bytes, media_type: str, **query: str) -> httpx.Response:
        """Send a file."""
        headers = {"idempotency-key": str(uuid.uuid4()), "content-type": media_type}
        return await self._send("POST", path, headers, content, query)

    async def patch(self, path: str, body: Any, etag: str) -> httpx.Response:
        """Correct what was read with `etag`."""
        return await self._send("PATCH", path, {"idempotency-key": str(uuid.uuid4()), "if-match": etag}, body, {})

    async def _send(
        self, method: str, path: str, headers: dict[str, str], body: Any, query: dict[str, str]
    ) -> httpx.Response:
        """Send until the service can take it. Raises AnswerError for any other refusal."""
        content: dict[str, Any] = {"content": body} if isinstance(body, bytes) else {"json": body}
        wait_s, last = FIRST_WAIT_S, ""
        for _ in range(ATTEMPTS):
            try:
                answer = await self._pool.request(
                    method, self._url + path, headers=self._headers | headers, params=query, **content
                )
            except httpx.TransportError as error:
                last, pause_s = type(error).__name__, wait_s
            else:
                if answer.is_success:
                    return answer
                if answer.status_code not in NOT_NOW:
                    raise AnswerError(f"{method} {path}", answer)
                last, pause_s = str(answer.status_code), _retry_after_s(answer, wait_s)
            await asyncio.sleep(pause_s)
            wait_s = min(wait_s * 2, LONGEST_WAIT_S)
        raise CommandError(f"{method} {path}: no answer after {ATTEMPTS} attempts ({last})")


def connection_pool() -> httpx.AsyncClient:
    """Connections for all callers. Proxies of the environment are not meant for the own machine."""
    return httpx.AsyncClient(timeout=REQUEST_TIMEOUT_S, trust_env=False)


def _retry_after_s(answer: httpx.Response, otherwise_s: float) -> float:
    stated = answer.headers.get("retry-after", "")
    return min(float(stated), LONGEST_WAIT_S) if stated.isdigit() else otherwise_s


def _problem(answer: httpx.Response) -> dict[str, Any]:
    """The problem document, empty if the answer is none."""
    try:
        document = answer.json()
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}
