"""What a laboratory and a clinician do over HTTP in the journeys."""

from __future__ import annotations

import uuid
from datetime import date, timedelta
from typing import Any, Final

import httpx

from shared.calendar import now_utc, today_jakarta
from tests.journey.desk import Desk, until

LABORATORY: Final = "LAB.12.19.RSUD"
DISTRICT: Final = ["12.19"]
FACILITY: Final = "RS.12.19.RSUD"


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

    def report(self, order_id: str, **values: tuple[float, str] | str) -> dict[str, Any]:
        """Results of today's draw, by analyte: value and unit, or what was found."""
        about = {"order_id": order_id, "drawn_on": today_jakarta().isoformat()}
        rows = [
            {**about, "test_code": code, "findings": [said]}
            if isinstance(said, str)
            else {**about, "test_code": code, "value": said[0], "unit": said[1], "specimen": "venous"}
            for code, said in values.items()
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
        """A move of the child's live case, today."""
        self._on_case(child_id, "move", {"move": move, **more})

    def assess(self, child_id: str, **found: Any) -> dict[str, Any]:
        """What a clinician finds on the child's live case, today; the case with its place of care."""
        return self._on_case(child_id, "assess", found)

    def _on_case(self, child_id: str, step: str, body: dict[str, Any]) -> dict[str, Any]:
        """Who is told that the case has changed looks and says it again."""

        def tried() -> httpx.Response:
            case = self.case_of(child_id)
            assert case is not None
            return self.clinician(
                "POST",
                f"/v1/cases/{case['fact_id']}:{step}",
                headers={"If-Match": case["etag"]},
                json={"on": today_jakarta().isoformat(), **body},
            )

        answer = until(tried, lambda answer: answer.status_code != 412)
        assert answer.status_code == 200, answer.text
        said: dict[str, Any] = answer.json()
        return said

    def tasks(self, child_id: str) -> set[str]:
        """The child's open tasks."""
        answer = self.clinician("GET", "/v1/follow-ups?limit=500")
        assert answer.status_code == 200, answer.text
        return {item["task"] for item in answer.json()["items"] if item["child_id"] == child_id}

    def alerts(self) -> list[dict[str, Any]]:
        """Critical values that wait or were acknowledged."""
        found = [self.lab("GET", f"/v1/critical-values?state={state}").json() for state in ("raised", "acknowledged")]
        return [item for answer in found for item in answer["items"]]

    def send_haemoglobin(self, order_id: str, grams_per_dl: str, status: str = "F") -> str:
        """A result of today as an HL7 v2 message; MSA-1 of the acknowledgement."""
        now = now_utc().strftime("%Y%m%d%H%M%S+0000")
        content = "\r".join(
            (
                rf"MSH|^~\&|LIS|RSUD|TUMBUH|DINKES|{now}||ORU^R01|{uuid.uuid4().hex}|P|2.5||||||UNICODE UTF-8",
                "PID|1",
                f"ORC|RE|{order_id}|LAB-{order_id}",
                f"OBR|1|{order_id}|LAB-{order_id}|58410-2^CBC^LN|||{today_jakarta():%Y%m%d}",
                f"OBX|1|NM|718-7^Hb^LN||{grams_per_dl}|g/dL|||||{status}",
                "",
            )
        )
        headers = {"Content-Type": "application/hl7-v2"}
        answer = self.lab("POST", "/hl7", content=content.encode(), headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.text.split("\r")[1].split("|")[1]

    def nurse(self, method: str, path: str, **request: Any) -> httpx.Response:
        """One request of the puskesmas at the laboratory service."""
        answer = self.desk.call_until_answered(method, "lab", path, **request)
        assert answer.is_success, answer.text
        return answer

    def intervene(self, child_id: str, **part: Any) -> str:
        """Something done for the child; its id."""
        body = {"child_id": child_id, **part}
        answer = self.desk.call_until_answered("POST", "measurement", "/v1/interventions", json=body)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["intervention_id"])

    def reply(self, referral_id: str, **body: Any) -> None:
        """What the hospital answers, itself."""
        self._go_on(referral_id, "reply", body, role="clinician", areas=[FACILITY])

    def end(self, course_id: str, **body: Any) -> None:
        """The last day of a course."""
        self._go_on(course_id, "end", body)

    def _go_on(self, intervention_id: str, step: str, body: dict[str, Any], **who: Any) -> None:
        path = f"/v1/interventions/{intervention_id}"
        headers = {"If-Match": self.desk.call("GET", "measurement", path, **who).headers["etag"]}
        path = f"{path}:{step}"
        answer = self.desk.call_until_answered("POST", "measurement", path, json=body, headers=headers, **who)
        assert answer.status_code == 200, answer.text

    def referrals(self) -> list[dict[str, Any]]:
        """Who waits at the hospital, as the hospital sees it."""
        who: dict[str, Any] = {"role": "clinician", "areas": [FACILITY]}
        answer = self.desk.call("GET", "measurement", f"/v1/referrals?facility={FACILITY}", **who)
        assert answer.status_code == 200, answer.text
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    def interventions(self, child_id: str) -> list[dict[str, Any]]:
        """What was done for the child beside its growth."""
        answer = self.clinician("GET", f"/v1/children/{child_id}/interventions")
        assert answer.status_code == 200, answer.text
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

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
