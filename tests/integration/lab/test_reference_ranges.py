"""Reference ranges of a laboratory: entered whole, effective-dated, shown beside results and used for nothing."""

from datetime import timedelta
from typing import Any

import pytest

from shared.calendar import today_jakarta
from tests.integration.lab.desk import CLINIC, HOSPITAL, Desk, hb, yesterday

PATH = f"/v1/laboratories/{HOSPITAL}/reference-ranges"


def ranges(**changes: Any) -> dict[str, Any]:
    """Haemoglobin of children in g/dL, from a month ago."""
    bands = [
        {"from_months": 0, "to_months": 24, "low": 10.5, "high": 14},
        {"from_months": 24, "to_months": 60, "low": 11.5, "high": 15.5},
    ]
    since = (today_jakarta() - timedelta(days=30)).isoformat()
    body = {"test_code": "haemoglobin", "valid_from": since, "unit": "g/dL", "bands": bands}
    return {**body, "source_text": "Lembar hasil RSUD 2025", **changes}


async def test_a_result_shows_the_range_of_its_laboratory_at_the_draw(desk: Desk) -> None:
    assert (await desk.district("POST", PATH, ranges())).status_code == 201
    order = await desk.open_order()  # a girl of two and a half years
    before = len(await desk.events())
    result_id = (await desk.report(order_id=order.fact_id, value=11.2)).json()["result_id"]
    shown = (await desk.send("GET", f"/v1/results/{result_id}")).json()
    assert (shown["reference"]["position"], shown["reference"]["unit"]) == ("low", "g/L")
    assert shown["reference"]["band"] == {
        "sex": None, "from_months": 24, "to_months": 60, "low": 115.0, "high": 155.0,
    }  # fmt: skip
    assert "scoring" in shown["reference"]["note_en"]
    assert shown["catalogue_version"] == "2026-01/2020-01-01"
    listed = (await desk.send("GET", f"/v1/results?order_id={order.fact_id}")).json()["items"]
    assert listed == [shown]
    assert len(await desk.events()) == before + 2  # result and order: a range publishes and alerts nothing
    # A later row is for later draws, and another laboratory's for its own results.
    later = ranges(valid_from=today_jakarta().isoformat(), bands=[{"from_months": 0, "to_months": 60, "low": 10}])
    assert (await desk.district("POST", PATH, later)).status_code == 201
    assert (await desk.send("GET", f"/v1/results/{result_id}")).json()["reference"] == shown["reference"]
    today = hb(order_id=order.fact_id, drawn_at=..., drawn_on=today_jakarta().isoformat())
    newer = (await desk.send("POST", "/v1/results", today)).json()["result_id"]
    assert (await desk.send("GET", f"/v1/results/{newer}")).json()["reference"]["position"] == "normal"
    bound = hb(order_id=order.fact_id, drawn_at=(yesterday() - timedelta(hours=1)).isoformat(), comparator=">")
    bound_id = (await desk.send("POST", "/v1/results", bound)).json()["result_id"]
    assert (await desk.send("GET", f"/v1/results/{bound_id}")).json()["reference"]["position"] == "indeterminate"
    crp = hb(order_id=order.fact_id, test_code="crp", value=2, unit="mg/L")
    crp_id = (await desk.send("POST", "/v1/results", crp)).json()["result_id"]
    assert (await desk.send("GET", f"/v1/results/{crp_id}")).json()["reference"] is None
    history = (await desk.send("GET", PATH)).json()["items"]
    assert [len(row["bands"]) for row in history] == [1, 2]
    assert history[1]["stated"][0]["low"] == 10.5


@pytest.mark.parametrize(
    ("changes", "path", "status", "code"),
    [
        ({"bands": [{"from_months": 0, "to_months": 24, "low": 1.05}]}, PATH, 422, "limit_implausible"),
        ({"unit": "g/L"}, PATH, 422, "limit_implausible"),  # 10.5 is g/dL
        ({"unit": "mmol/L"}, PATH, 422, "unit_unknown"),
        ({"test_code": "tin"}, PATH, 422, "unknown_test"),
        (
            {"bands": [{"from_months": 0, "to_months": 6, "low": 9}, {"from_months": 7, "to_months": 60, "low": 9}]},
            PATH, 422, "band_hole",
        ),
        ({}, f"/v1/laboratories/{CLINIC}/reference-ranges", 404, None),
    ],
)  # fmt: skip
async def test_ranges_that_cannot_be_are_refused_with_the_field(
    desk: Desk, changes: dict[str, Any], path: str, status: int, code: str | None
) -> None:
    answer = await desk.district("POST", path, ranges(**changes))
    assert answer.status_code == status, answer.text
    assert code is None or code in {error["code"] for error in answer.json()["errors"]}


async def test_ranges_are_never_changed_in_place(desk: Desk) -> None:
    await desk.district("POST", PATH, ranges())
    again = await desk.district("POST", PATH, ranges(source_text="lain"))
    assert (again.status_code, again.json()["errors"][0]["code"]) == (422, "range_not_later")
    other_area = await desk.send("POST", PATH, ranges(), role="district", areas=["12.20"])
    assert other_area.json()["errors"][0]["code"] == "outside_area"
    assert (await desk.send("POST", PATH, ranges())).status_code == 403
