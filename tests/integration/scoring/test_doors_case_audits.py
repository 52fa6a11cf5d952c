"""Audit kasus stunting through the API, on real PostgreSQL: confidential, audited, never in an event."""

from typing import Any

import asyncpg
import pytest

from tests.integration.scoring.doors_desk import DESA_B, Desk, days_ago

PATH = "/v1/case-audits"
WRITTEN = "Ayah bekerja di luar kota"


def sheet(case: dict[str, Any], **changes: Any) -> dict[str, Any]:
    plain = {
        "case_id": case["fact_id"],
        "held_on": days_ago(3).isoformat(),
        "participants": [{"role": "clinician", "account": "dr-4"}, {"role": "village_head"}],
        "findings": [{"factor": "parenting", "text": WRITTEN}],
        "causes": ["inadequate_feeding", "poor_sanitation"],
        "recommendations": [
            {"text": "Sambungkan air bersih", "due_on": days_ago(1).isoformat(), "owner_office": "DPUPR"}
        ],
    }
    return {**plain, **changes}


async def test_a_sheet_is_held_changed_and_followed_and_every_change_says_who_and_when(desk: Desk) -> None:
    child_id, case = await desk.suspected()
    events = await desk.worker.fetchval("SELECT count(*) FROM outbox")
    held = await desk.send("POST", PATH, sheet(case))
    assert held.status_code == 201, held.text
    assert WRITTEN not in held.text
    path = f"{PATH}/{held.json()['audit_id']}"
    again = await desk.send("POST", PATH, sheet(case))
    assert (again.status_code, again.json()["code"]) == (409, "audit_exists")

    (listed,) = (await desk.get(f"{PATH}?cycle={held.json()['cycle']}&overdue=true", role="district", areas=["12.19"]))[
        "items"
    ]
    assert (listed["child_id"], listed["recommendations"]) == (
        str(child_id),
        {"open": 1, "done": 0, "dropped": 0, "overdue": 1},
    )
    assert WRITTEN not in str(listed)
    added = await desk.send(
        "POST",
        f"{path}/recommendations",
        {"text": "Kunjungan rumah", "due_on": days_ago(-7).isoformat(), "owner_role": "kader"},
        etag='"1.1"',
    )
    assert (added.status_code, added.json()["number"]) == (201, 2)
    done = {"state": "done", "ended_on": days_ago(0).isoformat(), "evidence": "Foto sambungan"}
    bare = await desk.send("PATCH", f"{path}/recommendations/1", {"state": "done"}, etag='"1.2"')
    assert {error["code"] for error in bare.json()["errors"]} == {"audit_end_day", "audit_evidence_missing"}
    ended = await desk.send("PATCH", f"{path}/recommendations/1", done, etag='"1.2"', role="district", areas=["12.19"])
    assert ended.json()["revision"] == 3
    stale = await desk.send("PATCH", path, {"causes": ["poverty"]}, etag='"1.2"')
    assert stale.status_code == 412
    await desk.send("PATCH", path, {"causes": ["poverty"]}, etag='"1.3"')
    whole = await desk.get(path)
    assert (whole["causes"], whole["findings"][0]["text"]) == (["poverty"], WRITTEN)
    assert [(each["number"], each["state"], each["overdue"]) for each in whole["recommendations"]] == [
        (1, "done", False),
        (2, "open", False),
    ]
    assert (await desk.get(f"{PATH}?overdue=true"))["items"] == []
    states = (await desk.get(f"{path}/history"))["items"]
    assert [(each["revision"], bool(each["changed_by"]), bool(each["changed_at"])) for each in states] == [
        (number, True, True) for number in (1, 2, 3, 4)
    ]
    assert await desk.worker.fetchval("SELECT count(*) FROM outbox") == events  # nothing of it leaves


@pytest.mark.parametrize("role", ["kader", "puskesmas", "kecamatan", "province", "laboratory"])
async def test_an_audit_is_for_clinicians_and_the_district_only(desk: Desk, role: str) -> None:
    _, case = await desk.suspected()
    audit_id = (await desk.send("POST", PATH, sheet(case))).json()["audit_id"]
    for path in (PATH, f"{PATH}/{audit_id}", f"{PATH}/{audit_id}/history"):
        assert (await desk.send("GET", path, role=role)).status_code == 403, path


async def test_another_area_sees_no_sheet_and_its_case_cannot_be_audited(desk: Desk) -> None:
    _, case = await desk.suspected()
    audit_id = (await desk.send("POST", PATH, sheet(case))).json()["audit_id"]
    for path in (f"{PATH}/{audit_id}", f"{PATH}/{audit_id}/history"):
        assert (await desk.send("GET", path, areas=[DESA_B])).status_code == 404
    assert (await desk.get(PATH, areas=[DESA_B]))["items"] == []
    assert (await desk.send("POST", PATH, sheet(case), areas=[DESA_B])).status_code == 404
    assert (
        await desk.send("PATCH", f"{PATH}/{audit_id}", {"causes": []}, etag='"1.1"', areas=[DESA_B])
    ).status_code == 404


async def test_names_are_kept_out_and_a_sheet_that_cannot_be_says_what_is_wrong(desk: Desk) -> None:
    _, case = await desk.suspected()
    nik = sheet(case, findings=[{"factor": "birth", "text": "NIK 1219014507230003"}])
    refused = await desk.send("POST", PATH, nik)
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "nik_in_text")
    early = await desk.send("POST", PATH, sheet(case, held_on=days_ago(30).isoformat(), participants=[]))
    assert {(error["field"], error["code"]) for error in early.json()["errors"]} == {
        ("held_on", "audit_before_case"),
        ("participants", "audit_nobody"),
    }


async def test_what_a_sheet_was_can_be_changed_by_nobody(desk: Desk) -> None:
    _, case = await desk.suspected()
    await desk.send("POST", PATH, sheet(case))
    for statement in ("UPDATE case_audit_revision SET changed_by = 'x'", "DELETE FROM case_audit_revision"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await desk.api.execute(statement)
