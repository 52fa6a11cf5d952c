"""`/v1/household-risks` and `/v1/children/{id}/household-risk`: what is known of families, one by one or as a file."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field

from services.measurement.domain.entry_problems import EntryProblem
from services.measurement.domain.nik import mask_nik
from services.measurement.formats.household_file import HouseholdLine, read_households, read_line
from services.measurement.formats.table import FileRefusedError
from services.measurement.http.answers import ENTRY_REFUSED, child_json, entry_of, field_problems, refusals, vault_of
from services.measurement.http.requests import ReasonText
from services.measurement.store import households
from services.measurement.store.households import StoredHousehold
from services.measurement.store.vault import Vault
from services.measurement.use_cases.entry import Entry
from services.measurement.use_cases.state_households import state_household, state_households
from services.measurement.use_cases.take_households import HouseholdRow, TakenHousehold, opened_cells, take_households
from shared.auth.dependency import require
from shared.auth.tokens import Caller
from shared.contracts.child import Answer as AnswerWord
from shared.contracts.child import HouseholdAnswer, HouseholdRisk, HouseholdSource
from shared.http.answer import Answer, json_answer, json_response
from shared.http.bodies import Body, json_body, raw_body
from shared.http.cursor import PageRequest, page_request
from shared.http.etag import Order, etag, if_match
from shared.http.kinds import NOT_FOUND
from shared.http.transaction import reading, write_once, writing
from shared.postgres.pool import Connection
from shared.problems import ProblemKind

router = APIRouter(tags=["children"])
FILE_LIMIT_BYTES: Final = 5_000_000
FILE_SOURCE: Final[HouseholdSource] = "bkkbn"
NOT_HOUSEHOLDS: Final = ProblemKind(
    code="not_a_household_file",
    status=422,
    title_id="Berkas bukan tabel risiko keluarga, atau lebih dari 5.000 baris",
    title_en="The file is no table of household risks, or has more than 5,000 rows",
    remedy_id="Kirim CSV dengan kolom nik atau child_id, as_of, dan risiko (misalnya no_proper_water) berisi ya/tidak.",
    remedy_en="Send CSV with columns nik or child_id, as_of, and risks (such as no_proper_water) that say ya or tidak.",
)
ROW_ANSWERED: Final = ProblemKind(
    code="already_answered",
    status=409,
    title_id="Baris ini sudah dijawab",
    title_en="This row has been answered",
    remedy_id="Untuk membetulkan, kirim `PUT /v1/children/{id}/household-risk` dengan `as_of` sama atau lebih baru.",
    remedy_en="To put it right, send `PUT /v1/children/{id}/household-risk` with the same `as_of` or a later one.",
)


class HouseholdIn(Body):
    """What was found in a family on a day; a risk that is not named stays as it was."""

    as_of: date
    source: HouseholdSource
    answers: Annotated[dict[HouseholdRisk, AnswerWord], Field(min_length=1)]
    reason_text: ReasonText | None = None


class AssignIn(Body):
    """Whose family a held row speaks of."""

    child_id: UUID


@router.put("/v1/children/{child_id}/household-risk", summary="What is known of a child's family")
async def put_household(
    request: Request,
    caller: Annotated[Caller, require("children:write")],
    child_id: UUID,
    seen: Annotated[Order, Depends(if_match)],
    body: Annotated[HouseholdIn, json_body(HouseholdIn)],
) -> Response:
    """Yes, no or unknown for each risk, with source and day; the later day holds. No tier follows from it."""
    answers = [
        HouseholdAnswer(risk=risk, answer=answer, as_of=body.as_of, source=body.source)
        for risk, answer in body.answers.items()
    ]
    with refusals():
        async with writing(request) as connection:
            child = await state_household(connection, child_id, seen, answers, entry_of(caller, body.reason_text))
    shown = {name: value for name, value in child_json(child).items() if name in {"household", "household_risks"}}
    return json_response(
        {"child_id": str(child.child_id), "revision": child.revision, **shown}, headers={"ETag": etag(*child.order)}
    )


@router.post("/v1/household-risks", summary="A file of families at risk (CSV)")
async def post_households(
    request: Request,
    caller: Annotated[Caller, require("intake:write")],
    content: Annotated[bytes, raw_body(["text/csv"], limit_bytes=FILE_LIMIT_BYTES)],
) -> Response:
    """A report in the order of the rows; a row about nobody we know, or that cannot be read, waits for a person."""
    try:
        rows = [_row(line) for line in read_households(content)]
    except FileRefusedError as error:
        raise NOT_HOUSEHOLDS.problem(extra={"reason": error.code}) from None

    async def effect(connection: Connection) -> Answer:
        taken = await take_households(connection, rows, entry_of(caller), vault_of(request))
        return json_answer(200, _report(taken))

    return await write_once(request, effect)


@router.get("/v1/household-risks/held", summary="Rows about families that wait for a person")
async def get_held(
    request: Request,
    _caller: Annotated[Caller, require("review:read")],
    page: Annotated[PageRequest, Depends(page_request)],
) -> Response:
    """Oldest first, of the caller's areas: why each waits and what it says; an NIK shows its last four digits."""
    after = page.after(UUID)
    async with reading(request) as connection:
        held = await households.list_held(connection, after[0] if after else None, page.limit + 1)
    vault = vault_of(request)
    return json_response(page.page([_held_json(row, vault) for row in held], "held_id"))


@router.post("/v1/household-risks/held/{held_id}:assign", summary="Say whose family a held row speaks of")
async def post_assign(
    request: Request,
    caller: Annotated[Caller, require("review:write")],
    held_id: UUID,
    body: Annotated[AssignIn, json_body(AssignIn)],
) -> Response:
    """The row is taken for that child; 422 where it still cannot be read, and it stays open."""

    async def effect(connection: Connection) -> Answer:
        held, entry = await _open_row(connection, held_id), entry_of(caller)
        cells = {**opened_cells(held_id, held, vault_of(request)), "child_id": str(body.child_id)}
        row = _row(read_line(held.line, cells))
        if row.problem is not None:
            raise ENTRY_REFUSED.problem(errors=field_problems([row.problem]))
        state = (await state_households(connection, {body.child_id: row.answers}, entry))[body.child_id]
        if isinstance(state, EntryProblem):
            raise ENTRY_REFUSED.problem(errors=field_problems([state]))
        return await _settled(connection, held, body.child_id, entry)

    return await write_once(request, effect)


@router.post("/v1/household-risks/held/{held_id}:discard", summary="Do not take a held row")
async def post_discard(request: Request, caller: Annotated[Caller, require("review:write")], held_id: UUID) -> Response:
    """It is kept, and waits no more."""

    async def effect(connection: Connection) -> Answer:
        return await _settled(connection, await _open_row(connection, held_id), None, entry_of(caller))

    return await write_once(request, effect)


async def _open_row(connection: Connection, held_id: UUID) -> StoredHousehold:
    held = await households.lock_held(connection, held_id)
    if held is None:
        raise NOT_FOUND.problem()
    if held.state != "open":
        raise ROW_ANSWERED.problem()
    return held


async def _settled(connection: Connection, held: StoredHousehold, child_id: UUID | None, entry: Entry) -> Answer:
    state: Literal["taken", "discarded"] = "discarded" if child_id is None else "taken"
    await households.settle(connection, held.held_id, state, child_id, entry.subject, entry.known_at)
    return json_answer(200, {"held_id": held.held_id, "state": state, "child_id": child_id})


def _row(line: HouseholdLine) -> HouseholdRow:
    answers = tuple(
        HouseholdAnswer.model_validate({"risk": risk, "answer": answer, "as_of": line.as_of, "source": FILE_SOURCE})
        for risk, answer in line.answers
    )
    problem = None if line.problem is None else EntryProblem(line.problem, line.field)
    return HouseholdRow(line.line, line.cells, line.child_id, line.nik, answers, problem)


def _report(taken: Sequence[TakenHousehold]) -> dict[str, Any]:
    outcomes = [row.outcome for row in taken]
    return {
        "received": len(taken),
        **{name: outcomes.count(name) for name in ("accepted", "unchanged", "held")},
        "rows": [
            {
                "line": row.line,
                "outcome": row.outcome,
                "child_id": row.child_id,
                "held_id": row.held_id,
                "problems": [] if row.problem is None else [row.problem.as_json()],
            }
            for row in taken
        ],
    }


def _held_json(held: StoredHousehold, vault: Vault) -> dict[str, Any]:
    cells = opened_cells(held.held_id, held, vault)
    if cells.get("nik"):
        cells["nik"] = mask_nik(cells["nik"])
    problem = EntryProblem(held.reason, "row").as_json()
    return {
        "held_id": str(held.held_id),
        "created_at": held.created_at,
        "source": held.source,
        "line": held.line,
        "reason": held.reason,
        "problem": problem,
        "cells": cells,
    }
