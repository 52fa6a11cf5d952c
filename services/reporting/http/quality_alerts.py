"""`/v1/quality-alerts`: posyandu whose measuring somebody must look at, and what was done."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import StringConstraints

from services.reporting.domain.quality_alerts import Alert, overdue
from services.reporting.domain.quality_ruleset import REASONS, load
from services.reporting.http.forms import PLACE, code_form
from services.reporting.store.quality_alerts import find_alert, list_alerts, steps_of
from services.reporting.use_cases.move_alert import AlertStepError, Step, move_alert
from shared.auth.dependency import require
from shared.auth.tokens import Caller
from shared.calendar import JAKARTA, format_month, now_utc, today_jakarta
from shared.http.answer import Answer, json_answer, json_response
from shared.http.bodies import Body, json_body
from shared.http.cursor import PageRequest, page_request
from shared.http.etag import Order, demand_current, etag, if_match
from shared.http.kinds import NOT_FOUND
from shared.http.transaction import reading, write_once
from shared.postgres.pool import Connection
from shared.problems import ProblemKind

router = APIRouter(prefix="/v1/quality-alerts", tags=["quality"])
EPOCH: Final = 1  # alerts are no facts: their order is the revision alone
LONGEST_ACCOUNT: Final = 80
ALERT_STEP: Final = ProblemKind(
    code="alert_step_not_allowed",
    status=409,
    title_id="Langkah ini tidak mungkin dari keadaan peringatan sekarang",
    title_en="This step is not possible from where the alert stands",
    remedy_id="Urutannya: raised, acknowledged, acted, closed. Baca ulang peringatannya.",
    remedy_en="The order is: raised, acknowledged, acted, closed. Read the alert again.",
)

# One line without control characters, of which PostgreSQL's text refuses one.
Words = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=3, max_length=500, pattern=r"^[^\x00-\x1f\x7f]+$")
]
Kind = Literal[REASONS]  # type: ignore[valid-type]


class AcknowledgeIn(Body):
    """Nothing to say: the account and the time are those of the request."""


class ActIn(Body):
    """What was done, as a code and in words."""

    action: Literal[
        "scale_checked", "scale_replaced", "board_checked", "remeasured", "measurer_trained", "birth_dates_checked",
        "entry_corrected", "other",
    ]  # fmt: skip
    note: Words


class CloseIn(Body):
    """How it ended, and what shows it."""

    outcome: Literal["resolved", "explained", "not_confirmed"]
    evidence: Words


@router.get("", summary="Alerts at the measuring of posyandu of the own area, the longest standing first")
async def get_alerts(
    request: Request,
    caller: Annotated[Caller, require("alerts:read")],  # noqa: ARG001 - the scope is the check
    page: Annotated[PageRequest, Depends(page_request)],
    area: Annotated[
        str | None, Query(json_schema_extra={"pattern": PLACE}, description="Area or posyandu"), code_form(PLACE)
    ] = None,
    state: Annotated[Literal["open", "raised", "acknowledged", "acted", "closed"] | None, Query()] = None,
    kind: Annotated[Kind | None, Query(description="Code of the reason")] = None,
) -> Response:
    """All states unless `state` asks; `overdue` says what should have been done by today; `etag` is for If-Match."""
    after = page.after(datetime, UUID)
    async with reading(request) as connection:
        found = await list_alerts(connection, area, state, kind, after, page.limit + 1)
    today = today_jakarta()
    return json_response(page.page([_shown(alert, today) for alert in found], "raised_at", "alert_id"))


@router.get("/{alert_id}", summary="One alert with everything that was done")
async def get_alert(
    request: Request,
    caller: Annotated[Caller, require("alerts:read")],
    alert_id: UUID,
) -> Response:
    """Words of people are shown to those who could have written them."""
    async with reading(request) as connection:
        alert = await find_alert(connection, alert_id)
        if alert is None:
            raise NOT_FOUND.problem()
        steps = await steps_of(connection, alert)
    if not caller.may("alerts:write"):
        for step in steps:
            del step["note"]
    shown = _shown(alert, today_jakarta())
    return json_response({**shown, "steps": steps}, headers={"ETag": shown["etag"]})


@router.post("/{alert_id}:acknowledge", summary="Say that somebody has taken the alert up")
async def post_acknowledge(
    request: Request,
    caller: Annotated[Caller, require("alerts:write")],
    alert_id: UUID,
    seen: Annotated[Order, Depends(if_match)],
    body: Annotated[AcknowledgeIn, json_body(AcknowledgeIn)],  # noqa: ARG001 - there is none, and no other
) -> Response:
    """The account is the caller's. 409 if it is not raised any more, 412 if it changed since."""
    return await _move(request, alert_id, seen, Step("acknowledged", _account(caller), now_utc()))


@router.post("/{alert_id}:act", summary="Say what was done")
async def post_act(
    request: Request,
    caller: Annotated[Caller, require("alerts:write")],
    alert_id: UUID,
    seen: Annotated[Order, Depends(if_match)],
    body: Annotated[ActIn, json_body(ActIn)],
) -> Response:
    """After it was acknowledged; may be told several times."""
    step = Step("acted", _account(caller), now_utc(), body.action, body.note)
    return await _move(request, alert_id, seen, step)


@router.post("/{alert_id}:close", summary="Close an alert, with what shows that it may be closed")
async def post_close(
    request: Request,
    caller: Annotated[Caller, require("alerts:write")],
    alert_id: UUID,
    seen: Annotated[Order, Depends(if_match)],
    body: Annotated[CloseIn, json_body(CloseIn)],
) -> Response:
    """After it was acknowledged. The same reason in a later month raises a new alert that names this one."""
    step = Step("closed", _account(caller), now_utc(), body.outcome, body.evidence)
    return await _move(request, alert_id, seen, step)


async def _move(request: Request, alert_id: UUID, seen: Order, step: Step) -> Response:
    """Answers are kept, so what people wrote is not in them."""

    async def effect(connection: Connection) -> Answer:
        alert = await find_alert(connection, alert_id, lock=True)
        if alert is None:
            raise NOT_FOUND.problem()
        demand_current(seen, (EPOCH, alert.revision))
        try:
            moved = await move_alert(connection, alert, step)
        except AlertStepError as error:
            raise ALERT_STEP.problem(f"Keadaannya {error.state}.", f"It is {error.state}.") from None
        shown = _shown(moved, today_jakarta())
        return json_answer(200, shown, {"ETag": shown["etag"]})

    return await write_once(request, effect)


def _account(caller: Caller) -> str:
    return caller.subject[:LONGEST_ACCOUNT]


def _shown(alert: Alert, today: date) -> dict[str, Any]:
    rules = load()
    reason = {name: value for name, value in alert.reason.items() if name != "code"}
    rule = rules.reasons.get(alert.kind)
    return {
        "alert_id": str(alert.alert_id),
        "posyandu_code": alert.posyandu_code,
        "desa_code": alert.desa_code,
        "kind": alert.kind,
        "state": alert.state,
        "first_month": format_month(alert.first_month),
        "last_month": format_month(alert.last_month),
        **reason,
        **(rule.words() if rule is not None else {}),
        "rules_version": alert.rules_version,
        "raised_at": alert.raised_at,
        "raised_again_from": alert.raised_again_from,
        "acknowledged_at": alert.acknowledged_at,
        "acted_at": alert.acted_at,
        "closed_at": alert.closed_at,
        "close_reason": alert.close_reason,
        "overdue": overdue(rules, alert, today, alert.raised_at.astimezone(JAKARTA).date()),
        "etag": etag(EPOCH, alert.revision),
    }
