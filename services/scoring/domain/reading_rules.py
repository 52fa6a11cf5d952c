"""The rules of readings, one function a test; all numbers come from the rule set (domain.md §4)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Final

from services.scoring.domain.bounds import Range, above, below
from services.scoring.domain.graded import folate, graded, lowered_by_inflammation, mcv, tsh
from services.scoring.domain.inflammation import inflammation
from services.scoring.domain.laboratory_rules import Band
from services.scoring.domain.reading_view import Verdict, View
from shared.calendar import JAKARTA


def raised(view: View) -> Verdict:
    """CRP and AGP: inflammation at any age."""
    limit = view.rule.raised_above
    answer = above(view.range, limit)
    if answer == "indeterminate":
        return view.undecided(limit)
    return Verdict(abnormal=answer, grade="raised" if answer == "yes" else "normal", threshold=limit)


def haemoglobin(view: View, band: Band) -> Verdict:
    """Anaemia, by the value adjusted for the elevation of residence.

    Unknown elevation: the value as it is, and `indeterminate` only where the largest subtraction would turn a no into
    a yes; a yes stays one however high the child lives.
    """
    elevation, elevation_m = view.rule.elevation, view.subject.elevation_m
    if elevation is None:
        return _anaemia(view, band, view.range)
    if elevation_m is not None:
        amount = elevation.subtraction(elevation_m)
        if not amount:
            return _anaemia(view, band, view.range)
        return replace(
            _anaemia(view, band, view.range.less(Decimal(str(amount)))),
            notes=("elevation_adjusted",),
            adjusted_value=float(Decimal(str(view.result.value)) - Decimal(str(amount))),
            provisional=elevation.provisional,
        )
    unadjusted = _anaemia(view, band, view.range)
    most = view.range.less(Decimal(str(elevation.largest)))
    if unadjusted.abnormal == "no" and below(most, band.below[-1]) != "no":
        unadjusted = replace(
            unadjusted, abnormal="indeterminate", grade="elevation_unknown", settle_with="record_elevation"
        )
    return replace(unadjusted, notes=("elevation_unknown",), provisional=elevation.provisional)


def _anaemia(view: View, band: Band, value: Range) -> Verdict:
    severe, moderate, mild = band.below
    answer = below(value, mild)
    if answer == "indeterminate":
        return view.undecided(mild)
    if answer == "no":
        return Verdict(abnormal="no", grade="no_anaemia", threshold=mild)
    match below(value, severe), below(value, moderate):
        case "yes", _:
            grade = "severe_anaemia"
        case "no", "yes":
            grade = "moderate_anaemia"
        case "no", "no":
            grade = "mild_anaemia"
        case _:
            grade = "anaemia"  # a bound: low for certain, how low is not said
    return Verdict(abnormal="yes", grade=grade, threshold=mild)


def ferritin(view: View, band: Band) -> Verdict:
    """Iron deficiency: below the lower limit always, from the upper one never, between them by inflammation.

    CRP or AGP raised: deficient; CRP normal: not (a missing AGP is noted); without CRP it cannot be said.
    """
    deficient, sufficient = band.below
    low, lowish = below(view.range, deficient), below(view.range, sufficient)
    if low == "yes":
        return Verdict(abnormal="yes", grade="deficient", threshold=deficient)
    if lowish == "no":
        return Verdict(abnormal="no", grade="not_deficient", threshold=sufficient)
    inflamed, notes = inflammation(view)
    if inflamed is None:
        if low == "no" and lowish == "yes":
            return Verdict(
                abnormal="indeterminate",
                grade="depends_on_inflammation",
                threshold=sufficient,
                notes=notes,
                settle_with="agp" if view.inflamed("crp") == "no" else "crp",
            )
        return view.undecided(deficient, notes)
    answer, threshold = (lowish, sufficient) if inflamed else (low, deficient)
    if answer == "indeterminate":
        return view.undecided(threshold, notes)
    return Verdict(
        abnormal=answer,
        grade="deficient" if answer == "yes" else "not_deficient",
        threshold=threshold,
        notes=notes,
    )


def zinc(view: View, band: Band) -> Verdict:
    """Low zinc, by the time of the draw; with inflammation it is low, possibly for that alone."""
    if view.result.drawn_at is None:
        return Verdict(abnormal="indeterminate", grade="draw_time_missing", settle_with="record_draw_time")
    later, early = band.below
    local = view.result.drawn_at.astimezone(JAKARTA)
    threshold = early if local.hour < view.rule.before_hour else later
    answer = below(view.range, threshold)
    if answer == "indeterminate":
        return view.undecided(threshold)
    if answer == "no":
        return Verdict(abnormal="no", grade="not_low", threshold=threshold)
    inflamed, notes = inflammation(view)
    grade = "low_possibly_inflammation" if inflamed else "low"
    return Verdict(abnormal="yes", grade=grade, threshold=threshold, notes=notes)


BANDED: Final[dict[str, Callable[[View, Band], Verdict]]] = {
    "haemoglobin_who_2024": haemoglobin,
    "haemoglobin_who_2011": haemoglobin,
    "ferritin": ferritin,
    "zinc": zinc,
    "mcv": mcv,
    "retinol": lowered_by_inflammation,
    "vitamin_d": graded,
    "vitamin_b12": graded,
    "folate": folate,
    "albumin": lowered_by_inflammation,
    "tsh": tsh,
    "ft4": graded,
    "ascaris_eggs": graded,
    "trichuris_eggs": graded,
    "hookworm_eggs": graded,
}
