"""One way to make an HTTP service: `create_app`. A route that could be forgotten to guard does not start."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

import structlog
from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware

from shared import metrics
from shared.auth.dependency import authenticate
from shared.auth.tokens import TokenVerifier
from shared.http.failures import answer_with_problem, problem_response
from shared.http.health import Health, health_router
from shared.http.idempotency import idempotency_key
from shared.http.kinds import METHOD_NOT_ALLOWED, VALIDATION_FAILED
from shared.http.openapi import openapi_of
from shared.http.rate import RateLimit
from shared.http.routes import OPEN_PATHS, RouteRuleError, RouteTable, route_table
from shared.http.shell import Shell, route_template
from shared.http.validation import problems_of_items
from shared.problems import Problem
from shared.setting_groups import Mode
from shared.settings import ServiceSettings

FAILED_TOKENS_PER_SECOND: Final = 10  # per address: guessing gets slow, a misconfigured client still sees its error
# FastAPI's own telemetry would log exception texts, which may quote a row.
_NO_TELEMETRY: Final[Any] = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "operation_spans": False,
    "auto_configure": False,
}


def create_app(
    settings: ServiceSettings,
    *,
    routers: Sequence[APIRouter],
    health: Health,
    verifier: TokenVerifier | None = None,
    state: Mapping[str, Any] | None = None,
    open_paths: frozenset[str] = frozenset(),
) -> FastAPI:
    """The application of one process.

    Args:
        settings: names the service, its mode and the rate per client.
        routers: the service's routes, each with `require(scope)`.
        health: what readiness and liveness judge by.
        verifier: checks tokens; a worker without routes needs none.
        state: what routes find on `request.app.state`; `pool` and `after_commit` are used by `writing`.
        open_paths: templates that guard themselves (the dashboard's entry). Everything else needs a token.

    Raises RouteRuleError for a route that breaks a rule.
    """
    app = FastAPI(
        title=f"Tumbuh {settings.service}",
        version=installed_version(),
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry=_NO_TELEMETRY,
        dependencies=[Depends(guard)],
        middleware=[Middleware(Shell, strict_transport=settings.mode is Mode.PRODUCTION)],
        exception_handlers={
            Problem: answer_with_problem,
            HTTPException: answer_http_error,
            RequestValidationError: answer_with_problem,
        },
    )
    for router in (health_router(settings.service, health), *routers):
        app.include_router(router)
    for name, value in (state or {}).items():
        setattr(app.state, name, value)
    app.state.verifier = verifier
    app.state.rate = RateLimit(settings.http.rate_per_second)
    app.state.failed_tokens = RateLimit(FAILED_TOKENS_PER_SECOND)
    app.state.route_table = route_table(app, OPEN_PATHS | open_paths)
    app.openapi = openapi_of(app, app.state.route_table)  # type: ignore[method-assign]
    metrics.SERVICE_INFO.labels(app.version).set(1)
    return app


async def guard(request: Request) -> None:
    """Before every route: token, rate, idempotency key, no unknown query parameter. The scope is the route's own."""
    table: RouteTable = request.app.state.route_table
    info = table.find(request.scope["route"])
    if info is None:
        raise RouteRuleError("a route was added after the application was made")
    if info.scope is not None:
        await _identified(request)
        if request.method == "POST" and not (info.own_number and "idempotency-key" not in request.headers):
            idempotency_key(request)
    unknown = sorted(set(request.query_params) - info.query_names)
    if unknown:
        # A misspelt `?perod=` that is ignored gives the right-looking figure of another month.
        items = [{"type": "extra_forbidden", "loc": (name,)} for name in unknown]
        raise VALIDATION_FAILED.problem(errors=problems_of_items(items, skip=0))


async def _identified(request: Request) -> None:
    try:
        caller = await authenticate(request)
    except Problem as problem:
        if problem.kind.status == 401:
            request.app.state.failed_tokens.take(request.client.host if request.client is not None else "")
        raise
    structlog.contextvars.bind_contextvars(client_id=caller.client_id, role=caller.role)
    request.app.state.rate.take(caller.key)


async def answer_http_error(request: Request, error: Exception) -> Response:
    """404, 405 and the rest of Starlette's own; `Allow` names all methods of the address."""
    if isinstance(error, HTTPException) and error.status_code == METHOD_NOT_ALLOWED.status:
        table: RouteTable = request.app.state.route_table
        methods = table.allowed_methods(route_template(request.scope))
        headers = {"Allow": methods} if methods else dict(error.headers or {})
        return problem_response(METHOD_NOT_ALLOWED.problem(headers=headers), request)
    return await answer_with_problem(request, error)


def installed_version() -> str:
    """The version of the distribution, or of the checkout where it is not installed."""
    try:
        return version("tumbuh")
    except PackageNotFoundError:
        return "dev"
