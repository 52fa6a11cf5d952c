"""What makes measurements doubtful: limits, sources and what to do next, read from TOML and checked."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

FOLDER: Final = Path(__file__).parent / "quality_rules"
ACTIVE: Final = "2026-02"
STATUSES: Final = ("S", "S2", "P")
GRADES: Final = "ABCD"
ALERT_GRADES: Final = (None, "B", "C", "D")
REASONS: Final = (
    *("whole_cm", "weight_round", "flagged", "incomplete", "wrong_position", "same_day_twice", "copied", "identical"),
    *("birth_days", "birth_january", "haz_wide", "haz_narrow", "whz_wide", "whz_narrow", "scale_bias", "height_bias"),
    *("device_bias", "weight_level", "height_level", "improbable_zero", "improbable_low", "late_entry"),
    "letters_differ",
)  # every reason that the code knows how to find


class QualityRulesError(ValueError):
    """The rules are broken; the text says where."""


@dataclass(frozen=True, slots=True)
class ReasonRule:
    """One reason. `limits` are those of grade B, C and D (none: the code decides); shares 0-1, or z.

    `pooled`: looked for among all children of an area together, too.
    """

    code: str
    limits: tuple[float, ...]
    expected: float
    fewest: int
    correlation: float
    pooled: bool
    months: int
    alert_from: str | None
    good_months: int
    text: Mapping[str, str]
    next: Mapping[str, str]
    source: str
    status: str

    def words(self) -> dict[str, str]:
        """What the reason means and what to do next, in both languages."""
        return words({"text": self.text, "next": self.next})


@dataclass(frozen=True, slots=True)
class QualityRules:
    """A version of the rules; `alpha` is what p must stay below for a single reason.

    `judged_from`: of fewer children in a posyandu-month without a reason nothing is said, good or bad.
    """

    version: str
    alpha: float
    area_share: float
    alert_days: int
    overdue_days: tuple[int, int]
    pair_days: int
    late_days: int
    judged_from: int
    neighbours: int
    coverage_at_least: tuple[float, ...]
    same_values: Mapping[str, float]
    same_pair: Mapping[str, float]
    reasons: Mapping[str, ReasonRule]

    @property
    def months_back(self) -> int:
        """How many months before its own a judgement may look at."""
        return max(rule.months for rule in self.reasons.values()) - 1


def read(content: bytes) -> QualityRules:
    """The rules in a TOML document. QualityRulesError."""
    data = tomllib.loads(content.decode())
    method, told = data["method"], data["reason"]
    if set(told) != set(REASONS):
        raise QualityRulesError(f"reasons differ from those the code finds: {sorted(set(told) ^ set(REASONS))}")
    reasons = {code: _reason(code, told[code], data["sources"]) for code in REASONS}
    for place in ("coverage", "same_values", "same_pair"):
        _demand_source(f"method.{place}", method[place], data["sources"])
    return QualityRules(
        version=data["version"],
        alpha=method["false_alarms_at_most"] / len(reasons),
        area_share=method["area_share"],
        alert_days=method["alert_days"],
        overdue_days=(method["overdue_days"][0], method["overdue_days"][1]),
        pair_days=method["pair_days"],
        late_days=method["late_days"],
        judged_from=method.get("judged_from", 0),  # not in the first version: it graded everybody
        neighbours=method["neighbours"],
        coverage_at_least=tuple(method["coverage"]["at_least"]),
        same_values=_numbers(method["same_values"]),
        same_pair=_numbers(method["same_pair"]),
        reasons=reasons,
    )


@cache
def load() -> QualityRules:
    """The rules that judge. QualityRulesError stops the start."""
    return read((FOLDER / f"{ACTIVE}.toml").read_bytes())


def words(texts: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """`{text: {id, en}}` → `{text_id, text_en}`."""
    return {f"{name}_{language}": text for name, told in texts.items() for language, text in told.items()}


def _numbers(table: Mapping[str, Any]) -> dict[str, float]:
    return {name: value for name, value in table.items() if isinstance(value, float)}


def _demand_source(place: str, table: Mapping[str, Any], sources: Mapping[str, str]) -> None:
    if table.get("source") not in sources or table.get("status") not in STATUSES:
        raise QualityRulesError(f"{place}: no source or status")


def _reason(code: str, table: Mapping[str, Any], sources: Mapping[str, str]) -> ReasonRule:
    _demand_source(code, table, sources)
    limits = tuple(table.get("limits", ()))
    steps = tuple(sorted(limits, reverse=code.endswith("_narrow")))
    alert_from = table.get("alert_from")
    if (limits and len(limits) != len(GRADES) - 1) or steps != limits or alert_from not in ALERT_GRADES:
        raise QualityRulesError(f"{code}: three limits from mild to grave, and alert_from B, C or D")
    for texts in (table["text"], table["next"]):
        if not (texts.get("id") and texts.get("en")):
            raise QualityRulesError(f"{code}: text and next in id and en")
    return ReasonRule(
        code=code,
        limits=limits,
        expected=table.get("expected", 0.0),
        fewest=table["fewest"],
        correlation=table.get("correlation", 0.0),
        pooled=table.get("pooled", False),
        months=table.get("months", 1),
        alert_from=alert_from,
        good_months=table.get("good_months", 0),
        text=table["text"],
        next=table["next"],
        source=sources[table["source"]],
        status=table["status"],
    )
