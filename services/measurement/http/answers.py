"""From what use cases return or refuse to what goes over the wire, and from a request to an `Entry`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final
from uuid import UUID

from fastapi import Request

from services.measurement.domain.entry_problems import EntryProblem, words_of
from services.measurement.domain.nik import mask_nik
from services.measurement.store import identities
from services.measurement.store.children import CHILDREN
from services.measurement.store.identities import Reader
from services.measurement.store.vault import Identity, Vault
from services.measurement.use_cases.entry import Entry, RefusedError
from services.measurement.use_cases.record_measurements import Recorded
from shared.auth.tokens import Caller
from shared.calendar import now_utc, today_jakarta
from shared.contracts.child import ChildV1, MeasurementV1
from shared.http.etag import etag
from shared.http.kinds import NOT_FOUND
from shared.http.refusals import fact_refusals
from shared.postgres.pool import Connection
from shared.problems import FieldProblem, ProblemKind

ENTRY_REFUSED: Final = ProblemKind(
    code="entry_refused",
    status=422,
    title_id="Isian tidak dapat diterima",
    title_en="What was entered cannot be accepted",
    remedy_id="Perbaiki isian yang disebut di `errors`, lalu kirim ulang.",
    remedy_en="Correct what `errors` names and send it again.",
)
VALUE_CONFLICT: Final = ProblemKind(
    code="value_conflict",
    status=409,
    title_id="Sudah ada pengukuran hari itu dengan nilai lain",
    title_en="There is a measurement of that day with other values",
    remedy_id=words_of("value_conflict").remedy_id + ".",
    remedy_en=words_of("value_conflict").remedy_en + ".",
)
LONGEST_SOURCE: Final = 80


def entry_of(caller: Caller, reason_text: str | None = None) -> Entry:
    """This request as an entry: the clock is read here and nowhere further in."""
    source = caller.client_id[:LONGEST_SOURCE]
    return Entry(now_utc(), today_jakarta(), "api", source, caller.areas, caller.subject, reason_text)


def reader_of(caller: Caller, purpose: str) -> Reader:
    """The caller as the access log names it."""
    return Reader(caller.subject, caller.client_id, caller.role, purpose)


def vault_of(request: Request) -> Vault:
    """The process's vault."""
    vault: Vault = request.app.state.vault
    return vault


@contextmanager
def refusals() -> Iterator[None]:
    """Around a use case: its refusals as problems 404, 412, 422."""
    try:
        with fact_refusals():
            yield
    except RefusedError as error:
        raise ENTRY_REFUSED.problem(errors=field_problems(error.problems)) from None


def field_problems(problems: Iterable[EntryProblem]) -> list[FieldProblem]:
    """Entry problems as problem+json lists them."""
    found = []
    for problem in problems:
        words = words_of(problem.code)
        found.append(
            FieldProblem(
                field=problem.field,
                code=problem.code,
                problem_id=words.text_id,
                problem_en=words.text_en,
                remedy_id=words.remedy_id,
                remedy_en=words.remedy_en,
                value=problem.value,
            )
        )
    return found


def recorded_json(result: Recorded) -> dict[str, Any]:
    """One row of a batch report."""
    shown: dict[str, Any] = {"outcome": result.outcome}
    if result.fact is not None:
        shown["measurement_id"] = str(result.fact.fact_id)
        shown["revision"] = result.fact.revision
    if result.problems:
        shown["problems"] = [problem.as_json() for problem in result.problems]
    if result.survivor_id is not None:
        shown["survivor_id"] = str(result.survivor_id)
    return shown


def measurement_json(fact: MeasurementV1) -> dict[str, Any]:
    """A measurement as clients read it."""
    fields = fact.model_dump(mode="json", exclude={"fact_id", "epoch"})
    return {"measurement_id": str(fact.fact_id), "etag": etag(*fact.order), **fields}


def child_json(child: ChildV1) -> dict[str, Any]:
    """A child as clients read it, without its identity."""
    fields = child.model_dump(mode="json", exclude={"fact_id", "epoch"})
    return {"etag": etag(*child.order), **fields}


async def visible_child(
    connection: Connection, request: Request, caller: Caller, child_id: UUID
) -> tuple[ChildV1, Identity]:
    """A child of the caller's area and its identity, opened; empty where it is erased. Problem 404."""
    found = await CHILDREN.find(connection, [child_id])
    if not found or not caller.areas.covers(found[0].residences[-1].desa_code, found[0].residences[-1].posyandu_code):
        raise NOT_FOUND.problem()
    sealed = (await identities.find(connection, [child_id])).get(child_id)
    return found[0], {} if sealed is None else vault_of(request).open_identity(child_id, sealed.sealed)


def masked(identity: Identity) -> dict[str, str | None]:
    """An identity for who may not read it: that there is an NIK and how it ends, nothing else."""
    nik = identity.get("nik")
    return {"nik": None if nik is None else mask_nik(nik), "name": None}


def flags_json(codes: Iterable[str]) -> list[dict[str, str]]:
    """Doubts as clients read them: the code with its texts."""
    found = []
    for code in codes:
        words = words_of(code)
        found.append({"code": code, "text_id": words.text_id, "text_en": words.text_en})
    return found


def tally(outcomes: Sequence[str], names: Sequence[str]) -> dict[str, int]:
    """How many of each."""
    return {name: outcomes.count(name) for name in names}
