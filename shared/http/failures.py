"""Whatever goes wrong under a route, as a problem; nothing inner ever reaches the client."""

from __future__ import annotations

from typing import Any, Final

import orjson
import structlog
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from shared.http.kinds import (
    BAD_REQUEST,
    INTERNAL_ERROR,
    METHOD_NOT_ALLOWED,
    NOT_FOUND,
    NOT_NOW,
    VALIDATION_FAILED,
)
from shared.http.validation import problems_of_items
from shared.messaging.outcomes import is_not_now
from shared.problems import MEDIA_TYPE, Language, Problem, ProblemKind
from shared.redaction import mask_text

LOG = structlog.get_logger(__name__)
RETRY_AFTER_SECONDS: Final = 2
_BY_STATUS: Final[dict[int, ProblemKind]] = {404: NOT_FOUND, 405: METHOD_NOT_ALLOWED}


def problem_of(error: Exception) -> Problem:
    """`error` as a problem. Unexpected ones are logged here, once, with their frames but without their text."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, RequestValidationError):
        return VALIDATION_FAILED.problem(errors=problems_of_items(error.errors(), skip=1))
    if isinstance(error, HTTPException):
        return _BY_STATUS.get(error.status_code, BAD_REQUEST).problem(headers=dict(error.headers or {}))
    if is_not_now(error):
        LOG.warning("request_not_now", error=error)
        return NOT_NOW.problem(headers={"Retry-After": str(RETRY_AFTER_SECONDS)})
    LOG.error("request_failed", exc_info=error)
    return INTERNAL_ERROR.problem()


def problem_response(problem: Problem, request: Request) -> Response:
    """The answer on the wire, in the language the client prefers."""
    language = preferred_language(request.headers.get("accept-language"))
    request_id = str(getattr(request.state, "request_id", ""))
    request.state.problem_code = problem.code
    # The path may name a child by its id, but a query may hold what somebody typed into a search box.
    body: dict[str, Any] = problem.as_json(language, mask_text(request.url.path), request_id)
    return Response(
        orjson.dumps(body),
        status_code=problem.kind.status,
        media_type=MEDIA_TYPE,
        headers={"Content-Language": language, **problem.headers},
    )


async def answer_with_problem(request: Request, error: Exception) -> Response:
    """FastAPI's exception handler for problems, HTTP errors and wrong parameters."""
    return problem_response(problem_of(error), request)


def preferred_language(accept_language: str | None) -> Language:
    """`en` where the client ranks it above `id`; Bahasa Indonesia otherwise."""
    ranks: dict[str, float] = {}
    for part in (accept_language or "").lower().split(","):
        tag, _, quality = part.strip().partition(";q=")
        try:
            rank = float(quality) if quality else 1.0
        except ValueError:
            continue
        primary = tag.split("-")[0]
        ranks[primary] = max(rank, ranks.get(primary, 0.0))
    return "en" if ranks.get("en", 0.0) > ranks.get("id", ranks.get("in", 0.0)) else "id"
