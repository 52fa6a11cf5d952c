"""The Mantoux test: induration in millimetres, read some days after the injection (domain.md §4)."""

from __future__ import annotations

from datetime import timedelta

from services.scoring.domain.bounds import below
from services.scoring.domain.qualitative import hiv_positive
from services.scoring.domain.reading_view import Verdict, View


def mantoux(view: View) -> Verdict:
    """Positive from the usual limit, in a child whose defence is weak from the lower one.

    Between the two it must be known whether it is: HIV, or gizi buruk on the day of the reading. A reading too early or
    too late says nothing, nor does one whose hours are not known; "not readable" is an answer, and asks for another.
    """
    rule, result = view.rule, view.result
    if result.value is None:
        grade = "not_readable" if result.findings else "unit_unexpected"
        return Verdict(abnormal="indeterminate", grade=grade, settle_with=view.again)
    if result.canonical_unit != rule.unit:
        return Verdict(abnormal="indeterminate", grade="unit_unexpected", settle_with=view.again)
    if result.drawn_at is None or result.administered_at is None:
        return Verdict(abnormal="indeterminate", grade="reading_time_missing", settle_with="record_reading_time")
    after = result.drawn_at - result.administered_at
    if not timedelta(hours=rule.read_from_hours) <= after <= timedelta(hours=rule.read_to_hours):
        return Verdict(abnormal="indeterminate", grade="read_at_wrong_time", settle_with=view.again)
    return _by_size(view)


def _by_size(view: View) -> Verdict:
    weak_from, usual_from = view.rule.weak_from, view.rule.positive_from
    under_usual, under_weak = below(view.range, usual_from), below(view.range, weak_from)
    if under_usual == "no":
        return Verdict(abnormal="yes", grade="positive", threshold=usual_from)
    if under_weak == "yes":
        return Verdict(abnormal="no", grade="negative", threshold=weak_from)
    malnourished, hiv = view.subject.severely_malnourished(view.result.drawn_on), hiv_positive(view)
    if not (malnourished or hiv) and None in (malnourished, hiv):
        if under_usual == "indeterminate" and under_weak == "indeterminate":
            return view.undecided(usual_from)
        missing = "measure_weight_and_length" if malnourished is None and hiv is not None else "hiv"
        settle_with = missing if missing != "hiv" else view.rules.orderable_of("hiv")
        return Verdict(
            abnormal="indeterminate", grade="depends_on_immunity", threshold=usual_from, settle_with=settle_with
        )
    weak = bool(malnourished or hiv)
    limit, under = (weak_from, under_weak) if weak else (usual_from, under_usual)
    if under == "indeterminate":
        return view.undecided(limit)
    return Verdict(
        abnormal="yes" if under == "no" else "no",
        grade="positive" if under == "no" else "negative",
        threshold=limit,
        notes=("weak_immunity",) if weak else (),
        provisional=weak and not hiv,
    )
