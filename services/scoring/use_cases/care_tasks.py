"""Tasks that interventions answer: a course begins the feeding that was asked for, a reply ends a referral.

Each stands as the facts stand, whatever came first: what a voided course had ended is open again. What a person ended
stays ended, and so does what ended with its case.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, cast
from uuid import UUID

from services.scoring.store.interventions import StoredIntervention
from services.scoring.use_cases.family import Family
from services.scoring.use_cases.panel_task import revised
from shared.calendar import completed_months
from shared.contracts.fact import derived_fact_id
from shared.contracts.risk import FollowUpV1, OwnerRole

FEEDING: Final = "start_supplementary_feeding"
REFERRAL: Final = "attend_referral"
Answer = tuple[UUID, date]  # the fact that answers, and its day


@dataclass(frozen=True, slots=True)
class Care:
    """What was done for a family, as its tasks ask."""

    family: Family

    def told(self, task: FollowUpV1) -> FollowUpV1 | None:
        """The task as the interventions say it is now; None where that is what it is, or another's to say."""
        by_fact = task.state == "done" and task.closing_fact_id is not None and task.closed_by is None
        if task.task not in {FEEDING, REFERRAL} or not (task.state == "open" or by_fact):
            return None
        if self.family.ending is not None or not self.family.counts(task.because_fact_id):
            return None
        answer = self.answer(task.task, task.because_fact_id, task.opened_on)
        if answer is None:
            return None if task.state == "open" else revised(self.family, task, "open", None, None)
        if by_fact and answer == (task.closing_fact_id, task.done_on):
            return None
        return revised(self.family, task, "done", *answer)

    def answer(self, task: str, because_fact_id: UUID, opened_on: date) -> Answer | None:
        """What answers a task: the first course that ran on the day of its reason or began later, or the reply."""
        if task == FEEDING:
            asked_on = self.family.happened_on(because_fact_id)
            return next(
                (
                    (act.fact_id, max(act.began_on, asked_on))
                    for act in self._of("supplementary_feeding")
                    if act.ended_on is None or act.ended_on >= asked_on
                ),
                None,
            )
        if task == REFERRAL:
            own = [act for act in self._of("referral") if act.fact_id == because_fact_id]
            replies = [(act.ended_on, act.fact_id) for act in own or self._of("referral") if act.ended_on is not None]
            told = sorted(reply for reply in replies if own or reply[0] >= opened_on)
            return (told[0][1], told[0][0]) if told else None
        return None

    def wanted(self, known: Mapping[UUID, FollowUpV1], case_id: UUID | None) -> Iterator[FollowUpV1]:
        """A task for each fresh referral that waits, unless a person has ended one since that day."""
        family, rules = self.family, self.family.folded.rules
        rule = rules.follow_ups[REFERRAL]
        by_hand = [task.done_on for task in known.values() if task.task == REFERRAL and task.closed_by is not None]
        for act in self._of("referral"):
            fresh = 0 <= (family.today - act.began_on).days <= rules.trigger_at_most_days
            answered = act.ended_on is not None or any(on is not None and on >= act.began_on for on in by_hand)
            if not fresh or answered or not self._under_age():
                continue
            yield FollowUpV1(
                fact_id=derived_fact_id(act.fact_id, REFERRAL),
                child_id=family.root_id,
                epoch=1,
                revision=1,
                change="opened",
                known_at=family.now,
                case_id=case_id,
                task=REFERRAL,
                owner_role=cast("OwnerRole", rule.owner_role),  # rule sets are checked against the same roles
                opened_on=act.began_on,
                due_on=act.began_on + timedelta(days=rule.due_days),
                state="open",
                because_fact_id=act.fact_id,
                ruleset_version=rules.version,
            )

    def _of(self, kind: str) -> list[StoredIntervention]:
        return [act for act in self.family.interventions if act.type == kind]

    def _under_age(self) -> bool:
        family = self.family
        birth: date | None = family.folded.roots.birth_date[family.found.root].astype(date)
        return birth is not None and completed_months(birth, family.today) < family.folded.rules.open_before_months
