"""What laboratory values mean for this child: one reading a rule, of the newest valid result of each test.

A verdict that something unknown could turn is `indeterminate` and names the one thing that would settle it; give it,
and the verdict is what it would have been at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from services.scoring.domain.anaemia_type import with_anaemia_type
from services.scoring.domain.lab_results import LabResult, Reading, newest_of_each
from services.scoring.domain.laboratory_rules import FOUND, SKIN, LaboratoryRules
from services.scoring.domain.qualitative import found
from services.scoring.domain.reading_rules import BANDED, raised
from services.scoring.domain.reading_view import Subject, Verdict, View
from services.scoring.domain.skin_test import mantoux

__all__ = ["GRADES", "NOTES", "SETTLE_WITH", "Subject", "read_results"]

# Every code that a reading can carry, for those who put them into words.
GRADES: Final = (
    "no_anaemia", "mild_anaemia", "moderate_anaemia", "severe_anaemia", "anaemia", "elevation_unknown",
    "deficient", "not_deficient", "depends_on_inflammation", "raised", "normal",
    "low", "not_low", "low_possibly_inflammation", "draw_time_missing",
    "severely_deficient", "insufficient", "marginal", "very_low", "very_low_possibly_inflammation", "assay_unknown",
    "high", "raised_repeat", "raised_ft4_low", "raised_ft4_not_low", "high_refer",
    "none_found", "light_infection", "moderate_infection", "heavy_infection", "parasites_found",
    "negative", "positive", "no_growth", "growth", "non_reactive", "reactive", "not_detected", "detected",
    "not_conclusive", "maternal_antibodies", "not_readable", "reading_time_missing", "read_at_wrong_time",
    "depends_on_immunity", "no_reference", "age_missing", "bound_undecided", "unit_unexpected",
)  # fmt: skip
NOTES: Final = (
    "elevation_unknown", "elevation_adjusted", "capillary", "bound", "crp_missing", "agp_missing", "inflammation",
    "inflammation_incubation", "inflammation_early_convalescence", "inflammation_late_convalescence",
    "severity_open", "mentzer_low", "mentzer_not_low", "hint_iron_deficiency", "hint_thalassaemia_trait",
    "hint_inflammation", "by_pcr", "weak_immunity",
)  # fmt: skip
SETTLE_WITH: Final = (
    "record_elevation", "record_draw_time", "record_assay", "register_child", "blood_count", "ferritin", "crp", "agp",
    "zinc", "retinol", "vitamin_d", "vitamin_b12", "folate", "albumin", "tsh", "ft4",
    "record_reading_time", "stool", "urinalysis", "urine_culture", "mantoux", "hiv", "hiv_pcr",
)  # fmt: skip


def read_results(results: Sequence[LabResult], subject: Subject, rules: LaboratoryRules) -> tuple[Reading, ...]:
    """The readings of all valid `results` of a child; a test without a rule has none."""
    readings: list[Reading] = []
    for test_code, result in newest_of_each(results).items():
        own = [rule for rule in rules.readings.values() if rule.test_code == test_code]
        views = [View(result, rule, subject, results, rules) for rule in own]
        judged = [_reading(view, _judge(view)) for view in views]
        # The older rule is shown only where it says something else.
        readings += [each for each in judged if each is judged[0] or each.grade != judged[0].grade]
    return with_anaemia_type(readings, rules)


def _judge(view: View) -> Verdict:  # noqa: PLR0911 - one a kind of rule
    if view.rule.rule_id in FOUND:
        return found(view)
    if view.rule.rule_id in SKIN:
        return mantoux(view)
    if view.result.value is None or view.result.canonical_unit != view.rule.unit:  # never assumed
        return Verdict(abnormal="indeterminate", grade="unit_unexpected", settle_with=view.again)
    if view.rule.rule_id not in BANDED:
        return raised(view)
    if view.subject.birth_date is None:
        return Verdict(abnormal="indeterminate", grade="age_missing", settle_with="register_child")
    band = view.band
    if band is None:
        return Verdict(abnormal="no_reference", grade="no_reference")
    return BANDED[view.rule.rule_id](view, band)


def _reading(view: View, verdict: Verdict) -> Reading:
    result, rule = view.result, view.rule
    weaker = [
        note
        for note, holds in (("capillary", result.specimen == "capillary"), ("bound", result.comparator is not None))
        if holds
    ]
    return Reading(
        rule_id=rule.rule_id,
        test_code=result.test_code,
        result_id=result.fact_id,
        drawn_on=result.drawn_on,
        abnormal=verdict.abnormal,
        grade=verdict.grade,
        value=result.value,
        comparator=result.comparator,
        canonical_unit=result.canonical_unit,
        adjusted_value=verdict.adjusted_value,
        threshold=verdict.threshold,
        notes=(*verdict.notes, *weaker),
        settle_with=verdict.settle_with,
        source=rule.source,
        provisional=rule.provisional or verdict.provisional,
        findings=result.findings,
    )
