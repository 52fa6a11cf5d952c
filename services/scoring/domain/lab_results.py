"""Results of one child as readings take them: which is the newest of a test, which belongs to another."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Final
from uuid import UUID

NO_TIME: Final = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Critical:
    """A standing critical value: as measured, and the limit it is beyond."""

    value: float
    limit: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LabResult:
    """One valid result: a number, a bound where there is a comparator, or codes of what was found.

    `drawn_at` of a skin test is its reading, `administered_at` its injection.
    """

    fact_id: UUID
    test_code: str
    drawn_on: date
    drawn_at: datetime | None
    reported_at: datetime
    specimen: str
    value: float | None
    comparator: str | None
    canonical_unit: str | None
    method: str | None = None
    findings: tuple[str, ...] = ()
    administered_at: datetime | None = None
    critical: Critical | None = None

    @property
    def rank(self) -> tuple[date, datetime, datetime, UUID]:
        """What makes one result of a test newer than another; a draw without a time counts as the day's first."""
        return (self.drawn_on, self.drawn_at or NO_TIME, self.reported_at, self.fact_id)


@dataclass(frozen=True, slots=True)
class Reading:
    """What a result means by one rule; the fields are those of the contract."""

    rule_id: str
    test_code: str
    result_id: UUID
    drawn_on: date
    abnormal: str  # yes | no | indeterminate | no_reference
    grade: str
    value: float | None
    comparator: str | None
    canonical_unit: str | None
    adjusted_value: float | None
    threshold: float | None
    notes: tuple[str, ...]
    settle_with: str | None
    source: str
    provisional: bool
    findings: tuple[str, ...] = field(default=(), repr=False)  # not in the fingerprint of who has none


def newest_of_each(results: Iterable[LabResult]) -> dict[str, LabResult]:
    """The newest result of every test, by test code in alphabetical order."""
    newest: dict[str, LabResult] = {}
    for result in sorted(results, key=lambda each: each.rank):
        newest[result.test_code] = result
    return dict(sorted(newest.items()))


def drawn_with(result: LabResult, test_code: str, results: Iterable[LabResult], at_most_days: int) -> LabResult | None:
    """The result of another test that belongs to `result`: the nearest draw within so many days, then the newest."""
    near = [
        (-abs((each.drawn_on - result.drawn_on).days), each.rank, each)
        for each in results
        if each.test_code == test_code and abs((each.drawn_on - result.drawn_on).days) <= at_most_days
    ]
    return max(near, key=lambda entry: entry[:2])[2] if near else None
