"""`/v1/review`: rows that were held back, and what a person answers: as proposed, with other values, or rejected."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from services.measurement.domain.entry_problems import EntryProblem
from services.measurement.http.answers import entry_of, masked, refusals, vault_of
from services.measurement.http.requests import RejectIn, ReviewValues, stated
from services.measurement.store import quarantine
from services.measurement.store.fact_rows import ConcurrentChangeError
from services.measurement.store.intake_rows import RowOutcome
from services.measurement.store.quarantine import StoredHeldRow, Wanted
from services.measurement.store.vault import Vault
from services.measurement.use_cases.answer_held_rows import AlreadyAnsweredError, Answer, answer_held_rows
from services.measurement.use_cases.held_rows import opened
from services.measurement.use_cases.take_file_rows import place_book
from shared.auth.dependency import require
from shared.auth.tokens import Caller
from shared.http.answer import Answer as HttpAnswer
from shared.http.answer import json_answer, json_response
from shared.http.bodies import json_body
from shared.http.cursor import PageRequest, page_request
from shared.http.kinds import NOT_FOUND, NOT_NOW
from shared.http.transaction import reading, write_once
from shared.postgres.pool import Connection
from shared.problems import ProblemKind

router = APIRouter(prefix="/v1/review", tags=["intake"])
ALREADY_ANSWERED: Final = ProblemKind(
    "already_answered", 409, "Baris ini sudah dijawab", "This row has been answered",
    "Untuk membetulkan hasilnya, kirim koreksi (PATCH) atau pembatalan atas `measurement_id`.",
    "To put the result right, send a correction (PATCH) of `measurement_id`, or void it.",
)  # fmt: skip
# Who a child is stays sealed: the file itself, or its error file, says it to who may upload.
HIDDEN: Final = frozenset({"nik", "name", "parent_name", "address", "rt", "rw", "row_number"})


@router.get("", summary="Rows that wait for a person")
async def get_review(
    request: Request,
    _caller: Annotated[Caller, require("review:read")],
    page: Annotated[PageRequest, Depends(page_request)],
    state: Annotated[Literal["open", "resolved", "discarded"], Query()] = "open",
    channel: Annotated[Literal["api", "file"] | None, Query()] = None,
    reason: Annotated[str | None, Query(max_length=60)] = None,
    intake_id: Annotated[UUID | None, Query()] = None,
) -> Response:
    """Oldest first, of the caller's areas: why each is held back, what it says, and what was probably meant."""
    after = page.after(UUID)
    wanted = Wanted(state, channel, reason, intake_id)
    async with reading(request) as connection:
        held = await quarantine.list_held(connection, wanted, after[0] if after else None, page.limit + 1)
    vault = vault_of(request)
    return json_response(page.page([review_json(row, vault) for row in held], "review_id"))


@router.get("/counts", summary="How many rows wait, and why")
async def get_review_counts(
    request: Request,
    _caller: Annotated[Caller, require("review:read")],
    intake_id: Annotated[UUID | None, Query()] = None,
) -> Response:
    """By state, and the open ones by reason: `proposed` of them can be accepted with one answer (`/v1/review-jobs`)."""
    async with reading(request) as connection:
        return json_response(await quarantine.tally(connection, intake_id))


@router.get("/{review_id}", summary="One held row")
async def get_review_row(
    request: Request, _caller: Annotated[Caller, require("review:read")], review_id: UUID
) -> Response:
    """With what was decided, once it is."""
    async with reading(request) as connection:
        held = await quarantine.find(connection, review_id)
    if held is None:
        raise NOT_FOUND.problem()
    return json_response(review_json(held, vault_of(request)))


@router.post("/{review_id}:accept", summary="Take the row as proposed")
async def post_accept(
    request: Request, caller: Annotated[Caller, require("review:write")], review_id: UUID
) -> Response:
    """With the values under `proposed`; a row whose place was not known is looked up again."""
    return await _answered(request, caller, review_id, Answer("accepted", caller.subject, {}))


@router.post("/{review_id}:correct", summary="Take the row with other values")
async def post_correct(
    request: Request,
    caller: Annotated[Caller, require("review:write")],
    review_id: UUID,
    body: Annotated[ReviewValues, json_body(ReviewValues)],
) -> Response:
    """Fields left out stay as they were read; null empties one. 422 says what is still wrong, the row stays open."""
    return await _answered(request, caller, review_id, Answer("corrected", caller.subject, stated(body)))


@router.post("/{review_id}:reject", summary="Do not take the row")
async def post_reject(
    request: Request,
    caller: Annotated[Caller, require("review:write")],
    review_id: UUID,
    body: Annotated[RejectIn, json_body(RejectIn)],
) -> Response:
    """It counts as rejected, with the reason."""
    return await _answered(request, caller, review_id, Answer("rejected", caller.subject, {}, body.reason, body.note))


async def _answered(request: Request, caller: Caller, review_id: UUID, answer: Answer) -> Response:
    async def effect(connection: Connection) -> HttpAnswer:
        places = await place_book(connection, caller.areas.codes)
        entry, vault = entry_of(caller), vault_of(request)
        with refusals(), _conflicts():
            [result] = await answer_held_rows(connection, [review_id], answer, places, entry, vault)
            if isinstance(result, Exception):
                raise result
        return json_answer(200, _outcome_json(review_id, result))

    return await write_once(request, effect)


def _outcome_json(review_id: UUID, outcome: RowOutcome) -> dict[str, Any]:
    return {
        "review_id": str(review_id),
        "outcome": outcome.outcome,
        "child_id": _text(outcome.child_id),
        "measurement_id": _text(outcome.fact_id),
    }


@contextmanager
def _conflicts() -> Iterator[None]:
    try:
        yield
    except AlreadyAnsweredError as error:
        raise ALREADY_ANSWERED.problem(extra=_decision(error.held)) from None
    except ConcurrentChangeError:
        raise NOT_NOW.problem(headers={"Retry-After": "1"}) from None


def review_json(held: StoredHeldRow, vault: Vault) -> dict[str, Any]:
    """A held row as clients read it; who the child is stays masked."""
    content = opened(held, vault)
    identity = {name: content.fields[name] for name in ("nik", "name") if content.fields.get(name) is not None}
    return {
        "review_id": str(held.quarantine_id),
        "created_at": held.created_at.isoformat(),
        "channel": held.channel,
        "intake_id": _text(held.intake_id),
        "row_number": held.row_number,
        "problems": [
            EntryProblem(
                doubt.code, doubt.field, "quarantine", None if doubt.field in HIDDEN else doubt.value
            ).as_json()
            for doubt in content.doubts
        ],
        "values": {name: value for name, value in content.fields.items() if name not in HIDDEN},
        "identity": masked(identity),
        "proposed": dict(content.proposed),
        **_decision(held),
    }


def _decision(held: StoredHeldRow) -> dict[str, Any]:
    return {
        "state": held.state,
        "answer": held.answer,
        "reject_reason": held.reject_reason,
        "reject_note": held.reject_note,
        "settled_at": None if held.settled_at is None else held.settled_at.isoformat(),
        "child_id": _text(held.child_id),
        "measurement_id": _text(held.fact_id),
    }


def _text(value: UUID | None) -> str | None:
    return None if value is None else str(value)
