"""Cases and follow-ups of the families a batch touched, read, moved and stored together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Final

import numpy as np

from services.scoring.domain.findings import findings
from services.scoring.domain.fold_columns import Bools, Fold
from services.scoring.domain.laboratory import LabFinding
from services.scoring.domain.risk_codes import Evidence as Kind
from services.scoring.domain.risk_codes import RiskRule, Tier, UnknownThing
from services.scoring.store import cases as store
from services.scoring.store.evidence import Evidence
from services.scoring.store.interventions import StoredIntervention, read_interventions
from services.scoring.store.laboratory import StoredOrder, read_orders
from services.scoring.use_cases.case_steps import Kept
from services.scoring.use_cases.family import Family, Visits
from services.scoring.use_cases.move_cases import move_cases
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
    connection: Connection,
    evidence: Evidence,
    folded: Fold,
    laboratory: Mapping[int, LabFinding],
    today: date,
    now: datetime,
) -> list[Fact]:
    """Bring cases and tasks of every family up to date; returns the facts to publish."""
    opening = set(np.flatnonzero(may_open(evidence, folded, laboratory, today)).tolist())
    child_roots = folded.children.root.tolist()
    root_of = dict(zip(evidence.child_ids, child_roots, strict=True))
    asking = {child_id for child_id, root in root_of.items() if root in opening}
    cases: dict[int, list[Kept]] = defaultdict(list)
    tasks: dict[int, list[FollowUpV1]] = defaultdict(list)
    for kept in await store.read_cases(connection, evidence.child_ids):
        cases[root_of[kept[0].child_id]].append(kept)
    orders: dict[int, list[StoredOrder]] = defaultdict(list)
    with_case = {case.child_id for of_root in cases.values() for case, _ in of_root}
    for order in await read_orders(connection, with_case | asking):
        orders[root_of[order.child_id]].append(order)
    done: dict[int, list[StoredIntervention]] = defaultdict(list)
    for act in await read_interventions(connection, evidence.child_ids):
        done[root_of[act.child_id]].append(act)
    # What ended by an order or an intervention may open again.
    asking |= {child_id for child_id, root in root_of.items() if root in orders or root in done}
    for task in await store.read_follow_ups(connection, evidence.child_ids, asking):
        tasks[root_of[task.child_id]].append(task)
    child_row = {child_roots[row]: row for row in np.flatnonzero(folded.children.is_root).tolist()}
    # Of a chain of merges each child is told on its own, in any order: whose survivor is known to be merged away
    # itself waits, as it is, for the word that it has another one.
    waiting = {root for root, acts in done.items() if any(act.ended_on is None for act in acts)}
    roots = sorted({*opening, *cases, *tasks, *waiting} & child_row.keys())
    if not roots:
        return []
    rows_of, visits = rows_by_root(folded, roots), Visits.of(folded)
    moved: list[Kept] = []
    planned: list[FollowUpV1] = []
    for found, rows in zip(findings(folded, roots, laboratory), rows_of, strict=True):
        root = found.root
        family = Family(
            evidence=evidence,
            folded=folded,
            found=found,
            visits=visits,
            today=today,
            now=now,
            may_open=root in opening,
            row_numbers=rows,
            child_row=child_row[root],
            cases=cases[root],
            tasks=tasks[root],
            orders=orders[root],
            interventions=done[root],
        )
        changed = move_cases(family)
        moved += changed
        planned += plan_follow_ups(family, {case.fact_id: case for case, _ in (*family.cases, *changed)})
    await store.write_cases(connection, moved)
    await store.write_follow_ups(connection, planned)
    return [*(case for case, _ in moved), *planned]


def rows_by_root(folded: Fold, roots: Sequence[int]) -> list[list[int]]:
    """The measurement rows of each of `roots`."""
    root_of_row = folded.children.root[folded.measurements.child]
    order = np.argsort(root_of_row, kind="stable")
    first, last = (np.searchsorted(root_of_row[order], roots, side=side).tolist() for side in ("left", "right"))
    rows = order.tolist()
    return [rows[start:end] for start, end in zip(first, last, strict=True)]


def may_open(evidence: Evidence, folded: Fold, laboratory: Mapping[int, LabFinding], today: date) -> Bools:
    """Roots for which something could be opened: most are healthy or long past, and are not looked at one by one."""
    asks = _growth_asks(folded, today)
    for root, found in laboratory.items():
        days = [(today - urgent.drawn_on).days for urgent in found.urgent]
        asks[root] |= any(since <= folded.rules.trigger_at_most_days for since in days)
    known = np.zeros(asks.size, np.bool_)
    known[folded.children.root[evidence.child_known & folded.children.is_root]] = True
    result: Bools = asks & known
    return result


def _growth_asks(folded: Fold, today: date) -> Bools:
    risk, facts = folded.risk, folded.measurements
    newest = risk.evidence[Kind.ANY]
    if not facts.voided.size:
        return np.zeros(newest.size, np.bool_)
    age_days = (np.datetime64(today, "D") - facts.measured_on[newest]).astype(np.int64)
    fresh = (newest >= 0) & (age_days <= folded.rules.trigger_at_most_days)
    asks = (risk.tier >= Tier.NUTRITION) | ((risk.unknowns & TASK_UNKNOWNS) != 0)
    asks |= (risk.reasons & (1 << RiskRule.TWICE_NOT_GAINED)) != 0
    result: Bools = fresh & asks
    return result
