"""`/v1/held-results/groups`: held rows that wait for the same answer, settled at once; and what was learnt so."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from services.lab.domain.result_problems import ResultProblem
from services.lab.http.answers import entry_of, field_problems, refusals
from services.lab.http.requests import DecideIn, DiscardIn
from services.lab.store.held_groups import HeldGroup, list_groups
from services.lab.store.learnt_words import StoredWord, forget_word, list_words
from services.lab.use_cases.decide_held import Decision, decide_held, discard_group
from shared.auth.dependency import require
from shared.auth.tokens import Caller
from shared.http.answer import Answer, json_answer, json_response
from shared.http.bodies import json_body
from shared.http.cursor import PageRequest, page_request
from shared.http.kinds import NOT_FOUND
from shared.http.transaction import reading, write_once
from shared.postgres.pool import Connection

router = APIRouter(tags=["results"])
SHOWN_REFUSALS = 100


@router.get("/v1/held-results/groups", summary="Held rows counted by test, unit, laboratory and reason")
async def get_groups(request: Request, _caller: Annotated[Caller, require("results:write")]) -> Response:
    """The largest first, at most 500 groups; for who may settle them."""
    async with reading(request) as connection:
        found = await list_groups(connection)
    return json_response({"items": [_group_json(group) for group in found]})


@router.post("/v1/held-results/groups/{group_id}:decide", summary="Say what all rows of a group mean")
async def post_decide(
    request: Request,
    caller: Annotated[Caller, require("results:write")],
    group_id: UUID,
    body: Annotated[DecideIn, json_body(DecideIn)],
) -> Response:
    """Each row becomes a result, once; one that cannot stays open, with its problems. 404 where none is open."""
    decision = Decision(body.test_code, body.unit, tuple(body.findings or ()), body.remember)

    async def effect(connection: Connection) -> Answer:
        with refusals():
            done = await decide_held(connection, group_id, decision, entry_of(caller))
        learnt = [
            {"kind": word.kind, "test_code": word.test_code or None, "word": word.shown, "meaning": word.meaning}
            for word in done.learnt
        ]
        shown = [_refused_json(held_id, problems) for held_id, problems in done.refused[:SHOWN_REFUSALS]]
        counts = {"recorded": done.recorded, "unchanged": done.unchanged, "refused": len(done.refused)}
        return json_answer(200, {**counts, "learnt": learnt, "rows": shown})

    return await write_once(request, effect)


@router.post("/v1/held-results/groups/{group_id}:discard", summary="Take none of the rows of a group")
async def post_discard(
    request: Request,
    caller: Annotated[Caller, require("results:write")],
    group_id: UUID,
    body: Annotated[DiscardIn, json_body(DiscardIn)],
) -> Response:
    """They stay in the record with the reason."""

    async def effect(connection: Connection) -> Answer:
        with refusals():
            count = await discard_group(connection, group_id, body.reason, entry_of(caller))
        return json_answer(200, {"discarded": count})

    return await write_once(request, effect)


@router.get("/v1/learnt-words", summary="What was decided of a laboratory's own codes, units and findings")
async def get_words(
    request: Request,
    _caller: Annotated[Caller, require("results:write")],
    page: Annotated[PageRequest, Depends(page_request)],
) -> Response:
    """The newest first; each is followed in what comes by FHIR, HL7 and CSV."""
    after = page.after(datetime, UUID)
    async with reading(request) as connection:
        found = await list_words(connection, after, page.limit + 1)
    return json_response(page.page([_word_json(word) for word in found], "learnt_at", "word_id"))


@router.post("/v1/learnt-words/{word_id}:forget", summary="Follow a word no longer")
async def post_forget(
    request: Request, _caller: Annotated[Caller, require("results:write")], word_id: UUID
) -> Response:
    """Rows that come later wait for a person again; what was recorded stays."""

    async def effect(connection: Connection) -> Answer:
        if not await forget_word(connection, word_id):
            raise NOT_FOUND.problem()
        return json_answer(200, {"word_id": word_id, "forgotten": True})

    return await write_once(request, effect)


def _group_json(group: HeldGroup) -> dict[str, Any]:
    return {
        "group_id": group.group_id,
        "laboratory_code": group.laboratory_code,
        "reason": group.reason,
        "test": group.test,
        "unit": group.unit or None,
        "findings": list(group.findings),
        "rows": group.rows,
        "since": group.since,
    }


def _word_json(word: StoredWord) -> dict[str, Any]:
    return {
        "word_id": word.word_id,
        "laboratory_code": word.laboratory_code,
        "kind": word.kind,
        "test_code": word.test_code or None,
        "word": word.shown,
        "meaning": word.meaning,
        "learnt_at": word.learnt_at,
        "learnt_by": word.learnt_by,
    }


def _refused_json(held_id: UUID, problems: tuple[ResultProblem, ...]) -> dict[str, Any]:
    return {"held_id": held_id, "problems": [problem.as_json() for problem in field_problems(problems)]}
