"""From versions that change to cells that move: months, and the long periods that follow from them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple
from uuid import UUID

from services.reporting.domain.cells import ChildState, Deltas
from services.reporting.domain.changes import changed_targets
from services.reporting.domain.child_month import ChildMonth
from services.reporting.domain.fold import GroupFacts, spans_now
from services.reporting.domain.period_months import MonthPart, part_of
from services.reporting.domain.periods import YEAR, period_of
from services.reporting.domain.targets import Span
from services.reporting.domain.versions import Difference, RootMonth, Version
from services.reporting.store.generations import Target
from services.reporting.store.projection import read_parts
from shared.postgres.pool import Connection

Before = dict[tuple[int, UUID], dict[date, MonthPart]]  # by generation and root: what its months count for


class Move(NamedTuple):
    """What the stored versions of a generation become."""

    target: Target
    months: Difference[RootMonth, ChildMonth]
    spans: Difference[RootMonth, Span]


@dataclass(slots=True)
class _Change:
    """Months and spans of one root that stop being current, and those that are from now on."""

    gone_months: set[date] = field(default_factory=set)
    new_months: dict[date, MonthPart] = field(default_factory=dict)
    old_spans: list[Span] = field(default_factory=list)
    new_spans: dict[date, Span] = field(default_factory=dict)

    @property
    def months(self) -> set[date]:
        """Months that count for something else than before."""
        return self.gone_months | self.new_months.keys()

    def of(self, parts: Mapping[date, MonthPart], spans: Mapping[date, Span]) -> ChildState:
        """What the child counts for after it."""
        left = {month: part for month, part in parts.items() if month not in self.gone_months}
        gone = {span.from_month for span in self.old_spans}
        stay = {month: span for month, span in spans.items() if month not in gone}
        return ChildState(left | self.new_months, _ascending(stay | self.new_spans))


async def read_before(
    connection: Connection,
    moves: Sequence[Move],
    stored: Mapping[int, Iterable[Version[RootMonth, ChildMonth]]],
    members: Collection[UUID],
) -> Before:
    """What counts before the `moves` of the children that they change. Ask before they are written.

    Of `members`, whose months are all `stored`, every month; of others those of the years in which something changes.
    """
    years = {
        (root_id, period_of(month, YEAR))
        for move in moves
        for (root_id, month), _ in (*move.months.was_current, *move.months.is_current)
        if root_id not in members
    }
    before = await read_parts(connection, years) if years else {}
    for generation, versions in stored.items() if members else ():
        for version in versions:
            root_id, month = version.key
            if version.known_to is None and root_id in members:
                before.setdefault((generation, root_id), {})[month] = part_of(version.content)
    return before


def move_cells(
    deltas: Deltas,
    move: Move,
    before: Before,
    stored_spans: Iterable[Version[RootMonth, Span]],
    members: Collection[UUID],
    facts: Mapping[UUID, GroupFacts],
    apart: Mapping[UUID, Collection[str]],
) -> None:
    """Add to `deltas` what `move` changes. The spans of children who are no `members` stay as their facts say.

    `apart`: of children with homes in several kecamatan, each desa that they ever had one in.
    """
    for sign, current in ((-1, move.months.was_current), (1, move.months.is_current)):
        for (_, month), content in current:
            deltas.add_month(month, content, sign)
    for sign, current_spans in ((-1, move.spans.was_current), (1, move.spans.is_current)):
        for _, span in current_spans:
            deltas.add_span(span, sign)
    known_spans: dict[UUID, dict[date, Span]] = {}
    for version in stored_spans:
        if version.known_to is None:
            root_id, month = version.key
            known_spans.setdefault(root_id, {})[month] = version.content
    for root_id, change in _by_root(move).items():
        deltas.recounted.update(changed_targets(change.old_spans, change.new_spans.values()))
        for desa in apart.get(root_id, ()):
            deltas.recounted.update((desa, month, month) for month in change.months)
        parts = before.get((move.target.generation, root_id), {})
        if root_id in members:
            spans = known_spans.get(root_id, {})
        else:
            spans = {span.from_month: span for span in spans_now(facts[root_id].children).get(root_id, ())}
        deltas.move_long(ChildState(parts, _ascending(spans)), change.of(parts, spans), change.months)


def _by_root(move: Move) -> dict[UUID, _Change]:
    changes: dict[UUID, _Change] = {}

    def change(root_id: UUID) -> _Change:
        return changes.setdefault(root_id, _Change())

    for (root_id, month), _ in move.months.was_current:
        change(root_id).gone_months.add(month)
    for (root_id, month), content in move.months.is_current:
        change(root_id).new_months[month] = part_of(content)
    for (root_id, _), span in move.spans.was_current:
        change(root_id).old_spans.append(span)
    for (root_id, month), span in move.spans.is_current:
        change(root_id).new_spans[month] = span
    return changes


def _ascending(spans: Mapping[date, Span]) -> list[Span]:
    return [spans[month] for month in sorted(spans)]
