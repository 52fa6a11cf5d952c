"""S, the children who should be measured: in which months a child is a target, and where.

A child is a target from the day it is born or enters (the first day of its first residence) until the day it turns 60
completed calendar months, dies or departs, that day excluded. It counts in every month that holds such a day: so a
child who leaves, dies or turns five in the middle of a month still counts in that month (it was under 60 months on
the first day), and one who does so on the first does not. Its place is its residence on the last such day of the month.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple

from services.reporting.domain.facts import ChildRevision, Place
from services.reporting.domain.periods import MONTH, period_of
from shared.calendar import add_months, last_day, month_of, turns_sixty_months_on

_ONE_DAY = timedelta(days=1)


class Span(NamedTuple):
    """Months `[from_month, to_month)` at one place, of a child of this sex and birth date: who is due for what.

    `has_growth_card`: whether it has one, None = not known. Nobody says since when, so it holds for all its months.
    """

    from_month: date
    to_month: date
    place: Place
    sex: str | None
    birth_date: date
    has_growth_card: bool | None = None


def residence_on(child: ChildRevision, day: date) -> Place:
    """Where the child lived on `day`; before the first residence begins, that one."""
    place = child.residences[0][1]
    for valid_from, candidate in child.residences:
        if valid_from > day:
            break
        place = candidate
    return place


def target_days(child: ChildRevision) -> tuple[date, date] | None:
    """First and last day as a target; None if the child never was one."""
    start = max(child.birth_date, child.residences[0][0])
    ends = [turns_sixty_months_on(child.birth_date)]
    ends += [day for day in (child.died_on, child.departed_on) if day is not None]
    end = min(ends)
    if start >= ends[0] or end < start:
        return None
    # Born and gone on one day is one day as a target: it was born in that month.
    return start, max(start, end - _ONE_DAY)


def target_spans(child: ChildRevision) -> tuple[Span, ...]:
    """The child's months as a target, from its fact alone; neighbours at one place are one span."""
    days = target_days(child)
    if days is None:
        return ()
    first, last = days
    begins = month_of(first)
    who = (child.sex, child.birth_date, child.has_growth_card)
    if len(child.residences) == 1:
        return (Span(begins, add_months(month_of(last), 1), child.residences[0][1], *who),)
    # The last residence of a month wins; one that begins after the last day as a target never counts.
    starts = {begins: residence_on(child, min(last_day(begins), last))}
    for valid_from, place in child.residences:
        if valid_from <= last and month_of(valid_from) > begins:
            starts[month_of(valid_from)] = place
    spans: list[Span] = []
    ends = [*list(starts)[1:], add_months(month_of(last), 1)]
    for (month, place), end in zip(starts.items(), ends, strict=True):
        if spans and spans[-1].place == place:
            spans[-1] = spans[-1]._replace(to_month=end)
        else:
            spans.append(Span(month, end, place, *who))
    return tuple(spans)


def spans_of_length(spans: Sequence[Span], months: int) -> list[Span]:
    """Month spans as spans of periods of `months` months: a period belongs to the last place in it, and counts once.

    `from_month` and `to_month` are then first months of periods.
    """
    if months == MONTH:
        return list(spans)
    longer: list[Span] = []
    for span in spans:
        begins = period_of(span.from_month, months).first
        ends = period_of(add_months(span.to_month, -1), months).shifted(1).first
        # The last period of the place before is this one's, if this one begins in it.
        if longer and longer[-1].to_month > begins:
            longer[-1] = longer[-1]._replace(to_month=begins)
            if longer[-1].from_month == begins:
                longer.pop()
        if longer and longer[-1].place == span.place and longer[-1].to_month == begins:
            longer[-1] = longer[-1]._replace(to_month=ends)
        else:
            longer.append(span._replace(from_month=begins, to_month=ends))
    return longer


def target_place(child: ChildRevision, month: date) -> Place | None:
    """Where the child's span counts it in `month`; None if it is no target then. Agrees with `target_spans`."""
    days = target_days(child)
    if days is None or not month_of(days[0]) <= month <= month_of(days[1]):
        return None
    return residence_on(child, min(last_day(month), days[1]))
