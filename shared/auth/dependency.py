"""FastAPI dependencies: who calls, and may they."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

from fastapi import Depends, Request

from shared.auth.roles import SCOPES
from shared.auth.tokens import Caller, TokenVerifier

REQUIRED_SCOPE: Final = "required_scope"  # marks the dependency, so that `create_app` can refuse a route without one
CALLER_STATE: Final = "caller"  # where `authenticate` leaves the caller on `request.state`


async def authenticate(request: Request) -> Caller:
    """The caller of this request, verified once. Problems 401; 503 while no key is known."""
    known = getattr(request.state, CALLER_STATE, None)
    if isinstance(known, Caller):
        return known
    verifier: TokenVerifier = request.app.state.verifier
    caller = await verifier.caller(request.headers.get("authorization"))
    setattr(request.state, CALLER_STATE, caller)
    return caller


def require(scope: str) -> Any:
    """Close a route to callers who lack the scope.

    Used as `caller: Annotated[Caller, require("children:read")]`.

    KeyError for a scope that does not exist, when the route is declared, not when it is called.
    """
    if scope not in SCOPES:
        raise KeyError(scope)

    async def caller_with_scope(request: Request) -> Caller:
        caller = await authenticate(request)
        caller.demand(scope)
        return caller

    checked: Callable[[Request], Awaitable[Caller]] = caller_with_scope
    setattr(checked, REQUIRED_SCOPE, scope)
    return Depends(checked)
