"""64-bit content fingerprints of whole columns, so that unchanged rows are found without making an object of any.

Equal content has equal fingerprints on every machine and in every later version; the rule set's version is not part of
it, so that two rule sets that judge alike show it. Never reorder what is mixed: append.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from hashlib import blake2b
from typing import Final

import numpy as np
import numpy.typing as npt

from services.scoring.domain.assessment_codes import to_centi
from services.scoring.domain.findings import newest_valid_day
from services.scoring.domain.fold_columns import Assessments, Fold
from services.scoring.domain.laboratory import LabFinding
from services.scoring.domain.risk_codes import RULE_EVIDENCE, Evidence, RiskRule, UnknownThing
from services.scoring.domain.stunting_risk import STUNTING_RISK_COLUMNS
from services.scoring.domain.unknowns import SEEN_IN

Int64s = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint64]

# Constants of splitmix64 (Steele, Lea, Flood 2014).
STEP: Final = np.uint64(0x9E3779B97F4A7C15)
FIRST: Final = np.uint64(0xBF58476D1CE4E5B9)
SECOND: Final = np.uint64(0x94D049BB133111EB)

# Columns of the assessment that an explanation shows of a kind of evidence, beside the fact and its day.
SAID_OF: Final = {
    Evidence.HAZ: ("haz", "corrected_haz", "alternative_haz", "whz", "alternative_whz"),
    Evidence.WAZ: ("waz", "corrected_waz"),
    Evidence.WHZ: ("whz",),
    Evidence.INFANT: ("waz", "corrected_waz"),
    Evidence.ANY: ("haz_reason", "waz_reason", "whz_reason", "corrected_haz", "corrected_waz"),
}


def assessment_fingerprints(assessments: Assessments) -> Int64s:
    """One fingerprint a measurement."""
    words = np.zeros(assessments.state.size, np.uint64)
    for field in fields(assessments):
        words = mix(words, getattr(assessments, field.name))
    return words.astype(np.int64)


def risk_fingerprints(fold: Fold) -> Int64s:
    """One fingerprint a root: tier, reasons and unknowns with the facts and values they rest on, newest valid day."""
    risk = fold.risk
    words = np.zeros(risk.tier.size, np.uint64)
    for column in (risk.tier, risk.priority, risk.reasons, risk.unknowns, newest_valid_day(fold)):
        words = mix(words, column)
    for kind in Evidence:
        if kind is Evidence.DANGER_SIGN:
            continue
        told = _told(fold, kind)
        for column in _content(fold, kind):
            words = mix(words, np.where(told, column, 0))
    for column in _birth_content(fold):
        words = mix(words, column)
    warned = (risk.reasons >> RiskRule.STUNTING_RISK & 1) == 1
    row = risk.evidence[Evidence.HAZ]
    for name in STUNTING_RISK_COLUMNS if warned.any() else ():
        # Mixed in where it is told only: the other prints stay what they were before there was an early warning.
        words = np.where(warned, mix(words, getattr(fold.assessments, name)[row]), words)
    apart = _position_apart(fold)
    for content in _position_content(fold) if apart.any() else ():
        words = np.where(apart, mix(words, content), words)
    endangered = _told(fold, Evidence.DANGER_SIGN)
    for column in _content(fold, Evidence.DANGER_SIGN) if endangered.any() else ():
        words = np.where(endangered, mix(words, column), words)
    return words.astype(np.int64)


def with_laboratory(prints: Int64s, laboratory: Mapping[int, LabFinding]) -> Int64s:
    """The fingerprints with what the laboratory says of the roots that have results; the others stay what they are."""
    mixed = prints.copy()
    for root, found in laboratory.items():
        told = tuple(reading.findings for reading in found.readings if reading.findings)
        content = repr((found.readings, found.urgent, told) if told else (found.readings, found.urgent)).encode()
        digest = np.frombuffer(blake2b(content, digest_size=8).digest(), "<i8")
        mixed[root : root + 1] = mix(prints[root : root + 1].astype(np.uint64), digest).astype(np.int64)
    return mixed


def _told(fold: Fold, kind: Evidence) -> npt.NDArray[np.bool_]:
    """Roots whose reasons or unknowns name the evidence of this kind."""
    rules = sum(1 << rule for rule, evidence in RULE_EVIDENCE.items() if evidence is kind)
    things = sum(1 << thing for thing, evidence in SEEN_IN.items() if evidence is kind)
    named = (fold.risk.reasons & rules) | (fold.risk.unknowns & things)
    told: npt.NDArray[np.bool_] = (named != 0) & (fold.risk.evidence[kind] >= 0)
    return told


def _content(fold: Fold, kind: Evidence) -> list[Int64s]:
    """The fact behind a kind of evidence, and what an explanation says of it."""
    row = fold.risk.evidence[kind]
    facts = fold.measurements
    columns: list[npt.NDArray[np.generic]] = [facts.fact_id[:, 0], facts.fact_id[:, 1], facts.measured_on]
    columns.extend(getattr(fold.assessments, name) for name in SAID_OF.get(kind, ()))
    if kind is Evidence.MUAC:
        columns.append(to_centi(facts.muac_cm))
    if kind is Evidence.DROP:
        columns.append(fold.haz_drop)
    if kind is Evidence.DANGER_SIGN:
        columns.append(fold.danger_signs)
    if not facts.voided.size:  # as for a root without evidence among others that have some
        return [np.zeros(row.size, np.int64)] * len(columns)
    return [column[row].astype(np.int64) for column in columns]


def _position_apart(fold: Fold) -> npt.NDArray[np.bool_]:
    """Roots whose unknown position may be that of a visit which only wasting is judged by."""
    row = fold.risk.evidence[Evidence.WHZ]
    is_unknown = (fold.risk.unknowns >> UnknownThing.POSITION & 1) == 1
    apart: npt.NDArray[np.bool_] = is_unknown & (row >= 0) & (row != fold.risk.evidence[Evidence.HAZ])
    return apart


def _position_content(fold: Fold) -> list[Int64s]:
    row, facts = fold.risk.evidence[Evidence.WHZ], fold.measurements.fact_id
    columns = (facts[:, 0], facts[:, 1], fold.assessments.alternative_whz)
    return [column[row].astype(np.int64) for column in columns]


def _birth_content(fold: Fold) -> list[Int64s]:
    """What the two rules of birth rest on, where they fired."""
    roots, ids = fold.roots, fold.children.child_id
    content: list[Int64s] = []
    for rule, value, speaker in (
        (RiskRule.LOW_BIRTH_WEIGHT, roots.birth_weight_kg, roots.birth_weight_from),
        (RiskRule.PRETERM, roots.gestation_weeks, roots.gestation_from),
    ):
        fired = (fold.risk.reasons >> rule & 1) == 1
        columns = (to_centi(value), roots.birth_date.astype(np.int64), ids[speaker, 0], ids[speaker, 1])
        content.extend(np.where(fired, column.astype(np.int64), 0) for column in columns)
    return content


def mix(words: Words, column: npt.NDArray[np.generic]) -> Words:
    """`words` after one more column; the order of columns counts."""
    mixed = (words + STEP) ^ column.astype(np.int64).astype(np.uint64)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * FIRST
    mixed = (mixed ^ (mixed >> np.uint64(27))) * SECOND
    return mixed ^ (mixed >> np.uint64(31))
