"""Correct, end, answer and void interventions: each a revision, published."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal
from uuid import UUID

from services.measurement.domain.entry_problems import EntryProblem
from services.measurement.domain.interventions import day_problems, rival
from services.measurement.store.children import CHILDREN
from services.measurement.store.interventions import INTERVENTIONS
from services.measurement.use_cases.entry import Entry, RefusedError
from services.measurement.use_cases.record_interventions import family_interventions, intervention_problems
from shared.contracts.fact import Change, revised
from shared.contracts.intervention import (
    InterventionV1,
    Part,
    Referral,
    ReferralReply,
    Sponsorship,
    SupplementaryFeeding,
)
from shared.outbox.publish import publish
from shared.postgres.pool import Connection
from shared.refusals import StaleError, UnknownFactError

InterventionVoidReason = Literal["entered_in_error", "wrong_child", "duplicate", "not_given"]


class InterventionConflictError(Exception):
    """What would come about is the child's already; `met` is that one."""

    def __init__(self, met: InterventionV1) -> None:
        super().__init__(str(met.fact_id))
        self.met = met


@dataclass(frozen=True, slots=True)
class Target:
    """The intervention meant, and the (epoch, revision) the client saw."""

    fact_id: UUID
    seen: tuple[int, int]


@dataclass(frozen=True, slots=True)
class End:
    """How a course ended; all but the day only of supplementary feeding."""

    ended_on: date
    days_given: int | None = None
    end_class: str | None = None
    end_reason: str | None = None


OF_FEEDING: Final = ("days_given", "end_class", "end_reason")


async def correct_intervention(connection: Connection, target: Target, part: Part, entry: Entry) -> InterventionV1:
    """The fact saying `part` (of the same type); a referral keeps its reply. No change, no revision.

    Raises UnknownFactError, StaleError, RefusedError, InterventionConflictError.
    """
    old = await _locked(connection, target)
    if part.type_name != old.type:
        raise RefusedError(EntryProblem("other_type", part.type_name))
    if isinstance(part, Referral) and old.referral is not None:
        part = part.model_copy(update={"reply": old.referral.reply})
    return await _changed(connection, old, part, "corrected", entry)


async def end_course(connection: Connection, target: Target, end: End, entry: Entry) -> InterventionV1:
    """The course, ended; ended again in the same way nothing changes. Raises as `correct_intervention`."""
    old = await _locked(connection, target)
    part = old.part
    stated: dict[str, Any] = {name: getattr(end, name) for name in OF_FEEDING if getattr(end, name) is not None}
    ended: Part
    match part:
        case SupplementaryFeeding():
            ended = part.model_copy(update={"ended_on": end.ended_on, **stated})
        case Sponsorship():
            if stated:
                raise RefusedError(*(EntryProblem("not_of_this_course", name) for name in stated))
            ended = part.model_copy(update={"until": end.ended_on})
        case _:
            raise RefusedError(EntryProblem("not_a_course", "intervention_id"))
    if part.last_day is not None and ended != part:
        raise RefusedError(EntryProblem("course_ended", "ended_on"))
    return await _changed(connection, old, ended, "closed", entry)


async def answer_referral(connection: Connection, target: Target, reply: ReferralReply, entry: Entry) -> InterventionV1:
    """The referral with its reply; another reply than the stored one corrects it.

    Who answers may be the facility, which does not see the child itself. Raises UnknownFactError, StaleError,
    RefusedError.
    """
    old = await _locked(connection, target, child_in_sight=False)
    if old.referral is None:
        raise RefusedError(EntryProblem("not_a_referral", "intervention_id"))
    if old.voided:
        raise RefusedError(EntryProblem("intervention_voided", "intervention_id"))
    known = old.referral.reply
    if known is not None and known == reply.model_copy(update={"answered_by": known.answered_by}):
        return old
    answered = old.referral.model_copy(update={"reply": reply})
    problems = list(day_problems(answered, entry.today))
    if problems:
        raise RefusedError(*problems)
    return await _stored(connection, old, answered, "closed" if known is None else "corrected", entry)


async def void_intervention(
    connection: Connection, target: Target, reason: InterventionVoidReason, entry: Entry
) -> InterventionV1:
    """The fact, voided; voiding twice changes nothing. Raises UnknownFactError, StaleError."""
    old = await _locked(connection, target)
    if old.voided:
        return old
    new = revised(old, "voided", entry.now, voided=True, void_reason=reason)
    await INTERVENTIONS.replace(connection, [new], entry.origin())
    await publish(connection, [new])
    return new


async def _locked(connection: Connection, target: Target, *, child_in_sight: bool = True) -> InterventionV1:
    """The stored fact under its lock, after that of its (surviving) child: the order in which they are recorded."""
    found = await INTERVENTIONS.find(connection, [target.fact_id])
    if not found:
        raise UnknownFactError
    children = await CHILDREN.find(connection, [found[0].child_id])
    if not children and child_in_sight:
        raise UnknownFactError
    await CHILDREN.find(connection, [child.merged_into or child.child_id for child in children], lock=True)
    stored = (await INTERVENTIONS.find(connection, [target.fact_id], lock=True))[0]
    if stored.order != target.seen:
        raise StaleError(stored.order)
    return stored


async def _changed(
    connection: Connection, old: InterventionV1, part: Part, change: Change, entry: Entry
) -> InterventionV1:
    if old.voided:
        raise RefusedError(EntryProblem("intervention_voided", "intervention_id"))
    if part == old.part:
        return old
    child = (await CHILDREN.find(connection, [old.child_id]))[0]
    problems = intervention_problems(part, child, entry.today)
    if problems:
        raise RefusedError(*problems)
    root_id = child.merged_into or child.child_id
    known = (await family_interventions(connection, [root_id]))[root_id]
    met = rival(part, [fact for fact in known if fact.fact_id != old.fact_id])
    if met is not None:
        raise InterventionConflictError(met)
    return await _stored(connection, old, part, change, entry)


async def _stored(
    connection: Connection, old: InterventionV1, part: Part, change: Change, entry: Entry
) -> InterventionV1:
    new = revised(old, change, entry.now, **{old.type: part})
    await INTERVENTIONS.replace(connection, [new], entry.origin())
    await publish(connection, [new])
    return new
