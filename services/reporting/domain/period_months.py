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

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final, NamedTuple

from services.reporting.domain.case_course import CASE_MARKS
from services.reporting.domain.child_month import MARK_BITS, ChildMonth
from services.reporting.domain.facts import Place
from services.reporting.domain.periods import Period
from services.reporting.domain.targets import Span


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


class MonthPart(NamedTuple):
    """What a month brings to its periods; `has_case`: a case speaks for the child in it."""

    place: Place
    marks: int
    has_case: bool


Parts = Mapping[date, MonthPart]  # by month


class PeriodContent(NamedTuple):
    """A child's period: where it counts, and for what. `span_place` is where its spans count it."""

    place: Place
    span_place: Place | None
    marks: int


def part_of(content: ChildMonth) -> MonthPart:
    """The part of a child-month."""
    return MonthPart(content.place, content.marks, content.course is not None)


def content_of(period: Period, parts: Parts, spans: Sequence[Span]) -> PeriodContent | None:
    """The child's period from its months and its spans (ascending); None where it was not measured in it."""
    found = [parts[month] for month in reversed(period.months_of) if month in parts]
    if not found:
        return None
    return PeriodContent(found[0].place, place_in(period, spans), marks_of_period(found))


def place_in(period: Period, spans: Sequence[Span]) -> Place | None:
    """Where the spans count the child in a period: where it lived on its last day as a target in it."""
    place = None
    for span in spans:
        if span.from_month <= period.last_month and span.to_month > period.first:
            place = span.place
    return place


def marks_of_period(parts: Sequence[MonthPart]) -> int:
    """The marks of a period from its months, latest first."""
    told = 0
    open_rules = list(LATEST)
    case_told = False
    for _, marks, has_case in parts:
        told |= marks & ANY_MONTH
        if open_rules:
            given = [rule for rule in open_rules if marks & rule.given_by]
            if given:
                open_rules = [rule for rule in open_rules if not marks & rule.given_by]
                for rule in given:
                    told |= marks & rule.taken
        if has_case and not case_told:
            told |= marks & OF_CASE
            case_told = True
    return told
