"""From what use cases return or refuse to what goes over the wire, and from a request to an `Entry`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final

from services.lab.domain.catalogue import load
from services.lab.domain.criticals import escalation
from services.lab.domain.reference_ranges import Band
from services.lab.domain.result_problems import TEXTS, ResultProblem
from services.lab.store.held_results import Held
from services.lab.use_cases.entry import Entry, RefusedError, StateError
from services.lab.use_cases.held_results import AlreadySettledError
from services.lab.use_cases.record_results import Recorded
from services.lab.use_cases.reference_ranges import Reference
from shared.auth.tokens import Caller
from shared.calendar import now_utc
from shared.contracts.lab import CriticalValueV1, LabResultV1
from shared.http.etag import etag
from shared.http.refusals import fact_refusals
from shared.problems import FieldProblem, ProblemKind

RESULT_REFUSED: Final = ProblemKind(
    code="result_refused",
    status=422,
    title_id="Isian tidak dapat diterima",
    title_en="What was entered cannot be accepted",
    remedy_id="Perbaiki isian yang disebut di `errors`, lalu kirim ulang.",
    remedy_en="Correct what `errors` names and send it again.",
)
VALUE_CONFLICT: Final = ProblemKind(
    code="value_conflict",
    status=409,
    title_id="Hasil pengambilan ini sudah ada dengan nilai lain",
    title_en="This draw already has a result with another value",
    remedy_id=TEXTS["value_conflict"][2],
    remedy_en=TEXTS["value_conflict"][3],
)
ALERT_WITHDRAWN: Final = ProblemKind(
    code="alert_withdrawn",
    status=409,
    title_id="Nilai kritis ini sudah ditarik karena koreksi",
    title_en="This critical value was withdrawn by a correction",
    remedy_id="Tidak ada yang perlu dilakukan; baca hasil yang sudah dibetulkan.",
    remedy_en="There is nothing to do; read the corrected result.",
)
ALREADY_SETTLED: Final = ProblemKind(
    code="already_settled",
    status=409,
    title_id="Hasil yang ditahan ini sudah diselesaikan",
    title_en="This held result has been settled",
    remedy_id="Untuk membetulkan hasilnya, kirim koreksi (PATCH) atau penarikan atas `result_id`.",
    remedy_en="To put the result right, send a correction (PATCH) of `result_id`, or retract it.",
)
LONGEST_ACCOUNT: Final = 80


def entry_of(caller: Caller) -> Entry:
    """This request as an entry: the clock is read here and nowhere further in."""
    return Entry(now_utc(), caller.subject[:LONGEST_ACCOUNT], caller.areas)


def hidden_from(caller: Caller) -> frozenset[str]:
    """Tests whose results the caller is not told of."""
    return frozenset() if caller.may("results:confidential") else load().confidential


def hidden_orders(caller: Caller) -> frozenset[str]:
    """What the caller is not told was ordered, nor may ask for."""
    return frozenset() if caller.may("results:confidential") else load().confidential_orderables


def told(shown: dict[str, Any], hidden: frozenset[str]) -> dict[str, Any]:
    """An order as it is shown, without what is hidden: its tests, why they were added, their specimens."""
    if not hidden:
        return shown
    lists: dict[str, list[Any]] = {
        name: [each for each in shown[name] if each["orderable"] not in hidden]
        for name in ("tests", "additions", "cancellations")
        if name in shown
    }
    if "specimens" in shown:
        open_to_all = (
            (each, [code for code in each["orderables"] if code not in hidden]) for each in shown["specimens"]
        )
        lists["specimens"] = [{**each, "orderables": codes} for each, codes in open_to_all if codes]
    return {**shown, **lists}


@contextmanager
def refusals() -> Iterator[None]:
    """Around a use case: its refusals as problems 404, 409, 412, 422."""
    try:
        with fact_refusals():
            yield
    except AlreadySettledError as error:
        result_id = None if error.held.result_id is None else str(error.held.result_id)
        raise ALREADY_SETTLED.problem(extra={"state": error.held.state, "result_id": result_id}) from None
    except StateError as error:
        raise ALERT_WITHDRAWN.problem(extra={"state": error.state}) from None
    except RefusedError as error:
        raise RESULT_REFUSED.problem(errors=field_problems(error.problems)) from None


def field_problems(problems: Iterable[ResultProblem]) -> list[FieldProblem]:
    """Problems as problem+json lists them."""
    return [FieldProblem(problem.field, problem.code, *problem.texts(), value=problem.value) for problem in problems]


def recorded_json(result: Recorded) -> dict[str, Any]:
    """One row of a batch report."""
    shown: dict[str, Any] = {"outcome": result.outcome}
    if result.fact is not None:
        shown |= {"result_id": str(result.fact.fact_id), "revision": result.fact.revision}
    if result.outcome == "accepted" and result.fact is not None:
        shown |= {"value": result.fact.value, "canonical_unit": result.fact.canonical_unit}
        if result.fact.findings:
            shown["findings"] = list(result.fact.findings)
    if result.held_id is not None:
        shown["held_id"] = str(result.held_id)
    if result.problems:
        shown["problems"] = [problem.as_json() for problem in field_problems(result.problems)]
    return shown


def result_json(fact: LabResultV1) -> dict[str, Any]:
    """A result as clients read it."""
    fields = fact.model_dump(mode="json", exclude={"fact_id", "epoch"})
    return {"result_id": str(fact.fact_id), "etag": etag(*fact.order), **fields}


def band_json(band: Band) -> dict[str, Any]:
    """A band of a reference range."""
    return {
        "sex": band.sex,
        "from_months": band.from_months,
        "to_months": band.to_months,
        "low": None if band.low is None else float(band.low),
        "high": None if band.high is None else float(band.high),
    }


def reference_json(reference: Reference | None, unit: str | None) -> dict[str, Any] | None:
    """The laboratory's range beside a result. Shown only: what a value means for the child, scoring's rules say."""
    if reference is None:
        return None
    return {
        "position": reference.position,
        "band": None if reference.band is None else band_json(reference.band),
        "unit": unit,
        "laboratory_code": reference.ranges.laboratory_code,
        "valid_from": reference.ranges.valid_from,
        "source_text": reference.ranges.source_text,
        "note_id": "Rentang rujukan laboratorium, hanya ditampilkan: putusan mengikuti aturan penilaian.",
        "note_en": "The laboratory's reference range, shown only: verdicts follow the rules of scoring.",
    }


def held_json(held: Held) -> dict[str, Any]:
    """A held row as clients read it."""
    return {
        "held_id": held.held_id,
        "child_id": held.child_id,
        "received_at": held.received_at,
        "reported": held.reported,
        "reason": held.reason,
        "state": held.state,
        "result_id": held.result_id,
        "discard_reason": held.discard_reason,
        "settled_at": held.settled_at,
    }


def alert_json(fact: CriticalValueV1, now: datetime) -> dict[str, Any]:
    """A critical value as clients read it; `escalation` says whose turn it is while nobody has acknowledged it."""
    fields = fact.model_dump(mode="json", exclude={"fact_id", "epoch"})
    stands = escalation(load().escalation, fact.raised_at, now) if fact.state == "raised" else None
    return {
        "critical_value_id": str(fact.fact_id),
        "etag": etag(*fact.order),
        **fields,
        "escalation": None
        if stands is None
        else {
            "step": stands.step,
            "role": stands.role,
            "since": stands.since.isoformat(),
            "next_role": stands.next_role,
            "next_at": None if stands.next_at is None else stands.next_at.isoformat(),
        },
    }
