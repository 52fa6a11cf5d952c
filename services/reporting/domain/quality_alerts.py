"""Alerts at the measuring of a posyandu: when one is raised or closes by itself, and which steps people may take."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

from services.reporting.domain.quality_ruleset import QualityRules, ReasonRule
from shared.calendar import last_day

OPEN: Final = ("raised", "acknowledged", "acted")
# Step → states from which people may take it. An act may be told again: first weighed, then replaced.
STEPS: Final[Mapping[str, tuple[str, ...]]] = {
    "acknowledged": ("raised",),
    "acted": ("acknowledged", "acted"),
    "closed": ("acknowledged", "acted"),
}
ACTS: Final = (
    "scale_checked", "scale_replaced", "board_checked", "remeasured", "measurer_trained", "birth_dates_checked",
    "entry_corrected", "other",
)  # fmt: skip
OUTCOMES: Final = ("resolved", "explained", "not_confirmed")  # how a person closes
GOOD_AGAIN: Final = "good_again"
WITHDRAWN: Final = "withdrawn"


class PosyanduReasons(NamedTuple):
    """What was judged of one posyandu and month."""

    month: date
    reasons: list[dict[str, Any]]
    seen: list[str]

    def reason(self, kind: str) -> dict[str, Any] | None:
        """The reason of that kind, if it stands."""
        return next((reason for reason in self.reasons if reason["code"] == kind), None)


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert as stored."""

    posyandu_code: str
    alert_id: UUID
    desa_code: str
    kind: str
    state: str
    revision: int
    first_month: date
    last_month: date
    reason: dict[str, Any]
    rules_version: str
    raised_at: datetime
    raised_again_from: UUID | None = None
    acknowledged_at: datetime | None = None
    acted_at: datetime | None = None
    closed_at: datetime | None = None
    close_reason: str | None = None


def raises(
    rules: QualityRules, rule: ReasonRule, months: Iterable[PosyanduReasons], former: Alert | None, today: date
) -> PosyanduReasons | None:
    """The month for which an alert of `rule` is to be raised, while none is open; None = no alert.

    Only for the newest month in which the reason could be seen, while that is young: an import of years of history
    raises nothing. What a person closed is raised again by a later month only.
    """
    if rule.alert_from is None:
        return None
    visible = [month for month in months if rule.code in month.seen or month.reason(rule.code) is not None]
    newest = max(visible, key=lambda month: month.month, default=None)
    if newest is None or last_day(newest.month) < today - timedelta(days=rules.alert_days):
        return None
    reason = newest.reason(rule.code)
    if reason is None or reason["grade"] < rule.alert_from:
        return None
    if former is not None and former.close_reason != WITHDRAWN and newest.month <= former.last_month:
        return None
    return newest


class Verdict(NamedTuple):
    """What judging says of an open alert: the latest month in which its reason stands, and whether it closes."""

    last_month: date
    reason: dict[str, Any]
    close_reason: str | None


def follow(rule: ReasonRule, alert: Alert, months: Iterable[PosyanduReasons]) -> Verdict:
    """Withdrawn where the reason stands in no month any more; good again after `good_months` without it."""
    later = [month for month in months if month.month >= alert.first_month]
    standing = {month.month: reason for month in later if (reason := month.reason(alert.kind)) is not None}
    if not standing:
        return Verdict(alert.last_month, alert.reason, WITHDRAWN)
    last = max(standing)
    good = sum(month.month > last and alert.kind in month.seen for month in later)
    closes = 0 < rule.good_months <= good
    return Verdict(last, standing[last], GOOD_AGAIN if closes else None)


def overdue(rules: QualityRules, alert: Alert, today: date, raised_on: date) -> str | None:
    """What should have been done by `today`: `acknowledge` or `act`; None = nothing."""
    acknowledge_days, act_days = rules.overdue_days
    if alert.state == "raised" and today > raised_on + timedelta(days=acknowledge_days):
        return "acknowledge"
    if alert.state in {"raised", "acknowledged"} and today > raised_on + timedelta(days=act_days):
        return "act"
    return None
