"""What a published report holds besides figures, and how two sets of its rows differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from services.reporting.domain.child_month import HIGH, LOW, VERY_LOW
from services.reporting.domain.figures import (
    CAUTION_FROM,
    COMPARABLE_ABOVE,
    RATES,
)
from services.reporting.domain.hidden_counts import SMALLEST_SHOWN
from services.reporting.domain.quality_ruleset import load

FORMAT: Final = "tumbuh-report/1"
Row = Mapping[str, Any]  # figures of one area, posyandu or puskesmas, with `kind` and `code`


class Difference(NamedTuple):
    """One figure that is not what it was; `published` or `now` is None where the row or the figure is missing."""

    code: str
    column: str
    published: Any
    now: Any


def definitions() -> dict[str, Any]:
    """How the figures are made, as data: who reads a report in ten years need not have the program that made it."""
    rules = load()
    return {
        "rates": {name: {"numerator": above, "denominator": below} for name, (above, below) in RATES.items()},
        "z_low": LOW,
        "z_very_low": VERY_LOW,
        "z_high": HIGH,
        "interval": "Wilson, 95 %",
        "suppressed_below": SMALLEST_SHOWN,
        "coverage_with_caution_from": CAUTION_FROM,
        "coverage_comparable_above": COMPARABLE_ABOVE,
        "quality_rules": rules.version,
        "quality_reasons": {
            code: {"limits": list(rule.limits), "expected": rule.expected, "fewest": rule.fewest, **rule.words()}
            for code, rule in rules.reasons.items()
        },
        "grade_judged_from": rules.judged_from,
        "grade_area_share": rules.area_share,
        "grade_coverage_at_least": list(rules.coverage_at_least),
        "grade_flagged_at_most": list(rules.reasons["flagged"].limits),
        "grade_whole_cm_at_most": list(rules.reasons["whole_cm"].limits),
    }


def differences(published: Sequence[Row], now: Sequence[Row]) -> list[Difference]:
    """Every figure that differs, by row and column; a row that only one side has is one difference in `code`."""
    then, today = ({(row["kind"], row["code"]): row for row in rows} for rows in (published, now))
    found: list[Difference] = []
    for key in sorted(then.keys() | today.keys()):
        old, new = then.get(key), today.get(key)
        if old is None or new is None:
            found.append(Difference(key[1], "code", old and key[1], new and key[1]))
            continue
        found += [
            Difference(key[1], column, old.get(column), new.get(column))
            for column in sorted(old.keys() | new.keys())
            if old.get(column) != new.get(column)
        ]
    return found
