"""What a rule of a reading looks at, and what it answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from services.scoring.domain.bounds import Answer, Range, above, range_of
from services.scoring.domain.lab_results import LabResult, drawn_with
from services.scoring.domain.laboratory_rules import LaboratoryRules, ReadingRule


@dataclass(frozen=True, slots=True)
class Subject:
    """What of the child a reading needs; None = unknown."""

    birth_date: date | None
    elevation_m: float | None  # of the desa of residence


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The part of a reading that a rule decides."""

    abnormal: str
    grade: str
    threshold: float | None = None
    notes: tuple[str, ...] = ()
    settle_with: str | None = None
    adjusted_value: float | None = None
    provisional: bool = False  # beside what the rule itself says of its cut-offs


@dataclass(frozen=True, slots=True)
class View:
    """One result under one rule, with everything that may bear on it."""

    result: LabResult
    rule: ReadingRule
    subject: Subject
    results: Sequence[LabResult]
    rules: LaboratoryRules

    @property
    def again(self) -> str:
        """What to order to have this test once more."""
        return self.rules.orderable_of(self.result.test_code)

    @property
    def range(self) -> Range:
        """Where the value lies, at the decimals of the rule."""
        return range_of(self.result.value, self.result.comparator, self.rule.decimals)

    def undecided(self, threshold: float, notes: tuple[str, ...] = ()) -> Verdict:
        """The cut-off lies within what the result leaves open."""
        return Verdict(
            abnormal="indeterminate",
            grade="bound_undecided",
            threshold=threshold,
            notes=notes,
            settle_with=self.again,
        )

    def inflamed(self, test_code: str) -> Answer | None:
        """Whether the CRP or AGP that belongs to this result is raised; None where there is none that can be read."""
        found = drawn_with(self.result, test_code, self.results, self.rules.together_at_most_days)
        rule = self.rules.readings[test_code]
        if found is None or found.canonical_unit != rule.unit:
            return None
        return above(range_of(found.value, found.comparator, rule.decimals), rule.raised_above)
