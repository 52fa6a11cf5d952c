"""Danger signs: urgent whatever the growth, until a visit states that there are none."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest

from services.scoring.domain.assessment_codes import AssessmentFlag
from services.scoring.domain.danger_signs import SIGN_NAMES, DangerSign, mask_of, names_in
from services.scoring.domain.findings import findings
from services.scoring.domain.fingerprint import risk_fingerprints
from services.scoring.domain.follow_ups import case_trigger, follow_ups
from shared.contracts.child import DangerSign as SignOfContract
from tests.unit.scoring.fold_examples import Child, Story, Visit, day, fact, rule_ids, unknown_things, visit

BOY = Child(1, "M", day("2024-01-15"))
FIRST, SECOND, THIRD = day("2025-07-10"), day("2025-07-14"), day("2025-07-20")


def signs_only(number: int, on: str, *signs: str) -> Visit:
    return Visit(number, 1, day(on), signs=signs)


@pytest.mark.parametrize("sign", SIGN_NAMES)
def test_every_danger_sign_is_urgent_and_named_whatever_the_growth(sign: str) -> None:
    well = visit(1, BOY, FIRST, -1.0, -1.0, signs=(sign,))
    status = Story([BOY], [well]).status()
    (reason,) = [each for each in status.reasons if each.rule_id == "danger_sign"]
    assert status.tier == "urgent"
    assert (reason.signs, reason.fact_id, reason.measured_on) == ((sign,), fact(1), FIRST)
    assert status.tracks[:2] == ("assessment_within_24_hours", "referral")


def test_the_signs_of_the_contract_are_those_of_the_masks() -> None:
    assert set(SIGN_NAMES) == set(get_args(SignOfContract))
    assert names_in(mask_of(reversed(SIGN_NAMES))) == SIGN_NAMES
    assert (mask_of(None), mask_of(())) == (DangerSign.NOT_STATED, DangerSign.STATED)


@pytest.mark.parametrize(
    ("temperature", "signs"),
    [
        (34.9, ("very_low_temperature",)), (35.0, None), (38.4, None), (38.5, ("very_high_temperature",)),
        (None, None),
    ],
)  # fmt: skip
def test_a_temperature_beyond_the_limits_is_a_sign_by_itself(
    temperature: float | None, signs: tuple[str, ...] | None
) -> None:
    status = Story([BOY], [visit(1, BOY, FIRST, -1.0, -1.0, temperature=temperature)]).status()
    assert next((each.signs for each in status.reasons if each.rule_id == "danger_sign"), None) == signs


def test_a_visit_with_signs_alone_is_urgent_and_the_newest_of_the_child() -> None:
    status = Story([BOY], [visit(1, BOY, FIRST, -1.0, -1.0), signs_only(2, "2025-07-14", "convulsions")]).status()
    assert (status.tier, status.measured_on) == ("urgent", SECOND)


@pytest.mark.parametrize(
    ("later", "tier", "unknown"),
    [
        (visit(2, BOY, SECOND, -1.0, -1.0), "urgent", True),
        (visit(2, BOY, SECOND, -1.0, -1.0, temperature=36.8), "urgent", True),
        (visit(2, BOY, SECOND, -1.0, -1.0, signs=("lethargic",)), "urgent", False),
        (visit(2, BOY, SECOND, -1.0, -1.0, signs=()), "watch", False),
        (visit(2, BOY, SECOND, -1.0, -1.0, signs=(), temperature=38.5), "urgent", False),
        (visit(2, BOY, SECOND, -1.0, -1.0, signs=(), voided=True), "urgent", False),
        (visit(2, BOY, day("2025-07-09"), -1.0, -1.0, signs=()), "urgent", False),
    ],
)
def test_a_sign_stands_until_a_newer_visit_states_that_there_is_none(later: Visit, tier: str, *, unknown: bool) -> None:
    status = Story([BOY], [visit(1, BOY, FIRST, -1.0, -1.0, signs=("convulsions",)), later]).status()
    assert ("danger_sign" in rule_ids(status)) is (tier == "urgent")
    assert ("danger_sign_outdated" in unknown_things(status)) is unknown


def test_signs_stated_beside_a_weighing_of_the_same_day_leave_it_the_value_of_the_day() -> None:
    weighed = visit(1, BOY, FIRST, -1.0, -1.0)
    beside = replace(signs_only(2, "2025-07-10", "convulsions"), api=True)
    flags = Story([BOY], [weighed, beside]).folded().assessments.flags & AssessmentFlag.PRIMARY
    assert flags.tolist() == [AssessmentFlag.PRIMARY, 0]
    alone = Story([BOY], [weighed, replace(beside, on=SECOND)]).folded().assessments.flags & AssessmentFlag.PRIMARY
    assert alone.tolist() == [AssessmentFlag.PRIMARY, AssessmentFlag.PRIMARY]


def test_voiding_the_visit_takes_the_sign_back() -> None:
    seen = visit(2, BOY, SECOND, -1.0, -1.0, signs=("convulsions",))
    first = visit(1, BOY, FIRST, -1.0, -1.0)
    assert Story([BOY], [first, seen]).status().tier == "urgent"
    seen.voided = True
    assert "danger_sign" not in rule_ids(Story([BOY], [first, seen]).status())


def test_a_fresh_sign_opens_a_case_with_an_assessment_within_a_day_and_takes_no_feeding_away() -> None:
    thin = visit(1, BOY, FIRST, -1.0, -2.5, signs=("vomits_everything",))
    folded = Story([BOY], [thin]).folded()
    (found,) = findings(folded, [0])
    tasks = {task.task: (task.due_on - FIRST).days for task in follow_ups(folded, found, FIRST)}
    assert case_trigger(folded, found, FIRST) == fact(1)
    assert tasks["urgent_assessment"] == 1
    assert "start_supplementary_feeding" in tasks  # not gizi buruk
    late = case_trigger(folded, found, day("2025-09-09"))
    assert late is None


def test_other_signs_are_another_status_and_signs_nobody_states_leave_the_stored_ones_alone() -> None:
    one, two, none = (
        Story([BOY], [visit(1, BOY, FIRST, -1.0, -1.0, signs=signs)]).folded()
        for signs in (("convulsions",), ("lethargic",), None)
    )
    prints = {int(risk_fingerprints(each)[0]) for each in (one, two, none)}
    assert len(prints) == 3
