"""Interventions as they go over the wire, and what refuses them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from services.measurement.domain.entry_problems import words_of
from services.measurement.http.answers import refusals
from services.measurement.http.intervention_requests import InterventionIn
from services.measurement.store.counts import IntakeCount
from services.measurement.use_cases.change_interventions import InterventionConflictError
from services.measurement.use_cases.record_interventions import RecordedIntervention
from shared import metrics
from shared.contracts.intervention import PARTS, InterventionV1
from shared.http.etag import etag
from shared.http.row_batch import RowBatch
from shared.problems import Problem, ProblemKind

INTERVENTION_CONFLICT: Final = ProblemKind(
    code="intervention_conflict",
    status=409,
    title_id="Intervensi yang sama sudah ada pada masa itu",
    title_en="The same intervention is there at that time already",
    remedy_id=words_of("intervention_conflict").remedy_id + ".",
    remedy_en=words_of("intervention_conflict").remedy_en + ".",
)


def intervention_json(fact: InterventionV1) -> dict[str, Any]:
    """An intervention as clients read it: its part, first and last day; `state` follows from the last day."""
    fields = fact.model_dump(mode="json", exclude={"fact_id", "epoch", *(set(PARTS) - {fact.type})})
    last = fact.part.last_day
    return {
        "intervention_id": str(fact.fact_id),
        "etag": etag(*fact.order),
        **fields,
        "began_on": fact.part.first_day.isoformat(),
        "ended_on": None if last is None else last.isoformat(),
        "state": "open" if last is None else "ended",
    }


@contextmanager
def intervention_refusals() -> Iterator[None]:
    """Around a use case: its refusals as problems 404, 409, 412, 422."""
    try:
        with refusals():
            yield
    except InterventionConflictError as error:
        raise conflict_problem(error.met) from None


def conflict_problem(met: InterventionV1) -> Problem:
    """Problem 409, naming what is there already."""
    last = met.part.last_day
    stored = {
        "intervention_id": str(met.fact_id),
        "etag": etag(*met.order),
        "began_on": met.part.first_day.isoformat(),
        "ended_on": None if last is None else last.isoformat(),
    }
    return INTERVENTION_CONFLICT.problem(extra=stored)


def recorded_json(result: RecordedIntervention) -> dict[str, Any]:
    """One row of a batch report."""
    shown: dict[str, Any] = {"outcome": result.outcome}
    if result.fact is not None:
        shown["intervention_id"] = str(result.fact.fact_id)
        shown["revision"] = result.fact.revision
    if result.problems:
        shown["problems"] = [problem.as_json() for problem in result.problems]
    if result.survivor_id is not None:
        shown["survivor_id"] = str(result.survivor_id)
    return shown


def order_json(fact: InterventionV1) -> dict[str, Any]:
    """What a change answers: which revision there is now, and where it stands."""
    return {
        "intervention_id": str(fact.fact_id),
        "revision": fact.revision,
        "state": "open" if fact.part.last_day is None else "ended",
        "voided": fact.voided,
    }


def report_json(
    body: RowBatch[InterventionIn], results: Sequence[RecordedIntervention], count: IntakeCount
) -> dict[str, Any]:
    """The report of a batch, in the order of its rows."""
    for name in ("accepted", "unchanged", "rejected"):
        metrics.INTAKE_ROWS.labels(name, "batch").inc(getattr(count, name))
    return {
        "received": count.received,
        "accepted": count.accepted,
        "unchanged": count.unchanged,
        "rejected": count.rejected,
        "rows": body.report(map(recorded_json, results)),
    }
