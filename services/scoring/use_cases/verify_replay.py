"""Is a generation right? Complete, and a sample judged again the way batches judge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

import numpy as np

from services.scoring.domain.assessment_matrix import CODE_COLUMNS
from services.scoring.domain.generation import StoredVerdicts, generation
from services.scoring.domain.ruleset import RuleSet
from services.scoring.store import replays
from services.scoring.store.replays import Replay
from services.scoring.use_cases.judge_measurements import Judged, judge
from shared.postgres.pool import Connection

SAMPLED: Final = 200  # families


@dataclass(frozen=True, slots=True)
class Verified:
    """How many families were judged again, and what is wrong: families that differ, are missing or too many."""

    checked: int
    differing: tuple[UUID, ...]
    missing: int
    surplus: int

    @property
    def differences(self) -> int:
        """Their number; 0 = the generation is right."""
        return len(self.differing) + self.missing + self.surplus


async def verify_replay(connection: Connection, replay: Replay, rules: RuleSet) -> Verified:
    """Compare the generation with the facts, while nobody changes them."""
    stored = await replays.sample(connection, replay.replay_id, SAMPLED)
    found = await digests(connection, stored, rules) if stored else {}
    incomplete = await replays.incomplete(connection, replay.replay_id)
    return Verified(
        checked=len(stored),
        differing=tuple(child_id for child_id, digest in stored.items() if found.get(child_id) != digest),
        missing=incomplete["missing"],
        surplus=incomplete["surplus"],
    )


async def digests(connection: Connection, roots: dict[UUID, int], rules: RuleSet) -> dict[UUID, int]:
    """The digests of families, read and judged as a batch does."""
    judged = await judge(connection, roots, rules)
    evidence = judged.evidence
    made = generation(judged.folded, judged.found, evidence.child_known, evidence.child_voided, _nothing(judged), rules)
    return dict(zip(evidence.root_ids, made.digest.tolist(), strict=True))


def _nothing(judged: Judged) -> StoredVerdicts:
    """A digest does not look at what is stored."""
    rows, roots = len(judged.evidence.measurement_ids), len(judged.evidence.root_ids)
    return StoredVerdicts(
        matrix=np.zeros((rows, len(CODE_COLUMNS)), np.int32),
        comparable=np.zeros(rows, np.bool_),
        speaks=np.zeros(roots, np.bool_),
        fingerprint=np.zeros(roots, np.int64),
    )
