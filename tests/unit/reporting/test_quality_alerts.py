"""When an alert is raised, stands, closes by itself, and comes again."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from services.reporting.domain.quality_alerts import (
    GOOD_AGAIN,
    WITHDRAWN,
    Alert,
    PosyanduReasons,
    follow,
    overdue,
    raises,
)
from services.reporting.domain.quality_ruleset import load

RULES = load()
COPIED, SCALE, WHOLE = (RULES.reasons[code] for code in ("copied", "scale_bias", "whole_cm"))
MONTHS = [date(2026, month, 1) for month in (1, 2, 3, 4)]
TODAY = date(2026, 5, 4)


def month(number: int, grade: str | None, code: str = "copied", *, seen: bool = True) -> PosyanduReasons:
    """What was judged of one month: a reason of that grade, or none."""
    reasons = [] if grade is None else [{"code": code, "grade": grade, "value": 0.4, "p": 1e-6}]
    return PosyanduReasons(MONTHS[number], reasons, [code] if seen else [])


def alert(**fields: object) -> Alert:
    made = Alert("12.19.01.2003.P001", uuid.uuid4(), "12.19.01.2003", "copied", "raised", 1, MONTHS[0], MONTHS[0], {},
                 "test", datetime(2026, 2, 1, tzinfo=UTC))  # fmt: skip
    return replace(made, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(("grade", "raised"), [(None, False), ("B", False), ("C", True), ("D", True)])
def test_an_alert_is_raised_from_the_grade_of_its_rule_on(grade: str | None, raised: bool) -> None:  # noqa: FBT001
    assert (raises(RULES, COPIED, [month(3, grade)], None, TODAY) is not None) is raised


def test_a_rule_without_alert_raises_none() -> None:
    assert raises(RULES, WHOLE, [month(3, "D", "whole_cm")], None, TODAY) is None


@pytest.mark.parametrize(("today", "raised"), [(date(2026, 6, 29), True), (date(2026, 6, 30), False)])
def test_history_raises_nothing(today: date, raised: bool) -> None:  # noqa: FBT001
    """A month of long ago is not what is to be mended now."""
    assert (raises(RULES, COPIED, [month(3, "D")], None, today) is not None) is raised


def test_only_the_newest_month_that_can_be_seen_raises() -> None:
    assert raises(RULES, COPIED, [month(2, "D"), month(3, None)], None, TODAY) is None
    found = raises(RULES, COPIED, [month(2, "D"), month(3, None, seen=False)], None, TODAY)
    assert found is not None
    assert found.month == MONTHS[2]


def test_what_a_person_closed_comes_again_only_by_a_later_month() -> None:
    closed = alert(state="closed", close_reason="resolved", first_month=MONTHS[2], last_month=MONTHS[2])
    assert raises(RULES, COPIED, [month(2, "D")], closed, TODAY) is None
    assert raises(RULES, COPIED, [month(2, "D"), month(3, "D")], closed, TODAY) is not None
    taken_back = replace(closed, close_reason=WITHDRAWN)
    assert raises(RULES, COPIED, [month(2, "D")], taken_back, TODAY) is not None


def test_an_alert_closes_by_itself_after_the_good_months_of_its_rule() -> None:
    one_good = follow(COPIED, alert(), [month(0, "C"), month(1, None)])
    assert (one_good.last_month, one_good.close_reason) == (MONTHS[0], None)
    unseen = follow(COPIED, alert(), [month(0, "C"), month(1, None), month(2, None, seen=False)])
    assert unseen.close_reason is None
    two_good = follow(COPIED, alert(), [month(0, "C"), month(1, None), month(2, None)])
    assert two_good.close_reason == GOOD_AGAIN
    back = follow(COPIED, alert(), [month(0, "C"), month(1, None), month(2, "B")])
    assert (back.last_month, back.close_reason) == (MONTHS[2], None)


def test_a_scale_is_silent_while_it_is_off_so_only_a_person_closes() -> None:
    at_the_scale = alert(kind="scale_bias")
    months = [month(0, "C", "scale_bias"), *(month(number, None, "scale_bias") for number in (1, 2, 3))]
    assert follow(SCALE, at_the_scale, months).close_reason is None


def test_a_reason_that_corrections_took_away_withdraws_the_alert() -> None:
    assert follow(COPIED, alert(), [month(0, None)]).close_reason == WITHDRAWN
    assert follow(COPIED, alert(), []).close_reason == WITHDRAWN


@pytest.mark.parametrize(
    ("state", "days", "due"),
    [("raised", 7, None), ("raised", 8, "acknowledge"), ("acknowledged", 30, None), ("acknowledged", 31, "act"),
     ("acted", 99, None), ("closed", 99, None)],
)  # fmt: skip
def test_what_is_overdue_follows_from_the_days_since_it_was_raised(state: str, days: int, due: str | None) -> None:
    raised_on = date(2026, 2, 1)
    assert overdue(RULES, alert(state=state), date.fromordinal(raised_on.toordinal() + days), raised_on) == due
