"""What goes into the fold and what comes out: columns, one row a child, a measurement, or a root."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np
import numpy.typing as npt

from services.scoring.domain.ruleset import RuleSet

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Int8s = npt.NDArray[np.int8]
Int32s = npt.NDArray[np.int32]
Int64s = npt.NDArray[np.int64]
Dates = npt.NDArray[np.datetime64]
Ids = npt.NDArray[np.uint64]  # shape (n, 2): high and low half of a UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildColumns:
    """Children by facts. `root` numbers the roots 0, 1, ...; merged children share the root of their survivor.

    What a survivor's fact does not say is taken from the merged child with the smallest id that says it.
    NaN, NaT and `Sex.MISSING` = unknown; a child whose fact has not arrived yet is all unknown.
    """

    child_id: Ids
    root: Int64s
    is_root: Bools
    sex: Int8s
    birth_date: Dates
    birth_weight_kg: Floats
    gestation_weeks: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasurementColumns:
    """Measurement facts in any order; `child` is the row in `ChildColumns`. Codes as in `assessment_codes`.

    `recorded_at` may be any numbers that rise with time (microseconds).
    """

    fact_id: Ids
    child: Int64s
    measured_on: Dates
    recorded_at: Int64s
    channel: Int8s
    is_remeasurement: Bools
    voided: Bools
    weight_kg: Floats
    length_height_cm: Floats
    position: Int8s
    oedema: Int8s
    muac_cm: Floats
    head_circumference_cm: Floats
    danger_signs: Int32s  # masks of `DangerSign`
    temperature_c: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessments:
    """One row a measurement, in input order, all integers as `assessment_codes` writes them.

    `alternative_*` hold the scores the other position would give, where position is unknown and a class would change;
    `corrected_*` those by the corrected age of a preterm child, which the tier uses. Both are `NO_SCORE` elsewhere.
    `tier` is the child's tier by all evidence up to and including this day. `hcz`, `acz` and their reasons speak where
    head or arm was measured. `haz_change_*` are against the latest visit in the shorter and the longer window of the
    rule `haz_drop`. `*_velocity` are z-scores of the gain since `*_velocity_days` days before, with `VelocityReason`.
    `stunting_risk*` are the early warning as `StuntingRisk` writes it.

    Columns are appended, never moved: stored rows are read by their places (`assessment_matrix`).
    """

    state: Int8s
    age_days: Int32s
    completed_months: Int32s
    adjusted_length: Int32s
    haz: Int32s
    waz: Int32s
    whz: Int32s
    baz: Int32s
    haz_reason: Int8s
    waz_reason: Int8s
    whz_reason: Int8s
    baz_reason: Int8s
    height_for_age: Int8s
    weight_for_age: Int8s
    weight_for_height: Int8s
    bmi_for_age: Int8s
    flags: Int32s
    letter: Int8s
    alternative_haz: Int32s
    alternative_whz: Int32s
    corrected_haz: Int32s
    corrected_waz: Int32s
    tier: Int8s
    hcz: Int32s
    acz: Int32s
    hcz_reason: Int8s
    acz_reason: Int8s
    haz_change_short: Int32s
    haz_change_long: Int32s
    weight_velocity: Int32s
    weight_velocity_days: Int32s
    weight_velocity_reason: Int8s
    length_velocity: Int32s
    length_velocity_days: Int32s
    length_velocity_reason: Int8s
    head_velocity: Int32s
    head_velocity_days: Int32s
    head_velocity_reason: Int8s
    stunting_risk: Int32s
    stunting_risk_reasons: Int8s
    stunting_risk_level: Int32s
    stunting_risk_usual_change: Int32s
    stunting_risk_weight_change: Int32s
    stunting_risk_spread: Int32s
    stunting_risk_model: Int8s


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskColumns:
    """One row a root. `reasons` and `unknowns` are masks of `1 << code` (`risk_codes`).

    `evidence` has shape (len(Evidence), roots): input rows of the measurements that decide, -1 where there is none.
    """

    tier: Int8s
    priority: Bools
    reasons: Int32s
    unknowns: Int32s
    evidence: Int64s


@dataclass(frozen=True, slots=True, kw_only=True)
class Roots:
    """What is known of each root, merged children included, and the child rows that say it (-1 = none)."""

    child: Int64s  # the root child itself
    sex: Int8s
    birth_date: Dates
    birth_weight_kg: Floats
    gestation_weeks: Floats
    birth_weight_from: Int64s
    gestation_from: Int64s


@dataclass(frozen=True, slots=True, kw_only=True)
class Fold:
    """The judgement of everything given, with what `explain` needs to put it into words."""

    rules: RuleSet
    children: ChildColumns
    measurements: MeasurementColumns
    roots: Roots
    assessments: Assessments
    risk: RiskColumns
    haz_drop: Int32s  # hundredths lost against 3 or 6 months before, by input row; 0 = none
    danger_signs: Int32s  # masks of `DangerSign` by input row, what temperatures say among them


def ids(values: Sequence[UUID]) -> Ids:
    """UUIDs as two columns."""
    joined = np.frombuffer(b"".join(value.bytes for value in values), dtype=">u8")
    return joined.reshape(len(values), 2).astype(np.uint64)


def uuid_of(column: Ids, row: int) -> UUID:
    """The UUID of one row."""
    return UUID(int=(int(column[row, 0]) << 64) | int(column[row, 1]))
