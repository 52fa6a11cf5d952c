"""Versions of catalogue rows and reference ranges: from a day on, never in place, seen by every process at once."""

import uuid
from datetime import date, timedelta
from typing import Any

import pytest

from services.lab.store.catalogue import read_catalogue
from services.lab.use_cases.catalogue_versions import NewVersion, add_catalogue_version
from services.lab.use_cases.entry import Entry
from shared.auth.areas import AreaGrant
from shared.calendar import now_utc, today_jakarta
from tests.integration.lab.desk import CLINIC, HOSPITAL, Desk, hb, yesterday

PATH = f"/v1/laboratories/{HOSPITAL}/reference-ranges"
TOMORROW = today_jakarta() + timedelta(days=1)
COPPER: dict[str, Any] = {
    "valid_from": "2026-01-01", "reason_text": "Diperiksa RSUD", "name_id": "Tembaga", "name_en": "Copper",
    "canonical_unit": "ug/dL", "decimals": 1, "plausible": [5, 500], "specimens": ["venous"], "needs": [],
    "status": "P", "source": "LOINC 5631-7",
    "units": [{"unit": "ug/dL", "loinc": "5631-7", "aliases": ["mcg/dL"]}],
}  # fmt: skip


def changed(**changes: Any) -> dict[str, Any]:
    return {"valid_from": TOMORROW.isoformat(), "reason_text": "Rapat laboratorium", **changes}


async def enter(desk: Desk, code: str = "haemoglobin", **changes: Any) -> Any:
    return await desk.district("POST", f"/v1/catalogue/{code}/versions", changed(**changes))


async def hold_since(desk: Desk, day: date, code: str = "haemoglobin", **changes: Any) -> None:
    """A version that was entered the day before `day`."""
    then = now_utc() - (today_jakarta() - day) - timedelta(days=1)
    async with desk.api.acquire() as connection, connection.transaction():
        new = NewVersion(code, day, changes, "Rapat laboratorium")
        await add_catalogue_version(connection, new, Entry(then, "district-1", AreaGrant(("12.19",))))


async def test_a_version_reads_draws_of_its_day_and_later_whenever_they_are_entered(desk: Desk) -> None:
    old, new = await desk.open_order(), await desk.open_order()
    before = (await desk.report(order_id=old.fact_id, value=7.4)).json()  # of yesterday, by the shipped row: 70 g/L
    await hold_since(desk, today_jakarta(), critical_below="80", decimals=0)
    today = {"drawn_at": ..., "drawn_on": today_jakarta().isoformat()}
    after = (await desk.report(order_id=new.fact_id, value=7.44, **today)).json()
    late = await desk.report(order_id=new.fact_id, value=7.44)  # of yesterday, entered after the version
    shown = [
        (await desk.send("GET", f"/v1/results/{result['result_id']}")).json() for result in (before, after, late.json())
    ]
    assert [(each["value"], each["catalogue_version"]) for each in shown] == [
        (74.0, "2026-01/2020-01-01"),
        (74.0, f"district/{today_jakarta()}"),
        (74.4, "2026-01/2020-01-01"),
    ]
    raised = (await desk.send("GET", "/v1/critical-values?state=raised")).json()["items"]
    assert [(each["result_id"], each["limit"]) for each in raised] == [(after["result_id"], 80.0)]
    # Corrected to another day, it is read by the row of that day.
    path = f"/v1/results/{before['result_id']}"
    moved = await desk.send("PATCH", path, {"drawn_on": today_jakarta().isoformat()}, etag='"1.1"')
    assert moved.status_code == 200, moved.text
    assert (await desk.send("GET", path)).json()["catalogue_version"] == f"district/{today_jakarta()}"
    # A laboratory's own limit goes before the catalogue's, whoever wrote that.
    limit = {"test_code": "haemoglobin", "valid_from": today_jakarta().isoformat(), "critical_below": 60}
    await desk.district("POST", "/v1/laboratories/LAB.12.19.RSUD/critical-limits", {**limit, "reason_text": "x"})
    third = await desk.open_order()
    await desk.report(order_id=third.fact_id, value=7.4, **today)
    raised = (await desk.send("GET", "/v1/critical-values?state=raised")).json()["items"]
    assert str(third.child_id) not in {each["child_id"] for each in raised}


async def test_a_version_is_shown_with_its_history_and_the_day_asked_for(desk: Desk) -> None:
    entered = await enter(desk, critical_below=65, units=[
        {"unit": "g/L", "loinc": "718-7", "aliases": []},
        {"unit": "mmol/L", "loinc": "59260-0", "times": "16.114", "aliases": []},
    ])  # fmt: skip
    assert entered.status_code == 201, entered.text
    assert (entered.json()["new_test"], entered.json()["units"][1]["times"]) == (False, "8057")
    history = (await desk.send("GET", "/v1/catalogue/haemoglobin")).json()["items"]
    assert [(row["valid_from"], row["critical_below"], row["followed"], row["changed"]) for row in history] == [
        (TOMORROW.isoformat(), 65.0, True, ["units", "critical_below"]),
        ("2020-01-01", 70.0, True, None),
    ]
    assert (history[0]["entered_by"], history[0]["reason_text"]) == ("analyst-1", "Rapat laboratorium")
    for day, limit in ((today_jakarta(), 70.0), (TOMORROW, 65.0)):
        tests = (await desk.send("GET", f"/v1/catalogue?on={day}")).json()["tests"]
        assert [row["critical_below"] for row in tests if row["test_code"] == "haemoglobin"] == [limit]
    assert (await enter(desk, critical_below=None, valid_from=(TOMORROW + timedelta(days=1)).isoformat())).json()[
        "critical_below"
    ] is None
    assert (await desk.send("GET", "/v1/catalogue/tin")).status_code == 404


async def test_a_new_test_makes_a_result_of_what_was_held_for_want_of_it(desk: Desk) -> None:
    order = await desk.open_order()
    row = hb(order_id=order.fact_id, test_code="copper", value=88, unit="mcg/dL")
    assert (await desk.send("POST", "/v1/results", row)).status_code == 422
    answer = await desk.district("POST", "/v1/catalogue/copper/versions", COPPER)
    assert (answer.status_code, answer.json()["new_test"]) == (201, True)
    assert (await desk.send("POST", "/v1/results", row)).status_code == 201
    wish = {"orderables": ["copper"], "reason_text": "Rambut kusut"}
    path = f"/v1/orders/{order.fact_id}/tests"
    grown = await desk.send("POST", path, wish, role="clinician", areas=["12.19"])
    assert grown.json()["tests"][-1]["state"] == "resulted"


@pytest.mark.parametrize(
    ("code", "changes", "said"),
    [
        ("haemoglobin", {"critical_below": 8}, ("limit_implausible", "critical_below")),
        ("haemoglobin", {"valid_from": str(today_jakarta()), "decimals": 0}, ("version_in_the_past", "valid_from")),
        ("haemoglobin", {}, ("nothing_changed", "reason_text")),
        ("haemoglobin", {"critical_below": 70}, ("nothing_changed", "reason_text")),
        ("haemoglobin", {"canonical_unit": "g/dL", "units": [{"unit": "g/dL", "loinc": "718-7", "aliases": []}]},
         ("kind_fixed", "canonical_unit")),
        ("crp", {"units": [{"unit": "mg/L", "loinc": "1988-6", "aliases": []}]}, ("loinc_invalid", "units[0].loinc")),
        ("copper", {"name_id": "Tembaga"}, ("field_missing", "units")),
    ],
)  # fmt: skip
async def test_a_version_that_cannot_be_is_refused_with_the_field(
    desk: Desk, code: str, changes: dict[str, Any], said: tuple[str, str]
) -> None:
    answer = await enter(desk, code, **changes)
    assert answer.status_code == 422, answer.text
    assert said in [(error["code"], error["field"]) for error in answer.json()["errors"]]
    assert (await desk.send("POST", f"/v1/catalogue/{code}/versions", changed(**changes))).status_code == 403


async def test_a_version_is_never_changed_in_place(desk: Desk) -> None:
    assert (await enter(desk, decimals=0)).status_code == 201
    again = await enter(desk, decimals=2)
    assert (again.status_code, again.json()["errors"][0]["code"]) == (422, "version_not_later")


async def test_every_process_follows_a_version_from_its_commit_on_and_none_before(desk: Desk) -> None:
    """Two pools as two processes have them: what one keeps in memory is asked for by number in each transaction."""
    async with desk.worker.acquire() as consumer, desk.api.acquire() as api:
        assert (await read_catalogue(consumer)).version_of("zinc", TOMORROW) == "2026-01/2020-01-01"
        async with consumer.transaction(isolation="repeatable_read"):
            await read_catalogue(consumer)
            writing = api.transaction()
            await writing.start()
            new = NewVersion("zinc", TOMORROW, {"decimals": 0}, "Rapat laboratorium")
            await add_catalogue_version(api, new, Entry(now_utc(), "district-1", AreaGrant(("12.19",))))
            async with desk.worker.acquire() as other:
                assert (await read_catalogue(other)).version_of("zinc", TOMORROW) == "2026-01/2020-01-01"
            await writing.commit()
            # What has begun ends with the catalogue it began with.
            assert (await read_catalogue(consumer)).version_of("zinc", TOMORROW) == "2026-01/2020-01-01"
        seen = [await read_catalogue(connection) for connection in (consumer, api)]
        assert {each.version_of("zinc", TOMORROW) for each in seen} == {f"district/{TOMORROW}"}
        assert seen[0] is seen[1]  # built once
        assert yesterday().date() < TOMORROW
        assert seen[0].analyte(str(uuid.uuid4()), TOMORROW) is None


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
