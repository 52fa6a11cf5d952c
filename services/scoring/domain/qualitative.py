"""Readings of what was found: stool, urine, culture, HIV. Which finding is normal says the rule set, not the code.

Whatever is neither normal nor inconclusive is abnormal, one among many is enough (domain.md §4): an organism that a
laboratory adds to its list is never read as nothing.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from services.scoring.domain.lab_results import newest_of_each
from services.scoring.domain.reading_view import Verdict, View
from shared.calendar import completed_months

# Grades of a normal, an abnormal and an inconclusive one.
GRADES_OF: Final[dict[str, tuple[str, str, str]]] = {
    "stool_parasites": ("none_found", "parasites_found", "not_conclusive"),
    "urine_leukocyte_esterase": ("negative", "positive", "not_conclusive"),
    "urine_nitrite": ("negative", "positive", "not_conclusive"),
    "urine_culture": ("no_growth", "growth", "not_conclusive"),
    "hiv": ("non_reactive", "reactive", "not_conclusive"),
    "hiv_pcr": ("not_detected", "detected", "not_conclusive"),
}
PCR: Final = "hiv_pcr"


def found(view: View) -> Verdict:
    """Normal, abnormal or to be repeated; of HIV antibodies in a young child what the virus test says."""
    verdict = _by_codes(view)
    if view.rule.rule_id != "hiv" or verdict.abnormal != "yes":
        return verdict
    born = view.subject.birth_date
    if born is None:
        return Verdict(abnormal="indeterminate", grade="age_missing", settle_with="register_child")
    if completed_months(born, view.result.drawn_on) >= view.rule.own_from_months:
        return verdict
    virus = newest_verdict(view, PCR)  # until then antibodies may be the mother's
    if virus is None or virus.abnormal == "indeterminate":
        return Verdict(abnormal="indeterminate", grade="maternal_antibodies", settle_with=view.rules.orderable_of(PCR))
    return replace(virus, notes=("by_pcr",))


def newest_verdict(view: View, rule_id: str) -> Verdict | None:
    """What the newest result of a qualitative test says of the same child; None where there is none."""
    rule = view.rules.readings[rule_id]
    result = newest_of_each(view.results).get(rule.test_code)
    return None if result is None else found(View(result, rule, view.subject, view.results, view.rules))


def hiv_positive(view: View) -> bool | None:
    """Whether the child has HIV, by either test; None where neither says."""
    verdicts = [newest_verdict(view, rule_id) for rule_id in ("hiv", PCR)]
    answers = {verdict.abnormal for verdict in verdicts if verdict is not None}
    return True if "yes" in answers else False if "no" in answers else None


def _by_codes(view: View) -> Verdict:
    codes, rule = set(view.result.findings), view.rule
    normal, abnormal, inconclusive = GRADES_OF[rule.rule_id]
    if not codes:
        return Verdict(abnormal="indeterminate", grade="unit_unexpected", settle_with=view.again)
    if codes - {*rule.normal, *rule.inconclusive}:
        return Verdict(abnormal="yes", grade=abnormal)
    if codes & set(rule.inconclusive):
        return Verdict(abnormal="indeterminate", grade=inconclusive, settle_with=view.again)
    return Verdict(abnormal="no", grade=normal)
