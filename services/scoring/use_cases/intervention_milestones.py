"""Milestones of a case that interventions tell: a referral, the beginning of a course."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from services.scoring.domain.case import MilestoneName
from services.scoring.store.interventions import StoredIntervention
from shared.contracts.risk import CaseV1, Milestone

OF_INTERVENTION: Final = {
    "referral": MilestoneName.REFERRED,
    "supplementary_feeding": MilestoneName.CARE_STARTED,
}


def with_interventions(case: CaseV1, living: Iterable[StoredIntervention]) -> CaseV1:
    """The case with the milestones that living interventions of its days tell, and no other of their kind.

    Written anew from the facts each time, so that a corrected or voided one leaves nothing behind. What somebody else
    told of the same day stays as it was told.
    """
    told = {(each.name, each.on): each for each in case.milestones if each.fact_id is None}
    for act in living:
        name = OF_INTERVENTION.get(act.type)
        if name is not None and case.opened_on <= act.began_on <= (case.closed_on or act.began_on):
            milestone = Milestone.model_validate({"name": name.value, "on": act.began_on, "fact_id": act.fact_id})
            told.setdefault((milestone.name, milestone.on), milestone)
    in_order = tuple(told[key] for key in sorted(told, key=lambda key: (key[1], key[0])))
    return case if in_order == case.milestones else case.model_copy(update={"milestones": in_order})
