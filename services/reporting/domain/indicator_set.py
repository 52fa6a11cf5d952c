"""Indicators as data: what is counted, of whom, and what a period says of its months (the file is read elsewhere)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Literal

from shared.calendar import UNDER_FIVE_MONTHS

Rule = Literal["latest_of_child", "mean_of_months", "cumulative", "sum", "point_in_time"]
RULES: Final[tuple[Rule, ...]] = ("latest_of_child", "mean_of_months", "cumulative", "sum", "point_in_time")
OFFICIAL_TARGET: Final = "official_target"
# In a month wasted and not severely so: what the programme calls gizi kurang.
WASTED_MODERATELY: Final = "wasted_moderately"
# Whether it is known of a child that it has a growth card or has none, and that it has one.
GROWTH_CARD_KNOWN: Final = "growth_card_known"
GROWTH_CARD: Final = "growth_card"
OF_CHILD: Final = (WASTED_MODERATELY, GROWTH_CARD_KNOWN, GROWTH_CARD)  # beside the marks of its months


@dataclass(frozen=True, slots=True)
class ActKind:
    """A service that indicators speak of. `doses`: dose → completed months [from, before) that it is for."""

    name: str
    type: str
    subjects: tuple[str, ...]
    doses: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    all_of: bool = False  # every subject, not one of them
    or_one_of: tuple[str, ...] = ()  # subjects that stand for all
    lifetime: bool = False  # whenever it was, not only in the window


@dataclass(frozen=True, slots=True)
class Count:
    """What is counted; which fields say something depends on `kind`.

    `known_by`: the flags of children whose answer is known, where only some have one.
    """

    kind: str
    numerator: str = ""
    denominator: str = ""
    under_two: bool = False  # of children of 0-23 months only, as `breakdown` groups them
    window: str = "month"
    age_from: int = 0
    age_before: int = UNDER_FIVE_MONTHS
    round_months: tuple[int, ...] = ()
    among: tuple[str, ...] = ()
    among_one_of: tuple[str, ...] = ()
    counted: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    known_by: tuple[str, ...] = ()

    @property
    def family(self) -> tuple[object, ...] | None:
        """Counts of the same answer of the same children; one of them counts just those of whom it is known."""
        return (self.known_by, self.window, self.age_from, self.age_before) if self.known_by else None

    @property
    def is_of_known(self) -> bool:
        """Whether this is that one: while it counts nobody, nothing of the family is recorded."""
        return bool(self.known_by) and self.counted == self.known_by and not (self.among or self.among_one_of)


@dataclass(frozen=True, slots=True)
class Indicator:
    """One definition of an indicator, in force on the days [since, until)."""

    code: str
    name: Mapping[str, str]
    definition: Mapping[str, str]
    rule: Rule
    since: date
    until: date | None
    source: str
    status: str
    higher_is_better: bool | None
    count: Count

    def holds_on(self, day: date) -> bool:
        """Whether this is the definition of that day."""
        return self.since <= day and (self.until is None or day < self.until)


@dataclass(frozen=True, slots=True)
class MissingList:
    """A list of those who are due by `count` and not counted in it."""

    name: str
    title: Mapping[str, str]
    count: Count


@dataclass(frozen=True, slots=True)
class IndicatorSet:
    """All definitions, in the order of the file, and what they rest on."""

    indicators: tuple[Indicator, ...]
    acts: tuple[ActKind, ...]
    lists: tuple[MissingList, ...] = ()

    def on(self, day: date) -> tuple[Indicator, ...]:
        """The definitions of a day, at most one a code."""
        return tuple(one for one in self.indicators if one.holds_on(day))

    def counts_of_children(self, day: date) -> tuple[Count, ...]:
        """What is counted child by child on a day."""
        return tuple(one.count for one in self.on(day) if one.count.kind == "children")

    def of(self, code: str) -> tuple[Indicator, ...]:
        """Every definition that a code ever had, the earliest first."""
        return tuple(sorted((one for one in self.indicators if one.code == code), key=lambda one: one.since))

    def with_known(self, counts: Iterable[Count]) -> tuple[Count, ...]:
        """`counts`, and of each family that which says of how many the answer is known."""
        asked = tuple(counts)
        families = {count.family for count in asked}
        known = (one.count for one in self.indicators if one.count.is_of_known)
        return (*asked, *(count for count in known if count.family in families))

    @property
    def laboratory_tests(self) -> frozenset[str]:
        """The tests that acts of the type `laboratory` speak of; their subjects are `test:abnormal`."""
        subjects = (subject for act in self.acts if act.type == "laboratory" for subject in act.subjects)
        return frozenset(subject.partition(":")[0] for subject in subjects)

    def list_named(self, name: str) -> MissingList | None:
        """The list of that name."""
        return next((one for one in self.lists if one.name == name), None)
