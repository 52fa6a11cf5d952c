"""Facts of `history` as the rows that the fold reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from uuid import UUID

from services.reporting.domain.case_course import CaseRevision
from services.reporting.domain.child_month import ChildMonth
from services.reporting.domain.facts import AssessmentRevision, ChildRevision, MeasurementRevision, Place
from services.reporting.domain.fold import GroupFacts, fold_months, judged_by_month
from services.reporting.domain.versions import RootMonth, Version
from shared.contracts.child import ChildV1, MeasurementV1
from shared.contracts.fact import Fact
from shared.contracts.risk import AssessmentV1, CaseV1


def revision_of(fact: Fact) -> ChildRevision | MeasurementRevision | AssessmentRevision | CaseRevision:
    """The row of a fact, by the same names."""
    if isinstance(fact, ChildV1):
        homes = tuple((home.valid_from, Place(home.desa_code, home.posyandu_code or "")) for home in fact.residences)
        return ChildRevision._make(
            homes if name == "residences" else getattr(fact, name) for name in ChildRevision._fields
        )
    if isinstance(fact, MeasurementV1):
        names = {"measurement_id": "fact_id"}
        return MeasurementRevision(*(getattr(fact, names.get(name, name)) for name in MeasurementRevision._fields))
    if isinstance(fact, AssessmentV1):
        names = {"assessment_id": "fact_id"}
        return AssessmentRevision(*(getattr(fact, names.get(name, name)) for name in AssessmentRevision._fields))
    if isinstance(fact, CaseV1):
        names = {"case_id": "fact_id"}
        row = CaseRevision(*(getattr(fact, names.get(name, name)) for name in CaseRevision._fields))
        return row._replace(milestones={item.name: item.on for item in reversed(fact.milestones)})
    raise TypeError(fact.kind)


def group_of(facts: Iterable[Fact]) -> GroupFacts:
    """All `facts` as one group."""
    group = GroupFacts([], [], [], [])
    for fact in facts:
        row = revision_of(fact)
        if isinstance(row, ChildRevision):
            group.children.append(row)
        elif isinstance(row, MeasurementRevision):
            group.measurements.append(row)
        elif isinstance(row, CaseRevision):
            group.cases.append(row)
        else:
            group.assessments.append(row)
    return group


def groups_of(facts: Iterable[Fact]) -> list[GroupFacts]:
    """`facts` by children that any revision ever merged with one another."""
    told = list(facts)
    leader: dict[UUID, UUID] = {}

    def find(child_id: UUID) -> UUID:
        while leader.setdefault(child_id, child_id) != child_id:
            child_id = leader[child_id]
        return child_id

    for fact in told:
        if isinstance(fact, ChildV1) and fact.merged_into is not None:
            leader[find(fact.child_id)] = find(fact.merged_into)
    by_leader: dict[UUID, list[Fact]] = {}
    for fact in told:
        if isinstance(fact, (ChildV1, MeasurementV1, AssessmentV1, CaseV1)):
            by_leader.setdefault(find(fact.child_id), []).append(fact)
    return [group_of(group) for group in by_leader.values()]


def months_of(group: GroupFacts) -> list[Version[RootMonth, ChildMonth]]:
    """All versions of all months."""
    return fold_months(group.children, judged_by_month(group), group.cases)


def linked_between(then: Mapping[UUID, ChildRevision], now: Mapping[UUID, ChildRevision]) -> set[UUID]:
    """Children whose merge is another now than then, and those they were or are merged into."""
    linked: set[UUID] = set()
    for child_id in then.keys() | now.keys():
        pair = [facts[child_id].merged_into if child_id in facts else None for facts in (then, now)]
        if pair[0] != pair[1]:
            linked.update((child_id, *filter(None, pair)))
    return linked
