"""`/v1/follow-ups`: who must do what until when, and that it was done."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from services.scoring.http.refusals import refusals
from services.scoring.store import doors, lists
from services.scoring.use_cases.complete_follow_up import Outcome, complete_follow_up
from services.scoring.use_cases.judge_measurements import Clock
from shared.auth.dependency import require
from shared.auth.tokens import Caller
from shared.calendar import now_utc, today_jakarta
from shared.http.answer import Answer, json_answer, json_response
from shared.http.bodies import Body, json_body
from shared.http.cursor import PageRequest, page_request
from shared.http.etag import etag
from shared.http.kinds import NOT_FOUND
from shared.http.transaction import reading, write_once
from shared.postgres.pool import Connection

router = APIRouter(prefix="/v1/follow-ups", tags=["follow-ups"])
TASK_OWNERS: Final = "^(kader|puskesmas|clinician|laboratory)$"


class CompletionIn(Body):
    """How the task ended, and on which day."""

    state: Outcome
    done_on: date


@router.get("", summary="Open tasks of the own area, the most urgent first")
async def follow_ups(
    request: Request,
    caller: Annotated[Caller, require("lists:read")],  # noqa: ARG001
    page: Annotated[PageRequest, Depends(page_request)],
    owner: Annotated[str | None, Query(pattern=TASK_OWNERS)] = None,
) -> Response:
    """`overdue` is computed on reading, from the due date and today: time alone changes nothing stored."""
    today = today_jakarta()
    async with reading(request) as connection:
        rows = await lists.follow_ups(connection, owner, page.after(date, UUID, UUID), page.limit + 1)
    items: list[dict[str, Any]] = [{**row, "overdue": row["due_on"] < today} for row in rows]
    return json_response(page.page(items, "due_on", "child_id", "fact_id"))


@router.post("/{follow_up_id}:complete", summary="Say that a task is done, or cancel it")
async def post_complete(
    request: Request,
    caller: Annotated[Caller, require("followups:write")],  # noqa: ARG001
    follow_up_id: UUID,
    body: Annotated[CompletionIn, json_body(CompletionIn)],
) -> Response:
    """Told twice the same way it is one end; 409 if it ended in another way."""
    clock = Clock(today_jakarta(), now_utc())

    async def effect(connection: Connection) -> Answer:
        task = await doors.lock_follow_up(connection, follow_up_id)
        if task is None:
            raise NOT_FOUND.problem()
        with refusals():
            ended = await complete_follow_up(connection, task, body.state, body.done_on, clock)
        return json_answer(200, ended.model_dump(mode="json"), {"ETag": etag(*ended.order)})

    return await write_once(request, effect)
