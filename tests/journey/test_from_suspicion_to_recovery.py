"""One child from the first suspicion to recovery; and the loop under kill -9 of whoever is working."""

from __future__ import annotations

import asyncio
import re
from html import unescape
from typing import Any, Final

import httpx
import pytest

from services.reporting.http.page_session import SESSION_COOKIE
from shared.calendar import format_month, month_of
from shared.postgres.pool import open_pool
from tests.integration.reporting.ground import log_in
from tests.journey.clinic import FACILITY, Clinic, days_ago, visit_on
from tests.journey.desk import OTHER_DESA, Desk, until

STUNTED: Final[dict[str, Any]] = {"weight_kg": 9.9, "length_height_cm": 78.5}
WASTED: Final[dict[str, Any]] = {"weight_kg": 7.4, "length_height_cm": 78.5, "danger_signs": ["lethargic"]}
PANEL: Final[dict[str, tuple[float, str] | str]] = {
    "haemoglobin": (9.4, "g/dL"),
    "ferritin": (9.0, "ng/mL"),
    "crp": (2.0, "mg/L"),
    "urine_leukocyte_esterase": "Negatif",
    "urine_nitrite": "Negatif",
    "stool_parasites": "Ascaris lumbricoides",
}


@pytest.fixture(scope="module")
def clinic(desk: Desk) -> Clinic:
    clinic = Clinic(desk)
    clinic.open_laboratory()
    return clinic


def test_a_child_from_suspicion_over_the_laboratory_to_recovery(desk: Desk, clinic: Clinic) -> None:
    child_id = desk.register_child()
    assert desk.measure([visit_on(child_id, days_ago(59), **STUNTED)])["accepted"] == 1

    order = clinic.order_of(child_id)
    assert {test["orderable"] for test in order["tests"]} == {
        *("blood_count", "ferritin", "crp", "urinalysis", "stool"),
    }
    assert until(lambda: clinic.milestones(child_id), lambda seen: "lab_ordered" in seen)

    specimen = {
        "specimen": "venous",
        "drawn_on": days_ago(0).isoformat(),
        "orderables": ["blood_count", "ferritin", "crp"],
    }
    taken = clinic.lab("POST", f"/v1/orders/{order['order_id']}/specimens", json=specimen)
    assert taken.status_code == 201, taken.text
    refused = clinic.lab("POST", f"/v1/specimens/{taken.json()['specimen_id']}:reject", json={"reason": "haemolysed"})
    assert refused.status_code == 200, refused.text
    assert {test["state"] for test in clinic.order_of(child_id)["tests"]} == {"ordered"}

    assert clinic.report(order["order_id"], **PANEL)["accepted"] == len(PANEL)
    until(lambda: clinic.milestones(child_id), lambda seen: "lab_complete" in seen)
    case = clinic.case_of(child_id)
    assert case is not None
    assert case["content"]["anaemia"] == "yes"
    explanation = clinic.clinician("GET", f"/v1/children/{child_id}/explanation?lang=id")
    assert explanation.status_code == 200, explanation.text
    told = explanation.text.lower()
    assert "anemia sedang" in told
    assert "feritin" in told

    for move in ("refer", "confirm", "start_care"):
        clinic.move(child_id, move)
    desk.measure([visit_on(child_id, days_ago(28), is_remeasurement=True), visit_on(child_id, days_ago(0))])
    desk.balanced()
    clinic.move(child_id, "close", reason="recovered")
    desk.balanced()
    assert clinic.case_of(child_id) is None
    assert len(clinic.orders(child_id)) == 1

    month = format_month(month_of(days_ago(59)))
    answer = desk.call(
        *("GET", "reporting", "/v1/areas/12.19/cascade"), role="district", areas=["12.19"], params={"period": month}
    )
    assert answer.status_code == 200, answer.text
    steps = {step["step"]: step["count"] for step in answer.json()["steps"]}
    assert steps == dict.fromkeys(steps, 1), steps
    assert len(steps) == 8
    desk.verified()


def test_every_hand_over_of_a_child_with_gizi_buruk_ends_with_nobody_waiting(desk: Desk, clinic: Clinic) -> None:
    """Posyandu, clinician, nurse who draws, courier, laboratory, whoever is called, hospital, kitchen, and back."""
    child_id = desk.register_child()
    assert desk.measure([visit_on(child_id, days_ago(59), **WASTED)])["accepted"] == 1
    order = clinic.order_of(child_id)
    assert order["priority"] == "urgent"
    until(lambda: clinic.tasks(child_id), lambda open_tasks: {"urgent_assessment", "laboratory_panel"} <= open_tasks)

    found = clinic.assess(child_id, appetite="failed", complications=[], oedema_grade="none")
    assert found["place_of_care"]["place"] == "inpatient"
    assert {"complication", "no_appetite"} <= set(found["place_of_care"]["reasons"])
    until(lambda: clinic.tasks(child_id), lambda open_tasks: "urgent_assessment" not in open_tasks)
    referred = clinic.intervene(
        child_id,
        referral={
            "facility_code": FACILITY,
            "reason": "severe_wasting_with_complications",
            "urgency": "emergency",
            "referred_on": days_ago(58).isoformat(),
        },
    )
    assert [each["child_id"] for each in clinic.referrals()] == [child_id]
    until(lambda: clinic.tasks(child_id), lambda open_tasks: "attend_referral" in open_tasks)

    specimen = {"specimen": "venous", "drawn_on": days_ago(0).isoformat(), "orderables": ["blood_count"]}
    taken = clinic.nurse("POST", f"/v1/orders/{order['order_id']}/specimens", json=specimen).json()
    clinic.nurse("POST", f"/v1/specimens/{taken['specimen_id']}:send", json={})
    received = clinic.lab("POST", f"/v1/specimens/{taken['specimen_id']}:receive", json={}).json()
    assert received["sent_at"] <= received["received_at"]
    assert clinic.send_haemoglobin(order["order_id"], "6.4") == "AA"
    alert = next(each for each in clinic.alerts() if each["child_id"] == child_id)
    told = clinic.lab("POST", f"/v1/critical-values/{alert['critical_value_id']}:acknowledge", json={"read_back": True})
    assert told.status_code == 200, told.text
    assert clinic.send_haemoglobin(order["order_id"], "10.9", status="C") == "AA"
    assert child_id not in {each["child_id"] for each in clinic.alerts()}
    rest = {code: value for code, value in PANEL.items() if code != "haemoglobin"}
    assert clinic.report(order["order_id"], **rest)["accepted"] == len(rest)

    clinic.reply(referred, received_on=days_ago(50).isoformat(), outcome="treated_and_returned")
    assert clinic.referrals() == []
    feeding = clinic.intervene(
        child_id,
        supplementary_feeding={"feeding_class": "wasted", "product": "local", "started_on": days_ago(49).isoformat()},
    )
    desk.measure(
        [
            visit_on(child_id, days_ago(28), is_remeasurement=True, weight_kg=11.2, danger_signs=[]),
            visit_on(child_id, days_ago(0), weight_kg=12.1, danger_signs=[]),
        ]
    )
    clinic.end(feeding, ended_on=days_ago(1).isoformat(), end_class="normal", end_reason="completed", days_given=48)
    desk.balanced()
    beside = {each["type"]: each for each in clinic.interventions(child_id)}
    assert beside["supplementary_feeding"]["before"]["weight_kg"] == WASTED["weight_kg"]
    assert beside["supplementary_feeding"]["after"]["weight_kg"] == 12.1
    assert beside["supplementary_feeding"]["changes"]["whz"]["change_after"] > 3
    assert {"referred", "care_started", "remeasured", "lab_complete"} <= set(clinic.milestones(child_id))
    clinic.move(child_id, "confirm")
    clinic.move(child_id, "start_care")
    clinic.move(child_id, "close", reason="recovered")
    desk.balanced()
    assert clinic.tasks(child_id) == set()
    assert clinic.case_of(child_id) is None
    assert child_id not in clinic.work_list()
    desk.verified()


def test_a_critical_value_waits_for_a_named_person(desk: Desk, clinic: Clinic) -> None:
    child_id = desk.register_child()
    desk.measure([visit_on(child_id, days_ago(3), **STUNTED)])
    order = clinic.order_of(child_id)
    clinic.report(order["order_id"], **{**PANEL, "haemoglobin": (6.4, "g/dL"), "haematocrit": (19.0, "%")})
    alerts = [
        alert
        for alert in clinic.lab("GET", "/v1/critical-values?state=raised").json()["items"]
        if alert["child_id"] == child_id
    ]
    assert len(alerts) == 1  # the haematocrit of the same blood raises no second
    path = f"/v1/critical-values/{alerts[0]['critical_value_id']}:acknowledge"
    answer = clinic.lab("POST", path, json={"read_back": True})
    assert answer.status_code == 200, answer.text
    case = until(
        lambda: clinic.case_of(child_id), lambda seen: seen is not None and seen["content"]["tier"] == "urgent"
    )
    assert case is not None
    until(lambda: clinic.orders(child_id)[0]["priority"], lambda priority: priority == "urgent")
    desk.balanced()


def test_the_page_leads_from_a_suspected_child_to_what_scoring_says_of_it(desk: Desk, clinic: Clinic) -> None:
    """In the words of the API, also after scoring was away; while it is, the figures are still there."""
    child_id = desk.register_child(desa_code=OTHER_DESA)
    desk.measure([visit_on(child_id, days_ago(3), **STUNTED)])
    desk.balanced()
    explanation = clinic.clinician("GET", f"/v1/children/{child_id}/explanation?lang=id").json()
    month = format_month(month_of(days_ago(3)))
    address, cookies = desk.system.url("reporting"), asyncio.run(_session(desk))
    with httpx.Client(base_url=address, cookies=cookies, timeout=30, trust_env=False) as browser:
        figures = f"/?wilayah={OTHER_DESA}&periode={month}"
        link = re.search(rf'href="(/anak/{child_id}[^"]*)"', browser.get(figures).text)
        assert link is not None
        page = unescape(link.group(1))
        assert explanation["headline"] in unescape(browser.get(page).text)
        desk.system.kill("scoring")
        assert browser.get(page).status_code == 503
        assert browser.get(figures).status_code == 200
        desk.system.start("scoring")
        until(lambda: browser.get(page).status_code, lambda status: status == 200)


async def _session(desk: Desk) -> dict[str, str]:
    """Cookies of a person of the puskesmas who has logged in."""
    areas = [OTHER_DESA]
    async with open_pool(desk.system.stack.address("reporting_api")) as api:
        word = await log_in(api, "puskesmas", areas, access_token=desk.system.token("puskesmas", areas))
    return {SESSION_COOKIE: word}


def test_kill_9_of_whoever_works_loses_no_order_and_makes_no_second(desk: Desk, clinic: Clinic) -> None:
    children = [desk.register_child() for _ in range(12)]
    desk.measure([visit_on(child_id, days_ago(2), **STUNTED) for child_id in children])
    desk.system.kill("scoring")
    desk.system.start("scoring")
    desk.system.kill("lab")
    desk.system.start("lab")
    until(clinic.work_list, lambda orders: set(children) <= set(orders), seconds=60)
    for number, child_id in enumerate(children):
        clinic.report(clinic.work_list()[child_id]["order_id"], **PANEL)
        if number % 5 == 2:
            for service in ("lab", "scoring"):
                desk.system.kill(service)
                desk.system.start(service)
    desk.balanced()
    for child_id in children:
        orders = clinic.orders(child_id)
        assert [order["state"] for order in orders] == ["complete"]
        assert {"lab_ordered", "lab_complete"} <= set(clinic.milestones(child_id))
    desk.verified()
