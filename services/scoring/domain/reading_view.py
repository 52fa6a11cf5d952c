"""What a rule of a reading looks at, and what it answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from services.scoring.domain.bounds import Answer, Range, above, range_of
from services.scoring.domain.lab_results import LabResult, drawn_with
from services.scoring.domain.laboratory_rules import Band, LaboratoryRules, ReadingRule
from shared.calendar import completed_months


@dataclass(frozen=True, slots=True)
class Subject:
    """What of the child a reading needs; None = unknown."""

    birth_date: date | None
    elevation_m: float | None  # of the desa of residence
    malnutrition: tuple[tuple[date, bool], ...] = ()  # (day, gizi buruk) of visits that say, rising

    def severely_malnourished(self, on: date) -> bool | None:
        """Whether the child was gizi buruk on a day, by the newest visit until then; None where none says."""
        return next((severe for day, severe in reversed(self.malnutrition) if day <= on), None)


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
        """Where the value lies, at the decimals of the rule; only of a result that is a number."""
        if self.result.value is None:
            raise ValueError(f"{self.result.test_code} has no number")
        return range_of(self.result.value, self.result.comparator, self.rule.decimals)

    @property
    def band(self) -> Band | None:
        """The cut-offs of the age on the day of the draw; None where the age is not known or has none."""
        born = self.subject.birth_date
        return None if born is None else self.rule.band(completed_months(born, self.result.drawn_on))

    def beside(self, rule_id: str) -> View | None:
        """The result of another test that belongs to this one, under its own rule; None where none can be read."""
        rule = self.rules.readings[rule_id]
        found = drawn_with(self.result, rule.test_code, self.results, self.rules.together_at_most_days)
        if found is None or found.value is None or found.canonical_unit != rule.unit:
            return None
        return View(found, rule, self.subject, self.results, self.rules)

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
        found = self.beside(test_code)
        return None if found is None else above(found.range, found.rule.raised_above)
