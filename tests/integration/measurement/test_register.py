"""The register: loaded from files, never from guesses; the same file twice changes nothing."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.measurement.desk import DESA_A, KABUPATEN, REGISTER, Desk

HEAD = "kind,code,name,level,parent_code,desa_codes,valid_from,valid_to,target_children\n"


async def load(desk: Desk, text: str | bytes, **who: Any) -> dict[str, Any]:
    body = text if isinstance(text, bytes) else (HEAD + text).encode()
    who = {"role": "district", "areas": [KABUPATEN], **who}
    answer = await desk.send("POST", "/v1/register", body, media_type="text/csv", **who)
    assert answer.status_code == 200, answer.text
    report: dict[str, Any] = answer.json()
    return report


async def test_the_same_file_twice_changes_nothing(desk: Desk) -> None:
    report = await load(desk, REGISTER)
    assert (report["received"], report["unchanged"], report["accepted"]) == (11, 11, 0)
    assert await desk.events() == []


async def test_a_renamed_desa_is_a_revision_and_the_old_name_comes_back_as_another(desk: Desk) -> None:
    renamed = f"area,{DESA_A},Lalang Baru,desa,12.19.01,,2020-01-01,,\n"
    report = await load(desk, renamed)
    assert report["corrected"] == 1
    await load(desk, renamed.replace("Lalang Baru", "Lalang"))
    events = await desk.events()
    assert [(event["name"], event["change"]) for event in events] == [
        ("Lalang Baru", "corrected"),
        ("Lalang", "corrected"),
    ]
    assert events[1]["revision"] == events[0]["revision"] + 1


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("area,12.19.01.9003,Salah,desa,12.19.09,,2020-01-01,,", "wrong_code"),
        ("area,1219012003,Salah,desa,12.19.01,,2020-01-01,,", "wrong_code"),
        ("area,12.19.77.2001,Salah,desa,12.19.77,,2020-01-01,,", "unknown_area"),
        ("posyandu,12.19.01.2003.P009,Salah,,12.19.01.2004,,2020-01-01,,", "wrong_code"),
        ("posyandu,12.19.01.2999.P009,Salah,,12.19.01.2999,,2020-01-01,,", "unknown_area"),
        ("puskesmas,PKM-9,Salah,,12.19.01,12.19.01.2999,2020-01-01,,", "unknown_area"),
        ("area,12.19.01.2009,,desa,12.19.01,,2020-01-01,,", "wrong_row"),
        ("area,12.19.01.2009,Tanpa Tanggal,desa,12.19.01,,,,", "wrong_row"),
        ("area,12.19,Batu Bara,kabupaten,12,,31/02/2020,,", "wrong_row"),
        ("target,12.19.01.2003,Lalang,,12.19.01,,2026-01-01,,", "wrong_row"),
        ("kota,12.19.01.2003,Lalang,,12.19.01,,2026-01-01,,", "wrong_row"),
    ],
)
async def test_a_wrong_row_is_refused_and_stops_no_other(desk: Desk, line: str, code: str) -> None:
    report = await load(desk, f"{line}\nposyandu,12.19.01.2003.P001,Posyandu Melati,,12.19.01.2003,,2020-01-01,,\n")
    assert [problem["code"] for row in report["rows"] for problem in row["problems"]] == [code]
    assert (report["rejected"], report["unchanged"]) == (1, 1)


async def test_a_district_writes_its_own_area_and_only_fills_in_those_above(desk: Desk) -> None:
    foreign = "area,12.20,Lain,kabupaten,12,,2020-01-01,,\n"
    assert (await load(desk, foreign))["rows"][0]["problems"][0]["code"] == "outside_area"
    renamed_province = "area,12,Sumut,provinsi,,,2020-01-01,,\n"
    assert (await load(desk, renamed_province))["rows"][0]["problems"][0]["code"] == "outside_area"


async def test_targets_are_entries_of_their_own(desk: Desk) -> None:
    report = await load(desk, f"target,{DESA_A},Lalang,,12.19.01,,2026-01-01,2027-01-01,214\n")
    assert report["accepted"] == 1
    event = (await desk.events())[-1]
    assert (event["entry"], event["target_children"], event["valid_to"]) == ("target", 214, "2027-01-01")
    await desk.superuser("DELETE FROM register_entry WHERE entry = 'target'")


HIGH = "kind,code,name,level,parent_code,desa_codes,valid_from,elevation_m\n"


async def test_how_high_a_desa_lies_is_loaded_and_a_file_that_does_not_say_leaves_it(desk: Desk) -> None:
    line = f"area,{DESA_A},Lalang,desa,12.19.01,,2020-01-01"
    assert (await load(desk, f"{HIGH}{line},1200.5\n".encode()))["corrected"] == 1
    assert (await desk.events())[-1]["elevation_m"] == 1200.5
    assert (await load(desk, f'{HIGH}{line},"1200,5"\n'.encode()))["unchanged"] == 1
    assert (await load(desk, f"{line},,\n"))["unchanged"] == 1, "no column: nothing is said of it"
    assert (await load(desk, f"{HIGH}{line},\n".encode()))["corrected"] == 1, "an empty cell: it is not known"
    assert (await desk.events())[-1]["elevation_m"] is None


@pytest.mark.parametrize(
    "line",
    [
        f"area,{DESA_A},Lalang,desa,12.19.01,,2020-01-01,tinggi",
        f"area,{DESA_A},Lalang,desa,12.19.01,,2020-01-01,5501",
        f"area,{DESA_A},Lalang,desa,12.19.01,,2020-01-01,-101",
        f"area,{DESA_A},Lalang,desa,12.19.01,,2020-01-01,nan",
        "area,12.19.01,Sei Balai,kecamatan,12.19,,2020-01-01,12",
    ],
)
async def test_a_height_that_cannot_be_is_refused_and_only_a_desa_has_one(desk: Desk, line: str) -> None:
    (row,) = (await load(desk, f"{HIGH}{line}\n".encode()))["rows"]
    assert [(problem["code"], problem["field"]) for problem in row["problems"]] == [("wrong_row", "elevation_m")]


async def test_a_file_that_is_no_register_is_refused_with_the_columns_it_lacks(desk: Desk) -> None:
    answer = await desk.send(
        "POST", "/v1/register", b"kode;nama\n1;x\n", role="district", areas=[KABUPATEN], media_type="text/csv"
    )
    assert (answer.status_code, answer.json()["reason"]) == (422, "wrong_columns")


async def test_entries_are_listed_by_kind_and_parent(desk: Desk) -> None:
    page = (await desk.send("GET", f"/v1/register?entry=posyandu&parent={DESA_A}&limit=1", role="kader")).json()
    assert [item["code"] for item in page["items"]] == [f"{DESA_A}.P001"]
    path = f"/v1/register?entry=posyandu&parent={DESA_A}&limit=1&cursor={page['next_cursor']}"
    rest = (await desk.send("GET", path, role="kader")).json()
    assert ([item["code"] for item in rest["items"]], rest["next_cursor"]) == ([f"{DESA_A}.P002"], None)


async def test_a_puskesmas_may_not_load_the_register(desk: Desk) -> None:
    answer = await desk.send("POST", "/v1/register", REGISTER, media_type="text/csv")
    assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")
