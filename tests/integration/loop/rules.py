"""What must hold once everything has been told: no lost case, no second order, nothing that ends in silence."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from shared.calendar import today_jakarta
from shared.contracts.child import ChildV1, MeasurementV1
from shared.contracts.intervention import InterventionV1
from tests.integration.loop.bus import LABORATORY, Bus, content

FRESH: Final = timedelta(days=60)
STATES_THAT_WAIT: Final = {"ordered", "collected"}


async def check(
    bus: Bus, children: Iterable[ChildV1], visits: Iterable[MeasurementV1], acts: Iterable[InterventionV1] = ()
) -> None:
    """AssertionError names the rule that is broken."""
    cases = await content(bus.pools["scoring"], "child_case")
    statuses = {row["child_id"]: row for row in await content(bus.pools["scoring"], "risk_status")}
    tasks = await content(bus.pools["scoring"], "follow_up")
    orders = await content(bus.pools["lab"], "lab_order")
    no_second_order(orders)
    by_case = {order["case_id"]: order for order in orders}
    for case in cases:
        if case["state"] == "closed":
            nothing_is_drawn_any_more(by_case.get(case["fact_id"]))
        else:
            the_order_asks_for_all(case, by_case.get(case["fact_id"]))
    no_lost_case(children, list(visits), statuses, cases)
    no_silent_end(cases, by_case, tasks)
    care_is_told(list(children), list(visits), list(acts), cases, tasks)


def no_second_order(orders: list[dict[str, Any]]) -> None:
    """One order a case."""
    ids = [order["case_id"] for order in orders]
    assert len(ids) == len(set(ids))


def nothing_is_drawn_any_more(order: dict[str, Any] | None) -> None:
    """A closed case waits for no draw."""
    assert order is None or "ordered" not in {test["state"] for test in order["tests"]}, order


def the_order_asks_for_all(case: dict[str, Any], order: dict[str, Any] | None) -> None:
    """Every required test of a live case is on its order, at the laboratory that serves the child."""
    assert order is not None, f"no order for {case}"
    asked = {test["orderable"] for test in order["tests"] if test["state"] != "cancelled"}
    assert set(case["required_tests"]) <= asked, (case, order)
    assert order["laboratory_code"] == LABORATORY
    assert order["child_id"] == case["child_id"]


def no_lost_case(
    children: Iterable[ChildV1],
    visits: list[MeasurementV1],
    statuses: dict[str, dict[str, Any]],
    cases: list[dict[str, Any]],
) -> None:
    """Who is suspected by a fresh measurement, and here, has a live case; nobody has two."""
    known = {child.child_id: child for child in children}
    live = [case["child_id"] for case in cases if case["state"] != "closed"]
    assert len(live) == len(set(live))
    for child in known.values():
        status = statuses.get(str(child.child_id))
        if child.merged_into is not None:
            assert str(child.child_id) not in live
            assert status is None or status["voided"]
            continue
        family = {each.child_id for each in known.values() if (each.merged_into or each.child_id) == child.child_id}
        valid = [visit for visit in visits if visit.child_id in family and not visit.voided]
        if not valid or child.departed_on is not None:
            continue
        assert status is not None
        if status["tier"] in {"suspected", "urgent"} and grounds_are_fresh(status, valid):
            assert str(child.child_id) in live, (status, [case for case in cases if UUID(case["child_id"]) in family])


def grounds_are_fresh(status: dict[str, Any], valid: list[MeasurementV1]) -> bool:
    """Whether the measurement behind the height finding is at most sixty days old."""
    days = {str(visit.fact_id): visit.measured_on for visit in valid}
    grounds = [reason["fact_id"] for reason in status["reasons"] if reason["rule_id"] in {"haz_low", "haz_severe"}]
    return any(days[fact_id] >= today_jakarta() - FRESH for fact_id in grounds)


def no_silent_end(cases: list[dict[str, Any]], orders: dict[str, dict[str, Any]], tasks: list[dict[str, Any]]) -> None:
    """A live case mirrors its order, and somebody is asked for what waits."""
    for case in cases:
        if case["state"] == "closed":
            continue
        order = orders[case["fact_id"]]
        milestones = {each["name"]: each["on"] for each in case["milestones"]}
        assert milestones["lab_ordered"] == order["ordered_on"]
        assert milestones.get("lab_complete") == order["completed_on"]
        waits = STATES_THAT_WAIT & {test["state"] for test in order["tests"]}
        assert (order["state"] == "open") is bool(waits)
        panel = [task for task in tasks if task["task"] == "laboratory_panel" and task["case_id"] == case["fact_id"]]
        if order["state"] == "complete":
            assert "open" not in {task["state"] for task in panel}, panel


def care_is_told(
    children: list[ChildV1],
    visits: list[MeasurementV1],
    acts: list[InterventionV1],
    cases: list[dict[str, Any]],
    tasks: list[dict[str, Any]],
) -> None:
    """No task waits for a course that runs or a reply that came; no milestone rests on what never was."""
    root_of = {str(child.child_id): str(child.merged_into or child.child_id) for child in children}
    living = {str(act.fact_id): act for act in acts if not act.voided}
    day_of = {str(visit.fact_id): visit.measured_on for visit in visits}
    for task in tasks:
        if task["state"] != "open":
            continue
        own = [act for act in living.values() if root_of[str(act.child_id)] == root_of[task["child_id"]]]
        if task["task"] == "start_supplementary_feeding":
            asked_on = day_of[task["because_fact_id"]]
            courses = [act.part.last_day for act in own if act.type == "supplementary_feeding"]
            assert all(last is not None and last < asked_on for last in courses), (task, own)
        if task["task"] == "attend_referral":
            assert living[task["because_fact_id"]].part.last_day is None, task
    for case in cases:
        for told in case["milestones"]:
            if told.get("fact_id") is not None:
                act = living[told["fact_id"]]
                assert root_of[str(act.child_id)] == root_of[case["child_id"]], (case, act)
                assert told["on"] == act.part.first_day.isoformat()
