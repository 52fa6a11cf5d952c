"""What a laboratory and a clinician do over HTTP in the journeys."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Final

import httpx

from shared.calendar import today_jakarta
from tests.journey.desk import Desk, until

LABORATORY: Final = "LAB.12.19.RSUD"
DISTRICT: Final = ["12.19"]


class Clinic:
    """The laboratory of the district and one clinician at the doors of the running system."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def open_laboratory(self) -> None:
        """Load the laboratory that serves the whole district."""
        body = {"code": LABORATORY, "name": "RSUD Batu Bara", "area_codes": DISTRICT, "tests_per_day": 100}
        answer = self.desk.call("POST", "lab", "/v1/laboratories", role="district", areas=DISTRICT, json=body)
        assert answer.status_code in {200, 201}, answer.text

    def lab(self, method: str, path: str, **request: Any) -> httpx.Response:
        """One request of the laboratory, repeated until the service is there."""
        return self.desk.call_until_answered(method, "lab", path, role="laboratory", areas=[LABORATORY], **request)

    def clinician(self, method: str, path: str, **request: Any) -> httpx.Response:
        """One request of the clinician at scoring."""
        return self.desk.call_until_answered(method, "scoring", path, role="clinician", areas=DISTRICT, **request)

    def work_list(self) -> dict[str, dict[str, Any]]:
        """The laboratory's open orders by child."""
        answer = self.lab("GET", f"/v1/worklists?laboratory={LABORATORY}&state=open&limit=200")
        assert answer.status_code == 200, answer.text
        return {item["child_id"]: item for item in answer.json()["items"]}

    def order_of(self, child_id: str) -> dict[str, Any]:
        """The child's order once it is on the list."""
        return until(self.work_list, lambda orders: child_id in orders, seconds=60)[child_id]

    def orders(self, child_id: str) -> list[dict[str, Any]]:
        """All orders of a child."""
        answer = self.lab("GET", f"/v1/orders?child_id={child_id}")
        assert answer.status_code == 200, answer.text
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    def report(self, order_id: str, **values: tuple[float, str]) -> dict[str, Any]:
        """Results of today's draw, by analyte: value and unit."""
        rows = [
            {
                "order_id": order_id,
                "test_code": code,
                "value": value,
                "unit": unit,
                "drawn_on": today_jakarta().isoformat(),
                "specimen": "venous",
            }
            for code, (value, unit) in values.items()
        ]
        answer = self.lab("POST", "/v1/results:batch", json={"rows": rows})
        assert answer.status_code == 200, answer.text
        report: dict[str, Any] = answer.json()
        return report

    def case_of(self, child_id: str, state: str | None = None) -> dict[str, Any] | None:
        """The child's live case (or one in `state`), if it has one."""
        query = "" if state is None else f"&state={state}"
        answer = self.clinician("GET", f"/v1/cases?limit=500{query}")
        assert answer.status_code == 200, answer.text
        found = [item for item in answer.json()["items"] if item["child_id"] == child_id]
        return found[0] if found else None

    def move(self, child_id: str, move: str, **more: Any) -> None:
        """A move of the child's live case, today; who is told that the case has changed looks and says it again."""

        def tried() -> httpx.Response:
            case = self.case_of(child_id)
            assert case is not None
            return self.clinician(
                "POST",
                f"/v1/cases/{case['fact_id']}:move",
                headers={"If-Match": case["etag"]},
                json={"move": move, "on": today_jakarta().isoformat(), **more},
            )

        answer = until(tried, lambda answer: answer.status_code != 412)
        assert answer.status_code == 200, answer.text

    def milestones(self, child_id: str) -> dict[str, str]:
        """Dates of what the child's live case has behind it."""
        case = self.case_of(child_id)
        return {} if case is None else {each["name"]: each["on"] for each in case["content"]["milestones"]}


def visit_on(child_id: str, on: date, **values: Any) -> dict[str, Any]:
    """A visit of a boy of two years on a day, of ordinary weight and height unless said otherwise."""
    usual = {"weight_kg": 12.1, "length_height_cm": 87.0, "measurement_position": "standing"}
    return {"child_id": child_id, "measured_on": on.isoformat(), **usual, **values}


def days_ago(days: int) -> date:
    """So many days before today."""
    return today_jakarta() - timedelta(days=days)
