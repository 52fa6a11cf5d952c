"""Files: diagnosed first, then taken row by row; importing again changes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest

from tests.integration.measurement.desk import DESA_A, DESA_B, POSYANDU_A, POSYANDU_A2, POSYANDU_B, Desk
from tests.integration.measurement.file_desk import take, until, upload, working
from tests.integration.measurement.files import HEADS, children, row

LEDGER = ("received", "accepted", "unchanged", "rejected", "quarantined", "pending")


@pytest.fixture(autouse=True)
async def running_jobs(desk: Desk) -> AsyncIterator[None]:
    async with working(desk):
        yield


async def facts(desk: Desk) -> list[tuple[Any, ...]]:
    """Every measurement without its ids."""
    rows = await desk.worker.fetch(
        "SELECT measured_on::text, source, weight_kg, revision, voided FROM measurement ORDER BY 1, 2, 3"
    )
    return [tuple(found) for found in rows]


def counts(job: dict[str, Any]) -> dict[str, int]:
    return {name: number for name, number in job["counts"].items() if number}


async def test_a_file_is_diagnosed_before_anything_is_stored(desk: Desk) -> None:
    intake_id = await upload(desk, children(3), "Citra-Lestari.csv")
    job = await until(desk, intake_id, "diagnosed")
    assert (job["diagnosis"]["rows"], job["diagnosis"]["taken"], job["diagnosis"]["profile"]) == (3, 3, "B")
    assert job["diagnosis"]["file"] == "Citra-Lestari.csv"
    assert await desk.worker.fetchval("SELECT count(*) FROM child") == 0
    assert await desk.events() == []


async def test_a_committed_file_registers_children_and_records_their_visits(desk: Desk) -> None:
    job = await take(desk, children(3))
    assert counts(job) == {"received": 3, "accepted": 3}
    events = await desk.events()
    assert [("residences" in event) for event in events] == [True] * 3 + [False] * 3
    assert {event["desa_code"] for event in events[3:]} == {DESA_A}
    assert {event["channel"] for event in events[3:]} == {"file"}
    assert events[0]["residences"] == [{"valid_from": "2025-07-05", "desa_code": DESA_A, "posyandu_code": POSYANDU_A}]


async def test_importing_a_file_again_changes_nothing(desk: Desk) -> None:
    """B076."""
    await take(desk, children(4))
    before, events = await facts(desk), await desk.events()
    job = await take(desk, children(4))
    assert counts(job) == {"received": 4, "unchanged": 4}
    assert (await facts(desk), await desk.events()) == (before, events)


async def test_one_changed_cell_is_one_correction(desk: Desk) -> None:
    """B076."""
    rows = children(4)
    await take(desk, rows)
    rows[2] = {**rows[2], "Berat": "10,6"}
    job = await take(desk, rows)
    assert counts(job) == {"received": 4, "unchanged": 3, "corrected": 1}
    assert (await desk.events())[-1]["revision"] == 2
    assert sorted(fact[2:4] for fact in await facts(desk)) == [(10.4, 1), (10.4, 1), (10.4, 1), (10.6, 2)]


async def test_two_readings_of_one_day_are_both_kept_and_stay_two_when_sent_again(desk: Desk) -> None:
    """B024."""
    rows = [row(kg="9.1"), row(kg="9.4"), *children(2)]
    first = await take(desk, rows)
    assert counts(first) == {"received": 4, "accepted": 4}
    second = await take(desk, rows)
    assert counts(second) == {"received": 4, "unchanged": 4}
    changed = await take(desk, [row(kg="9.1"), row(kg="9.6"), *children(2)])
    assert counts(changed) == {"received": 4, "unchanged": 3, "corrected": 1}
    pair = [fact[1:4] for fact in await facts(desk) if fact[2] != 10.4]
    assert pair == [("eppgbm", 9.1, 1), ("eppgbm#2", 9.6, 2)]


async def test_a_pair_may_lie_chunks_apart(desk: Desk) -> None:
    many = [row(nik="", name=f"{_letters(n)} Sari", kg="9.0") for n in range(600)]
    rows = [row(kg="9.1"), *many, row(kg="9.4")]
    assert counts(await take(desk, rows)) == {"received": 602, "accepted": 602}
    assert counts(await take(desk, rows)) == {"received": 602, "unchanged": 602}


def _letters(number: int) -> str:
    return "".join("abcdefghij"[int(digit)] for digit in f"{number:04d}").capitalize()


async def test_a_row_that_is_there_twice_counts_once(desk: Desk) -> None:
    job = await take(desk, [row(), row(), *children(2)])
    assert counts(job) == {"received": 4, "accepted": 3, "duplicate": 1}


async def test_two_rows_of_one_new_child_are_one_child(desk: Desk) -> None:
    await take(desk, [row(day="2025-07-05"), row(day="2025-08-05", kg="10.6"), row(day="2025-06-05", kg="10.1")])
    assert await desk.worker.fetchval("SELECT count(*) FROM child") == 1
    residences = await desk.worker.fetchval("SELECT residences FROM child")
    assert [item["valid_from"] for item in residences] == ["2025-06-05"]


async def test_a_child_without_nik_is_known_by_name_birth_date_sex_and_posyandu(desk: Desk) -> None:
    await take(desk, [row(nik=""), *children(2)])
    await take(desk, [row(nik="", day="2025-08-05"), *children(2, day="2025-08-05")])
    assert await desk.worker.fetchval("SELECT count(*) FROM child") == 3
    await take(desk, [row(nik="", day="2025-09-05", posyandu="MAWAR"), *children(2, day="2025-09-05")])
    assert await desk.worker.fetchval("SELECT count(*) FROM child") == 4


async def test_a_name_learns_its_nik(desk: Desk) -> None:
    await take(desk, [row(nik=""), *children(2)])
    await take(desk, [row(day="2025-08-05"), *children(2)])
    await take(desk, [row(day="2025-09-05", name="C. Lestari"), *children(2)])
    assert await desk.worker.fetchval("SELECT count(*) FROM child") == 3


async def test_twins_without_nik_are_never_one_child(desk: Desk) -> None:
    """B080."""
    await take(desk, [row(nik="", name="Hasan Basri", sex="L"), row(nik="", name="Husan Basri", sex="L"), row()])
    assert await desk.worker.fetchval("SELECT count(*) FROM child") == 3


async def test_twins_who_were_given_one_nik_stay_two_children_month_after_month(desk: Desk) -> None:
    nik = "1219010507230003"
    for day in ("2025-07-05", "2025-08-05"):
        await take(desk, [row(nik=nik, name=name, sex="L", day=day) for name in ("Hasan", "Husain")] + [row(day=day)])
    assert await desk.worker.fetchval("SELECT count(*) FROM child") == 3
    await take(desk, [row(nik=nik, name="Husain", sex="L", day="2025-09-05"), row(day="2025-09-05")])
    per_child = await desk.worker.fetch("SELECT count(*) AS n FROM measurement GROUP BY child_id ORDER BY 1")
    assert [found["n"] for found in per_child] == [2, 3, 3]


async def test_where_two_registered_children_fit_a_person_decides(desk: Desk) -> None:
    for _ in range(2):
        await desk.register_child(identity={"name": "Citra Lestari"})
    job = await take(desk, [row(nik=""), *children(2)])
    assert counts(job) == {"received": 3, "accepted": 2, "quarantined": 1}
    rows = (await desk.send("GET", f"/v1/intake-jobs/{job['id']}/rows?outcome=quarantined")).json()["items"]
    assert rows[0]["reasons"] == ["ambiguous_child"]


async def test_a_child_seen_later_at_another_posyandu_has_moved_and_an_old_file_does_not_send_it_back(
    desk: Desk,
) -> None:
    await take(desk, [row(day="2025-07-05"), *children(2)])
    await take(desk, [row(day="2025-09-05", desa="PAKAM", posyandu="KENANGA"), *children(2)])
    await take(desk, [row(day="2025-08-05"), *children(2)])
    child = await desk.worker.fetchrow(
        "SELECT c.* FROM child c JOIN measurement m USING (child_id) GROUP BY c.child_id HAVING count(*) = 3"
    )
    assert child is not None
    assert [(item["valid_from"], item["posyandu_code"]) for item in child["residences"]] == [
        ("2025-07-05", POSYANDU_A),
        ("2025-09-05", POSYANDU_B),
    ]
    assert (child["desa_code"], child["change"]) == (DESA_B, "relocated")


async def test_an_unknown_posyandu_leaves_the_row_unmapped_until_a_person_decides(desk: Desk) -> None:
    job = await take(desk, [row(posyandu="Melatii"), *children(2)])
    assert counts(job) == {"received": 3, "accepted": 3}
    waiting = (await desk.send("GET", "/v1/mappings")).json()["items"]
    assert [(item["name"], item["suggestions"][0]["code"]) for item in waiting] == [("melatii", POSYANDU_A)]
    body = {"kind": "posyandu", "parent_code": DESA_A, "name": "melatii", "code": POSYANDU_A2}
    assert (await desk.send("POST", "/v1/mappings", body)).status_code == 200
    await take(desk, [row(posyandu="Melatii", day="2025-08-05"), *children(2)])
    assert (await desk.send("GET", "/v1/mappings")).json()["items"] == []
    moved = await desk.worker.fetchval("SELECT residences FROM child ORDER BY revision DESC LIMIT 1")
    assert [(item["valid_from"], item["posyandu_code"]) for item in moved] == [("2025-07-05", POSYANDU_A2)]


async def test_a_file_never_creates_an_area_or_a_posyandu(desk: Desk) -> None:
    before = await desk.worker.fetchval("SELECT count(*) FROM register_entry")
    rows = [
        row(desa="NEGERI BARU", day="2025-07-06"),
        row(posyandu="BARU", day="2025-07-07"),
        row(kec="LAIN", day="2025-07-08"),
        *children(2),
    ]
    job = await take(desk, rows)
    assert counts(job) == {"received": 5, "accepted": 3, "quarantined": 2}
    assert await desk.worker.fetchval("SELECT count(*) FROM register_entry") == before


async def test_rows_outside_the_uploaders_area_are_held_back(desk: Desk) -> None:
    job = await take(desk, [*children(2), row(desa="PAKAM", posyandu="KENANGA")], areas=[DESA_A])
    assert counts(job) == {"received": 3, "accepted": 2, "quarantined": 1}
    rows = (await desk.send("GET", f"/v1/intake-jobs/{job['id']}/rows?outcome=quarantined", areas=[DESA_A])).json()
    assert [item["reasons"] for item in rows["items"]] == [["outside_area"]]
    seen_by_other = await desk.send("GET", f"/v1/intake-jobs/{job['id']}", areas=[DESA_B])
    assert seen_by_other.status_code == 404


async def test_a_voided_visit_stays_void_when_its_file_comes_again(desk: Desk) -> None:
    await take(desk, [row(), *children(2)])
    measured = await desk.worker.fetchval("SELECT fact_id FROM measurement ORDER BY fact_id LIMIT 1")
    await desk.send("POST", f"/v1/measurements/{measured}:void", {"reason": "wrong_child"}, etag='"1.1"')
    job = await take(desk, [row(), *children(2)])
    assert counts(job) == {"received": 3, "unchanged": 3}


async def test_a_persons_correction_outlives_the_file_it_corrects(desk: Desk) -> None:
    rows = [row(), *children(2)]
    await take(desk, rows)
    measured = await desk.worker.fetchval("SELECT fact_id FROM measurement ORDER BY fact_id LIMIT 1")
    await desk.send("PATCH", f"/v1/measurements/{measured}", {"weight_kg": 9.9}, etag='"1.1"')
    assert counts(await take(desk, rows)) == {"received": 3, "unchanged": 3}
    assert await desk.worker.fetchval("SELECT weight_kg FROM measurement WHERE fact_id = $1", measured) == 9.9
    assert counts(await take(desk, [row(kg="10.1"), *children(2)])) == {"received": 3, "unchanged": 2, "corrected": 1}
    assert await desk.worker.fetchval("SELECT weight_kg FROM measurement WHERE fact_id = $1", measured) == 10.1


async def test_a_file_of_a_child_that_was_merged_since_changes_nothing(desk: Desk) -> None:
    """B078."""
    rows = [row(), *children(2)]
    await take(desk, rows)
    await desk.register_child(identity={"name": "Citra L.", "nik": "1219014507239876"})
    ids = [found["child_id"] for found in await desk.worker.fetch("SELECT child_id FROM child ORDER BY child_id")]
    loser = await desk.worker.fetchval("SELECT child_id FROM measurement ORDER BY fact_id LIMIT 1")
    merged = await desk.send("POST", "/v1/merges", {"child_id": str(loser), "survivor_id": str(ids[-1])}, etag='"1.1"')
    assert merged.status_code == 200
    assert counts(await take(desk, rows)) == {"received": 3, "unchanged": 3}
    await take(desk, [row(day="2025-08-05"), *children(2)])
    newest = await desk.worker.fetchval("SELECT child_id FROM measurement ORDER BY measured_on DESC LIMIT 1")
    assert newest == ids[-1]


async def test_held_back_rows_are_kept_with_their_reasons_proposals_and_a_file_to_mend(desk: Desk) -> None:
    job = await take(desk, [*children(3), row(kg="10400"), row(day="2098-01-01", name="Lain", nik="")])
    assert counts(job) == {"received": 5, "accepted": 3, "quarantined": 2}
    rows = (await desk.send("GET", f"/v1/intake-jobs/{job['id']}/rows?outcome=quarantined")).json()["items"]
    assert [item["row_number"] for item in rows] == [5, 6]
    assert "measured_in_future" in rows[1]["reasons"]
    mend = await desk.send("GET", f"/v1/intake-jobs/{job['id']}/error-file")
    assert mend.status_code == 200
    assert mend.headers["content-type"].startswith("text/csv")
    heads, *lines = mend.text.splitlines()
    assert heads == ";".join([*HEADS, "Baris (Tumbuh)", "Alasan (Tumbuh)"])
    assert [line.split(";")[len(HEADS)] for line in lines] == ["5", "6"]


async def test_the_intake_ledger_balances_after_files_and_visits(desk: Desk) -> None:
    await take(desk, [*children(3), row(kg="10400"), row(), row(), row(desa="NEGERI BARU", nik="", name="Lain")])
    ledger = (await desk.send("GET", "/v1/ledger", role="ops", areas=[])).json()
    intake = ledger["intake"]
    assert intake == {"received": 7, "accepted": 4, "unchanged": 1, "rejected": 0, "quarantined": 2, "pending": 0}
    assert intake["received"] == sum(intake[name] for name in LEDGER[1:])
    assert sum(day[0] for day in ledger["facts"]["owns"]["measurement"].values()) == 4


async def test_a_stopped_file_needs_its_reasons_confirmed(desk: Desk) -> None:
    ambiguous = [{**item, "Tanggal Pengukuran": "05/07/2025", "Tgl Lahir": "05/07/2023"} for item in children(3)]
    intake_id = await upload(desk, ambiguous)
    job = await until(desk, intake_id, "stopped")
    assert job["diagnosis"]["stop_reasons"] == ["date_order_unproven"]
    path = f"/v1/intake-jobs/{intake_id}:commit"
    refused = await desk.send("POST", path)
    assert (refused.status_code, refused.json()["stop_reasons"]) == (409, ["date_order_unproven"])
    body = {"confirm_stop_reasons": ["date_order_unproven"]}
    assert (await desk.send("POST", path, body)).status_code == 202
    assert counts(await until(desk, intake_id, "done")) == {"received": 3, "accepted": 3}


async def test_a_file_that_is_no_table_is_stopped_and_cannot_be_confirmed(desk: Desk) -> None:
    answer = await desk.send("POST", "/v1/intake-jobs?filename=x.csv", b"", media_type="text/csv")
    intake_id = answer.json()["id"]
    job = await until(desk, intake_id, "stopped")
    body = {"confirm_stop_reasons": job["diagnosis"]["stop_reasons"]}
    assert (await desk.send("POST", f"/v1/intake-jobs/{intake_id}:commit", body)).status_code == 409
    assert (await desk.send("GET", f"/v1/intake-jobs/{intake_id}/error-file")).status_code == 409


async def test_a_discarded_file_is_never_taken(desk: Desk) -> None:
    intake_id = await upload(desk, children(2))
    await until(desk, intake_id, "diagnosed")
    assert (await desk.send("POST", f"/v1/intake-jobs/{intake_id}:discard")).json()["state"] == "discarded"
    assert (await desk.send("POST", f"/v1/intake-jobs/{intake_id}:commit")).status_code == 409
    assert await desk.worker.fetchval("SELECT count(*) FROM child") == 0


async def test_committing_twice_takes_the_rows_once(desk: Desk) -> None:
    intake_id = await upload(desk, children(3))
    await until(desk, intake_id, "diagnosed")
    path = f"/v1/intake-jobs/{intake_id}:commit"
    answers = await asyncio.gather(*(desk.send("POST", path) for _ in range(4)))
    assert [answer.status_code for answer in answers] == [202] * 4
    assert counts(await until(desk, intake_id, "done")) == {"received": 3, "accepted": 3}


async def test_two_files_at_once_do_not_make_one_child_twice(desk: Desk) -> None:
    ids = [await upload(desk, children(40)), await upload(desk, [*children(40), row(kg="9.9")])]
    for intake_id in ids:
        await until(desk, intake_id, "diagnosed")
    await asyncio.gather(*(desk.send("POST", f"/v1/intake-jobs/{intake_id}:commit") for intake_id in ids))
    for intake_id in ids:
        await until(desk, intake_id, "done")
    assert await desk.worker.fetchval("SELECT count(*) FROM child") == 41
    assert await desk.worker.fetchval("SELECT count(*) FROM measurement") == 41


async def test_neither_names_nor_numbers_of_a_file_stand_anywhere_in_plain(desk: Desk) -> None:
    await take(desk, [row(), *children(2), row(nik="1219010101230001", name="Tertahan Sekali", kg="10400")])
    await desk.register_child(identity={"name": "Dewi Anggraini", "nik": "1219016507230009", "address": "Gang Mawar"})
    planted = (
        "citra",
        "1219014507230003",
        "rahayu",
        "kenari",
        "tertahan",
        "anggraini",
        "1219016507230009",
        "gang mawar",
    )
    tables = await desk.worker.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'measurement'")
    assert len(tables) > 10
    for name in (found["tablename"] for found in tables):
        text = await dump(desk, name)
        assert not [word for word in planted if word in text], name
    wire = orjson.dumps(await desk.events()).decode().lower()
    assert not [word for word in planted if word in wire]


async def dump(desk: Desk, name: str) -> str:
    """A whole table as lower-case text, bytes as the letters they may spell."""
    if name == "schema_migration":
        return ""
    rows = await desk.superuser(f"SELECT t.* FROM {name} t")
    return " ".join(_plain(value) for found in rows for value in found.values()).lower()


def _plain(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if isinstance(value, list):
        return " ".join(_plain(item) for item in value)
    return orjson.dumps(value, default=str).decode() if isinstance(value, dict) else str(value)


async def take_text(desk: Desk, text: str) -> dict[str, Any]:
    """Upload a text file as it is, commit, and the job when it is done."""
    answer = await desk.send("POST", "/v1/intake-jobs?filename=a.csv", text.encode(), media_type="text/csv")
    await until(desk, answer.json()["id"], "diagnosed")
    assert (await desk.send("POST", f"/v1/intake-jobs/{answer.json()['id']}:commit")).status_code == 202
    return await until(desk, answer.json()["id"], "done")


async def test_a_block_of_columns_per_month_is_a_visit_for_every_child_and_month(desk: Desk) -> None:
    place = "SUMATERA UTARA;BATU BARA;MEDANG DERAS;LALANG;MELATI"
    text = (
        "NIK;Nama;JK;Tgl Lahir;Prov;Kab/Kota;Kec;Desa/Kel;Posyandu;Tgl Ukur 1;BB 1;TB 1;Tgl Ukur 2;BB 2;TB 2\n"
        f"1219014507230003;Citra Lestari;P;2023-07-05;{place};2025-06-14;10,2;81,0;2025-07-15;10,4;81,5\n"
        f"1219015307230003;Dewi Anggraini;P;2023-07-13;{place};2025-06-14;9,9;80,0;;;\n"
    )
    assert counts(await take_text(desk, text)) == {"received": 3, "accepted": 3, "blank": 1}
    days = [(day, weight) for day, _, weight, _, _ in await facts(desk)]
    assert days == [("2025-06-14", 9.9), ("2025-06-14", 10.2), ("2025-07-15", 10.4)]
    assert counts(await take_text(desk, text)) == {"received": 3, "unchanged": 3, "blank": 1}


async def test_a_table_of_aggregates_is_recognised_and_never_taken(desk: Desk) -> None:
    text = (
        "Kecamatan;Desa;Jumlah_Diukur;TB_U_Sangat_Pendek;TB_U_Pendek;TB_U_Normal;TB_U_Tinggi;TB_U_Outlier\n"
        "MEDANG DERAS;LALANG;60;4;11;43;1;1\n"
    )
    answer = await desk.send("POST", "/v1/intake-jobs?filename=a.csv", text.encode(), media_type="text/csv")
    job = await until(desk, answer.json()["id"], "stopped")
    assert (job["diagnosis"]["profile"], job["diagnosis"]["stop_reasons"]) == ("E", ["aggregate_file"])
    assert any("60 anak" in message["text_id"] for message in job["diagnosis"]["messages"])
    assert not job["diagnosis"]["can_be_confirmed"]
    assert (await desk.send("POST", f"/v1/intake-jobs/{answer.json()['id']}:commit")).status_code == 409
    assert await desk.worker.fetchval("SELECT count(*) FROM child") == 0
