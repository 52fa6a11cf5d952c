"""Take what a laboratory's own system states: first reports, corrections and retractions, in whatever order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal
from uuid import UUID

import asyncpg

from services.lab.domain.reports import Reported, Stated, next_step
from services.lab.domain.result_problems import ResultProblem
from services.lab.domain.results import draw_of
from services.lab.store.catalogue import read_catalogue
from services.lab.store.held_results import lock_held, settle_held
from services.lab.store.learnt_words import read_learnt
from services.lab.store.reports import hold_sources, read_sources, stated_elsewhere, write_sources
from services.lab.store.results import NATURAL_KEY, RESULTS, draw_key, holders
from services.lab.use_cases.correct_results import correct_result, void_result
from services.lab.use_cases.entry import Entry, RefusedError
from services.lab.use_cases.new_result import NewResult
from services.lab.use_cases.record_results import Recorded, record_results
from services.lab.use_cases.stated_result import new_result_of, test_code
from shared.contracts.lab import LabResultV1
from shared.postgres.pool import Connection
from shared.refusals import StaleError

Outcome = Literal["accepted", "unchanged", "corrected", "retracted", "waiting", "superseded", "held", "conflict",
                  "rejected"]  # fmt: skip
# What a person can decide once for every row of it; everything else the laboratory has to say again.
DECIDED_LATER: Final = frozenset({"unit_missing", "unit_unknown", "unknown_test", "finding_unknown"})


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a statement. `fact` is the result as it stands now."""

    outcome: Outcome
    fact: LabResultV1 | None = None
    problems: tuple[ResultProblem, ...] = ()
    held_id: UUID | None = None


async def take_reports(connection: Connection, rows: Sequence[Reported], entry: Entry) -> list[Taken]:
    """What became of each row, in their order; `entry` is of a laboratory, else RefusedError.

    Statements of one observation are taken one after another, everything else of a message at once.
    """
    laboratory = entry.laboratory_code
    if laboratory is None:
        raise RefusedError(ResultProblem("no_laboratory", "laboratory"))
    catalogue = await read_catalogue(connection)
    learnt = await read_learnt(connection, laboratory)
    rows = [learnt.applied(row, catalogue) for row in rows]
    codes = [test_code(row, catalogue) for row in rows]
    sources = [row.source_id(code) for row, code in zip(rows, codes, strict=True)]
    await hold_sources(connection, laboratory, sources)
    taken: dict[int, Taken] = {}
    for turn in _turns(sources):
        known = await read_sources(connection, laboratory, [sources[index] for index in turn])
        first = await _results_of(connection, known, {sources[index]: rows[index].statement for index in turn})
        reported: dict[int, NewResult] = {}
        for index in turn:
            row, before = rows[index], known.get(sources[index])
            new = new_result_of(row, codes[index], laboratory, catalogue)
            if isinstance(new, ResultProblem):
                taken[index] = Taken("rejected", problems=(new,))
                continue
            done = await _judged(connection, row, new, (sources[index], before), first, entry)
            if isinstance(done, Taken):
                taken[index] = done
            else:
                reported[index] = done
        recorded = await record_results(connection, list(reported.values()), entry, DECIDED_LATER)
        for index, result in zip(reported, recorded, strict=True):
            taken[index] = _recorded(reported[index], result)
        last = {sources[index]: after for index in turn if (after := _after(rows[index], taken[index])) is not None}
        for source_id, after in last.items():
            before = known.get(source_id)
            if before is not None and before.held_id is not None and before.held_id != after.held_id:
                await _let_go(connection, before.held_id, entry)
        await write_sources(connection, laboratory, last)
    return [taken[index] for index in range(len(rows))]


def _turns(sources: Sequence[UUID]) -> Iterator[list[int]]:
    """Places of rows, so that no turn has two of one observation."""
    left = list(range(len(sources)))
    while left:
        first = {sources[index]: index for index in reversed(left)}
        turn = sorted(first.values())
        yield turn
        chosen = set(turn)
        left = [index for index in left if index not in chosen]


async def _judged(
    connection: Connection,
    row: Reported,
    new: NewResult,
    source: tuple[UUID, Stated | None],
    first: Mapping[UUID, LabResultV1],
    entry: Entry,
) -> Taken | NewResult:
    """What became of the row, or what is to be reported."""
    wrong = _of_another(row, new, source[1], first)
    if wrong is not None:
        return new.model_copy(update={"replaces": wrong.fact_id})
    if row.statement == "final":
        return _first_report(row, new, source[1], first)
    return await _step(connection, row, new, source, entry)


async def _results_of(
    connection: Connection, known: Mapping[UUID, Stated], said: Mapping[UUID, str]
) -> dict[UUID, LabResultV1]:
    """The results of observations that were retracted or of which a first report came (again), in one query."""
    ids = {
        each.result_id
        for source_id, each in known.items()
        if each.result_id is not None and (said[source_id] == "final" or each.statement == "retracted")
    }
    found = await RESULTS.find(connection, "fact_id = ANY($1)", sorted(ids)) if ids else []
    return {result.fact_id: result for result in found}


def _of_another(
    row: Reported, new: NewResult, known: Stated | None, results: Mapping[UUID, LabResultV1]
) -> LabResultV1 | None:
    """The result that was taken back because it was of somebody else, where the row says later whose it is.

    A retraction is the last word of whose it was; that the same number is another child's is no word about that.
    """
    if known is None or known.statement != "retracted" or row.statement not in {"final", "corrected"}:
        return None
    stored = results.get(known.result_id) if known.result_id is not None else None
    earlier = row.stated_at is not None and known.stated_at is not None and row.stated_at < known.stated_at
    return None if stored is None or earlier or _same_owner(new, stored) else stored


def _first_report(
    row: Reported, new: NewResult, known: Stated | None, results: Mapping[UUID, LabResultV1]
) -> Taken | NewResult:
    """What became of a first report, or the report itself: what else is stored of its draw is compared there."""
    step = next_step(known, row.statement, row.stated_at)
    if step in {"unchanged", "superseded"}:
        return Taken("unchanged" if step == "unchanged" else "superseded")
    stored = results.get(known.result_id) if known is not None and known.result_id is not None else None
    if stored is None:
        return new
    if stored.voided:
        return Taken("superseded", stored)
    same = _same_owner(new, stored) and new.test_code == stored.test_code and _same_draw(new, stored)
    return new if same else Taken("conflict", stored, (ResultProblem("value_conflict", "value"),))


async def _step(  # noqa: PLR0911 - one a case
    connection: Connection, row: Reported, new: NewResult, source: tuple[UUID, Stated | None], entry: Entry
) -> Taken | NewResult:
    """What became of a statement that is no first report; or what is to be reported, where it is the first word."""
    source_id, known = source
    step = next_step(known, row.statement, row.stated_at)
    if step in {"wait", "superseded", "unchanged"}:
        return Taken("waiting" if step == "wait" else "unchanged" if step == "unchanged" else "superseded")
    stored = await _stored(connection, new, source_id, known)
    if stored is None:
        return Taken("retracted") if row.statement == "retracted" else new
    if stored.voided:
        return Taken("unchanged" if step == "retract" else "superseded", stored)
    if row.statement == "retracted":
        if await stated_elsewhere(connection, stored.fact_id, source_id):
            return Taken("retracted", stored)  # another observation says the same, and stands
        return Taken("retracted", await _retracted(connection, stored, entry))
    if not _same_owner(new, stored):
        return new.model_copy(update={"replaces": stored.fact_id})
    return await _corrected(connection, stored, new, entry)


async def _stored(connection: Connection, new: NewResult, source_id: UUID, known: Stated | None) -> LabResultV1 | None:
    """The result that the statement is about: the observation's own, else what nobody else stated of this draw."""
    if known is not None and known.result_id is not None:
        found = await RESULTS.find(connection, "fact_id = $1", known.result_id)
        return found[0] if found else None
    owner, draw = new.order_id or new.child_id, draw_of(new.drawn_on, new.drawn_at)
    if owner is None or isinstance(draw, ResultProblem):
        return None
    holder = next(iter((await holders(connection, {(owner, new.test_code, draw.key)})).values()), None)
    if holder is None or await stated_elsewhere(connection, holder.fact_id, source_id):
        return None
    return holder


def _same_owner(new: NewResult, stored: LabResultV1) -> bool:
    return new.order_id == stored.order_id if new.order_id else new.child_id in {None, stored.child_id}


def _same_draw(new: NewResult, stored: LabResultV1) -> bool:
    draw = draw_of(new.drawn_on, new.drawn_at)
    return not isinstance(draw, ResultProblem) and draw.key == draw_key(stored)


async def _retracted(connection: Connection, stored: LabResultV1, entry: Entry) -> LabResultV1:
    try:
        return await void_result(connection, stored.fact_id, stored.order, "entered_in_error", entry)
    except StaleError as error:  # somebody was quicker; now it is locked
        return await void_result(connection, stored.fact_id, error.stored, "entered_in_error", entry)


async def _corrected(connection: Connection, stored: LabResultV1, new: NewResult, entry: Entry) -> Taken:
    """The stored result with the row's values; a place in a draw that another result holds is a conflict."""
    sent = new.model_dump(include={"test_code", "value", "comparator", "unit", "findings", "drawn_on", "drawn_at"})
    sent |= new.model_dump(include={"specimen", "method", "administered_at"}, exclude_none=True)
    try:
        async with connection.transaction():
            try:
                fact = await correct_result(connection, stored.fact_id, stored.order, sent, entry)
            except StaleError as error:
                fact = await correct_result(connection, stored.fact_id, error.stored, sent, entry)
    except RefusedError as error:
        return Taken("rejected", stored, error.problems)
    except asyncpg.UniqueViolationError as error:
        if error.constraint_name != NATURAL_KEY:
            raise
        return Taken("conflict", None, (ResultProblem("value_conflict", "value"),))
    return Taken("unchanged" if fact.order == stored.order else "corrected", fact)


def _recorded(new: NewResult, result: Recorded) -> Taken:
    outcome: Outcome = "corrected" if result.outcome == "accepted" and new.replaces else result.outcome
    return Taken(outcome, result.fact, result.problems, result.held_id)


def _after(row: Reported, taken: Taken) -> Stated | None:
    """The last word after this statement; None where it changed nothing."""
    if taken.outcome == "unchanged" and taken.fact is None:
        return None
    if taken.outcome not in {"accepted", "unchanged", "corrected", "retracted", "held"}:
        return None
    return Stated(row.statement, row.stated_at, taken.fact.fact_id if taken.fact else None, taken.held_id)


async def _let_go(connection: Connection, held_id: UUID, entry: Entry) -> None:
    """A held row that the laboratory itself has settled waits for nobody any more."""
    held = await lock_held(connection, held_id)
    if held is not None and held.state == "open":
        await settle_held(connection, held, "discarded", entry.known_at, entry.account, outcome="stated_again")
