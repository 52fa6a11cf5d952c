"""`/v1/follow-ups`: who must do what until when, and that it was done."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from services.scoring.domain.ruleset import RuleSet
from services.scoring.http.refusals import refusals
from services.scoring.store import doors
from services.scoring.store.follow_up_lists import ListedTask, Wanted, find_follow_up, list_follow_ups
from services.scoring.use_cases.complete_follow_up import Outcome, complete_follow_up
from services.scoring.use_cases.follow_up_view import follow_up_view
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
AREA: Final = r"^\d{2}(\.\d{2}(\.\d{2}(\.\d{4}(\.P\d{3,4})?)?)?)?$"


class CompletionIn(Body):
    """How the task ended, and on which day."""

    state: Outcome
    done_on: date


@router.get("", summary="Open tasks of the own area, the most urgent first")
async def get_follow_ups(
    request: Request,
    caller: Annotated[Caller, require("lists:read")],  # noqa: ARG001
    page: Annotated[PageRequest, Depends(page_request)],
    owner: Annotated[str | None, Query(pattern=TASK_OWNERS)] = None,
    area: Annotated[str | None, Query(pattern=AREA, description="Kecamatan, desa or posyandu")] = None,
    due_before: Annotated[date | None, Query(description="Due earlier than this day")] = None,
    overdue: Annotated[bool | None, Query(description="true: due before today (Asia/Jakarta)")] = None,
) -> Response:
    """Of equally urgent tasks the one due longest ago comes first; `etag` is what a snooze names in `If-Match`.

    `overdue` is computed on reading, from the due date and today: time alone changes nothing stored.
    """
    today, rules = today_jakarta(), _rules(request)
    wanted = Wanted(owner, area, due_before)
    if overdue is True:
        wanted = replace(wanted, due_before=min(today, due_before or today))
    elif overdue is False:
        wanted = replace(wanted, due_from=today)
    after = page.after(int, date, UUID, UUID)
    async with reading(request) as connection:
        rows = await list_follow_ups(connection, _urgency(rules), wanted, after, page.limit + 1)
    items = [_shown(row, rules, today) for row in rows]
    return json_response(page.page(items, "urgency", "due_on", "child_id", "fact_id"))


@router.get("/{follow_up_id}", summary="One task, open or ended")
async def get_follow_up(
    request: Request,
    caller: Annotated[Caller, require("lists:read")],  # noqa: ARG001
    follow_up_id: UUID,
) -> Response:
    """With the ETag that a snooze needs."""
    async with reading(request) as connection:
        listed = await find_follow_up(connection, follow_up_id)
    if listed is None:
        raise NOT_FOUND.problem()
    shown = _shown(listed, _rules(request), today_jakarta())
    return json_response(shown, headers={"ETag": shown["etag"]})


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


def _rules(request: Request) -> RuleSet:
    rules: RuleSet = request.app.state.rules
    return rules


def _urgency(rules: RuleSet) -> dict[str, int]:
    return {name: rule.urgency for name, rule in rules.follow_ups.items()}


def _shown(listed: ListedTask, rules: RuleSet, today: date) -> dict[str, Any]:
    return {**follow_up_view(listed, rules, today), "etag": etag(*listed.task.order)}
