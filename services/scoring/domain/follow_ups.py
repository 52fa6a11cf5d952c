"""What must be done for a child after a new judgement, by whom and until when; and whether a case opens.

Tasks, cases and orders are opened by fresh measurements only: the measurement behind a rule must be the newest of its
kind (the fold sees to that), at most so many days old, and the child under five and still here. Importing history
changes history and figures, never a work list.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from services.scoring.domain.fold_columns import Fold, uuid_of
from services.scoring.domain.risk_codes import RULE_EVIDENCE, Evidence, RiskRule, Tier, UnknownThing
from shared.calendar import completed_months


@dataclass(frozen=True, slots=True)
class FollowUp:
    """One task. `(task, because_fact_id)` identifies it: judged again, it is the same task."""

    task: str  # a key of `[follow_ups]` of the rule set
    owner_role: str
    opened_on: date
    due_on: date
    because_fact_id: UUID


STUNTED: Final = (RiskRule.HAZ_SEVERE, RiskRule.HAZ_LOW)
WASTED: Final = (RiskRule.WAZ_SEVERE, RiskRule.WAZ_LOW, RiskRule.WHZ_LOW)


def follow_ups(fold: Fold, root: int, today: date, *, present: bool = True) -> tuple[FollowUp, ...]:
    """Tasks that the status of `root` asks for on `today`. `present`: neither dead nor moved away."""
    view = _view(fold, root, today, present=present)
    tasks = [*_urgent(view), *_stunted(view), *_wasted(view), *_to_measure_again(view)]
    if view.fired(RiskRule.TWICE_NOT_GAINED):
        tasks.append(("visit_twice_not_gained", view.row(Evidence.LETTER)))
    return tuple(view.task(name, row) for name, row in dict.fromkeys(tasks) if view.is_fresh(row))


def case_trigger(fold: Fold, root: int, today: date, *, present: bool = True) -> UUID | None:
    """The newest fresh measurement that makes the child suspected or urgent; None: no case opens today."""
    view = _view(fold, root, today, present=present)
    rows = {
        view.row(evidence)
        for rule, evidence in RULE_EVIDENCE.items()
        if fold.rules.tier[rule].tier >= Tier.SUSPECTED and view.fired(rule)
    }
    fresh = sorted((row for row in rows if view.is_fresh(row)), key=view.age_of)
    return uuid_of(fold.measurements.fact_id, fresh[0]) if fresh else None


@dataclass(frozen=True, slots=True)
class _View:
    """One root of a fold, on a day."""

    fold: Fold
    root: int
    today: date
    may_open: bool  # the child is here and under five

    def fired(self, rule: RiskRule) -> bool:
        return bool(int(self.fold.risk.reasons[self.root]) >> rule & 1)

    def unknown(self, thing: UnknownThing) -> bool:
        return bool(int(self.fold.risk.unknowns[self.root]) >> thing & 1)

    def row(self, evidence: Evidence) -> int:
        return int(self.fold.risk.evidence[evidence, self.root])

    def age_of(self, row: int) -> tuple[int, UUID]:
        """Days since the measurement, then its id: newest first, and always the same of several on one day."""
        on: date = self.fold.measurements.measured_on[row].astype(date)
        return (self.today - on).days, uuid_of(self.fold.measurements.fact_id, row)

    def is_fresh(self, row: int) -> bool:
        if row < 0 or not self.may_open:
            return False
        return 0 <= self.age_of(row)[0] <= self.fold.rules.trigger_at_most_days

    def task(self, name: str, row: int) -> FollowUp:
        rule = self.fold.rules.follow_ups[name]
        due_on = self.today + timedelta(days=rule.due_days)
        return FollowUp(name, rule.owner_role, self.today, due_on, uuid_of(self.fold.measurements.fact_id, row))


def _view(fold: Fold, root: int, today: date, *, present: bool) -> _View:
    birth: date | None = fold.roots.birth_date[root].astype(date)
    months = -1 if birth is None else completed_months(birth, today)
    return _View(fold, root, today, present and 0 <= months < fold.rules.open_before_months)


Tasks = Iterable[tuple[str, int]]


def _urgent(view: _View) -> Tasks:
    """One assessment, however many signs: because of the newest."""
    rows = [
        view.row(evidence)
        for rule, evidence in RULE_EVIDENCE.items()
        if view.fold.rules.tier[rule].tier is Tier.URGENT and view.fired(rule)
    ]
    fresh = [row for row in rows if view.is_fresh(row)]
    if fresh:
        yield "urgent_assessment", min(fresh, key=view.age_of)


def _stunted(view: _View) -> Tasks:
    """The laboratory panel, and a second measurement unless this was one already."""
    row = view.row(Evidence.HAZ)
    for rule, task in zip(STUNTED, ("remeasure_severe", "remeasure"), strict=True):
        if view.fired(rule):
            if not view.fold.measurements.is_remeasurement[row]:
                yield task, row
            yield "laboratory_panel", row


def _wasted(view: _View) -> Tasks:
    """Supplementary feeding for the thin and the light who are not gizi buruk."""
    if int(view.fold.risk.tier[view.root]) == Tier.URGENT:
        return
    rows = [view.row(RULE_EVIDENCE[rule]) for rule in WASTED if view.fired(rule)]
    if rows:
        yield "start_supplementary_feeding", min(rows, key=view.age_of)


def _to_measure_again(view: _View) -> Tasks:
    """Flagged and implausible values; a low weight score that cannot be true is weighed again the same day."""
    assessed = view.fold.assessments
    if view.unknown(UnknownThing.HEIGHT_FOR_AGE_FLAGGED):
        yield "remeasure_flagged", view.row(Evidence.HAZ_SCORE)
    if view.unknown(UnknownThing.LENGTH_DECREASE):
        yield "remeasure_flagged", view.row(Evidence.LENGTH)
    for thing, evidence, column in (
        (UnknownThing.WEIGHT_FOR_AGE_FLAGGED, Evidence.WAZ_SCORE, assessed.waz),
        (UnknownThing.WEIGHT_FOR_HEIGHT_FLAGGED, Evidence.WHZ_SCORE, assessed.whz),
    ):
        if view.unknown(thing):
            row = view.row(evidence)
            yield ("reweigh_flagged" if column[row] < 0 else "remeasure_flagged"), row
