"""Two records of one child with results and a referral each: merged, told on, parted again, over all services."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from shared.calendar import format_month, month_of
from tests.journey.clinic import Clinic, days_ago, visit_on
from tests.journey.desk import Desk, until
from tests.journey.test_from_suspicion_to_recovery import PANEL, STUNTED

MONTH = format_month(month_of(days_ago(3)))
COUNTED = ("target_children", "measured_children", "haz_measured", "stunted", "suspected")


@pytest.fixture(scope="module")
def clinic(desk: Desk) -> Clinic:
    clinic = Clinic(desk)
    clinic.open_laboratory()
    return clinic


def figures(desk: Desk) -> tuple[int, ...]:
    """S, D, measured heights, stunted, suspected of the district; everything under way has arrived."""
    desk.balanced()
    answer = desk.call(
        *("GET", "reporting", "/v1/areas/12.19/summary"), role="district", areas=["12.19"], params={"period": MONTH}
    )
    assert answer.status_code == 200, answer.text
    return tuple(answer.json()[name] for name in COUNTED)


def change(desk: Desk, method: str, path: str, body: dict[str, Any], etag: str) -> dict[str, Any]:
    answer = desk.call(method, "measurement", path, json=body, headers={"If-Match": f'"{etag}"'})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def read_tests(desk: Desk, child_id: str) -> set[str]:
    """The tests whose results the child's status rests on."""
    status = desk.call("GET", "scoring", f"/v1/children/{child_id}/status")
    assert status.status_code == 200, status.text
    return {reading["test_code"] for reading in status.json()["readings"]}


def test_b078_all_facts_follow_a_merge_and_its_undoing(desk: Desk, clinic: Clinic) -> None:
    """Roll-ups fall by exactly one child a merge, and rise again; results and referrals are lost nowhere."""
    first, second, third = (desk.register_child() for _ in range(3))
    sick = [visit_on(child_id, days_ago(3), **STUNTED) for child_id in (first, second)]
    assert desk.measure([*sick, visit_on(third, days_ago(2))])["accepted"] == 3
    orders = {child_id: clinic.order_of(child_id)["order_id"] for child_id in (first, second)}
    clinic.report(orders[first], haemoglobin=PANEL["haemoglobin"])
    clinic.report(orders[second], ferritin=PANEL["ferritin"], crp=PANEL["crp"])
    for child_id in (first, second):
        until(partial(clinic.case_of, child_id), lambda seen: seen is not None)
        clinic.move(child_id, "refer")
    alone = figures(desk)
    assert alone == (3, 3, 3, 2, 2)
    apart = {child_id: (read_tests(desk, child_id), clinic.milestones(child_id)) for child_id in (first, second)}
    assert all("referred" in milestones for _, milestones in apart.values()), apart

    # The second is the first: one child less in every figure, everything known of both at the survivor.
    change(desk, "POST", "/v1/merges", {"child_id": second, "survivor_id": first}, "1.1")
    assert figures(desk) == (2, 2, 2, 1, 1)
    assert read_tests(desk, first) == apart[first][0] | apart[second][0]
    assert "referred" in clinic.milestones(first)
    assert clinic.case_of(second) is None
    told = desk.call("GET", "measurement", f"/v1/children/{first}/history").json()
    assert {item["child_id"] for item in told["measurements"]} == {first, second}

    # Late news of the loser: a result of its order, and its visit corrected.
    late = clinic.report(orders[second], haemoglobin=(9.1, "g/dL"))
    assert late["accepted"] == 1, late
    visited = next(item for item in told["measurements"] if item["child_id"] == second)
    path = f"/v1/measurements/{visited['measurement_id']}"
    change(desk, "PATCH", path, {"weight_kg": 9.8, "reason_text": "Salah baca"}, "1.1")
    refused = desk.measure([visit_on(second, days_ago(0))])
    assert refused["rows"][0]["survivor_id"] == first

    # A chain stays flat: the first is the third, and the second follows it there.
    change(desk, "POST", "/v1/merges", {"child_id": first, "survivor_id": third}, "1.1")
    assert figures(desk)[:2] == (1, 1)
    third_case = until(lambda: clinic.case_of(third), lambda seen: seen is not None)
    assert third_case is not None
    assert read_tests(desk, third) == apart[first][0] | apart[second][0]

    # Parted after new facts: each has what was recorded for it, and the figures are what they were.
    assert desk.measure([visit_on(third, days_ago(0))])["accepted"] == 1
    change(desk, "POST", "/v1/merges:undo", {"child_id": first, "reason_text": "Anak lain"}, "1.2")
    change(desk, "POST", "/v1/merges:undo", {"child_id": second, "reason_text": "Kembar"}, "1.3")
    assert figures(desk) == alone
    for child_id in (first, second):
        case = clinic.case_of(child_id)
        assert case is not None, f"the case of {child_id} is lost"
        assert apart[child_id][0] <= read_tests(desk, child_id)
        assert "referred" in clinic.milestones(child_id)
    desk.verified()
