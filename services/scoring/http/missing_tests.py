"""`/v1/missing-tests`: which test or measurement is owed to which child, by whom, since when."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from services.scoring.domain.ruleset import RuleSet
from services.scoring.use_cases.list_missing_tests import list_missing_tests
from shared.auth.dependency import require
from shared.auth.tokens import Caller
from shared.calendar import today_jakarta
from shared.http.answer import json_response
from shared.http.cursor import PageRequest, page_request
from shared.http.transaction import reading

router = APIRouter(prefix="/v1/missing-tests", tags=["lists"])


@router.get("", summary="Tests and measurements that children of the own area lack")
async def missing_tests(
    request: Request,
    caller: Annotated[Caller, require("lists:read")],  # noqa: ARG001
    page: Annotated[PageRequest, Depends(page_request)],
) -> Response:
    """One row a child and missing thing; a required test has left the list when its result is there."""
    rules: RuleSet = request.app.state.rules
    async with reading(request) as connection:
        rows = await list_missing_tests(connection, rules, today_jakarta(), page.after(UUID, str), page.limit + 1)
    return json_response(page.page(rows, "child_id", "missing"))
