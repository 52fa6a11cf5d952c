"""What must be done for a child after a new judgement, by whom and until when; and whether a case opens.

Tasks, cases and orders are opened by fresh facts only: the measurement or result behind a rule must be the newest of
its kind (the fold sees to that), at most so many days old, and the child under five and still here. Importing history
changes history and figures, never a work list.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, NamedTuple
from uuid import UUID

import numpy as np

from services.scoring.domain.findings import Finding
from services.scoring.domain.fold_columns import Fold, Int32s, uuid_of
from services.scoring.domain.risk_codes import GIZI_BURUK, RULE_EVIDENCE, Evidence, RiskRule, Tier, UnknownThing
from shared.calendar import completed_months


@dataclass(frozen=True, slots=True)
class FollowUp:
    """One task. `(task, because_fact_id)` identifies it: judged again, it is the same task."""

    task: str  # a key of `[follow_ups]` of the rule set
    owner_role: str
    opened_on: date
    due_on: date
    because_fact_id: UUID


FIRST_DAY: Final = date(1970, 1, 1).toordinal()
STUNTED: Final = ((RiskRule.HAZ_SEVERE, "remeasure_severe"), (RiskRule.HAZ_LOW, "remeasure"))
WASTED: Final = (RiskRule.WAZ_SEVERE, RiskRule.WAZ_LOW, RiskRule.WHZ_LOW)


def follow_ups(fold: Fold, found: Finding, today: date, *, present: bool = True) -> tuple[FollowUp, ...]:
    """Tasks that the finding asks for on `today`. `present`: neither dead nor moved away."""
    view = _view(fold, found, today, present=present)
    tasks = [*_urgent(view), *_stunted(view), *_wasted(view), *_to_measure_again(view)]
    if RiskRule.TWICE_NOT_GAINED in found.rules:
        tasks.append(("visit_twice_not_gained", view.of_row(found.evidence[Evidence.LETTER])))
    return tuple(view.task(name, cause) for name, cause in dict.fromkeys(tasks) if view.is_fresh(cause))


def case_trigger(fold: Fold, found: Finding, today: date, *, present: bool = True) -> UUID | None:
    """The newest fresh measurement or result that makes the child suspected or urgent; None: no case opens today."""
    if found.tier < Tier.SUSPECTED:
        return None
    fresh = _view(fold, found, today, present=present).fresh_causes(Tier.SUSPECTED)
    return min(fresh).fact_id if fresh else None


class Cause(NamedTuple):
    """A fact that asks for something; sorted: the newest first, and always the same of several on one day."""

    days_since: int
    fact_id: UUID


@dataclass(frozen=True, slots=True)
class _View:
    """One root of a fold, on a day."""

    fold: Fold
    found: Finding
    today: date
    may_open: bool  # the child is here and under five

    def causes(self, tier: Tier) -> set[Cause]:
        """Facts behind the rules that fired for this tier or a higher one; the rules of birth have none."""
        rules = self.fold.rules.tier
        measured = {
            self.of_row(self.found.evidence[RULE_EVIDENCE[rule]])
            for rule in self.found.rules
            if rules[rule].tier >= tier and rule in RULE_EVIDENCE
        }
        drawn = {
            Cause((self.today - urgent.drawn_on).days, urgent.result_id)
            for urgent in self.found.laboratory.urgent
            if rules[urgent.rule].tier >= tier
        }
        return measured | drawn

    def fresh_causes(self, tier: Tier) -> list[Cause]:
        return [cause for cause in self.causes(tier) if self.is_fresh(cause)]

    def of_row(self, row: int) -> Cause:
        """The measurement of an input row."""
        days = self.today.toordinal() - FIRST_DAY - int(self.fold.measurements.measured_on.view(np.int64)[row])
        return Cause(days, uuid_of(self.fold.measurements.fact_id, row))

    def is_fresh(self, cause: Cause) -> bool:
        return self.may_open and 0 <= cause.days_since <= self.fold.rules.trigger_at_most_days

    def task(self, name: str, cause: Cause) -> FollowUp:
        rule = self.fold.rules.follow_ups[name]
        due_on = self.today + timedelta(days=rule.due_days)
        return FollowUp(name, rule.owner_role, self.today, due_on, cause.fact_id)


def _view(fold: Fold, found: Finding, today: date, *, present: bool) -> _View:
    birth: date | None = fold.roots.birth_date[found.root].astype(date)
    months = -1 if birth is None else completed_months(birth, today)
    return _View(fold, found, today, present and 0 <= months < fold.rules.open_before_months)


Tasks = Iterable[tuple[str, Cause]]


def _urgent(view: _View) -> Tasks:
    """One assessment, however many signs: because of the newest. Its case asks for the panel, too."""
    if view.found.tier is Tier.URGENT:
        fresh = view.fresh_causes(Tier.URGENT)
        if fresh:
            yield "urgent_assessment", min(fresh)
            if not any(rule in view.found.rules for rule, _ in STUNTED):
                yield "laboratory_panel", min(fresh)


def _stunted(view: _View) -> Tasks:
    """The laboratory panel, and a second measurement unless this was one already."""
    row = view.found.evidence[Evidence.HAZ]
    for rule, task in STUNTED:
        if rule in view.found.rules:
            if not view.fold.measurements.is_remeasurement[row]:
                yield task, view.of_row(row)
            yield "laboratory_panel", view.of_row(row)


def _wasted(view: _View) -> Tasks:
    """Supplementary feeding for the thin and the light who are not gizi buruk."""
    if any(rule in GIZI_BURUK for rule in view.found.rules):
        return
    rows = [view.found.evidence[RULE_EVIDENCE[rule]] for rule in view.found.rules if rule in WASTED]
    if rows:
        yield "start_supplementary_feeding", min(view.of_row(row) for row in rows)


def _to_measure_again(view: _View) -> Tasks:
    """Flagged and implausible values; a low weight score that cannot be true is weighed again the same day."""
    assessed = view.fold.assessments
    for thing in view.found.things:
        match thing:
            case UnknownThing.HEIGHT_FOR_AGE_FLAGGED:
                yield "remeasure_flagged", view.of_row(view.found.evidence[Evidence.HAZ_SCORE])
            case UnknownThing.LENGTH_DECREASE:
                yield "remeasure_flagged", view.of_row(view.found.evidence[Evidence.LENGTH])
            case UnknownThing.WEIGHT_FOR_AGE_FLAGGED:
                yield _weigh_again(view, view.found.evidence[Evidence.WAZ_SCORE], assessed.waz)
            case UnknownThing.WEIGHT_FOR_HEIGHT_FLAGGED:
                yield _weigh_again(view, view.found.evidence[Evidence.WHZ_SCORE], assessed.whz)
            case _:
                pass


def _weigh_again(view: _View, row: int, score: Int32s) -> tuple[str, Cause]:
    return ("reweigh_flagged" if score[row] < 0 else "remeasure_flagged"), view.of_row(row)
