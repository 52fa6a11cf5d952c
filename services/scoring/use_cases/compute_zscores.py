"""Growth scores, classes and reasons of values that somebody sends: nothing is read, nothing is stored."""

from __future__ import annotations

from typing import Final

import numpy as np

from services.scoring.domain.assess import other_position
from services.scoring.domain.assessment_codes import OUTLIER
from services.scoring.domain.categories import class_of, classify
from services.scoring.domain.code_words import Json, class_in_words, reason_in_words
from services.scoring.domain.fold_columns import Floats, Int8s
from services.scoring.domain.ruleset import RuleSet
from shared.growth.anthro import IndexScores, score
from shared.growth.anthro_columns import DAYS_PER_MONTH, Anthropometry

# Our names of the indices and what they are classed by; skinfolds have no class.
CLASSED_BY: Final = {
    "haz": "height_for_age",
    "waz": "weight_for_age",
    "whz": "weight_for_height",
    "baz": "bmi_for_age",
    "hcz": "head_circumference_for_age",
    "acz": None,
    "tsz": None,
    "ssz": None,
}
POSITIONS: Final = (None, "lying", "standing")


def compute_zscores(columns: Anthropometry, rules: RuleSet) -> list[Json]:
    """One document a row, in order; every optional column of `columns` must be there (NaN = not measured)."""
    scores = score(columns)
    indices: dict[str, IndexScores] = {name: getattr(scores, name) for name in CLASSED_BY}
    classes = {
        name: classify(indices[name], rules.categories[kind]) for name, kind in CLASSED_BY.items() if kind is not None
    }
    others = other_position(columns, scores, classes["haz"], classes["whz"], rules)
    told = {name: _told(index, classes.get(name), CLASSED_BY[name]) for name, index in indices.items()}
    return [
        {
            "age_days": None if days is None else int(days),
            "adjusted_length_height_cm": length,
            "measurement_position": POSITIONS[position],
            "position_implausible": implausible,
            "bmi_kg_m2": bmi,
            "scores": dict(zip(told, cells, strict=True)),
            "muac_class": arm,
            "if_other_position": _other(*other),
        }
        for days, length, position, implausible, bmi, cells, arm, other in zip(
            _values(scores.age_days),
            _values(scores.adjusted_length_height_cm),
            scores.position.tolist(),
            scores.position_implausible.tolist(),
            _values(scores.bmi),
            zip(*told.values(), strict=True),
            _arm_classes(columns, scores.age_days, rules),
            zip(*map(_values, others), strict=True),
            strict=True,
        )
    ]


def _values(column: Floats) -> list[float | None]:
    """NaN and infinities (of an absurd input) are no values."""
    return [value if finite else None for value, finite in zip(column.tolist(), np.isfinite(column), strict=True)]


def _told(index: IndexScores, classes: Int8s | None, kind: str | None) -> list[Json]:
    """Score, flag and class of each row, or why it is blank; with oedema the class stands without a score."""
    codes = [0] * index.z.size if classes is None else classes.tolist()
    return [
        {
            "z": z,
            "flagged": flagged,
            "class": class_in_words(kind, code) if kind else None,
            "reason": reason_in_words(reason),
        }
        for z, flagged, code, reason in zip(
            _values(index.z), index.flagged.tolist(), codes, index.reason.tolist(), strict=True
        )
    ]


def _arm_classes(columns: Anthropometry, age_days: Floats, rules: RuleSet) -> list[Json | None]:
    """Classes of the upper arm, by centimetres; outside the entry limits it is a mistake, not an arm."""
    cuts, (low, high) = rules.categories["muac"], rules.plausible["muac_cm"]
    cm = np.full(columns.sex.size, np.nan) if columns.muac_cm is None else columns.muac_cm
    months = np.floor(age_days / DAYS_PER_MONTH)  # completed, as near as an age in days tells
    code = class_of(cm, cuts)
    code[(cm < low) | (cm > high)] = OUTLIER
    code[~((months >= cuts.from_months) & (months < cuts.before_months))] = 0
    return [class_in_words("muac", each) for each in code.tolist()]


def _other(haz: float | None, whz: float | None) -> Json | None:
    """Scores by the other position, where it is unknown and would change a class."""
    return None if haz is None and whz is None else {"haz": haz, "whz": whz}
