"""What one child counts for in one month: one place, and a set of marks that cells add up.

Each index is read from the latest measurement of the month that has it (domain: figures). A flagged score is measured
but in no rate. Oedema leaves the weight-based scores blank and counts below -3 in their rates, numerator and
denominator (B032). Cut-offs look at the score rounded to two decimals, as it comes.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final, NamedTuple

from services.reporting.domain.case_course import CASE_MARKS, CaseRevision, Course, case_marks, course_of
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
    *CASE_MARKS,
)  # the columns of cell; in a child-month one bit each of a bigint, the first the lowest (so at most 63): append only
MARK_BITS: Final = {mark: 1 << position for position, mark in enumerate(MARKS)}


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
    marks: int
    course: Course | None = None  # of the case that covers the month, where the child is suspected in it


class _Index(NamedTuple):
    """The bits of one index."""

    measured: int
    low: int
    very_low: int
    high: int
    flagged: int

    def read(self, score: float | None, *, flagged: bool, oedema: bool = False) -> int:
        """How a score counts; 0 = there is none to count. `oedema` counts for a blank one."""
        if score is None:
            return self.measured | self.low | self.very_low if oedema else 0
        if flagged:
            return self.flagged
        marks = self.measured
        if score < LOW:
            marks |= self.low
            if score < VERY_LOW:
                marks |= self.very_low
        elif score > HIGH:
            marks |= self.high
        return marks


_HAZ: Final = _Index(
    MARK_BITS["haz_measured"], MARK_BITS["stunted"], MARK_BITS["severely_stunted"], 0, MARK_BITS["haz_flagged"]
)
_WAZ: Final = _Index(
    MARK_BITS["waz_measured"], MARK_BITS["underweight"], MARK_BITS["severely_underweight"], 0, MARK_BITS["waz_flagged"]
)
_WHZ: Final = _Index(
    MARK_BITS["whz_measured"],
    MARK_BITS["wasted"],
    MARK_BITS["severely_wasted"],
    MARK_BITS["overweight"],
    MARK_BITS["whz_flagged"],
)
_BAZ: Final = _Index(
    MARK_BITS["baz_measured"], MARK_BITS["baz_low"], MARK_BITS["baz_severely_low"], 0, MARK_BITS["baz_flagged"]
)
_OF_LETTER: Final = {letter: MARK_BITS[f"letter_{letter.lower()}"] for letter in "NTOB"}
_OF_TIER: Final = {"suspected": MARK_BITS["suspected"], "urgent": MARK_BITS["suspected"] | MARK_BITS["urgent"]}


def in_figures(child: ChildRevision, measured_on: date) -> bool:
    """Figures are of children of 0 to 59 completed calendar months on the day measured."""
    return 0 <= completed_months(child.birth_date, measured_on) < UNDER_FIVE_MONTHS


def child_month(child: ChildRevision, span_place: Place | None, judged: Sequence[Judged]) -> ChildMonth:
    """The month of `child` from its counted measurements, greatest precedence first (at least one)."""
    haz = waz = whz = baz = height_cm = None
    of_haz = of_waz = of_whz = of_baz = 0
    weighing: AssessmentRevision | None = None
    oedema = False
    for item in judged:
        seen, measurement = item.assessment, item.measurement
        if not of_haz:
            haz, of_haz = seen.haz, _HAZ.read(seen.haz, flagged=seen.haz_flagged)
        if not of_waz:
            waz, of_waz = seen.waz, _WAZ.read(seen.waz, flagged=seen.waz_flagged, oedema=seen.oedema)
        if not of_whz:
            whz, of_whz = seen.whz, _WHZ.read(seen.whz, flagged=seen.whz_flagged, oedema=seen.oedema)
        if not of_baz:
            baz, of_baz = seen.baz, _BAZ.read(seen.baz, flagged=seen.baz_flagged, oedema=seen.oedema)
        if weighing is None and measurement.weight_kg is not None:
            weighing = seen
        if height_cm is None:
            height_cm = measurement.length_height_cm
        oedema = oedema or seen.oedema
    latest = judged[0]
    measured_on, tier = latest.measurement.measured_on, latest.assessment.tier
    return ChildMonth(
        place=residence_on(child, measured_on),
        span_place=span_place,
        sex=child.sex,
        age_months=completed_months(child.birth_date, measured_on),
        measured_on=measured_on,
        tier=tier,
        haz=haz,
        waz=waz,
        whz=whz,
        baz=baz,
        marks=of_haz
        | of_waz
        | of_whz
        | of_baz
        | _visit_marks(weighing, height_cm, oedema=oedema)
        | _OF_TIER.get(tier, 0),
    )


def is_suspected(content: ChildMonth) -> bool:
    """Whether the month counts the child as suspected, urgent or not: only then does a case speak for it."""
    return bool(content.marks & MARK_BITS["suspected"])


def with_case(content: ChildMonth, case: CaseRevision) -> ChildMonth:
    """The suspected child's month with what its covering case says."""
    course = course_of(case)
    marks = sum(MARK_BITS[mark] for mark in case_marks(case, course))
    return content._replace(marks=content.marks | marks, course=course)


def _visit_marks(weighing: AssessmentRevision | None, height_cm: float | None, *, oedema: bool) -> int:
    """What was measured at all, and what the weighing says of the child's growth."""
    marks = MARK_BITS["oedema"] if oedema else 0
    if height_cm is not None:
        marks |= MARK_BITS["height_measured"]
        if height_cm.is_integer():
            marks |= MARK_BITS["height_whole_cm"]
    if weighing is not None:
        marks |= MARK_BITS["weighed"] | _OF_LETTER.get(weighing.letter or "", 0)
        if height_cm is not None:
            marks |= MARK_BITS["both_measured"]
        if weighing.twice_not_gained:
            marks |= MARK_BITS["twice_not_gained"]
        if weighing.below_red_line:
            marks |= MARK_BITS["below_red_line"]
    return marks
