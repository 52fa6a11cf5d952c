"""Judge families by another rule set, for a replay: nothing that is live changes."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import numpy as np

from services.scoring.domain.findings import findings
from services.scoring.domain.fold import fold
from services.scoring.domain.fold_columns import Bools, Fold
from services.scoring.domain.generation import Generation, StoredVerdicts, generation
from services.scoring.domain.laboratory import LabFinding
from services.scoring.domain.risk_codes import RULE_IDS, TIER_NAMES
from services.scoring.domain.ruleset import RuleSet
from services.scoring.store import bulk_evidence, judgements, replays
from services.scoring.store.bulk_evidence import Bucket, BulkEvidence
from services.scoring.store.laboratory import load_laboratory
from services.scoring.store.replays import GenerationRow
from services.scoring.use_cases.judge_laboratory import judge_laboratory
from shared.postgres.pool import Connection

NOBODY: Final[list[int]] = []


@dataclass(frozen=True, slots=True)
class RuleSets:
    """The rules that are tried, and those in force."""

    tried: RuleSet
    in_force: RuleSet


async def replay_bucket(connection: Connection, replay_id: UUID, bucket: Bucket, rules: RuleSets) -> int:
    """Judge the families of a bucket and append their rows to the generation; how many measurements were judged."""
    evidence = await bulk_evidence.read_bucket(connection, bucket)
    if evidence is None:
        return 0
    root_of = {
        child_id: root
        for child_id, root, voided in zip(
            evidence.child_ids, evidence.children.root.tolist(), evidence.voided.tolist(), strict=True
        )
        if not voided
    }
    laboratory = await load_laboratory(connection, root_of, evidence.root_ids)
    folded = fold(evidence.children, evidence.measurements, rules.tried)
    found = judge_laboratory(folded, laboratory)
    stored = StoredVerdicts(
        matrix=evidence.matrix,
        comparable=evidence.comparable,
        speaks=evidence.speaks,
        fingerprint=evidence.fingerprint,
    )
    made = generation(folded, found, evidence.known, evidence.voided, stored, rules.in_force)
    changed = np.flatnonzero(made.status_changed).tolist()
    was_reasons = await judgements.stored_reasons(connection, [evidence.root_ids[root] for root in changed])
    reasons = _reasons(folded, [root for root in changed if made.speaks[root]], found)
    rows = _rows(replay_id, evidence, made, was_reasons, reasons)
    await replays.write_generation(connection, rows)
    return int(made.visits.sum())


async def replay_families(connection: Connection, replay_id: UUID, children: Collection[UUID], rules: RuleSets) -> None:
    """Judge again the families to which these children belong, or belonged."""
    roots = await bulk_evidence.roots_of(connection, children)
    await replays.forget_rows(connection, replay_id, {*children, *roots})
    if roots:
        await replay_bucket(connection, replay_id, Bucket(roots=tuple(roots)), rules)


def _reasons(folded: Fold, roots: list[int], found: dict[int, LabFinding]) -> dict[int, list[str]]:
    return {
        each.root: [RULE_IDS[rule] for rule in (*each.rules, *(urgent.rule for urgent in each.laboratory.urgent))]
        for each in findings(folded, roots, found)
    }


def _rows(
    replay_id: UUID,
    evidence: BulkEvidence,
    made: Generation,
    was_reasons: dict[UUID, list[str]],
    reasons: dict[int, list[str]],
) -> list[GenerationRow]:
    told = _known_roots(evidence)
    return [
        GenerationRow(
            replay_id=replay_id,
            child_id=root_id,
            digest=digest,
            visits=visits,
            visits_changed=visits_changed,
            status_changed=status_changed,
            was_tier=was_tier,
            tier=TIER_NAMES[tier] if speaks else None,
            was_priority=was_priority and was_tier is not None,
            priority=priority and speaks,
            was_reasons=was_reasons.get(root_id) if status_changed else None,
            reasons=reasons.get(root) if status_changed else None,
            opened=made.opened.get(root, NOBODY),
            opens=made.opens.get(root, NOBODY),
        )
        for root, (
            root_id,
            is_told,
            digest,
            visits,
            visits_changed,
            status_changed,
            was_tier,
            tier,
            speaks,
            was_priority,
            priority,
        ) in enumerate(
            zip(
                evidence.root_ids,
                told.tolist(),
                made.digest.tolist(),
                made.visits.tolist(),
                made.visits_changed.tolist(),
                made.status_changed.tolist(),
                evidence.tier,
                made.tier.tolist(),
                made.speaks.tolist(),
                evidence.priority,
                made.priority.tolist(),
                strict=True,
            )
        )
        if is_told
    ]


def _known_roots(evidence: BulkEvidence) -> Bools:
    """Roots of which any child fact has come."""
    told = np.zeros(len(evidence.root_ids), np.bool_)
    told[evidence.children.root[evidence.known]] = True
    return told
