"""What a child counts for in a quarter, a semester or a year: the marks of its months, brought together.

A child counts once in a period, where it lived at its last measurement. Which month says what is told here and nowhere
else; the database's own way to it (`children_of_period`) is given these rules.

| marks | of which month | why |
| --- | --- | --- |
| weighed, height_measured, both_measured | any | who came once was reached in the period |
| oedema, suspected, urgent | any | a finding of the period stays one, though the child is better at its end |
| of an index: measured, low, very low, high, flagged | the latest that has the index | one state a child |
| height_whole_cm | the latest with a height | the height that the child's length is judged by |
| letters N, T, O, B, 2T, below the red line | the latest weighed | growth at the last weighing; one letter a child |
| of the case: milestones, recovered, anaemia | the latest with a case | as in a month the case opened last speaks |

So what holds in a month holds in a period: marks of a case are of suspected children only, those with a finding were
measured with that index, and the letters of a child never meet.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from services.reporting.domain.case_course import CASE_MARKS
from services.reporting.domain.child_month import MARK_BITS


def _bits(*marks: str) -> int:
    return sum(MARK_BITS[mark] for mark in marks)


class LatestMonth(NamedTuple):
    """The marks `taken` are those of the latest month that has one of `given_by`."""

    given_by: int
    taken: int


ANY_MONTH: Final = _bits("weighed", "height_measured", "both_measured", "oedema", "suspected", "urgent")
_LETTERS: Final = ("letter_n", "letter_t", "letter_o", "letter_b", "twice_not_gained", "below_red_line")
LATEST: Final = (
    LatestMonth(
        _bits("haz_measured", "haz_flagged"), _bits("haz_measured", "stunted", "severely_stunted", "haz_flagged")
    ),
    LatestMonth(
        _bits("waz_measured", "waz_flagged"),
        _bits("waz_measured", "underweight", "severely_underweight", "waz_flagged"),
    ),
    LatestMonth(
        _bits("whz_measured", "whz_flagged"),
        _bits("whz_measured", "wasted", "severely_wasted", "overweight", "whz_flagged"),
    ),
    LatestMonth(
        _bits("baz_measured", "baz_flagged"), _bits("baz_measured", "baz_low", "baz_severely_low", "baz_flagged")
    ),
    LatestMonth(_bits("height_measured"), _bits("height_whole_cm")),
    LatestMonth(_bits("weighed"), _bits(*_LETTERS)),
)
OF_CASE: Final = _bits(*CASE_MARKS)  # of the latest month in which a case speaks for the child


def marks_of_period(months: Iterable[tuple[int, bool]]) -> int:
    """The marks of a period from those of the child's months, latest first, each with whether a case speaks in it."""
    told = 0
    given = [False] * len(LATEST)
    case_told = False
    for marks, has_case in months:
        told |= marks & ANY_MONTH
        for number, (given_by, taken) in enumerate(LATEST):
            if not given[number] and marks & given_by:
                told |= marks & taken
                given[number] = True
        if has_case and not case_told:
            told |= marks & OF_CASE
            case_told = True
    return told
