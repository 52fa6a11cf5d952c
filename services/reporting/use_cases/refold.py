"""Fold groups of children again and make the stored rows say so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from services.reporting.domain.cells import any_filled, bucket_of
from services.reporting.domain.child_month import ChildMonth
from services.reporting.domain.fold import GroupFacts, PendingKey, fold_months, fold_spans, pending
from services.reporting.domain.targets import Span
from services.reporting.domain.versions import RootMonth, Version, compare
from services.reporting.store.generations import Target
from services.reporting.store.group_facts import Groups
from services.reporting.store.projection import Changes, read_months, read_spans, write_versions
from shared.postgres.pool import Connection

Months = Mapping[int, Collection[date] | None]  # of a group: those to fold, None = all of them and the spans


@dataclass
class Folded:
    """A fold of some groups. `waiting` is by child, so that a rebuild can count each child's in its own bucket."""

    months: list[Version[RootMonth, ChildMonth]] = field(default_factory=list)
    spans: list[Version[RootMonth, Span]] = field(default_factory=list)
    waiting: dict[UUID, Counter[PendingKey]] = field(default_factory=dict)


def fold(facts: Mapping[int, GroupFacts], months: Months) -> Folded:
    """Fold each group of `facts`."""
    folded = Folded()
    for number, group in facts.items():
        wanted = months[number]
        folded.months += fold_months(group, wanted)
        folded.waiting.update(pending(group, wanted))
        if wanted is None:
            folded.spans += fold_spans(group.children)
    return folded


def waiting_in(facts: Mapping[int, GroupFacts], months: Months) -> dict[UUID, Counter[PendingKey]]:
    """The pending measurements of each child."""
    waiting: dict[UUID, Counter[PendingKey]] = {}
    for number, group in facts.items():
        waiting.update(pending(group, months[number]))
    return waiting


async def store_fold(connection: Connection, target: Target, groups: Groups, months: Months, folded: Folded) -> Changes:
    """Write the versions of `folded` into the generation of `target`; the cells' changes are returned, not written.

    Groups of which the target holds no child yet are left to the rebuild that fills it.
    """
    members: dict[int, list[UUID]] = {}
    for child_id, number in groups.items():
        members.setdefault(number, []).append(child_id)
    filled = {number for number, children in members.items() if any_filled(children, target.buckets_done)}
    asked: list[RootMonth] = []
    whole: list[UUID] = []
    for number in filled:
        wanted = months[number]
        if wanted is None:
            whole += members[number]
        else:
            asked += [(child_id, month) for child_id in members[number] for month in wanted]
    changes = Changes()
    stored = await read_months(connection, target.generation, asked, whole)
    difference = compare(stored, [version for version in folded.months if groups[version.key[0]] in filled])
    changes.months = difference.write
    changes.months_gone = [(*key, known_from) for key, known_from in difference.gone]
    for sign, current in ((-1, difference.was_current), (1, difference.is_current)):
        for (_, month), content in current:
            changes.deltas.add_month(month, content, sign)
    if whole:
        stored_spans = await read_spans(connection, target.generation, whole)
        spans = compare(stored_spans, [version for version in folded.spans if groups[version.key[0]] in filled])
        changes.spans = spans.write
        changes.spans_gone = [(*key, known_from) for key, known_from in spans.gone]
        for sign, current_spans in ((-1, spans.was_current), (1, spans.is_current)):
            for _, span in current_spans:
                changes.deltas.add_span(span, sign)
    await write_versions(connection, target.generation, changes)
    return changes


def move_pending(
    changes: Changes,
    before: Mapping[UUID, Counter[PendingKey]],
    after: Mapping[UUID, Counter[PendingKey]],
    buckets: Sequence[int] | range,
) -> None:
    """Count the difference of pending measurements, of the children of `buckets` only."""
    for sign, counts in ((-1, before), (1, after)):
        for child_id, counter in counts.items():
            if bucket_of(child_id) in buckets:
                for (place, month), count in counter.items():
                    changes.deltas.add_pending(place, month, sign * count)
