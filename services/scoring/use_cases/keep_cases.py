"""Cases and follow-ups of the families a batch touched, read, moved and stored together."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime
from typing import Final

import numpy as np

from services.scoring.domain.fold_columns import Bools, Fold
from services.scoring.domain.risk_codes import Evidence as Kind
from services.scoring.domain.risk_codes import RiskRule, Tier, UnknownThing
from services.scoring.store import cases as store
from services.scoring.store.evidence import Evidence
from services.scoring.use_cases.family import Family
from services.scoring.use_cases.move_cases import Kept, move_cases
from services.scoring.use_cases.plan_follow_ups import plan_follow_ups
from shared.contracts.fact import Fact
from shared.contracts.risk import FollowUpV1
from shared.postgres.pool import Connection

TASK_UNKNOWNS: Final = sum(
    1 << thing
    for thing in (
        UnknownThing.HEIGHT_FOR_AGE_FLAGGED,
        UnknownThing.WEIGHT_FOR_AGE_FLAGGED,
        UnknownThing.WEIGHT_FOR_HEIGHT_FLAGGED,
        UnknownThing.LENGTH_DECREASE,
    )
)


async def keep_cases(
    connection: Connection, evidence: Evidence, folded: Fold, today: date, now: datetime
) -> list[Fact]:
    """Bring cases and tasks of every family up to date; returns the facts to publish."""
    cases: dict[int, list[Kept]] = defaultdict(list)
    tasks: dict[int, list[FollowUpV1]] = defaultdict(list)
    root_of = dict(zip(evidence.child_ids, folded.children.root.tolist(), strict=True))
    for kept in await store.read_cases(connection, evidence.child_ids):
        cases[root_of[kept[0].child_id]].append(kept)
    for task in await store.read_follow_ups(connection, evidence.child_ids):
        tasks[root_of[task.child_id]].append(task)
    roots = sorted({*np.flatnonzero(may_open(evidence, folded, today)).tolist(), *cases, *tasks})
    moved: list[Kept] = []
    planned: list[FollowUpV1] = []
    if not roots:
        return []
    rows_of = rows_by_root(folded)
    root_rows = np.flatnonzero(folded.children.is_root)
    child_row = dict(zip(folded.children.root[root_rows].tolist(), root_rows.tolist(), strict=True))
    for root in roots:
        family = Family(
            evidence, folded, root, today, now, rows_of.get(root, []), child_row[root], cases[root], tasks[root]
        )
        changed = move_cases(family)
        moved += changed
        latest = {case.fact_id: case for case, _ in (*family.cases, *changed)}
        live = [case.fact_id for case in latest.values() if case.state != "closed" and case.child_id == family.root_id]
        planned += plan_follow_ups(family, live[0] if live else None)
    await store.write_cases(connection, moved)
    await store.write_follow_ups(connection, planned)
    return [*(case for case, _ in moved), *planned]


def rows_by_root(folded: Fold) -> dict[int, list[int]]:
    """Root number → its measurement rows."""
    roots = folded.children.root[folded.measurements.child]
    order = np.argsort(roots, kind="stable")
    borders = np.flatnonzero(np.diff(roots[order])) + 1
    groups = np.split(order, borders) if order.size else []
    return {int(roots[group[0]]): group.tolist() for group in groups}


def may_open(evidence: Evidence, folded: Fold, today: date) -> Bools:
    """Roots for which something could be opened: most are healthy or long past, and are not looked at one by one."""
    risk, facts = folded.risk, folded.measurements
    newest = risk.evidence[Kind.ANY]
    if not facts.voided.size:
        return np.zeros(newest.size, np.bool_)
    age_days = (np.datetime64(today, "D") - facts.measured_on[newest]).astype(np.int64)
    fresh = (newest >= 0) & (age_days <= folded.rules.trigger_at_most_days)
    asks = (risk.tier >= Tier.NUTRITION) | ((risk.unknowns & TASK_UNKNOWNS) != 0)
    asks |= (risk.reasons & (1 << RiskRule.TWICE_NOT_GAINED)) != 0
    known = np.zeros(newest.size, np.bool_)
    known[folded.children.root[evidence.child_known & folded.children.is_root]] = True
    result: Bools = fresh & asks & known
    return result
