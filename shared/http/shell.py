"""Around every request: ids, trace, log line, metrics, security headers, and no exception past this point."""

from __future__ import annotations

import asyncio
import re
import time
from typing import Any, Final

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uuid_utils import uuid7

from shared import metrics
from shared.http.failures import problem_of, problem_response
from shared.logging import begin_request
from shared.redaction import mask_text
from shared.trace import Trace

LOG = structlog.get_logger(__name__)
CLIENT_GONE: Final = 499  # no answer was read; only in log and metrics
SLOW_SECONDS: Final = 2.0
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{8,64}")
QUIET_ROUTES: Final = frozenset({"/livez", "/readyz", "/metrics"})
SECURITY_HEADERS: Final = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cross-origin-resource-policy": "same-origin",
}
STRICT_TRANSPORT: Final = "max-age=31536000; includeSubDomains"


class Shell:
    """ASGI middleware; the outermost of ours, so that even a routing error is answered and counted."""

    def __init__(self, app: ASGIApp, *, strict_transport: bool) -> None:
        self._app = app
        self._headers = dict(SECURITY_HEADERS)
        if strict_transport:
            self._headers["strict-transport-security"] = STRICT_TRANSPORT

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; other scopes (lifespan) pass through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        headers = Headers(scope=scope)
        request_id = accepted_request_id(headers.get("x-request-id"))
        trace = begin_request(request_id=request_id, method=scope["method"], traceparent=headers.get("traceparent"))
        state: dict[str, Any] = scope.setdefault("state", {})
        state["request_id"] = request_id
        answer = _Answer(send, self._headers, request_id, trace)
        metrics.HTTP_IN_FLIGHT.inc()
        try:
            await self._answered(scope, receive, answer)
        finally:
            metrics.HTTP_IN_FLIGHT.dec()
            _record(scope, answer.status, time.perf_counter() - started)

    async def _answered(self, scope: Scope, receive: Receive, answer: _Answer) -> None:
        try:
            await self._app(scope, receive, answer.send)
        except ClientDisconnect:
            answer.status = CLIENT_GONE
        except asyncio.CancelledError:
            if not answer.begun:  # by a caller that waits no longer, or by the end of the process: nothing has failed
                answer.status = CLIENT_GONE
            raise
        except Exception as error:
            if answer.begun:
                LOG.exception("answer_broken_off")
                raise  # the server cuts the connection, so that half an answer is not taken for a whole one
            response = problem_response(problem_of(error), Request(scope))
            await response(scope, receive, answer.send)


class _Answer:
    """The way out: adds our headers to the first message and remembers the status."""

    def __init__(self, send: Send, headers: dict[str, str], request_id: str, trace: Trace) -> None:
        self._send = send
        self._headers = headers
        self._request_id = request_id
        self._trace = trace
        self.status = 500
        self.begun = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.begun = True
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            for name, value in self._headers.items():
                headers.setdefault(name, value)  # a page may bring a policy of its own
            headers["x-request-id"] = self._request_id
            headers["traceparent"] = self._trace.traceparent
        await self._send(message)


def accepted_request_id(sent: str | None) -> str:
    """The client's id where it is harmless, else a new one: it goes into every log line."""
    if sent is not None and _REQUEST_ID.fullmatch(sent) and mask_text(sent) == sent:
        return sent
    return str(uuid7())


def route_template(scope: Scope) -> str:
    """`/v1/children/{child_id}`, or `unmatched`: never the path itself, which is unbounded."""
    route = scope.get("route")
    if route is None:
        return "unmatched"
    info = scope["app"].state.route_table.find(route)
    return str(info.template if info is not None else route.path)


def _record(scope: Scope, status: int, seconds: float) -> None:
    route = route_template(scope)
    metrics.HTTP_REQUEST_SECONDS.labels(_method(scope), route, metrics.status_class(status)).observe(seconds)
    state: dict[str, Any] = scope["state"]
    code = state.get("problem_code")
    if code is not None:
        metrics.HTTP_REFUSED.labels(code).inc()
    if route in QUIET_ROUTES and status < 500:
        return
    log = LOG.warning if seconds > SLOW_SECONDS or status >= 500 else LOG.info
    fields = {"route": route, "status": status, "seconds": round(seconds, 4)}
    log("request", **fields, **({"code": code} if code is not None else {}))


def _method(scope: Scope) -> str:
    """The method as a label: whatever a client invents is `OTHER`."""
    method = str(scope["method"])
    return method if method in {"GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS"} else "OTHER"
