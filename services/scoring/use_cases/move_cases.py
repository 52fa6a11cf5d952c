"""A family's cases after a new judgement: opened, moved by facts, carried over a merge; never by passing time."""

from __future__ import annotations

from datetime import date
from typing import Any, Final, cast
from uuid import UUID

from services.scoring.domain.case import CloseReason, MilestoneName, Move, MoveName
from services.scoring.domain.danger_signs import DangerSign
from services.scoring.domain.follow_ups import case_trigger
from services.scoring.domain.laboratory import anaemia, required_tests
from services.scoring.domain.risk_codes import RULE_EVIDENCE, TIER_NAMES, Evidence, Tier
from services.scoring.use_cases.case_steps import Kept, stepped
from services.scoring.use_cases.family import Family
from services.scoring.use_cases.intervention_milestones import with_interventions
from shared.contracts.fact import Change, derived_fact_id
from shared.contracts.risk import CaseV1
from shared.contracts.risk import Tier as TierName

# Milestones that are lab's to say, and the day of an order that says each.
OF_ORDER: Final = {MilestoneName.LAB_ORDERED: "ordered_on", MilestoneName.LAB_COMPLETE: "completed_on"}


def move_cases(family: Family) -> list[Kept]:
    """The cases that changed, each at its next revision."""
    work = _Cases(family)
    work.carry_over_merge()
    live = work.live()
    if live is None and family.ending is None:
        live = work.come_back() or work.return_by_merge() or work.open_new()
    if live is not None:
        work.follow_facts(live)
    work.mirror_orders()
    work.mirror_interventions()
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
                carried = case.model_copy(update={"fact_id": self._carried_id(case), "child_id": self._family.root_id})
                self._now[carried.fact_id] = (carried, None)

    def come_back(self) -> CaseV1 | None:
        """The case that should not have ended, as it was.

        Of a child who moved away and is back, whose merge was undone, or whose clearing re-measurement was a mistake.
        """
        for case, before in self._closed_last_first():
            if case.child_id != self._family.root_id:
                continue
            if case.close_reason == "moved_out":
                self._step(case, Move(name=MoveName.RETURN, on=self._day(case)))
                return self._now[case.fact_id][0]
            if case.close_reason == "merged":
                again = {"state": before or "open", "close_reason": None, "closed_on": None}
                self._now[case.fact_id] = (case.model_copy(update=again), None)
                return self._now[case.fact_id][0]
            if self._cleared_wrongly(case):
                again = {"state": "open", "close_reason": None, "closed_on": None, "closing_fact_id": None}
                self._now[case.fact_id] = (case.model_copy(update=again), None)
                return self._now[case.fact_id][0]
        return None

    def return_by_merge(self) -> CaseV1 | None:
        """The case of a child who moved away, was registered anew where it lives now, and is one with that record.

        It goes on at the survivor, once; what was closed for the other record stays closed there.
        """
        root_id = self._family.root_id
        for case, before in self._closed_last_first():
            fact_id = self._carried_id(case)
            if case.child_id != root_id and case.close_reason == "moved_out" and fact_id not in self._now:
                again = {"state": before or "open", "close_reason": None, "closed_on": None}
                carried = case.model_copy(update={**again, "fact_id": fact_id, "child_id": root_id})
                self._now[fact_id] = (carried, None)
                return carried
        return None

    def _closed_last_first(self) -> list[Kept]:
        closed = [kept for kept in self._now.values() if kept[0].closed_on is not None]
        return sorted(closed, key=lambda kept: kept[0].closed_on or date.min, reverse=True)

    def _carried_id(self, case: CaseV1) -> UUID:
        return derived_fact_id(self._family.root_id, f"case:{case.fact_id}")

    def _cleared_wrongly(self, case: CaseV1) -> bool:
        """Whether what was known up to the clearing re-measurement makes the child suspected after all."""
        if case.closing_fact_id is None or case.closed_on is None:
            return False
        days = self._days_behind(Tier.SUSPECTED)
        return bool(days) and max(days) <= case.closed_on

    def _days_behind(self, tier: Tier) -> list[date]:
        """Days of the facts for which the child is of this tier or a higher one."""
        found, rules = self._family.found, self._family.folded.rules.tier
        fired = [rule for rule in found.rules if rules[rule].tier >= tier and rule in RULE_EVIDENCE]
        rows = [found.evidence[RULE_EVIDENCE[rule]] for rule in fired]
        return [
            *(self._family.visits.day[row] for row in rows),
            *(urgent.drawn_on for urgent in found.laboratory.urgent if rules[urgent.rule].tier >= tier),
        ]

    def open_new(self) -> CaseV1 | None:
        """A new case where a fresh measurement or result makes the child suspected or urgent."""
        family = self._family
        if not family.may_open:
            return None
        trigger = case_trigger(family.folded, family.found, family.today)
        if trigger is None:
            return None
        fact_id = derived_fact_id(trigger, "case")
        if fact_id in self._now:
            return None  # this fact had its case, and it was closed
        case = CaseV1(
            fact_id=fact_id,
            child_id=family.root_id,
            epoch=1,
            revision=1,
            change="opened",
            known_at=family.now,
            opened_on=family.happened_on(trigger),
            opened_by_fact_id=trigger,
            tier=cast("TierName", TIER_NAMES[family.found.tier]),  # the contract's names: a test compares them
            priority=family.found.priority,
            state="open",
            ruleset_version=family.folded.rules.version,
        )
        self._now[fact_id] = (case, None)
        return case

    def follow_facts(self, live: CaseV1) -> None:
        """What facts say about a live case.

        Death, departure, a re-measurement, a voided trigger, a higher tier, tests that are needed, what clears it.
        """
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
        rules, laboratory = family.folded.rules, family.found.laboratory
        raised: dict[str, Any] = {
            "tier": max(case.tier, TIER_NAMES[family.found.tier], key=TIER_NAMES.index),
            "priority": case.priority or family.found.priority,
            "needs_review": not family.counts(case.opened_by_fact_id),
            "required_tests": required_tests(laboratory, case.required_tests, case.opened_on, rules),
            "anaemia": anaemia(laboratory, case.opened_on),
        }
        if any(getattr(case, name) != value for name, value in raised.items()):
            self._now[case.fact_id] = (case.model_copy(update=raised), before)
        cleared_by = self._clearing_row(case)
        if cleared_by is not None:
            on = family.visits.day[cleared_by]
            self._step(case, Move(name=MoveName.CLOSE, on=on, reason=CloseReason.CLEARED))
            closed, before = self._now[case.fact_id]
            measurement_id = family.evidence.measurement_ids[cleared_by]
            self._now[case.fact_id] = (closed.model_copy(update={"closing_fact_id": measurement_id}), before)

    def _clearing_row(self, case: CaseV1) -> int | None:
        """The re-measurement that clears a case nobody has confirmed yet; None while it stands.

        The newest valid height of the child must be the re-measurement; of an urgent case its weight for height, too.
        What the laboratory opened, or had a danger sign since, only a person closes.
        """
        family = self._family
        found = family.found
        if case.state != "open" or found.tier >= Tier.SUSPECTED or found.tier is Tier.UNKNOWN:
            return None
        if case.opened_by_fact_id not in family.rows or self._was_in_danger(case.opened_on):
            return None
        kinds = (Evidence.HAZ, Evidence.WHZ) if case.tier == "urgent" else (Evidence.HAZ,)
        rows = [found.evidence[kind] for kind in kinds]
        visits = family.visits
        verified = all(row >= 0 and visits.remeasured[row] and visits.day[row] >= case.opened_on for row in rows)
        return rows[0] if verified else None

    def _was_in_danger(self, since: date) -> bool:
        visits, signs = self._family.visits, self._family.folded.danger_signs
        return any(
            signs[row] > DangerSign.STATED and not visits.voided[row] and visits.day[row] >= since
            for row in self._family.row_numbers
        )

    def mirror_orders(self) -> None:
        """Milestones that are lab's to say, of ended cases as well: as the newest order facts say them."""
        for case, before in list(self._now.values()):
            orders = self._family.orders_of(case.fact_id)
            if not orders:
                continue
            kept = [each.model_dump() for each in case.milestones if each.name not in OF_ORDER]
            for name, field in OF_ORDER.items():
                days = [getattr(order, field) for order in orders]
                kept += [{"name": str(name), "on": day} for day in dict.fromkeys(days) if day is not None]
            kept.sort(key=lambda each: (each["on"], each["name"]))
            mirrored = CaseV1.model_validate({**case.model_dump(), "milestones": kept})
            if mirrored.milestones != case.milestones:
                self._now[case.fact_id] = (mirrored, before)

    def mirror_interventions(self) -> None:
        """Milestones that interventions tell, of ended cases as well."""
        for case, before in list(self._now.values()):
            mirrored = with_interventions(case, self._family.interventions)
            if mirrored.milestones != case.milestones:
                self._now[case.fact_id] = (mirrored, before)

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
        self._now[case.fact_id] = stepped(self._now[case.fact_id], step)
