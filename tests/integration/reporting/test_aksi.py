"""The convergence board: who blocks, two persons, versions that can be made again, partners that miss nothing."""

from __future__ import annotations

import asyncio
from datetime import date
from io import BytesIO
from typing import Any
from uuid import uuid4

import openpyxl

from services.reporting.store.aksi_submissions import Sent, tell_change
from shared.auth import areas
from shared.auth.areas import AreaGrant
from shared.calendar import today_jakarta
from tests.integration.reporting.aksi_desk import (
    AKSI,
    YEAR,
    Person,
    camat,
    desa_code,
    district,
    fill_in,
    indicator_codes,
    kecamatan_code,
    operator,
    partner,
    places,
    rows_of,
    send,
    verify,
)
from tests.integration.reporting.ground import Office, deliver
from tests.unit.reporting.history import DESA, assessment, at, case, child, measurement, register

VALUES = f"/v1/aksi/{YEAR}/values"
MARK = "FFFFEB9C"


async def board(office: Office, **query: Any) -> dict[str, Any]:
    return await district(office).done("GET", "/v1/aksi", params={"year": YEAR, "aksi": AKSI, **query})


def sheet_of(content: bytes) -> Any:
    return openpyxl.load_workbook(BytesIO(content))["Isian"]


async def test_b122_eleven_of_twelve_are_ready_and_it_is_told_who_blocks_and_since_when(office: Office) -> None:
    await deliver(office.worker, places(12))
    for number in range(1, 12):
        await fill_in(office, number)
        await verify(office, number)
    body = await board(office)
    (gate,) = body["gates"]
    days = (today_jakarta() - date(YEAR, 1, 1)).days
    assert (gate["kecamatan"], gate["ready"], gate["can_submit"]) == (12, 11, False)
    assert gate["blocked_by"] == [
        {"kecamatan_code": "12.19.12", "kecamatan_name": "Kecamatan 12", "turn": "kecamatan", "since": f"{YEAR}-01-01",
         "days": days, "missing": len(indicator_codes())},
    ]  # fmt: skip
    assert {row["turn"] for row in body["rows"] if row["kecamatan_code"] != "12.19.12"} == {"district"}
    refused = await district(office).refused(
        409, "POST", "/v1/aksi/submissions", json={"year": YEAR, "area": "12.19", "aksi": AKSI}
    )
    assert (refused["code"], refused["gate"]["blocked_by"]) == ("aksi_blocked", gate["blocked_by"])
    # All the rest is prepared: their workbook is there, with the twelfth in its place and empty.
    answer = await district(office).ask("GET", f"/v1/aksi/{YEAR}/workbook", params={"aksi": AKSI, "ready": True})
    rows = [[cell.value for cell in row] for row in sheet_of(answer.content).iter_rows(min_row=4)]
    assert [row[0] for row in rows] == [desa_code(number) for number in range(1, 13)]
    assert [row[3] for row in rows] == [100] * 11 + [None]
    await fill_in(office, 12)
    (gate,) = (await board(office))["gates"]
    assert [(one["turn"], one["since"]) for one in gate["blocked_by"]] == [("camat", today_jakarta().isoformat())]
    await verify(office, 12)
    assert (await board(office))["gates"][0]["can_submit"]


async def test_nobody_verifies_an_entry_of_their_own_and_b130_every_step_names_a_person(office: Office) -> None:
    await deliver(office.worker, places(1))
    first, second = district(office, "bappeda-1"), district(office, "bappeda-2")
    await first.done("PATCH", VALUES, json=rows_of(desa_code(1)))
    refused = await first.done("POST", f"/v1/aksi/{YEAR}/gates:verify", json={"aksi": AKSI})
    assert [(one["field"], one["code"]) for one in refused["refused"]] == [(desa_code(1), "own_entry")]
    assert (await second.done("POST", f"/v1/aksi/{YEAR}/gates:verify", json={"aksi": AKSI}))["moved"] == [desa_code(1)]
    # A change after that takes the verification away and says so.
    change = {"desa_code": desa_code(1), "indicator_code": "DS1", "value": 7, "seen": 1}
    told = await first.done("PATCH", VALUES, json={"rows": [change]})
    assert told["rows"][0]["returned_to_draft"]
    assert [row["state"] for row in (await board(office))["rows"]] == ["draft"]
    steps = (await first.done("GET", f"/v1/aksi/{YEAR}/steps"))["items"]
    assert [(one["act"], one["account"], one["to_state"]) for one in steps] == [
        ("verify", "bappeda-2", "verified"), ("change", "bappeda-1", "draft"),
    ]  # fmt: skip
    history = await first.done("GET", f"{VALUES}/{desa_code(1)}/DS1/history")
    assert [(one["value"], one["changed_by"]) for one in history["items"]] == [(100, "bappeda-1"), (7, "bappeda-1")]


async def test_of_two_editors_the_second_is_told_and_overwrites_nothing(office: Office) -> None:
    await deliver(office.worker, places(2))
    one, other = operator(office, "12.19.01"), district(office)
    path = f"{VALUES}/{desa_code(1)}/DS2"
    answers = await asyncio.gather(
        one.ask("PUT", path, seen=0, json={"value": 11}), other.ask("PUT", path, seen=0, json={"value": 12})
    )
    assert sorted(answer.status_code for answer in answers) == [200, 412]
    kept = next(answer for answer in answers if answer.status_code == 200)
    assert (await one.done("GET", f"{path}/history"))["items"] == [kept.json()["now"]]
    row = {"desa_code": desa_code(1), "indicator_code": "DS2", "value": 13, "seen": 0}
    rows = [row, {**row, "indicator_code": "DS1", "value": -1}, {**row, "desa_code": desa_code(2)},
            {**row, "value": 1.5}, {**row, "indicator_code": "DS1"}]  # fmt: skip
    told = await one.done("PATCH", VALUES, json={"rows": rows})
    assert [one["outcome"] for one in told["rows"]] == ["stale", "rejected", "rejected", "rejected", "taken"]
    codes = [one["problems"][0]["code"] for one in told["rows"][1:4]]
    assert codes == ["negative", "unknown_desa", "not_a_whole_number"]
    outside = await one.refused(403, "PUT", f"{VALUES}/{desa_code(2)}/DS1", seen=0, json={"value": 1})
    assert outside["code"] == "outside_area"
    province = Person(office, "province", ("12",), "dinkesprov")
    assert (await province.refused(403, "GET", VALUES, params={"area": "12.19"}))["scope"] == "aggregates:exact"
    unnamed = await province.refused(422, "GET", "/v1/aksi", params={"year": YEAR})
    assert (unnamed["code"], unnamed["errors"][0]["field"]) == ("area_needed", "area")


async def test_what_our_facts_say_is_filled_in_and_an_override_keeps_both_with_the_reason(office: Office) -> None:
    facts = register()
    for number, haz in enumerate((-3.4, -2.5, -2.4, -0.3)):
        taken = measurement("a", date(YEAR, 11, 4), of=number)
        facts += [child(number, homes=[(date(2024, 3, 10), DESA[0], None)]), taken]
        facts.append(assessment(taken, haz=haz, tier="suspected" if haz < -2 else "low"))
    await deliver(office.worker, facts)
    one = operator(office, "12.19.01")
    as_of = at(2).date().isoformat()
    body = await one.done("POST", f"{VALUES}:prefill", json={"as_of": as_of})
    told = {name: body[name] for name in ("filled", "beside", "undid", "nothing_known")}
    assert told == {"filled": 3, "beside": 0, "undid": 0, "nothing_known": 3}, "no 0 of a desa where no child is known"

    async def cells() -> dict[str, dict[str, Any]]:
        page = await one.done("GET", VALUES, params={"area": DESA[0]})
        return {cell["indicator_code"]: cell for cell in page["items"][0]["values"]}

    (measured, severe, stunted) = [(await cells())[code] for code in ("DS3", "DS4", "DS5")]
    assert [cell["value"] for cell in (measured, severe, stunted)] == [4, 1, 2]
    assert stunted["fact"] == {"value": 2, "as_of": as_of, "definition": "stunted_not_severely"}
    summary = await office.figures(f"/v1/areas/{DESA[0]}/summary", period=str(YEAR), as_of=as_of)
    assert (summary["height_measured"], summary["severely_stunted"], summary["stunted"]) == (4, 1, 3)
    path = f"{VALUES}/{DESA[0]}/DS5"
    bare = await one.refused(422, "PUT", path, seen=1, json={"value": 5})
    assert bare["errors"][0]["code"] == "reason_against_facts"
    said = {"value": 5, "reason": "dua anak diukur di rumah sakit"}
    assert (await one.done("PUT", path, seen=1, json=said))["now"]["source"] == "typed"
    again = await one.done("POST", f"{VALUES}:prefill", json={"as_of": as_of})
    assert (again["filled"], again["beside"], again["unchanged"]) == (0, 0, 3)
    kept = (await cells())["DS5"]
    assert (kept["value"], kept["reason"], kept["fact"]["value"]) == (5, said["reason"], 2)
    page = await one.done("GET", VALUES, params={"area": DESA[0]})
    assert {one["code"] for one in page["items"][0]["findings"]} == {
        "differs_from_facts", "above_denominator"}  # fmt: skip
    late = await one.refused(422, "POST", f"{VALUES}:prefill", json={"as_of": f"{YEAR - 1}-12-31"})
    assert late["errors"][0]["field"] == "as_of"


async def test_treated_and_monitored_children_are_counted_by_their_months(office: Office) -> None:
    facts = places(1)
    for number in (1, 2):
        facts.append(child(number, homes=[(date(2024, 3, 10), desa_code(1), None)]))
        for month in range(1, 9 if number == 1 else 4):
            taken = measurement(f"{month}", date(YEAR, month, 4), of=number)
            severe = number == 2 and month == 1
            facts += [taken, assessment(taken, whz=-3.2 if severe else -1.0, tier="urgent" if severe else "low")]
    facts.append(case(of=2, opened_on=date(YEAR, 1, 4), milestones={"care_started": date(YEAR, 1, 6)}))
    await deliver(office.worker, facts)
    one = operator(office, "12.19.01")
    content = (await one.ask("GET", "/v1/aksi/programmes/aksi-8/workbook", params={"year": 2024})).content
    book = openpyxl.load_workbook(BytesIO(content))
    for row in book["Indikator"].iter_rows(min_row=2):
        row[1].value = AKSI
    buffer = BytesIO()
    book.save(buffer)
    loaded = await district(office).done(
        "POST", "/v1/aksi/programmes/aksi-2025/indicators", params={"from_year": YEAR}, content=buffer.getvalue()
    )
    assert (loaded["version"], loaded["indicators"]) == (1, 34)
    await one.done("POST", f"{VALUES}:prefill", json={"as_of": at(5).date().isoformat()})
    page = await one.done("GET", VALUES)
    told = {cell["indicator_code"]: cell["value"] for cell in page["items"][0]["values"]}
    assert (told["I16"], told["I17"], told["DS3"]) == (1, 1, 2)
    asked = {"period": str(YEAR), "as_of": at(5).date().isoformat(), "codes": "severely_wasted_treated,wasted_fed"}
    figures = (await office.figures(f"/v1/areas/{desa_code(1)}/indicators", **asked))["indicators"]
    numerators = {one["code"]: one["numerator"] for one in figures}
    assert numerators == {"severely_wasted_treated": told["I16"], "wasted_fed": told["I18"]}


async def test_a_second_submission_marks_only_what_changed_and_every_version_can_be_made_again(office: Office) -> None:
    await deliver(office.worker, places(2))
    for number in (1, 2):
        await fill_in(office, number)
        await verify(office, number)
    first = await send(office)
    again = await district(office).refused(
        409, "POST", "/v1/aksi/submissions", json={"year": YEAR, "area": "12.19", "aksi": AKSI}
    )
    assert (again["code"], again["gate"]["blocked_by"]) == ("aksi_already_submitted", [])
    assert again["last_submission"]["submission_id"] == first
    closed = await operator(office, "12.19.01").refused(
        422, "PUT", f"{VALUES}/{desa_code(1)}/DS1", seen=1, json={"value": 5}
    )
    assert closed["errors"][0]["code"] == "unit_closed"
    reader = partner(office)
    before = (await reader.ask("GET", f"/v1/aksi/submissions/{first}/workbook")).content
    asked = {"outcome": "revision_requested", "revise": ["12.19.01"], "reasons": [{"text_id": "jumlah keluarga"}]}
    faults: list[dict[str, list[str]]] = [{"reasons": []}, {"revise": ["12.19.99"]}]
    for left_out in faults:
        refused = await district(office).refused(
            422, "POST", f"/v1/aksi/submissions/{first}/reviews", json={**asked, **left_out}
        )
        assert [one["field"].split(".")[0] for one in refused["errors"]] == list(left_out)
    moved = await district(office).done("POST", f"/v1/aksi/submissions/{first}/reviews", json=asked)
    assert (moved["reviewed"], moved["revised"]) == ([desa_code(2)], [desa_code(1)])
    assert [row["state"] for row in (await board(office))["rows"]] == ["revised", "reviewed"]
    await operator(office, "12.19.01").done("PUT", f"{VALUES}/{desa_code(1)}/DS1", seen=1, json={"value": 222})
    await verify(office, 1)
    second = await send(office)
    books = [
        (await reader.ask("GET", f"/v1/aksi/submissions/{one}/workbook")).content for one in (first, second, second)
    ]
    assert (books[0], books[1]) == (before, books[2])
    marked = {
        cell.coordinate: cell.value
        for row in sheet_of(books[1]).iter_rows(min_row=4)
        for cell in row
        if cell.fill.fgColor.rgb == MARK
    }
    assert marked == {"D4": 222}
    listed = list(openpyxl.load_workbook(BytesIO(books[1]))["Perubahan"].iter_rows(values_only=True))[-1]
    assert listed == ("Kecamatan 1", desa_code(1), "Desa 1", "DS1", "Jumlah keluarga", 100, 222)
    changed = await reader.done("GET", f"/v1/aksi/submissions/{second}/values", params={"changed": True})
    assert [(one["desa_code"], one["before"], one["value"]) for one in changed["items"]] == [(desa_code(1), 100, 222)]
    heads = [await reader.done("GET", f"/v1/aksi/submissions/{one}") for one in (first, second)]
    assert [(one["version"], one["first"], one["changed"]) for one in heads] == [(1, True, 0), (2, False, 1)]
    assert heads[0]["digest"] != heads[1]["digest"]


async def test_b124_a_partner_that_answers_twice_says_it_once_and_follows_without_holes(office: Office) -> None:
    await deliver(office.worker, places(2))
    for number in (1, 2):
        await fill_in(office, number)
        await verify(office, number)
    sent = await send(office)
    reader = partner(office)
    path = f"/v1/aksi/submissions/{sent}/acknowledgements"
    said = {"outcome": "rejected", "reasons": [{"text_id": "kode desa lama", "desa_code": desa_code(1)}]}
    answers = [await reader.ask("POST", path, key="one-and-the-same", json=said) for _ in range(2)]
    assert answers[0].content == answers[1].content
    head = await reader.done("GET", f"/v1/aksi/submissions/{sent}")
    assert [(one["outcome"], one["client"], one["account"]) for one in head["answers"]] == [
        ("rejected", "web", "bangda")
    ]
    newest = (await board(office))["gates"][0]["last_submission"]
    assert (newest["version"], newest["answer"]["outcome"]) == (1, "rejected")
    seen, cursor = [], None
    for _ in range(3):
        page = await reader.done("GET", "/v1/aksi/changes", params={"limit": 1} | ({"after": cursor} if cursor else {}))
        seen += [one["what"] for one in page["items"]]
        cursor = page["next_cursor"]
    assert seen == ["submitted", "acknowledged"]
    assert not page["more"]
    await district(office).done(
        "POST", f"/v1/aksi/{YEAR}/gates:reopen", json={"aksi": AKSI, "reason": "kode desa diperbaiki"}
    )
    assert [
        one["what"] for one in (await reader.done("GET", "/v1/aksi/changes", params={"after": cursor}))["items"]
    ] == ["reopened"]
    # Who was granted one kecamatan reads that, and another kabupaten nothing.
    own = await partner(office, "12.19.02").done("GET", f"/v1/aksi/submissions/{sent}/values")
    assert {one["desa_code"] for one in own["items"]} == {desa_code(2)}
    other = partner(office, "12.71")
    assert (await other.refused(404, "GET", f"/v1/aksi/submissions/{sent}"))["code"] == "not_found"
    assert (await other.done("GET", "/v1/aksi/changes"))["items"] == []
    assert (await reader.refused(403, "GET", "/v1/aksi", params={"year": YEAR}))["scope"] == "aksi:read"


async def test_who_read_the_changes_up_to_one_misses_none_that_was_written_meanwhile(office: Office) -> None:
    """Numbers are given in the order of commits: the second writer waits for the first."""
    sent = Sent("12.19", uuid4(), YEAR, AKSI, 1, date(YEAR, 5, 1), ("aksi-2025", 0), None, None, (), "", "a", at(0))
    async with office.api.acquire() as first, office.api.acquire() as second:
        early, late = first.transaction(), second.transaction()
        for connection, transaction in ((first, early), (second, late)):
            await transaction.start()
            await areas.apply(connection, AreaGrant(("12.19",)))
        await tell_change(first, sent, "submitted", None, at(1))
        waiting = asyncio.create_task(tell_change(second, sent, "reopened", None, at(0)))
        done, _ = await asyncio.wait([waiting], timeout=0.2)
        assert not done
        await early.commit()
        await waiting
        await late.commit()
    page = await partner(office).done("GET", "/v1/aksi/changes")
    assert [one["what"] for one in page["items"]] == ["submitted", "reopened"]


async def test_a_workbook_is_taken_cell_by_cell_and_a_trial_takes_nothing(office: Office) -> None:
    await deliver(office.worker, places(1))
    one = operator(office, "12.19.01")
    content = (await one.ask("GET", f"/v1/aksi/{YEAR}/workbook", params={"aksi": AKSI})).content
    book = openpyxl.load_workbook(BytesIO(content))
    sheet = book["Isian"]
    said: tuple[Any, ...] = (1200, "300", 2.5, "banyak", -1, "=1+1")
    for column, value in enumerate(said, start=4):
        sheet.cell(4, column).value = value
    buffer = BytesIO()
    book.save(buffer)
    sent = {"content": buffer.getvalue(), "params": {"aksi": AKSI}}
    trial = await one.done("POST", f"{VALUES}:file", **{**sent, "params": {"aksi": AKSI, "dry_run": True}})
    assert trial["counts"] == {"taken": 2, "rejected": 4}
    assert (await one.done("GET", VALUES))["items"][0]["values"][0]["revision"] == 0
    told = await one.done("POST", f"{VALUES}:file", **sent)
    wrong = {row["cell"]: row["problems"][0] for row in told["rows"] if row["outcome"] == "rejected"}
    assert {cell: problem["code"] for cell, problem in wrong.items()} == {
        "F4": "not_a_whole_number", "G4": "not_a_whole_number", "H4": "negative", "I4": "formula_without_value",
    }  # fmt: skip
    assert wrong["F4"]["field"] == "Isian!F4"
    page = await one.done("GET", VALUES)
    assert [cell["value"] for cell in page["items"][0]["values"][:3]] == [1200, 300, None]
    assert (await one.done("POST", f"{VALUES}:file", **sent))["counts"] == {"unchanged": 2, "rejected": 4}
    # Somebody corrects a cell; the older workbook, changed elsewhere, leaves it alone and cannot overwrite it either.
    await one.done("PUT", f"{VALUES}/{desa_code(1)}/DS1", seen=1, json={"value": 1234})
    told = await one.done("POST", f"{VALUES}:file", **sent)
    assert told["counts"] == {"stale": 1, "unchanged": 1, "rejected": 4}
    (stale,) = (row["problems"][0] for row in told["rows"] if row["outcome"] == "stale")
    assert (stale["code"], stale["field"]) == ("stale", "Isian!D4")
    assert "seen" not in stale["remedy_en"] + stale["remedy_id"], "who has a sheet sees no requests"
    fresh = (await one.ask("GET", f"/v1/aksi/{YEAR}/workbook", params={"aksi": AKSI})).content
    assert openpyxl.load_workbook(BytesIO(fresh))["_tumbuh"].sheet_state == "hidden"
    assert (await one.done("POST", f"{VALUES}:file", content=fresh, params={"aksi": AKSI}))["counts"] == {}
    broken = await one.refused(422, "POST", f"{VALUES}:file", content=b"PK nothing", params={"aksi": AKSI})
    assert broken["errors"][0]["code"] == "not_a_workbook"


async def test_an_official_template_is_found_out_filled_and_kept_with_what_was_sent(office: Office) -> None:
    await deliver(office.worker, places(2))
    book = openpyxl.Workbook()
    sheet = book.create_sheet("Analisis")
    for column, code in enumerate(indicator_codes(), start=3):
        sheet.cell(2, column).value = code
    for row, number in enumerate((2, 1), start=5):
        sheet.cell(row, 2).value = f"Desa {number}"
    sheet["A9"] = "=SUM(C5:C6)"
    buffer = BytesIO()
    book.save(buffer)
    boss = district(office)
    loaded = await boss.done(
        "POST", "/v1/aksi/templates", params={"year": YEAR, "aksi": AKSI}, content=buffer.getvalue()
    )
    assert (loaded["mapped"], loaded["problems"]) == (True, [])
    for number in (1, 2):
        await fill_in(office, number)
        await verify(office, number)
    sent = await send(office)
    first = (await boss.ask("GET", f"/v1/aksi/submissions/{sent}/workbook")).content
    filled = openpyxl.load_workbook(BytesIO(first))["Analisis"]
    assert (filled["C5"].value, filled["C6"].value, filled["A9"].value) == (100, 100, "=SUM(C5:C6)")
    mapping = loaded["mapping"]
    mapping["sheets"][0]["columns"] = {"DS1": "A"}
    path = f"/v1/aksi/templates/{loaded['template_id']}/mapping"
    mapping["sheets"][0]["first_row"] = 9
    wrong = await boss.refused(422, "PUT", path, json=mapping)
    assert {one["code"] for one in wrong["errors"]} == {"row_missing"}
    mapping["sheets"][0]["first_row"] = 5
    await boss.done("PUT", path, json=mapping)
    assert (await boss.ask("GET", f"/v1/aksi/submissions/{sent}/workbook")).content == first


async def test_an_action_without_values_is_complete_by_a_statement_of_the_kecamatan(office: Office) -> None:
    await deliver(office.worker, places(1))
    one = operator(office, "12.19.01")
    path = f"/v1/aksi/{YEAR}/statements/regulasi/12.19.01"
    said = {"text": "Peraturan desa ditetapkan", "evidence": "Perdes 3/2025"}
    await one.done("PUT", path, seen=0, json=said)
    assert (await one.refused(412, "PUT", path, seen=0, json={**said, "evidence": "Perdes 4/2025"}))["code"]
    moved = await camat(office, "12.19.01").done("POST", f"/v1/aksi/{YEAR}/gates:verify", json={"aksi": "regulasi"})
    assert moved["moved"] == [kecamatan_code(1)]
    assert (await one.done("PUT", path, seen=1, json={**said, "evidence": "Perdes 4/2025"}))["returned_to_draft"]
    rows = (await district(office).done("GET", "/v1/aksi", params={"year": YEAR}))["rows"]
    assert {row["aksi"]: row["turn"] for row in rows}["regulasi"] == "camat"
