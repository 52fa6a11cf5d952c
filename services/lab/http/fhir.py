"""`/fhir`: results as a FHIR R4 bundle of DiagnosticReport and Observation."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Request, Response

from services.lab.domain.reports import Reported
from services.lab.domain.result_problems import ResultProblem
from services.lab.formats.fhir_bundle import BundleRead, EntryRead, NotABundleError, read_bundle
from services.lab.formats.fhir_kept import kept_of
from services.lab.formats.fhir_outcome import Said, entry_of, issue_of, operation_outcome
from services.lab.http.answers import entry_of as entry_of_caller
from services.lab.http.answers import refusals
from services.lab.use_cases.take_message import REFUSED, Inbound, take_message
from services.lab.use_cases.take_reports import Taken
from shared.auth.dependency import require
from shared.auth.tokens import Caller
from shared.contracts.fact import new_fact_id
from shared.http.answer import Answer
from shared.http.bodies import JSON_LIMIT_BYTES, JSON_TYPES, raw_body
from shared.http.transaction import write_once
from shared.postgres.pool import Connection

router = APIRouter(tags=["results"])
FHIR: Final = "application/fhir+json"


@router.post("/fhir", summary="Report results as a FHIR bundle (transaction, batch, collection)")
async def post_bundle(
    request: Request,
    caller: Annotated[Caller, require("results:write")],
    content: Annotated[bytes, raw_body(JSON_TYPES, limit_bytes=JSON_LIMIT_BYTES)],
) -> Response:
    """200 with a Bundle, one OperationOutcome an entry; 422 with an OperationOutcome where nothing was taken.

    A `transaction` is taken as a whole or not at all; of the others each observation is judged by itself.
    """
    try:
        read = await asyncio.to_thread(read_bundle, content)
    except NotABundleError as error:
        return _answer(422, operation_outcome([issue_of(error.problem)])).response()

    async def effect(connection: Connection) -> Answer:
        stopped = read.atomic and any(entry.problems for entry in read.entries)
        inbound = Inbound(
            message_id=new_fact_id(),
            door="fhir",
            sha256=hashlib.sha256(content).digest(),
            kept=kept_of(content),
            rows=[] if stopped else [row for entry in read.entries for row in entry.rows],
            atomic=read.atomic,
            unread=[problem for entry in read.entries for problem in entry.problems],
        )
        with refusals():
            text = await take_message(connection, inbound, entry_of_caller(caller), lambda taken: _text(read, taken))
        answer = orjson.loads(text)
        return _answer(200 if answer["resourceType"] == "Bundle" else 422, answer)

    return await write_once(request, effect)


def _answer(status: int, resource: dict[str, Any]) -> Answer:
    return Answer(status, orjson.dumps(resource), {"content-type": FHIR})


def _text(read: BundleRead, taken: Sequence[Taken]) -> str:
    """The answer: a Bundle, or an OperationOutcome where an atomic one was refused."""
    rest = iter(taken)
    entries = []
    for entry in read.entries:
        said = [_said(row, became) for row, became in zip(entry.rows, rest, strict=False)] if taken else []
        entries.append((entry, said))
    if read.atomic and _refused(read.entries, taken):
        problems = [problem for entry, said in entries for problem in _problems(entry, said)]
        return orjson.dumps(operation_outcome(map(issue_of, problems))).decode()
    kind = "transaction-response" if read.atomic else "batch-response"
    answered = [entry_of(said, entry.problems) for entry, said in entries]
    return orjson.dumps({"resourceType": "Bundle", "type": kind, "entry": answered}).decode()


def _refused(entries: Sequence[EntryRead], taken: Sequence[Taken]) -> bool:
    return any(entry.problems for entry in entries) or any(each.outcome in REFUSED for each in taken)


def _problems(entry: EntryRead, said: Sequence[Said]) -> list[ResultProblem]:
    return [*entry.problems, *(problem for each in said if each.outcome in REFUSED for problem in each.problems)]


def _said(row: Reported, taken: Taken) -> Said:
    place = row.places[""]
    problems = [
        ResultProblem(problem.code, row.places.get(problem.field, place), problem.value, problem.facts)
        for problem in taken.problems
    ]
    return Said(place, taken.outcome, None if taken.fact is None else taken.fact.fact_id, problems)
