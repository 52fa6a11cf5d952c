"""A generation of judgements: what another rule set says of some families, beside what is stored, by columns.

Of each family a digest of all its judgements. It does not depend on the order of rows or families, so that two replays
of the same facts by the same rules show that they are the same, and a family can be judged again by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from services.scoring.domain.assessment_codes import NO_AGE, AssessmentFlag, State
from services.scoring.domain.assessment_matrix import CODE_COLUMNS, Matrix, code_matrix
from services.scoring.domain.fingerprint import assessment_fingerprints, mix, risk_fingerprints, with_laboratory
from services.scoring.domain.fold_columns import Bools, Fold, Int8s, Int64s
from services.scoring.domain.laboratory import LabFinding
from services.scoring.domain.risk_codes import Tier
from services.scoring.domain.rule_wording import risk_wording
from services.scoring.domain.ruleset import RuleSet

TIER_COLUMN = CODE_COLUMNS.index("tier")
Months = dict[int, list[int]]  # by root; months since January 1970


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredVerdicts:
    """What is stored: a matrix row a measurement where `comparable`; a status a root where `speaks`."""

    matrix: Matrix
    comparable: Bools
    speaks: Bools
    fingerprint: Int64s


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """One row a root; `opened` and `opens` by root, where there are any. `speaks`: a status is due."""

    digest: Int64s
    visits: Int64s
    visits_changed: Int64s
    speaks: Bools
    status_changed: Bools
    tier: Int8s
    priority: Bools
    opened: Months
    opens: Months


def generation(
    folded: Fold,
    found: Mapping[int, LabFinding],
    known: Bools,
    voided: Bools,
    stored: StoredVerdicts,
    against: RuleSet,
) -> Generation:
    """The fold's judgements beside `stored`. `known`, `voided`: of child rows; `against`: the rules in force."""
    count = folded.risk.tier.size
    root = folded.children.root[folded.measurements.child]
    counts = known[folded.measurements.child]
    changed = counts & ~_same(stored, code_matrix(folded.assessments))
    survivor = folded.children.is_root
    speaks = np.zeros(count, np.bool_)
    speaks[folded.children.root[survivor]] = (known & ~voided)[survivor]
    prints = with_laboratory(risk_fingerprints(folded), found)
    wording = risk_wording(folded, found, folded.rules)
    tier = folded.risk.tier.copy()
    for number, finding in found.items():
        tier[number] = max(tier[number], finding.tier(folded.rules))
    reworded = wording != risk_wording(folded, found, against)
    other = (prints != stored.fingerprint) | reworded
    return Generation(
        digest=_digests(folded, root, counts, speaks, [prints, wording, tier, folded.risk.priority]),
        visits=np.bincount(root[counts], minlength=count),
        visits_changed=np.bincount(root[changed], minlength=count),
        speaks=speaks,
        status_changed=(speaks != stored.speaks) | (speaks & other),
        tier=tier,
        priority=folded.risk.priority,
        opened=_openings(folded, root, stored.matrix[:, TIER_COLUMN], counts & stored.comparable),
        opens=_openings(folded, root, folded.assessments.tier, counts),
    )


def _same(stored: StoredVerdicts, matrix: Matrix) -> Bools:
    same: Bools = stored.comparable & (stored.matrix == matrix).all(axis=1)
    return same


def _digests(
    folded: Fold, root: Int64s, counts: Bools, speaks: Bools, of_status: list[npt.NDArray[np.generic]]
) -> Int64s:
    facts, ids = folded.measurements.fact_id, folded.children.child_id[folded.roots.child]
    words = assessment_fingerprints(folded.assessments).astype(np.uint64)
    for half in (facts[:, 0], facts[:, 1]):
        words = mix(words, half)
    total = np.zeros(speaks.size, np.uint64)
    np.add.at(total, root[counts], words[counts])  # wraps: a sum does not know the order
    status = np.zeros(speaks.size, np.uint64)
    for column in of_status:
        status = mix(status, column)
    words = mix(mix(total, np.where(speaks, status.astype(np.int64), 0)), ids[:, 0])
    return mix(words, ids[:, 1]).astype(np.int64)


def _openings(folded: Fold, root: Int64s, tier: npt.NDArray[np.integer], counts: Bools) -> Months:
    """Months in which the tier of a root rose to suspected or urgent: a case, had each visit been told when it was new.

    By growth alone, and only while the child is young enough for a case.
    """
    assessed, on = folded.assessments, folded.measurements.measured_on
    rows = np.flatnonzero(counts & (assessed.state == State.JUDGED) & ((assessed.flags & AssessmentFlag.PRIMARY) != 0))
    rows = rows[np.lexsort((on[rows], root[rows]))]
    high = tier[rows] >= Tier.SUSPECTED
    before = np.r_[np.zeros(min(1, rows.size), np.bool_), high[:-1] & (root[rows][1:] == root[rows][:-1])]
    months = assessed.completed_months[rows]
    young = (months != NO_AGE) & (months < folded.rules.open_before_months)
    opening = rows[high & ~before & young]
    found: Months = {}
    for number, month in zip(
        root[opening].tolist(), on[opening].astype("datetime64[M]").astype(int).tolist(), strict=True
    ):
        found.setdefault(number, []).append(month)
    return found
