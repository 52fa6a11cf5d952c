"""What was done for children: the fold of all revisions of interventions into acts of the children that count.

Like months and spans a pure function of a *set* of revisions, by what was known when; a merged child's acts are its
survivor's. What an act means for a figure (which dose fits which age, what a set of vaccines is) is the indicator's to
say, so nothing here changes when a definition does.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from services.reporting.domain.facts import ChildRevision, Slot
from services.reporting.domain.fold import roots_of
from services.reporting.domain.versions import Version, versions_of
from shared.calendar import completed_months

RootAct = tuple[UUID, UUID]  # a root child, and the fact of what was done


class ActRevision(NamedTuple):
    """One revision of an intervention. `subject`: which supplement, vaccine, class, answer."""

    child_id: UUID
    act_id: UUID
    epoch: int
    revision: int
    known_at: datetime
    type: str
    subject: str
    dose: str | None
    began_on: date
    ended_on: date | None
    voided: bool

    @property
    def slot(self) -> Slot:
        """Which revision this is."""
        return self[1:4]


class Act(NamedTuple):
    """One thing done for a root; `ended_on` None = it goes on or waits. `age_months` on its first day."""

    type: str
    subject: str
    dose: str | None
    began_on: date
    ended_on: date | None
    age_months: int


ActVersion = Version[RootAct, Act]


def fold_acts(children: Sequence[ChildRevision], acts: Sequence[ActRevision]) -> list[ActVersion]:
    """All versions of the acts of children that any revision ever merged with one another."""
    if not acts:
        return []
    instants = sorted({child.known_at for child in children} | {act.known_at for act in acts})
    return versions_of((known, _acts_at(known, children, acts)) for known in instants)


def _acts_at(known: datetime, children: Iterable[ChildRevision], acts: Iterable[ActRevision]) -> dict[RootAct, Act]:
    roots = roots_of(child for child in children if child.known_at <= known)
    newest: dict[UUID, ActRevision] = {}
    for act in acts:
        if act.known_at <= known:
            before = newest.get(act.act_id)
            if before is None or (before.epoch, before.revision) < (act.epoch, act.revision):
                newest[act.act_id] = act
    content: dict[RootAct, Act] = {}
    for act in newest.values():
        root = roots.get(act.child_id)
        if root is not None and not act.voided:
            age_months = completed_months(root.birth_date, act.began_on)
            told = Act(act.type, act.subject, act.dose, act.began_on, act.ended_on, age_months)
            content[root.child_id, act.act_id] = told
    return content
