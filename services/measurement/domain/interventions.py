"""What an intervention must satisfy before it is stored, and which other one of the child it may not meet.

Everything here can be mended by who sends it, so it is refused with the remedy; nothing waits for another person.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Final, NamedTuple, Protocol, TypeVar
from uuid import UUID

from services.measurement.domain.entry_problems import EntryProblem
from shared.calendar import completed_months

DOSES: Final[dict[str, tuple[str, ...]]] = {
    "vitamin_a": ("blue_100000_iu", "red_200000_iu"),
    "iron": ("drops", "syrup"),
    "zinc": ("tablet_10_mg", "tablet_20_mg"),
    "multiple_micronutrients": ("sachet",),
    "deworming": ("albendazole_200_mg", "albendazole_400_mg"),
}
# Completed calendar months, half-open: the programme gives blue capsules at 6-11 months, red ones at 12-59.
VITAMIN_A_MONTHS: Final = {"blue_100000_iu": (6, 12), "red_200000_iu": (12, 60)}
# Exclusive breastfeeding is of the first six months; who has just completed them may still be asked about them.
BREASTFEEDING_ASKED_BEFORE_MONTHS: Final = 7
URGENCIES: Final = {"emergency": 1, "urgent": 2, "routine": 3}


class Act(Protocol):
    """An intervention as far as all types are alike; `last_day` None = it goes on, or waits."""

    @property
    def type_name(self) -> str: ...  # noqa: D102 - the names say it
    @property
    def begins(self) -> str: ...  # noqa: D102 - name of the field
    @property
    def ends(self) -> str | None: ...  # noqa: D102 - name of the field
    @property
    def first_day(self) -> date: ...  # noqa: D102
    @property
    def last_day(self) -> date | None: ...  # noqa: D102
    @property
    def about(self) -> str: ...  # noqa: D102 - the same of two: they may not be at the same time


class Feeding(Protocol):
    """A course of supplementary feeding."""

    @property
    def started_on(self) -> date: ...  # noqa: D102
    @property
    def ended_on(self) -> date | None: ...  # noqa: D102
    @property
    def days_given(self) -> int | None: ...  # noqa: D102
    @property
    def end_class(self) -> str | None: ...  # noqa: D102
    @property
    def end_reason(self) -> str | None: ...  # noqa: D102


class Given(Protocol):
    """A dose handed out."""

    @property
    def supplement(self) -> str: ...  # noqa: D102
    @property
    def dose(self) -> str | None: ...  # noqa: D102
    @property
    def given_on(self) -> date: ...  # noqa: D102


class Known(Protocol):
    """An intervention that is stored."""

    @property
    def fact_id(self) -> UUID: ...  # noqa: D102
    @property
    def part(self) -> Act: ...  # noqa: D102
    @property
    def voided(self) -> bool: ...  # noqa: D102


class Life(NamedTuple):
    """When a child was born, and when it left the register."""

    birth_date: date
    died_on: date | None = None
    departed_on: date | None = None


KnownT = TypeVar("KnownT", bound=Known)


def life_problems(act: Act, life: Life) -> Iterator[EntryProblem]:
    """An act lies within the life of the child, as far as it is registered."""
    field, first = f"{act.type_name}.{act.begins}", act.first_day
    if first < life.birth_date:
        yield EntryProblem("intervention_before_birth", field, value=first.isoformat())
    for code, end in (("intervention_after_death", life.died_on), ("intervention_after_departure", life.departed_on)):
        if end is not None and first > end:
            yield EntryProblem(code, field, value=first.isoformat())


def day_problems(act: Act, today: date) -> Iterator[EntryProblem]:
    """It has begun, and has ended neither before that nor in the future."""
    if act.first_day > today:
        yield EntryProblem("intervention_in_future", f"{act.type_name}.{act.begins}", value=act.first_day.isoformat())
    last = act.last_day
    if act.ends is not None and last is not None:
        field = f"{act.type_name}.{act.ends}"
        if last < act.first_day:
            yield EntryProblem("ended_before_start", field, value=last.isoformat())
        if last > today:
            yield EntryProblem("ended_in_future", field, value=last.isoformat())


def feeding_problems(course: Feeding, today: date) -> Iterator[EntryProblem]:
    """An end has its day and its reason, and food was given on no more days than the course has."""
    if course.ended_on is None and (course.end_class or course.end_reason):
        yield EntryProblem("end_without_day", "supplementary_feeding.ended_on")
    if course.ended_on is not None and course.end_reason is None:
        yield EntryProblem("end_reason_missing", "supplementary_feeding.end_reason")
    longest = ((course.ended_on or today) - course.started_on).days + 1
    if course.days_given is not None and course.days_given > max(longest, 0):
        yield EntryProblem("more_days_than_course", "supplementary_feeding.days_given", value=course.days_given)


def dose_problems(given: Given, birth_date: date) -> Iterator[EntryProblem]:
    """The dose is one of the supplement, the vitamin A capsule that of the age in completed months on the day."""
    field = "supplementation.dose"
    if given.dose is None:
        if given.supplement == "vitamin_a":
            yield EntryProblem("vitamin_a_without_colour", field)
    elif given.dose not in DOSES[given.supplement]:
        yield EntryProblem("dose_of_another_supplement", field, value=given.dose)
    elif given.dose in VITAMIN_A_MONTHS:
        youngest, before = VITAMIN_A_MONTHS[given.dose]
        if not youngest <= completed_months(birth_date, given.given_on) < before:
            yield EntryProblem("vitamin_a_not_for_age", field, value=given.dose)


def recall_problems(act: Act, birth_date: date) -> Iterator[EntryProblem]:
    """Exclusive breastfeeding is asked about infants only."""
    if completed_months(birth_date, act.first_day) >= BREASTFEEDING_ASKED_BEFORE_MONTHS:
        yield EntryProblem("recall_not_for_age", f"{act.type_name}.{act.begins}", value=act.first_day.isoformat())


def rival(act: Act, others: Iterable[KnownT]) -> KnownT | None:
    """The first living one of `others` (of the same child, by their beginning) that is the same thing at that time.

    An ended course frees its last day for the next one; of a single act one a day counts.
    """
    same = [other for other in others if not other.voided and other.part.about == act.about]
    for other in sorted(same, key=lambda fact: (fact.part.first_day, fact.fact_id)):
        if act.first_day < _free_from(other.part) and other.part.first_day < _free_from(act):
            return other
    return None


def _free_from(act: Act) -> date:
    return date.max if act.last_day is None else max(act.last_day, act.first_day + timedelta(days=1))
