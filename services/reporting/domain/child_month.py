"""What one child counts for in one month: one place, and a set of marks that cells add up.

Each index is read from the latest measurement of the month that has it (domain: figures). A flagged score is measured
but in no rate. Oedema leaves the weight-based scores blank and counts below -3 in their rates, numerator and
denominator (B032). Cut-offs look at the score rounded to two decimals, as it comes.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final, NamedTuple

from services.reporting.domain.facts import AssessmentRevision, ChildRevision, Judged, Place
from services.reporting.domain.targets import residence_on
from shared.calendar import UNDER_FIVE_MONTHS, completed_months

LOW: Final = -2.0  # stunted, underweight, wasted (Permenkes 2/2020)
VERY_LOW: Final = -3.0
HIGH: Final = 2.0  # overweight: WHZ above +2

MARKS: Final = (
    "weighed",
    "height_measured",
    "both_measured",
    "height_whole_cm",
    "oedema",
    "haz_measured",
    "stunted",
    "severely_stunted",
    "haz_flagged",
    "waz_measured",
    "underweight",
    "severely_underweight",
    "waz_flagged",
    "whz_measured",
    "wasted",
    "severely_wasted",
    "overweight",
    "whz_flagged",
    "baz_measured",
    "baz_low",
    "baz_severely_low",
    "baz_flagged",
    "letter_n",
    "letter_t",
    "letter_o",
    "letter_b",
    "twice_not_gained",
    "below_red_line",
    "suspected",
    "urgent",
)  # the columns of child_month and cell, in this order


class ChildMonth(NamedTuple):
    """A child's month. `span_place` is where its span counts it: where that differs, the month shifts S."""

    place: Place
    span_place: Place | None
    sex: str | None
    age_months: int
    measured_on: date
    tier: str
    haz: float | None
    waz: float | None
    whz: float | None
    baz: float | None
    marks: tuple[bool, ...]


class _Index(NamedTuple):
    """One index of a month: the score shown, and how it counts."""

    score: float | None = None
    measured: bool = False
    low: bool = False
    very_low: bool = False
    high: bool = False
    flagged: bool = False


_NOT_MEASURED: Final = _Index()
_OEDEMA: Final = _Index(measured=True, low=True, very_low=True)


def _index(score: float | None, *, flagged: bool) -> _Index | None:
    """How a score counts; None if there is none."""
    if score is None:
        return None
    if flagged:
        return _Index(score, flagged=True)
    return _Index(score, True, score < LOW, score < VERY_LOW, score > HIGH)


def _weight_based(assessment: AssessmentRevision, score: float | None, *, flagged: bool) -> _Index | None:
    found = _index(score, flagged=flagged)
    return _OEDEMA if found is None and assessment.oedema else found


def in_figures(child: ChildRevision, measured_on: date) -> bool:
    """Figures are of children of 0 to 59 completed calendar months on the day measured."""
    return 0 <= completed_months(child.birth_date, measured_on) < UNDER_FIVE_MONTHS


def child_month(child: ChildRevision, span_place: Place | None, judged: Sequence[Judged]) -> ChildMonth:
    """The month of `child` from its counted measurements, greatest precedence first (at least one)."""
    haz: _Index | None = None
    waz: _Index | None = None
    whz: _Index | None = None
    baz: _Index | None = None
    weighing: AssessmentRevision | None = None
    height_cm: float | None = None
    oedema = False
    for item in judged:
        seen, measurement = item.assessment, item.measurement
        haz = haz or _index(seen.haz, flagged=seen.haz_flagged)
        waz = waz or _weight_based(seen, seen.waz, flagged=seen.waz_flagged)
        whz = whz or _weight_based(seen, seen.whz, flagged=seen.whz_flagged)
        baz = baz or _weight_based(seen, seen.baz, flagged=seen.baz_flagged)
        if weighing is None and measurement.weight_kg is not None:
            weighing = seen
        if height_cm is None:
            height_cm = measurement.length_height_cm
        oedema = oedema or seen.oedema
    haz, waz, whz, baz = (haz or _NOT_MEASURED, waz or _NOT_MEASURED, whz or _NOT_MEASURED, baz or _NOT_MEASURED)
    latest = judged[0]
    weighed = weighing is not None
    letter = weighing.letter if weighing is not None else None
    height_measured = height_cm is not None
    tier = latest.assessment.tier
    marks = (
        weighed,
        height_measured,
        weighed and height_measured,
        height_cm is not None and height_cm.is_integer(),
        oedema,
        haz.measured,
        haz.low,
        haz.very_low,
        haz.flagged,
        waz.measured,
        waz.low,
        waz.very_low,
        waz.flagged,
        whz.measured,
        whz.low,
        whz.very_low,
        whz.high,
        whz.flagged,
        baz.measured,
        baz.low,
        baz.very_low,
        baz.flagged,
        letter == "N",
        letter == "T",
        letter == "O",
        letter == "B",
        weighing is not None and weighing.twice_not_gained,
        weighing is not None and weighing.below_red_line,
        tier in {"suspected", "urgent"},
        tier == "urgent",
    )
    measured_on = latest.measurement.measured_on
    return ChildMonth(
        place=residence_on(child, measured_on),
        span_place=span_place,
        sex=child.sex,
        age_months=completed_months(child.birth_date, measured_on),
        measured_on=measured_on,
        tier=tier,
        haz=haz.score,
        waz=waz.score,
        whz=whz.score,
        baz=baz.score,
        marks=marks,
    )
