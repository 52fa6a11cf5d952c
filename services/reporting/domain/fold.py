"""The fold: all revisions of the facts of children that belong together → what they count for, and since when.

A pure function of a *set* of revisions: order of arrival, duplicates and processing time cannot reach it. For each
instant at which something became known, the facts are taken as known then; equal neighbours are one version.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, datetime
from operator import attrgetter
from typing import NamedTuple
from uuid import UUID

from services.reporting.domain.case_course import CaseRevision, covering, covers, newest_cases
from services.reporting.domain.child_month import ChildMonth, child_month, in_figures, is_suspected, with_case
from services.reporting.domain.facts import (
    AssessmentRevision,
    ChildRevision,
    Judged,
    MeasurementRevision,
    Place,
    Slot,
    judge,
    precedence,
)
from services.reporting.domain.targets import Span, residence_on, target_place, target_spans
from services.reporting.domain.versions import RootMonth, Version, versions_of
from shared.calendar import month_of


class GroupFacts(NamedTuple):
    """Children that any revision ever merged with one another, and what is known of them."""

    children: list[ChildRevision]
    measurements: list[MeasurementRevision]
    assessments: list[AssessmentRevision]
    cases: list[CaseRevision]


ByMonth = dict[date, list[list[Judged]]]  # month → measurements, each with all its pairs
Roots = dict[UUID, ChildRevision]  # child → the child it counts as, itself or the one it was merged into


def newest(children: Iterable[ChildRevision]) -> dict[UUID, ChildRevision]:
    """The revision of each child with the highest order."""
    states: dict[UUID, ChildRevision] = {}
    for child in children:
        known = states.get(child.child_id)
        if known is None or (known.epoch, known.revision) < (child.epoch, child.revision):
            states[child.child_id] = child
    return states


def roots_of(children: Iterable[ChildRevision]) -> Roots:
    """Who counts among `children` (all known at one instant), and as whom.

    A merge is one hop: a survivor that is itself merged away, voided or not yet known counts nothing, nor do its own.
    Whether a survivor has a card is its own fact's word; where that says nothing, that of those merged into it.
    """
    states = newest(children)
    roots: Roots = {}
    for child_id, child in states.items():
        root = child if child.merged_into is None else states.get(child.merged_into)
        if root is not None and root.merged_into is None and not root.voided and not child.voided:
            roots[child_id] = root
    return roots if len(states) == 1 else _with_cards(roots, states)


def _with_cards(roots: Roots, states: Mapping[UUID, ChildRevision]) -> Roots:
    """`roots` with the word of those merged into them where their own fact says nothing: yes if one of them says so."""
    cards: dict[UUID, bool] = {}
    for child_id, root in roots.items():
        has_card = states[child_id].has_growth_card
        if root.has_growth_card is None and has_card is not None:
            cards[root.child_id] = has_card or cards.get(root.child_id, False)
    if not cards:
        return roots
    return {
        child_id: root._replace(has_growth_card=cards[root.child_id]) if root.child_id in cards else root
        for child_id, root in roots.items()
    }


def _history(children: Sequence[ChildRevision]) -> list[tuple[datetime, Roots]]:
    """Who counted, from each instant on at which a child fact became known."""
    if len(children) == 1:  # nearly every child
        return [(children[0].known_at, roots_of(children))]
    instants = sorted({child.known_at for child in children})
    return [(known, roots_of(child for child in children if child.known_at <= known)) for known in instants]


def judged_by_month(facts: GroupFacts) -> ByMonth:
    """The judged measurements of each month, every revision of them.

    A correction may move a measurement to another month: it is in both, since both must see all of its revisions.
    """
    months: ByMonth = {}
    if facts.assessments:
        for pairs in judge(facts.measurements, facts.assessments).values():
            for month in {pair.month for pair in pairs}:
                months.setdefault(month, []).append(pairs)
    return months


def fold_months(
    children: Sequence[ChildRevision], months: ByMonth, cases: Sequence[CaseRevision]
) -> list[Version[RootMonth, ChildMonth]]:
    """All versions of the child-months of a group in `months`."""
    versions: list[Version[RootMonth, ChildMonth]] = []
    history = _history(children) if months else []
    if history:
        for month in sorted(months):
            about = _cases_of(month, cases) if cases else ()
            versions += versions_of(_steps(month, history, months[month], about))
    return versions


def _cases_of(month: date, cases: Sequence[CaseRevision]) -> list[CaseRevision]:
    """All revisions of the cases that cover the month by any of them: one that takes it away must be seen, too."""
    ids = {case.case_id for case in cases if covers(case, month)}
    return [case for case in cases if case.case_id in ids]


def _steps(
    month: date,
    history: list[tuple[datetime, Roots]],
    measurements: list[list[Judged]],
    cases: Sequence[CaseRevision],
) -> Iterator[tuple[datetime, dict[RootMonth, ChildMonth]]]:
    """The month as known at each instant at which anything about it became known."""
    judged = {pair.known_at for pairs in measurements for pair in pairs}
    begins = max(min(judged), history[0][0])  # before, there was nothing to count, or nobody
    instants = {begins}
    instants.update(known for known in judged if known > begins)
    instants.update(known for known, _ in history if known > begins)
    of_cases = {case.known_at for case in cases if case.known_at > begins}
    step = 0
    content: dict[RootMonth, ChildMonth] = {}
    for known in sorted(instants | of_cases):
        while step + 1 < len(history) and history[step + 1][0] <= known:
            step += 1
        roots = history[step][1]
        if known in instants:  # else nothing but a case is new
            content = _content_at(known, month, roots, measurements)
        yield known, _with_cases(known, content, roots, cases) if cases else content


def _content_at(
    known: datetime, month: date, roots: Roots, measurements: list[list[Judged]]
) -> dict[RootMonth, ChildMonth]:
    counted: dict[UUID, list[Judged]] = {}
    for pairs in measurements:
        seen = [pair for pair in pairs if pair.known_at <= known]
        if not seen:
            continue
        pair = max(seen, key=attrgetter("order")) if len(seen) > 1 else seen[0]
        if pair.month == month and not pair.voided:
            root = roots.get(pair.measurement.child_id)
            if root is not None and in_figures(root, pair.measurement.measured_on):
                counted.setdefault(root.child_id, []).append(pair)
    content: dict[RootMonth, ChildMonth] = {}
    for root_id, judged in counted.items():
        root = roots[root_id]
        judged.sort(key=precedence, reverse=True)
        content[root_id, month] = child_month(root, target_place(root, month), judged)
    return content


def _with_cases(
    known: datetime, content: dict[RootMonth, ChildMonth], roots: Roots, cases: Sequence[CaseRevision]
) -> dict[RootMonth, ChildMonth]:
    """`content` with what the cases of each suspected root, known at the instant, say of the month."""
    if not any(map(is_suspected, content.values())):
        return content
    of_root: dict[UUID, list[CaseRevision]] = {}
    for case in newest_cases(case for case in cases if case.known_at <= known):
        root = roots.get(case.child_id)
        if root is not None:
            of_root.setdefault(root.child_id, []).append(case)
    told = dict(content)
    for (root_id, month), counted in content.items():
        speaks = covering(of_root.get(root_id, ()), month) if is_suspected(counted) else None
        if speaks is not None:
            told[root_id, month] = with_case(counted, speaks)
    return told


def fold_spans(children: Sequence[ChildRevision]) -> list[Version[RootMonth, Span]]:
    """All versions of the target spans of a group, by root and first month."""
    return versions_of((known, _spans_at(roots)) for known, roots in _history(children))


def _spans_at(roots: Roots) -> dict[RootMonth, Span]:
    counting = (root for child_id, root in roots.items() if root.child_id == child_id)
    return {(root.child_id, span.from_month): span for root in counting for span in target_spans(root)}


def spans_now(children: Sequence[ChildRevision]) -> dict[UUID, list[Span]]:
    """The spans of each root as its facts say now, ascending."""
    spans: dict[UUID, list[Span]] = {}
    for (root_id, _), span in _spans_at(roots_of(children)).items():
        spans.setdefault(root_id, []).append(span)
    return spans


class Waiting(NamedTuple):
    """A measurement that nobody has judged yet: the child it is of, and where and when it will count."""

    child_id: UUID
    place: Place
    month: date


def pending(facts: GroupFacts, unseen: AbstractSet[Slot] = frozenset()) -> list[Waiting]:
    """Measurements whose newest revision nobody has judged yet, as if the revisions `unseen` were not there.

    Counted where the child lived on that day, by what is known now; only measurements that could be in figures.
    """
    last: dict[UUID, MeasurementRevision] = {}
    for row in facts.measurements:
        known = last.get(row.measurement_id)
        if (known is None or (known.epoch, known.revision) < (row.epoch, row.revision)) and row.slot not in unseen:
            last[row.measurement_id] = row
    for assessment in facts.assessments:
        newest_revision = last.get(assessment.measurement_id)
        if newest_revision is not None and newest_revision.slot == assessment.judges and assessment.slot not in unseen:
            del last[assessment.measurement_id]
    if not last:
        return []
    roots = roots_of([child for child in facts.children if child.slot not in unseen])
    return [
        Waiting(row.child_id, residence_on(root, row.measured_on), month_of(row.measured_on))
        for row in last.values()
        if (root := roots.get(row.child_id)) is not None and in_figures(root, row.measured_on)
    ]
