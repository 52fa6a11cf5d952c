"""What was done for children counted child by child from the facts, by code of its own: services are held to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from uuid import UUID

from services.reporting.domain.child_month import ChildMonth
from services.reporting.domain.facts import ChildRevision, Place
from services.reporting.domain.fold import GroupFacts, newest
from services.reporting.domain.indicator_set import Count
from services.reporting.domain.periods import Period
from services.reporting.domain.targets import residence_on, target_days
from services.reporting.store.service_counts import MARKS_OF_CHILD
from shared.calendar import completed_months, last_day, month_of
from shared.contracts.fact import Fact
from shared.contracts.intervention import BreastfeedingRecall, InterventionV1, Part, Supplementation
from tests.unit.reporting.revisions import groups_of, months_of

DOSES = {"blue_100000_iu": (6, 12), "red_200000_iu": (12, 60)}
Due = tuple[Place, bool]  # where a child that is due counts, and whether it has what is counted


def recount(facts: Iterable[Fact], period: Period, named: Mapping[str, Count]) -> dict[str, list[Due]]:
    """By count, every child that is due."""
    facts = list(facts)
    acts: dict[UUID, InterventionV1] = {}
    for fact in facts:
        if isinstance(fact, InterventionV1) and (fact.fact_id not in acts or acts[fact.fact_id].order < fact.order):
            acts[fact.fact_id] = fact
    told: dict[str, list[Due]] = {name: [] for name in named}
    for group in groups_of(facts):
        for place, age, flags in _children(group, acts.values(), period):
            for name, count in named.items():
                if count.age_from <= age < count.age_before and flags.issuperset(count.among):
                    has = flags.issuperset(count.counted) and flags.isdisjoint(count.without)
                    told[name].append((place, has))
    return told


def _children(
    group: GroupFacts, acts: Iterable[InterventionV1], period: Period
) -> Iterable[tuple[Place, int, set[str]]]:
    """Those of a group who count in the period: where, how old, and everything that may be said of them."""
    states = newest(group.children)
    current = {version.key: version.content for version in months_of(group) if version.known_to is None}
    for root in states.values():
        if root.voided or root.merged_into is not None:
            continue
        months = {
            month: content
            for (root_id, month), content in current.items()
            if root_id == root.child_id and period.first <= month <= period.last_month
        }
        counts = _place_and_age(root, months, period)
        if counts is not None:
            members = {
                child_id
                for child_id, child in states.items()
                if not child.voided and root.child_id in {child_id, child.merged_into}
            }
            flags = {flag for act in acts if act.child_id in members for flag in _flags(root, act, period)}
            flags |= _card(root, [states[child_id] for child_id in members])
            yield *counts, flags.union(*(_found(content) for content in months.values()))


def _card(root: ChildRevision, family: Iterable[ChildRevision]) -> set[str]:
    """Of who was ever a target: its own word, else one yes or a no of those merged into it."""
    said = [child.has_growth_card for child in family if child.has_growth_card is not None]
    if target_days(root) is None or not said:
        return set()
    has = root.has_growth_card if root.has_growth_card is not None else any(said)
    return {"growth_card_known", "growth_card"} if has else {"growth_card_known"}


def _place_and_age(root: ChildRevision, months: Mapping[date, ChildMonth], period: Period) -> tuple[Place, int] | None:
    if months:
        latest = months[max(months)]
        return latest.place, latest.age_months
    days = target_days(root)
    if days is None or month_of(days[0]) > period.last_month or month_of(days[1]) < period.first:
        return None
    last_month = min(period.last_month, month_of(days[1]))
    age = min(59, completed_months(root.birth_date, last_day(period.last_month)))
    return residence_on(root, min(last_day(last_month), days[1])), age


def _flags(root: ChildRevision, act: InterventionV1, period: Period) -> set[str]:
    part = act.part
    until = part.last_day or date.max
    if act.voided or part.first_day > last_day(period.last_month) or until < period.first:
        return set()
    return _said(part, completed_months(root.birth_date, part.first_day))


def _said(part: Part, age_months: int) -> set[str]:
    if isinstance(part, Supplementation):
        youngest, before = DOSES[part.dose or ""]
        return {"vitamin_a"} if youngest <= age_months < before else set()
    if isinstance(part, BreastfeedingRecall):
        return {"breastfeeding_asked"} if part.exclusive else {"breastfeeding_asked", "not_exclusive"}
    return {"feeding"}


def _found(content: ChildMonth) -> set[str]:
    flags = {name for name, bit in MARKS_OF_CHILD.items() if content.marks & bit}
    return flags | {"wasted_moderately"} if "wasted" in flags and "severely_wasted" not in flags else flags
