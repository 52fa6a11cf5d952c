"""Judge what a batch touched: fold whole families, publish an assessment a revision, a status where it changed.

The order inside the transaction is fixed (architecture §4): families locked, facts merged, evidence read back from
the tables, folded, compared with what is stored, written, and the events handed to the outbox by the caller.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

import numpy as np

from services.scoring.domain.assessment_matrix import CODE_COLUMNS, code_matrix
from services.scoring.domain.explain import RiskStatus, explain
from services.scoring.domain.fingerprint import risk_fingerprints, with_laboratory
from services.scoring.domain.fold import fold
from services.scoring.domain.fold_columns import Bools, Fold, Int64s
from services.scoring.domain.laboratory import LabFinding
from services.scoring.domain.ruleset import RuleSet
from services.scoring.store import judgements
from services.scoring.store.evidence import Evidence, load_evidence
from services.scoring.use_cases.judge_laboratory import Laboratory, judge_laboratory, read_laboratory
from services.scoring.use_cases.judgement_facts import (
    AssessmentHead,
    FactRow,
    assessment_rows,
    instant,
    status_row,
)
from services.scoring.use_cases.keep_cases import keep_cases
from services.scoring.use_cases.rules_in_force import InForce
from shared.contracts.codec import Message, encode, encode_rows
from shared.contracts.risk import AssessmentV1, RiskStatusV1
from shared.postgres.pool import Connection

FIRST_EPOCH: Final = 1
VOID_STATUS: Final = RiskStatus("unknown", False, (), None, (), ())  # of a child that is no root any more


@dataclass(frozen=True, slots=True)
class Clock:
    """What the edge says about time: the calendar day in Batu Bara and the instant of recording."""

    today: date
    now: datetime


@dataclass(frozen=True, slots=True)
class Judged:
    """Some families with everything known of them, judged."""

    evidence: Evidence
    folded: Fold
    laboratory: Laboratory
    found: Mapping[int, LabFinding]


async def judge_measurements(
    connection: Connection, roots: Collection[UUID], in_force: InForce, clock: Clock
) -> list[Message]:
    """Judge the families of `roots` (locked, merged) and return the events of what changed."""
    judged = await judge(connection, roots, in_force.rules)
    messages = await publish_verdicts(connection, judged, in_force.since)
    await asyncio.sleep(0)
    kept = await keep_cases(connection, judged.evidence, judged.folded, judged.found, clock.today, clock.now)
    return [*messages, *(encode(fact) for fact in kept)]


async def judge(connection: Connection, roots: Collection[UUID], rules: RuleSet) -> Judged:
    """What `rules` say of the families of `roots`; nothing is written."""
    evidence = await load_evidence(connection, roots)
    laboratory = await read_laboratory(connection, evidence)
    folded = fold(evidence.children, evidence.measurements, rules)
    return Judged(evidence, folded, laboratory, judge_laboratory(folded, laboratory))


async def publish_verdicts(
    connection: Connection, judged: Judged, since: datetime | None, anew: Collection[UUID] = ()
) -> list[Message]:
    """Store assessments and statuses that are not what is stored; returns their events.

    A verdict that two rule sets make and word alike keeps the version that first said it. Where one replaces that of
    another rule set it is known from `since` at the earliest. `anew`: roots of which another version says the same in
    other words, so that their status is news all the same.
    """
    messages = await _publish_assessments(connection, judged.evidence, judged.folded, since)
    await asyncio.sleep(0)  # the heartbeat shares the loop: no step may hold it for long
    return messages + await _publish_statuses(connection, judged, since, anew)


def known_by_day(evidence: Evidence, folded: Fold) -> Int64s:
    """For each measurement, when the last fact that its assessment rests on became known (microseconds).

    An assessment rests on the child facts of the root and on every measurement up to and including its day, voided
    ones too: that they do not count is something that had to become known.
    """
    measurements, roots = evidence.measurements, folded.children.root
    if not evidence.known_us.size:
        return evidence.known_us
    of_child = np.zeros(len(evidence.root_ids), np.int64)
    np.maximum.at(of_child, roots, evidence.child_known_us)
    root = roots[measurements.child]
    day = measurements.measured_on.astype(np.int64)
    order = np.lexsort((day, root))
    known = np.maximum(evidence.known_us, of_child[root])[order]
    root, day = root[order], day[order]
    # A running maximum that starts anew with each root: every root is lifted above all values of the one before it.
    floor = known.min()
    lift = (known.max() - floor + 1) * root
    running = np.maximum.accumulate(known - floor + lift) - lift + floor
    ends = np.flatnonzero(np.r_[(root[1:] != root[:-1]) | (day[1:] != day[:-1]), True])
    last = ends[np.searchsorted(ends, np.arange(root.size))]
    result: Int64s = np.empty_like(running)
    result[order] = running[last]
    return result


def _changed(evidence: Evidence, codes: np.ndarray) -> Bools:
    """Measurements whose assessment is not what is stored, or judges an older revision."""
    stored = evidence.stored
    width = codes.shape[1] * codes.itemsize
    comparable = np.array([old is not None and len(old) == width for old in stored.codes], np.bool_)
    changed = ~comparable
    rows = np.flatnonzero(comparable)
    if rows.size:
        old = np.frombuffer(b"".join(stored.codes[row] or b"" for row in rows), "<i4").reshape(-1, len(CODE_COLUMNS))
        changed[rows] = (old != codes[rows]).any(axis=1)
    changed |= stored.measurement_epoch != evidence.epoch
    changed |= stored.measurement_revision != evidence.revision
    return changed & evidence.child_known[evidence.measurements.child]


async def _publish_assessments(
    connection: Connection, evidence: Evidence, folded: Fold, since: datetime | None
) -> list[Message]:
    if not evidence.measurement_ids:
        return []
    codes = code_matrix(folded.assessments)
    changed = np.flatnonzero(_changed(evidence, codes))
    stored, version = evidence.stored, folded.rules.version
    heads = [
        AssessmentHead(
            child_id=evidence.child_ids[child],
            measurement_id=evidence.measurement_ids[row],
            measurement_order=(epoch, revision),
            measured_on=measured_on,
            order=(max(FIRST_EPOCH, stored_epoch), stored_revision + 1),
            known_at=_known_at(instant(known_us), stored.ruleset[row], version, since),
            ruleset_version=version,
        )
        for row, child, epoch, revision, measured_on, stored_epoch, stored_revision, known_us in zip(
            changed.tolist(),
            evidence.measurements.child[changed].tolist(),
            evidence.epoch[changed].tolist(),
            evidence.revision[changed].tolist(),
            evidence.measurements.measured_on[changed].tolist(),
            stored.epoch[changed].tolist(),
            stored.revision[changed].tolist(),
            np.maximum(known_by_day(evidence, folded), stored.known_us)[changed].tolist(),
            strict=True,
        )
    ]
    rows = assessment_rows(codes[changed].tolist(), heads)
    await judgements.write_assessments(connection, rows, [code.tobytes() for code in codes[changed]])
    return encode_rows(AssessmentV1, rows)


def _known_at(known_at: datetime, stored_version: str | None, version: str, since: datetime | None) -> datetime:
    """A verdict that replaces one by other rules was not known before those rules were in force."""
    if since is None or stored_version is None or stored_version == version:
        return known_at
    return max(known_at, since)


def _known_of_roots(evidence: Evidence, folded: Fold, laboratory: Laboratory) -> Int64s:
    known = np.zeros(len(evidence.root_ids), np.int64)
    for root, rows in laboratory.items():
        known[root] = rows.known_us
    np.maximum.at(known, folded.children.root, evidence.child_known_us)
    if evidence.known_us.size:
        np.maximum.at(known, folded.children.root[evidence.measurements.child], evidence.known_us)
    return known


async def _publish_statuses(
    connection: Connection, judged: Judged, since: datetime | None, anew: Collection[UUID]
) -> list[Message]:
    evidence, folded, found = judged.evidence, judged.folded, judged.found
    version = folded.rules.version
    stored = await judgements.read_statuses(connection, evidence.child_ids)
    prints = with_laboratory(risk_fingerprints(folded), found).tolist()
    known_us = _known_of_roots(evidence, folded, judged.laboratory).tolist()
    voided: list[tuple[UUID, int]] = []  # statuses that speak no more: of children merged away or entered in error
    news: list[tuple[UUID, int]] = []
    for child_id, root, gone, known in zip(
        evidence.child_ids,
        folded.children.root.tolist(),
        evidence.child_voided.tolist(),
        evidence.child_known.tolist(),
        strict=True,
    ):
        old = stored.get(child_id)
        if child_id != evidence.root_ids[root] or gone:
            if old is not None and not old.voided:
                voided.append((child_id, root))
        elif known and (
            old is None
            or old.voided
            or old.fingerprint != prints[root]
            or (child_id in anew and old.ruleset_version != version)
        ):
            news.append((child_id, root))

    def row(child_id: UUID, root: int, status: RiskStatus) -> FactRow:
        old, known_at = stored.get(child_id), instant(known_us[root])
        known_at = _known_at(known_at, None if old is None else old.ruleset_version, version, since)
        return status_row(
            status,
            child_id=child_id,
            order=(FIRST_EPOCH, 1) if old is None else (old.order[0], old.order[1] + 1),
            known_at=known_at if old is None else max(known_at, old.known_at),
            ruleset_version=version,
            voided=status is VOID_STATUS,
        )

    rows = [row(child_id, root, VOID_STATUS) for child_id, root in voided]
    statuses = explain(folded, [root for _, root in news], found)
    rows += [row(child_id, root, status) for (child_id, root), status in zip(news, statuses, strict=True)]
    messages = encode_rows(RiskStatusV1, rows)
    fingerprints = [0] * len(voided) + [prints[root] for _, root in news]
    await judgements.write_statuses(connection, rows, fingerprints, [message.body for message in messages])
    return messages
