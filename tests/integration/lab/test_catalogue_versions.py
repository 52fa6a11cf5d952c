"""The district's versions of catalogue rows: from a day on, never in place, seen by every process at once."""

import uuid
from datetime import date, timedelta
from typing import Any

import pytest

from services.lab.store.catalogue import read_catalogue
from services.lab.use_cases.catalogue_versions import NewVersion, add_catalogue_version
from services.lab.use_cases.entry import Entry
from shared.auth.areas import AreaGrant
from shared.calendar import now_utc, today_jakarta
from tests.integration.lab.desk import Desk, hb, yesterday

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
