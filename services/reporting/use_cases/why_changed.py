"""Why an indicator of an area changed between two periods, by kinds of change. Read in the caller's one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from services.reporting.domain.areas import Entry
from services.reporting.domain.change_tally import KindOfChange, between_of
from services.reporting.domain.change_terms import Fraction, Term, add_up
from services.reporting.domain.facts import Place
from services.reporting.domain.figures import RATES, wilson
from services.reporting.domain.periods import Period
from services.reporting.domain.why_changed import (
    BETWEEN,
    SINCE_THEN,
    TERMS,
    Change,
    Counted,
    Stage,
    counted_of,
    reason_between,
    reason_since,
)
from services.reporting.store.changes import Changed, Compared, changed_children, kinds_of_change, kinds_since
from services.reporting.store.sums import sums_by_place, where_of
from services.reporting.use_cases.area_figures import Question, find_area, heading
from services.reporting.use_cases.find_tally import demand_countable
from services.reporting.use_cases.tally_kinds import CHANGES_KIND
from services.reporting.use_cases.tally_of_now import counted_at_of, tally_of_now
from shared.calendar import end_of_day
from shared.postgres.pool import Connection

CHILDREN_AT_ONCE: Final = 2_000  # judged before something else may run: the heartbeat shares the loop


@dataclass(frozen=True, slots=True)
class Comparison:
    """What is compared: `asked` is the later period; `known_then` a past day on which the earlier one was told."""

    asked: Question
    against: Period
    indicator: str
    known_then: date | None = None


class Judged(NamedTuple):
    """Children that count differently in one way, and why: since then, and between the periods."""

    marks: Changed
    change: Change
    since_then: str | None
    between: str | None


async def why_changed(connection: Connection, comparison: Comparison) -> dict[str, Any]:
    """The two figures and the terms that lead from one to the other exactly. Raises UnknownAreaError, TooLargeError."""
    asked = comparison.asked
    tree, entry = await find_area(connection, asked.code, asked.period)
    told = await _of_tally(connection, entry, comparison)
    if told is None:
        await demand_countable(connection, entry, asked)
        told = await _counted(connection, entry, comparison)
    then, now, after, since, between, counted_at = told
    first, second = add_up(then, since, SINCE_THEN), add_up(now, between, BETWEEN)
    return {
        **await heading(connection, tree, entry, asked),
        **comparison_json(comparison),
        **counted_at_of(entry, counted_at),
        "suppressed": False,
        "then": figure_json(then) if comparison.known_then is not None else None,
        "before": figure_json(now),
        "after": figure_json(after),
        "terms": [
            *(term_json(term, *TERMS[term.code]) for term in first if comparison.known_then is not None),
            *(term_json(term, *TERMS[term.code]) for term in second),
        ],
    }


class Found(NamedTuple):
    """The figures then, now and after, and the changes since then and between the periods."""

    then: Fraction
    now: Fraction
    after: Fraction
    since: list[KindOfChange]
    between: list[KindOfChange]
    counted_at: datetime | None = None  # None = now


async def _of_tally(connection: Connection, entry: Entry, comparison: Comparison) -> Found | None:
    """From a tally, of a month and the one before it as known now, and from who counted otherwise on a day before."""
    asked, known_then = comparison.asked, comparison.known_then
    if asked.as_of is not None or entry.entry != "area" or comparison.against != asked.period.shifted(-1):
        return None
    found = await tally_of_now(connection, CHANGES_KIND, entry.code, asked.period)
    if found is None or (known_then is not None and found.counted_at is not None):
        return None
    now, after, between = between_of(found.tally, entry.code, comparison.indicator)
    if known_then is None:
        return Found(now, now, after, [], between, found.counted_at)
    about = entry.code, (comparison.against.first, asked.period.first), end_of_day(known_then), comparison.indicator
    since: list[KindOfChange] = []
    for change, children in await kinds_since(connection, *about):
        reason = reason_since(change)
        if reason is not None:
            since.append((reason, change.then, change.before, children))
    added = [sum(kind[3] * (kind[2][side] - kind[1][side]) for kind in since) for side in (0, 1)]
    then = Fraction(now.numerator - added[0], now.denominator - added[1])
    return Found(then, now, after, since, between)


async def _counted(connection: Connection, entry: Entry, comparison: Comparison) -> Found:
    """From the children."""
    asked = comparison.asked
    compared, where = _compared(comparison), where_of(entry)
    judged = await _judge(await kinds_of_change(connection, where, compared, comparison.indicator), entry, comparison)
    now = await _fraction(connection, entry, comparison, comparison.against, asked.as_of)
    after = await _fraction(connection, entry, comparison, comparison.asked.period, asked.as_of)
    then = now
    if comparison.known_then is not None:
        then = await _fraction(connection, entry, comparison, comparison.against, comparison.known_then)
    since = [(kind.since_then, *kind.change[1:3], kind.marks.children) for kind in judged if kind.since_then]
    between = [(kind.between, *kind.change[2:4], kind.marks.children) for kind in judged if kind.between]
    return Found(then, now, after, since, between)


async def children_of_term(
    connection: Connection, comparison: Comparison, term: str, after: UUID | None, limit: int
) -> list[dict[str, Any]]:
    """Up to `limit` children of a term by id, with how they count and their scores in both periods."""
    _, entry = await find_area(connection, comparison.asked.code, comparison.asked.period)
    await demand_countable(connection, entry, comparison.asked)
    compared, where = _compared(comparison), where_of(entry)
    judged = await _judge(await changed_children(connection, where, compared, comparison.indicator), entry, comparison)
    of_term = (item for item in judged if term in (item.since_then, item.between))
    chosen = [item for item in of_term if after is None or item.marks.child_id > after]
    return [_child(item) for item in chosen[:limit]]


async def _judge(changed: Sequence[Changed], entry: Entry, comparison: Comparison) -> list[Judged]:
    periods = (comparison.against, comparison.asked.period)
    inside = _inside(entry)
    judged: list[Judged] = []
    for number, row in enumerate(changed):
        then_counts, before, after = (counted_of(known, comparison.indicator) for known in row[1:4])
        away = row.away_then, row.away_before, row.away_after
        change = Change(row.child_id, then_counts, before, after, *away, linked=row.linked)
        judged.append(Judged(row, change, reason_since(change), reason_between(change, row.fact, periods, inside)))
        if number % CHILDREN_AT_ONCE == CHILDREN_AT_ONCE - 1:
            await asyncio.sleep(0)
    return judged


def _compared(comparison: Comparison) -> Compared:
    now = end_of_day(comparison.asked.as_of) if comparison.asked.as_of is not None else None
    then = end_of_day(comparison.known_then) if comparison.known_then is not None else now
    return Compared(comparison.against, comparison.asked.period, then, now)


def _inside(entry: Entry) -> Callable[[Place], bool]:
    """The rule of `where_of`, for one place."""
    if entry.entry == "posyandu":
        return lambda place: place.posyandu_code == entry.code
    if entry.entry == "puskesmas":
        served = set(entry.desa_codes)
        return lambda place: (place.posyandu_code.rpartition(".")[0] or place.desa_code) in served
    return lambda place: place.desa_code == entry.code or place.desa_code.startswith(f"{entry.code}.")


async def _fraction(
    connection: Connection, entry: Entry, comparison: Comparison, period: Period, known: date | None
) -> Fraction:
    before = end_of_day(known) if known is not None else None
    places = await sums_by_place(connection, where_of(entry), period, before, "own")
    return Fraction(*(sum(place.counts[name] for place in places) for name in RATES[comparison.indicator]))


def comparison_json(comparison: Comparison) -> dict[str, Any]:
    """What is compared."""
    known_then = comparison.known_then
    return {
        "against": str(comparison.against),
        "indicator": comparison.indicator,
        "known_then": known_then.isoformat() if known_then is not None else None,
    }


def figure_json(fraction: Fraction) -> dict[str, Any]:
    """A figure with its share and interval."""
    interval = wilson(*fraction)
    return {
        **fraction._asdict(),
        "share": fraction.share,
        "low": interval.low if interval is not None else None,
        "high": interval.high if interval is not None else None,
    }


def term_json(term: Term, stage: Stage, text_id: str, text_en: str) -> dict[str, Any]:
    """A term as readers see it."""
    return {
        "code": term.code,
        "stage": stage,
        "text_id": text_id,
        "text_en": text_en,
        "numerator": term.numerator,
        "denominator": term.denominator,
        "children": term.children,
        "share_change": term.share,
    }


def _child(item: Judged) -> dict[str, Any]:
    def told(counted: Counted) -> str:
        if counted.denominator:
            return "with_finding" if counted.numerator else "without_finding"
        return "flagged" if counted.flagged else "not_counted"

    return {
        "child_id": str(item.marks.child_id),
        "then": told(item.change.then),
        "before": told(item.change.before),
        "after": told(item.change.after),
        "score_before": item.marks.score_before,
        "score_after": item.marks.score_after,
    }
