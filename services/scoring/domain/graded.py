"""Readings that only ask between which limits of a band a value lies; all numbers come from the rule set."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Final

from services.scoring.domain.bounds import Range, above, below, rounded
from services.scoring.domain.inflammation import inflammation
from services.scoring.domain.lab_results import drawn_with
from services.scoring.domain.laboratory_rules import Band
from services.scoring.domain.reading_view import Verdict, View

# Grades from the lowest values to the highest, and which of them is normal.
GRADES_OF: Final[dict[str, tuple[tuple[str, ...], int]]] = {
    "mcv": (("low", "not_low"), 1),
    "retinol": (("severely_deficient", "deficient", "not_deficient"), 2),
    "vitamin_d": (("deficient", "insufficient", "not_deficient"), 2),
    "vitamin_b12": (("deficient", "marginal", "not_deficient"), 2),
    "albumin": (("very_low", "low", "not_low"), 2),
    "tsh": (("low", "normal", "raised_repeat", "high_refer"), 1),
    "ft4": (("low", "normal", "high"), 1),
    "ascaris_eggs": (("none_found", "light_infection", "moderate_infection", "heavy_infection"), 0),
    "trichuris_eggs": (("none_found", "light_infection", "moderate_infection", "heavy_infection"), 0),
    "hookworm_eggs": (("none_found", "light_infection", "moderate_infection", "heavy_infection"), 0),
}
RBC_UNIT: Final = "10*12/L"
# What inflammation makes of a low value of retinol and albumin, which it lowers by itself.
INFLAMED: Final = {
    "severely_deficient": "very_low_possibly_inflammation",
    "deficient": "low_possibly_inflammation",
    "very_low": "very_low_possibly_inflammation",
    "low": "low_possibly_inflammation",
}


def graded(view: View, band: Band) -> Verdict:
    """The class of the value.

    A bound that leaves several classes open, all of them abnormal, is the mildest of them for certain, and says so.
    """
    grades, normal = GRADES_OF[view.rule.rule_id]
    limits = (*band.below, *band.above)
    under = (*(below(view.range, limit) for limit in band.below), *(_not_above(view.range, cut) for cut in band.above))
    possible = [
        place
        for place in range(len(grades))
        if (place == 0 or under[place - 1] != "yes") and (place == len(limits) or under[place] != "no")
    ]
    mildest = min(possible, key=lambda place: abs(place - normal))
    if normal in possible and len(possible) > 1:
        return view.undecided(limits[normal if possible[0] == normal else normal - 1])
    if mildest == normal:
        threshold = None if band.below and band.above and normal < len(limits) else limits[max(normal - 1, 0)]
        return Verdict(abnormal="no", grade=grades[normal], threshold=threshold)
    return Verdict(
        abnormal="yes",
        grade=grades[mildest],
        threshold=limits[mildest if mildest < normal else mildest - 1],
        notes=("severity_open",) if len(possible) > 1 else (),
    )


def mcv(view: View, band: Band) -> Verdict:
    """Small red cells; with the red cell count of the same draw, what the Mentzer index (MCV / RBC) hints at."""
    verdict = graded(view, band)
    cells = drawn_with(view.result, "rbc", view.results, 0)
    if verdict.abnormal != "yes" or cells is None or cells.canonical_unit != RBC_UNIT or not cells.value:
        return verdict
    if view.result.comparator is not None or cells.comparator is not None:
        return verdict
    index = Decimal(str(view.result.value)) / Decimal(str(cells.value))
    low = rounded(index, view.rule.decimals) < Decimal(str(view.rule.mentzer_below))
    return replace(verdict, notes=("mentzer_low" if low else "mentzer_not_low",))


def lowered_by_inflammation(view: View, band: Band) -> Verdict:
    """Retinol and albumin: a low value with inflammation is low, possibly for that alone."""
    verdict = graded(view, band)
    if verdict.abnormal != "yes":
        return verdict
    inflamed, notes = inflammation(view)
    grade = INFLAMED[verdict.grade] if inflamed else verdict.grade
    return replace(verdict, grade=grade, notes=(*verdict.notes, *notes))


def tsh(view: View, band: Band) -> Verdict:
    """TSH; a slightly raised one is read together with fT4, and cannot be without it."""
    verdict = graded(view, band)
    if verdict.grade != "raised_repeat" or verdict.notes:
        return verdict
    ft4 = view.beside("ft4")
    found = None if ft4 is None or ft4.band is None else graded(ft4, ft4.band)
    if found is None or found.abnormal == "indeterminate":
        return replace(verdict, abnormal="indeterminate", settle_with="ft4")
    return replace(verdict, grade="raised_ft4_low" if found.grade == "low" else "raised_ft4_not_low")


def folate(view: View, band: Band) -> Verdict:
    """Folate in serum, by the limit of its assay; between the two limits the assay must be known."""
    microbiologic, radioassay = band.below
    assay = view.rule.assay(view.result.method)
    if assay is not None:
        limit = radioassay if assay == "radioassay" else microbiologic
        answer = below(view.range, limit)
        if answer == "indeterminate":
            return view.undecided(limit)
    elif below(view.range, microbiologic) == "yes":
        answer, limit = "yes", microbiologic
    elif below(view.range, radioassay) == "no":
        answer, limit = "no", radioassay
    else:
        return Verdict(
            abnormal="indeterminate", grade="assay_unknown", threshold=radioassay, settle_with="record_assay"
        )
    return Verdict(abnormal=answer, grade="deficient" if answer == "yes" else "not_deficient", threshold=limit)


def _not_above(value: Range, cut: float) -> str:
    """Whether the value is at the limit or below it."""
    return {"yes": "no", "no": "yes"}.get(above(value, cut), "indeterminate")
