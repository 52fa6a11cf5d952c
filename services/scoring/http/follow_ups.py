"""`/v1/follow-ups`: who must do what until when, and that it was done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import StringConstraints

from services.scoring.domain.ruleset import RuleSet
from services.scoring.http.follow_up_calendar import follow_up_calendar
from services.scoring.http.refusals import refusals
from services.scoring.http.rules_now import rules_now
from services.scoring.store import doors
from services.scoring.store.follow_up_lists import ListedTask, Wanted, find_follow_up, list_follow_ups
from services.scoring.store.follow_up_notes import notes_of
from services.scoring.use_cases.complete_follow_up import AskedEnd, Outcome, complete_follow_up
from services.scoring.use_cases.follow_up_view import Notes, follow_up_view
from services.scoring.use_cases.judge_measurements import Clock
from services.scoring.use_cases.snooze_follow_up import AskedSnooze, snooze_follow_up
from shared.auth.dependency import require
from shared.auth.tokens import Caller
from shared.calendar import now_utc, today_jakarta
from shared.calendar_feed import MAX_EVENTS, MEDIA_TYPE
from shared.contracts.risk import FollowUpV1, SnoozeReason
from shared.http.answer import Answer, json_answer, json_response
from shared.http.bodies import Body, json_body
from shared.http.cursor import PageRequest, page_request
from shared.http.etag import Order, demand_current, etag, if_match
from shared.http.kinds import CALENDAR_TOO_LARGE, NOT_FOUND
from shared.http.transaction import reading, write_once
from shared.postgres.pool import Connection

router = APIRouter(prefix="/v1/follow-ups", tags=["follow-ups"])
LONGEST_ACCOUNT: Final = 80
TASK_OWNERS: Final = "^(kader|puskesmas|clinician|laboratory)$"
AREA: Final = r"^\d{2}(\.\d{2}(\.\d{2}(\.\d{4}(\.P\d{3,4})?)?)?)?$"


# One line without control characters, of which PostgreSQL's text refuses one.
Note = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=3, max_length=500, pattern=r"^[^\x00-\x1f\x7f]+$")
]


class CompletionIn(Body):
    """How the task ended, on which day, and what shows it: a measurement or result of the child, or a text."""

    state: Outcome
    done_on: date
    fact_id: UUID | None = None
    note: Note | None = None


class SnoozeIn(Body):
    """A later due date and why; `other` needs a text."""

    until: date
    reason: SnoozeReason
    note: Note | None = None


@router.get("", summary="Open tasks of the own area, the most urgent first")
async def get_follow_ups(
    request: Request,
    caller: Annotated[Caller, require("lists:read")],
    page: Annotated[PageRequest, Depends(page_request)],
    owner: Annotated[str | None, Query(pattern=TASK_OWNERS)] = None,
    area: Annotated[str | None, Query(pattern=AREA, description="Kecamatan, desa or posyandu")] = None,
    due_before: Annotated[date | None, Query(description="Due earlier than this day")] = None,
    overdue: Annotated[bool | None, Query(description="true: due before today (Asia/Jakarta)")] = None,
) -> Response:
    """Of equally urgent tasks the one due longest ago comes first; `etag` is what a snooze names in `If-Match`.

    `overdue` is computed on reading, from the due date and today: time alone changes nothing stored.
    """
    today = today_jakarta()
    wanted = Wanted(owner, area, due_before)
    if overdue is True:
        wanted = replace(wanted, due_before=min(today, due_before or today))
    elif overdue is False:
        wanted = replace(wanted, due_from=today)
    after = page.after(int, date, UUID, UUID)
    async with reading(request) as connection:
        rules = await rules_now(request, connection)
        rows = await list_follow_ups(connection, _urgency(rules), wanted, after, page.limit + 1)
        notes = await _notes(connection, caller, rows)
    items = [_shown(row, rules, today, notes) for row in rows]
    return json_response(page.page(items, "urgency", "due_on", "child_id", "fact_id"))


@router.get(".ics", summary="Open tasks of the own area as a calendar (RFC 5545)", response_class=Response)
async def get_calendar(
    request: Request,
    caller: Annotated[Caller, require("lists:read")],  # noqa: ARG001
    owner: Annotated[str | None, Query(pattern=TASK_OWNERS)] = None,
    area: Annotated[str | None, Query(pattern=AREA, description="Kecamatan, desa or posyandu")] = None,
) -> Response:
    """An all-day event a task, by id and place, without names. What has ended or been cancelled is not in it any more.

    At most 5,000 tasks: 413 asks for a smaller area or one owner, rather than leave some out unseen.
    """
    async with reading(request) as connection:
        rules = await rules_now(request, connection)
        rows = await list_follow_ups(connection, _urgency(rules), Wanted(owner, area), None, MAX_EVENTS + 1)
    if len(rows) > MAX_EVENTS:
        raise CALENDAR_TOO_LARGE.problem(extra={"limit_events": MAX_EVENTS})
    headers = {"Content-Disposition": 'inline; filename="tindak-lanjut.ics"'}
    return Response(follow_up_calendar(rows, rules), media_type=MEDIA_TYPE, headers=headers)


@router.get("/{follow_up_id}", summary="One task, open or ended")
async def get_follow_up(
    request: Request,
    caller: Annotated[Caller, require("lists:read")],
    follow_up_id: UUID,
) -> Response:
    """With the ETag that a snooze needs."""
    async with reading(request) as connection:
        listed = await find_follow_up(connection, follow_up_id)
        if listed is None:
            raise NOT_FOUND.problem()
        notes = await _notes(connection, caller, [listed])
        rules = await rules_now(request, connection)
    shown = _shown(listed, rules, today_jakarta(), notes)
    return json_response(shown, headers={"ETag": shown["etag"]})


@router.post("/{follow_up_id}:complete", summary="Say that a task is done, or cancel it")
async def post_complete(
    request: Request,
    caller: Annotated[Caller, require("followups:write")],
    follow_up_id: UUID,
    body: Annotated[CompletionIn, json_body(CompletionIn)],
) -> Response:
    """Told twice the same way it is one end; 409 if it ended in another way. The account is kept."""
    clock = Clock(today_jakarta(), now_utc())
    asked = AskedEnd(body.state, body.done_on, body.fact_id, body.note, caller.subject[:LONGEST_ACCOUNT])

    async def effect(connection: Connection) -> Answer:
        task = await _locked(connection, follow_up_id)
        with refusals():
            ended = await complete_follow_up(connection, task, asked, clock)
        return _answer(ended)

    return await write_once(request, effect)


@router.post("/{follow_up_id}:snooze", summary="Put a task off to a later day, with a reason")
async def post_snooze(
    request: Request,
    caller: Annotated[Caller, require("followups:write")],
    follow_up_id: UUID,
    seen: Annotated[Order, Depends(if_match)],
    body: Annotated[SnoozeIn, json_body(SnoozeIn)],
) -> Response:
    """At most until `snooze_until_at_most` of the list, however often. 412 if the task changed since."""
    clock = Clock(today_jakarta(), now_utc())
    asked = AskedSnooze(body.until, body.reason, body.note, caller.subject[:LONGEST_ACCOUNT])

    async def effect(connection: Connection) -> Answer:
        task = await _locked(connection, follow_up_id)
        demand_current(seen, task.order)
        rules = await rules_now(request, connection)
        with refusals():
            later = await snooze_follow_up(connection, task, asked, rules, clock)
        return _answer(later)

    return await write_once(request, effect)


async def _locked(connection: Connection, follow_up_id: UUID) -> FollowUpV1:
    task = await doors.lock_follow_up(connection, follow_up_id)
    if task is None:
        raise NOT_FOUND.problem()
    return task


def _answer(task: FollowUpV1) -> Answer:
    """The fact as published: answers are kept, so what people wrote is not in them."""
    return json_answer(200, task.model_dump(mode="json"), {"ETag": etag(*task.order)})


def _urgency(rules: RuleSet) -> dict[str, int]:
    return {name: rule.urgency for name, rule in rules.follow_ups.items()}


async def _notes(connection: Connection, caller: Caller, rows: Sequence[ListedTask]) -> Mapping[UUID, Notes]:
    """What people wrote, for those who could have written it: free text may hold a name."""
    return await notes_of(connection, [row.task for row in rows]) if caller.may("followups:write") else {}


def _shown(listed: ListedTask, rules: RuleSet, today: date, notes: Mapping[UUID, Notes]) -> dict[str, Any]:
    view = follow_up_view(listed, rules, today, notes.get(listed.task.fact_id, {}))
    return {**view, "etag": etag(*listed.task.order)}
