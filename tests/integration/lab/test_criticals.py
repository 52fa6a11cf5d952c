"""Critical values: raised once, told to a person, withdrawn by what takes their reason away."""

import asyncio
import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from services.lab.jobs.housekeeping import Housekeeping
from shared import metrics
from shared.calendar import today_jakarta
from shared.contracts.lab import CriticalValueV1
from tests.integration.lab.desk import CLINIC, DESA_A, DESA_B, HOSPITAL, Desk, hb, yesterday


async def raised(desk: Desk, state: str | None = "raised") -> list[dict[str, Any]]:
    query = "/v1/critical-values" + (f"?state={state}" if state else "")
    answer = await desk.send("GET", query)
    assert answer.status_code == 200
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def alerts_published(desk: Desk) -> list[tuple[str, int, str]]:
    return [
        (event.test_code, event.revision, event.state)
        for event in await desk.events()
        if isinstance(event, CriticalValueV1)
    ]


async def test_a_critical_value_is_raised_once(desk: Desk) -> None:
    order = await desk.open_order()
    result = (await desk.report(order_id=order.fact_id, value=6.1)).json()
    await desk.report(order_id=order.fact_id, value=6.1)  # again
    (alert,) = await raised(desk)
    assert (alert["result_id"], alert["value"], alert["limit"], alert["side"]) == (
        result["result_id"],
        61.0,
        70.0,
        "low",
    )
    assert await alerts_published(desk) == [("haemoglobin", 1, "raised")]


async def test_a_value_at_the_limit_calls_nobody(desk: Desk) -> None:
    order = await desk.open_order()
    await desk.report(order_id=order.fact_id, value=7)
    assert await raised(desk) == []


async def test_what_was_drawn_long_ago_is_history(desk: Desk) -> None:
    order = await desk.open_order()
    for days in (60, 61):
        drawn_on = (today_jakarta() - timedelta(days=days)).isoformat()
        await desk.report(order_id=order.fact_id, value=6.1, drawn_at=..., drawn_on=drawn_on)
    assert len(await raised(desk)) == 1


async def test_haemoglobin_and_haematocrit_of_one_draw_are_one_alert_in_either_order(desk: Desk) -> None:
    first, second = await desk.open_order(), await desk.open_order()
    for order, codes in ((first, ("haemoglobin", "haematocrit")), (second, ("haematocrit", "haemoglobin"))):
        for code in codes:
            value, unit = (5.2, "g/dL") if code == "haemoglobin" else (15, "%")
            await desk.report(order_id=order.fact_id, test_code=code, value=value, unit=unit)
    assert [alert["test_code"] for alert in await raised(desk)] == ["haemoglobin"] * 2
    assert [alert["test_code"] for alert in await raised(desk, "withdrawn")] == ["haematocrit"]


async def test_both_at_the_same_moment_are_one_alert(desk: Desk) -> None:
    order = await desk.open_order()
    rows = [
        hb(order_id=order.fact_id, value=5.2),
        hb(order_id=order.fact_id, test_code="haematocrit", value=15, unit="%"),
    ]
    for owner in ({"order_id": str(order.fact_id)}, {"order_id": ..., "child_id": str(order.child_id)}):
        sent = [{k: v for k, v in {**row, **owner}.items() if v != ...} for row in rows]
        await asyncio.gather(*(desk.send("POST", "/v1/results", row) for row in sent))
    assert [alert["test_code"] for alert in await raised(desk)] == ["haemoglobin"] * 2


async def test_a_correction_withdraws_raises_and_raises_again(desk: Desk) -> None:
    order = await desk.open_order()
    path = f"/v1/results/{(await desk.report(order_id=order.fact_id, value=6.1)).json()['result_id']}"
    for revision, value in enumerate((9.6, 9.9, 6.4, 6.2), start=1):
        answer = await desk.send("PATCH", path, {"value": value, "unit": "g/dL"}, etag=f'"1.{revision}"')
        assert answer.status_code == 200
    assert await alerts_published(desk) == [
        ("haemoglobin", 1, "raised"),
        ("haemoglobin", 2, "withdrawn"),
        ("haemoglobin", 3, "raised"),
        ("haemoglobin", 4, "raised"),  # the same alert, with the value as it is now
    ]
    (alert,) = await raised(desk)
    assert alert["value"] == 62.0


async def test_when_the_leader_is_corrected_the_follower_speaks(desk: Desk) -> None:
    order = await desk.open_order()
    path = f"/v1/results/{(await desk.report(order_id=order.fact_id, value=5.2)).json()['result_id']}"
    await desk.report(order_id=order.fact_id, test_code="haematocrit", value=15, unit="%")
    await desk.send("PATCH", path, {"value": 12.2, "unit": "g/dL"}, etag='"1.1"')
    assert [alert["test_code"] for alert in await raised(desk)] == ["haematocrit"]


async def test_a_corrected_draw_takes_its_alert_along(desk: Desk) -> None:
    order = await desk.open_order()
    path = f"/v1/results/{(await desk.report(order_id=order.fact_id, value=5.2)).json()['result_id']}"
    long_ago = (yesterday() - timedelta(days=90)).isoformat()
    await desk.send("PATCH", path, {"drawn_at": long_ago}, etag='"1.1"')
    assert await raised(desk) == []


async def test_an_acknowledgement_names_account_time_and_read_back(desk: Desk) -> None:
    order = await desk.open_order()
    await desk.report(order_id=order.fact_id, value=6.1)
    (alert,) = await raised(desk)
    path = f"/v1/critical-values/{alert['critical_value_id']}:acknowledge"
    body = {"read_back": True, "note": "Perawat jaga mengulang nilainya"}
    done = await desk.send("POST", path, body, role="clinician", areas=[DESA_A], subject="dr-7")
    shown = done.json()
    assert (done.status_code, shown["state"], shown["acknowledged_by"], shown["read_back"]) == (
        200,
        "acknowledged",
        "dr-7",
        True,
    )
    assert shown["acknowledged_at"] is not None
    again = await desk.send("POST", path, {"read_back": False}, subject="analyst-2")
    assert (again.status_code, again.json()["acknowledged_by"]) == (200, "dr-7")
    assert await alerts_published(desk) == [("haemoglobin", 1, "raised"), ("haemoglobin", 2, "acknowledged")]
    assert b"Perawat" not in b"".join(event.body() for event in await desk.events())
    assert await desk.worker.fetchval("SELECT note FROM critical_value") == body["note"]


async def test_who_is_not_acknowledged_in_time_is_the_next_role_s(desk: Desk) -> None:
    order = await desk.open_order()
    await desk.report(order_id=order.fact_id, value=6.1)
    (alert,) = await raised(desk)
    assert (alert["escalation"]["step"], alert["escalation"]["role"]) == (0, "laboratory")
    assert alert["escalation"]["next_role"] == "clinician"
    late = "/v1/critical-values?escalated=true"
    assert (await desk.send("GET", late)).json()["items"] == []
    await desk.superuser(
        "UPDATE critical_value SET raised_at = raised_at - interval '61 minutes', "
        "content = jsonb_set(content::jsonb, '{raised_at}', to_jsonb(raised_at - interval '61 minutes'))::json"
    )
    (alert,) = (await desk.send("GET", late)).json()["items"]
    assert (alert["escalation"]["step"], alert["escalation"]["role"]) == (2, "puskesmas")
    path = f"/v1/critical-values/{alert['critical_value_id']}:acknowledge"
    done = await desk.send("POST", path, {"read_back": True}, role="clinician", areas=[DESA_A])
    assert done.json()["escalation"] is None
    assert (await desk.send("GET", late)).json()["items"] == []


def limit(**changes: Any) -> dict[str, Any]:
    """Haemoglobin below 80 g/L from today on."""
    body = {"test_code": "haemoglobin", "valid_from": today_jakarta().isoformat(), "critical_below": 80}
    return {**body, "reason_text": "Kesepakatan ruang anak", **changes}


async def enter_limit(desk: Desk, *, code: str = HOSPITAL, areas: Sequence[str] = ("12.19",), **changes: Any) -> Any:
    path = f"/v1/laboratories/{code}/critical-limits"
    return await desk.send("POST", path, limit(**changes), role="district", areas=list(areas))


async def test_a_laboratory_calls_by_its_own_limit_from_its_day_on(desk: Desk) -> None:
    assert (await enter_limit(desk)).status_code == 201
    first, second = await desk.open_order(), await desk.open_order()
    await desk.report(order_id=first.fact_id, value=7.4)  # drawn yesterday: the catalogue's 70 g/L
    assert await raised(desk) == []
    today = {"drawn_at": ..., "drawn_on": today_jakarta().isoformat()}
    await desk.report(order_id=second.fact_id, value=7.4, **today)
    (alert,) = await raised(desk)
    assert (alert["value"], alert["limit"]) == (74.0, 80.0)
    third = await desk.open_order()
    await desk.report(order_id=third.fact_id, value=8.0, **today)  # at the limit
    assert len(await raised(desk)) == 1


async def test_limits_of_another_laboratory_say_nothing(desk: Desk) -> None:
    await enter_limit(desk, code=CLINIC)
    order = await desk.open_order()
    await desk.report(order_id=order.fact_id, value=7.4, drawn_at=..., drawn_on=today_jakarta().isoformat())
    assert await raised(desk) == []


async def test_a_changed_limit_is_a_new_row_and_the_old_one_stays(desk: Desk) -> None:
    tomorrow = (today_jakarta() + timedelta(days=1)).isoformat()
    await enter_limit(desk)
    again = await enter_limit(desk, critical_below=75)
    assert (again.status_code, again.json()["errors"][0]["code"]) == (422, "limit_not_later")
    assert (await enter_limit(desk, critical_below=75, valid_from=tomorrow)).status_code == 201
    shown = (await desk.send("GET", f"/v1/laboratories/{HOSPITAL}/critical-limits")).json()["items"]
    assert [(row["valid_from"], row["critical_below"]) for row in shown] == [
        (tomorrow, 75.0),
        (today_jakarta().isoformat(), 80.0),
    ]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"valid_from": (today_jakarta() - timedelta(days=1)).isoformat()}, "limit_in_the_past"),
        ({"test_code": "tin"}, "unknown_test"),
        ({"critical_below": None}, "limit_missing"),
        ({"critical_above": 80}, "limits_reversed"),
        ({"critical_below": 8}, "limit_implausible"),  # written in g/dL
        ({"areas": ("12.20",)}, "outside_area"),
    ],
)
async def test_a_limit_that_cannot_be_is_refused_with_the_remedy(
    desk: Desk, changes: dict[str, Any], code: str
) -> None:
    answer = await enter_limit(desk, **changes)
    assert answer.status_code == 422, answer.text
    assert code in {error["code"] for error in answer.json()["errors"]}


async def test_a_laboratory_that_nobody_entered_has_no_limits(desk: Desk) -> None:
    assert (await enter_limit(desk, code="LAB.12.19.03.PKM")).status_code == 404


async def test_a_withdrawn_value_needs_nobody(desk: Desk) -> None:
    order = await desk.open_order()
    result_id = (await desk.report(order_id=order.fact_id, value=6.1)).json()["result_id"]
    (alert,) = await raised(desk)
    await desk.send("POST", f"/v1/results/{result_id}:void", {"reason": "wrong_child"}, etag='"1.1"')
    path = f"/v1/critical-values/{alert['critical_value_id']}:acknowledge"
    answer = await desk.send("POST", path, {"read_back": True})
    assert (answer.status_code, answer.json()["code"]) == (409, "alert_withdrawn")
    unknown = await desk.send("POST", f"/v1/critical-values/{uuid.uuid4()}:acknowledge", {"read_back": True})
    assert unknown.status_code == 404


async def test_alerts_are_seen_by_their_laboratory_and_by_the_childs_area(desk: Desk) -> None:
    order = await desk.open_order()
    await desk.report(order_id=order.fact_id, value=6.1)

    async def seen(role: str, area: str) -> int:
        return len((await desk.send("GET", "/v1/critical-values", role=role, areas=[area])).json()["items"])

    assert [await seen("laboratory", HOSPITAL), await seen("laboratory", CLINIC)] == [1, 0]
    assert [await seen("clinician", DESA_A), await seen("puskesmas", DESA_B)] == [1, 0]


async def test_the_age_of_the_oldest_unacknowledged_value_is_measured(desk: Desk) -> None:
    keeping = Housekeeping(desk.worker, lambda: None, 365)
    gauge = "tumbuh_critical_values_unacknowledged_age_seconds"
    await keeping.once()
    assert metrics.REGISTRY.get_sample_value(gauge) == 0
    order = await desk.open_order()
    await desk.report(order_id=order.fact_id, value=6.1)
    await desk.superuser("UPDATE critical_value SET raised_at = now() - interval '2 hours'")
    await keeping.once()
    assert 7200 <= (metrics.REGISTRY.get_sample_value(gauge) or 0) < 7300
    (alert,) = await raised(desk)
    await desk.send("POST", f"/v1/critical-values/{alert['critical_value_id']}:acknowledge", {"read_back": True})
    await keeping.once()
    assert metrics.REGISTRY.get_sample_value(gauge) == 0
