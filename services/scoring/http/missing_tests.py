"""`/v1/missing-tests`: which test or measurement is owed to which child, by whom, since when."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from services.scoring.http.confidential import hidden_from
from services.scoring.http.rules_now import rules_now
from services.scoring.use_cases.list_missing_tests import list_missing_tests, total_missing_tests
from shared.auth.dependency import require
from shared.auth.tokens import Caller
from shared.calendar import today_jakarta
from shared.http.answer import json_response
from shared.http.cursor import PageRequest, encode_cursor, page_request
from shared.http.transaction import reading

router = APIRouter(prefix="/v1/missing-tests", tags=["lists"])


@router.get("", summary="Tests and measurements that children of the own area lack")
async def missing_tests(
    request: Request,
    caller: Annotated[Caller, require("lists:read")],
    page: Annotated[PageRequest, Depends(page_request)],
) -> Response:
    """One row a child and missing thing, by desa; a required test leaves the list when its result is there.

    A page may be shorter than `limit` and still not be the last: `next_cursor` says.
    """
    after = page.after(str, UUID, str)
    async with reading(request) as connection:
        rules = await rules_now(request, connection)
        found = await list_missing_tests(
            connection, rules, caller.areas, today_jakarta(), after, page.limit, hidden_from(caller, rules)
        )
    next_cursor = None if found.last is None else encode_cursor(*found.last)
    return json_response({"items": found.rows, "next_cursor": next_cursor})


@router.get("/totals", summary="Which single test or measurement would settle how many verdicts")
async def missing_test_totals(request: Request, caller: Annotated[Caller, require("lists:read")]) -> Response:
    """A row for each thing that children of the own area lack, the one that would settle most first.

    `verdicts` that wait for it, `cases` that require it, `children` who lack it for either reason.
    """
    async with reading(request) as connection:
        hidden = hidden_from(caller, await rules_now(request, connection))
        rows = await total_missing_tests(connection, today_jakarta(), hidden)
    return json_response({"items": rows})
