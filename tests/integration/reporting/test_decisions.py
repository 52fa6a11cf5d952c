"""Decisions of the TPPS: who owns them, until when, what became of them, and who may read them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from shared.calendar import today_jakarta
from tests.integration.reporting.aksi_desk import district, operator
from tests.integration.reporting.ground import Office

PATH = "/v1/decisions"


def decision(area: str = "12.19", owner: str = "DINKES", **other: Any) -> dict[str, Any]:
    today = today_jakarta()
    content = {
        "area_code": area,
        "owner": owner,
        "text": "PMT untuk balita gizi kurang dianggarkan",
        "met_on": (today - timedelta(days=40)).isoformat(),
        "due_on": (today - timedelta(days=3)).isoformat(),
    }
    return {**content, **other}


async def test_a_decision_is_overdue_by_the_day_and_is_done_with_evidence_only(office: Office) -> None:
    boss = district(office)
    answer = await boss.ask("POST", PATH, json=decision())
    path = answer.headers["location"]
    shown = await boss.done("GET", path)
    assert (shown["state"], shown["overdue"], shown["days_overdue"], shown["owner_name"]) == (
        "open", True, 3, "Dinas Kesehatan"
    )  # fmt: skip
    bare = await boss.refused(422, "PATCH", path, seen=1, json={"state": "done"})
    assert [(one["field"], one["code"]) for one in bare["errors"]] == [("state", "evidence_missing")]
    evidence = {"kind": "budget", "reference": "DPA 2025/1.02", "text": "sudah dianggarkan"}
    assert (await boss.done("POST", f"{path}/evidence", seen=1, json=evidence))["revision"] == 2
    stale = await boss.refused(412, "PATCH", path, seen=1, json={"state": "done"})
    assert stale["code"]
    done = await district(office, "bappeda-2").done("PATCH", path, seen=2, json={"state": "done"})
    assert (done["state"], done["overdue"], done["evidence"]) == ("done", False, [evidence])
    again = await boss.refused(422, "PATCH", path, seen=3, json={"state": "open"})
    assert [one["code"] for one in again["errors"]] == ["decision_reason_missing"]
    await boss.done("PATCH", path, seen=3, json={"state": "open", "reason": "anggaran dipotong"})
    states = (await boss.done("GET", f"{path}/history"))["items"]
    assert [(one["state"], one["changed_by"]) for one in states] == [
        ("open", "bappeda-1"), ("open", "bappeda-1"), ("done", "bappeda-2"), ("open", "bappeda-1"),
    ]  # fmt: skip


async def test_what_has_not_ended_is_a_calendar_whose_events_keep_their_ids(office: Office) -> None:
    boss = district(office)
    due = today_jakarta() + timedelta(days=9)
    text = "PMT dianggarkan; dua kali,\nlalu dilaporkan " + "lengkap " * 12
    path = (await boss.ask("POST", PATH, json=decision(text=text, due_on=due.isoformat()))).headers["location"]
    await boss.ask("POST", PATH, json=decision("12.19.01", "DPUPR"))

    async def events(**query: Any) -> list[str]:
        answer = await boss.ask("GET", f"{PATH}.ics", params=query)
        assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
        assert all(len(line) <= 75 for line in answer.content.split(b"\r\n"))
        stream: str = answer.text.replace("\r\n ", "")
        return stream.split("BEGIN:VEVENT")[1:]

    (event,) = await events(owner="DINKES")
    lines = event.split("\r\n")
    assert f"UID:{path.rsplit('/', 1)[1]}" in lines
    assert f"DTSTART;VALUE=DATE:{due:%Y%m%d}" in lines
    assert "CATEGORIES:Dinas Kesehatan" in lines
    (summary,) = (line for line in lines if line.startswith("SUMMARY:"))
    assert summary.startswith(r"SUMMARY:DINKES: PMT dianggarkan\; dua kali\, lalu dilaporkan lengkap")
    assert summary.endswith("…")
    assert r"kali\,\nlalu dilaporkan" in event
    assert r"\nKeadaan: belum dikerjakan (open)\n" in event
    assert "SEQUENCE:1" in lines
    assert len(await events()) == 2
    await boss.done("PATCH", path, seen=1, json={"state": "in_progress"})
    assert "SEQUENCE:2" in (await events(owner="DINKES"))[0]
    await boss.done("PATCH", path, seen=2, json={"state": "dropped", "reason": "anggaran dipotong"})
    assert [event.count("DPUPR") for event in await events()] == [1]
    assert await events(area="12.19.02") == []
    assert (await operator(office, "12.19.01").ask("GET", f"{PATH}.ics")).text.count("BEGIN:VEVENT") == 1


async def test_decisions_are_listed_by_what_is_due_first_to_those_of_the_area(office: Office) -> None:
    boss = district(office)
    later = (today_jakarta() + timedelta(days=9)).isoformat()
    for content in (
        decision(),
        decision("12.19.01", due_on=later),
        decision("12.19.02", "DPUPR", due_on=(today_jakarta() - timedelta(days=30)).isoformat()),
    ):
        await boss.done("POST", PATH, json=content)

    async def areas(person: Any = boss, **query: Any) -> list[str]:
        return [one["area_code"] for one in (await person.done("GET", PATH, params=query))["items"]]

    assert await areas() == ["12.19.02", "12.19", "12.19.01"]
    assert await areas(overdue=True) == ["12.19.02", "12.19"]
    assert await areas(owner="DINKES", due_before=later) == ["12.19"]
    assert await areas(area="12.19.01", state="open") == ["12.19.01"]
    page = await boss.done("GET", PATH, params={"limit": 2})
    rest = await boss.done("GET", PATH, params={"limit": 2, "cursor": page["next_cursor"]})
    assert [one["area_code"] for one in rest["items"]] == ["12.19.01"]
    assert await areas(operator(office, "12.19.01")) == ["12.19.01"]
    refused = await operator(office, "12.19.01").refused(403, "POST", PATH, json=decision("12.19.01"))
    assert refused["scope"] == "decisions:write"
    wrong = decision(owner="NIEMAND", due_on="2020-01-01")
    problems = (await boss.refused(422, "POST", PATH, json=wrong))["errors"]
    assert {one["code"] for one in problems} == {"unknown_office", "due_before_meeting"}
    names = await boss.refused(422, "POST", PATH, json=decision(text="NIK 1219011203200001 dibantu"))
    assert names["errors"][0]["code"] == "nik_in_text"
