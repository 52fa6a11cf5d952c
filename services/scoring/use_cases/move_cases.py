"""A family's cases after a new judgement: opened, moved by facts, carried over a merge; never by passing time."""

from __future__ import annotations

from datetime import date
from typing import Any, Final, cast
from uuid import UUID

from services.scoring.domain.case import Case, CloseReason, Milestone, MilestoneName, Move, MoveName, State, move
from services.scoring.domain.follow_ups import case_trigger
from services.scoring.domain.risk_codes import TIER_NAMES
from services.scoring.use_cases.family import Family
from shared.contracts.fact import Change, derived_fact_id
from shared.contracts.risk import CaseV1
from shared.contracts.risk import Tier as TierName

Kept = tuple[CaseV1, str | None]
STATE_FIELDS: Final = ("state", "close_reason", "closed_on", "confirmed_by", "confirmed_on")


def move_cases(family: Family) -> list[Kept]:
    """The cases that changed, each at its next revision."""
    work = _Cases(family)
    work.carry_over_merge()
    live = work.live()
    if live is None and family.ending is None:
        live = work.come_back() or work.open_new()
    if live is not None:
        work.follow_facts(live)
    return work.changed()


class _Cases:
    """Working copies of a family's cases."""

    def __init__(self, family: Family) -> None:
        self._family = family
        self._stored = {case.fact_id: (case, before) for case, before in family.cases}
        self._now: dict[UUID, Kept] = dict(self._stored)

    def live(self) -> CaseV1 | None:
        """The survivor's case that is not closed; the database allows one."""
        return next(
            (
                case
                for case, _ in self._now.values()
                if case.child_id == self._family.root_id and case.state != "closed"
            ),
            None,
        )

    def carry_over_merge(self) -> None:
        """Live cases of children merged away end as `merged` and go on at the survivor, whatever their age."""
        for case, _ in list(self._now.values()):
            if case.child_id == self._family.root_id or case.state == "closed":
                continue
            survivor_has_one = self.live() is not None
            self._step(case, Move(name=MoveName.CLOSE, on=self._day(case), reason=CloseReason.MERGED))
            if not survivor_has_one:
                fact_id = derived_fact_id(self._family.root_id, f"case:{case.fact_id}")
                carried = case.model_copy(update={"fact_id": fact_id, "child_id": self._family.root_id})
                self._now[fact_id] = (carried, None)

    def come_back(self) -> CaseV1 | None:
        """The case of a child who moved away and is back, or whose merge was undone, as it was."""
        closed = [kept for kept in self._now.values() if kept[0].child_id == self._family.root_id]
        for case, before in sorted(closed, key=lambda kept: kept[0].closed_on or date.min, reverse=True):
            if case.close_reason == "moved_out":
                self._step(case, Move(name=MoveName.RETURN, on=self._day(case)))
                return self._now[case.fact_id][0]
            if case.close_reason == "merged":
                again = {"state": before or "open", "close_reason": None, "closed_on": None}
                self._now[case.fact_id] = (case.model_copy(update=again), None)
                return self._now[case.fact_id][0]
        return None

    def open_new(self) -> CaseV1 | None:
        """A new case where a fresh measurement makes the child suspected or urgent."""
        family = self._family
        if not family.may_open:
            return None
        trigger = case_trigger(family.folded, family.found, family.today)
        if trigger is None:
            return None
        fact_id = derived_fact_id(trigger, "case")
        if fact_id in self._now:
            return None  # this measurement had its case, and a person closed it
        case = CaseV1(
            fact_id=fact_id,
            child_id=family.root_id,
            epoch=1,
            revision=1,
            change="opened",
            known_at=family.now,
            opened_on=family.measured_on(trigger),
            opened_by_fact_id=trigger,
            tier=cast("TierName", TIER_NAMES[family.found.tier]),  # the contract's names: a test compares them
            priority=family.found.priority,
            state="open",
            ruleset_version=family.folded.rules.version,
        )
        self._now[fact_id] = (case, None)
        return case

    def follow_facts(self, live: CaseV1) -> None:
        """What facts say about a live case: death, departure, a re-measurement, a voided trigger, a higher tier."""
        family = self._family
        if family.ending is not None:
            reason, on = family.ending
            self._step(live, Move(name=MoveName.CLOSE, on=max(on, live.opened_on), reason=reason))
            return
        for on in self._remeasured_since(live):
            if all(known.name != MilestoneName.REMEASURED.value for known in live.milestones):
                self._step(live, Move(name=MoveName.MILESTONE, on=on, milestone=MilestoneName.REMEASURED))
                break
        case, before = self._now[live.fact_id]
        raised: dict[str, Any] = {
            "tier": max(case.tier, TIER_NAMES[family.found.tier], key=TIER_NAMES.index),
            "priority": case.priority or family.found.priority,
            "needs_review": not family.counts(case.opened_by_fact_id),
        }
        if any(getattr(case, name) != value for name, value in raised.items()):
            self._now[case.fact_id] = (case.model_copy(update=raised), before)

    def changed(self) -> list[Kept]:
        """What differs from what is stored, numbered."""
        result: list[Kept] = []
        for fact_id, (case, before) in self._now.items():
            old, old_before = self._stored.get(fact_id, (None, None))
            if old is not None and before == old_before and (case is old or case == old):
                continue
            change: Change = "opened" if old is None else "closed" if case.state == "closed" else "moved"
            order = {"epoch": 1, "revision": 1} if old is None else {"epoch": old.epoch, "revision": old.revision + 1}
            update = {**order, "change": change, "known_at": self._family.now}
            result.append((case.model_copy(update=update), before))
        return result

    def _day(self, case: CaseV1) -> date:
        return max(self._family.today, case.opened_on)

    def _remeasured_since(self, case: CaseV1) -> list[date]:
        visits = self._family.visits
        rows = self._family.row_numbers
        days = [visits.day[row] for row in rows if visits.remeasured[row] and not visits.voided[row]]
        return sorted(day for day in days if day >= case.opened_on)

    def _step(self, case: CaseV1, step: Move) -> None:
        """Apply a move of the state machine to the working copy."""
        current, before = self._now[case.fact_id]
        moved = move(_state_of(current, before), step)
        update: dict[str, Any] = {name: getattr(moved, name) for name in STATE_FIELDS}
        update = {
            name: str(value) if isinstance(value, State | CloseReason) else value for name, value in update.items()
        }
        milestones = [{"name": str(each.name), "on": each.on} for each in moved.milestones]
        document = {**current.model_dump(), **update, "milestones": milestones}
        state_before = None if moved.state_before is None else str(moved.state_before)
        self._now[case.fact_id] = (CaseV1.model_validate(document), state_before)


def _state_of(case: CaseV1, before: str | None) -> Case:
    return Case(
        opened_on=case.opened_on,
        state=State(case.state),
        state_before=None if before is None else State(before),
        close_reason=None if case.close_reason is None else CloseReason(case.close_reason),
        closed_on=case.closed_on,
        confirmed_by=case.confirmed_by,
        confirmed_on=case.confirmed_on,
        milestones=tuple(Milestone(MilestoneName(each.name), each.on) for each in case.milestones),
    )
