"""A file of the ministry beside our measurements: each row one cause, the causes add up, nothing is changed by it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import date
from typing import Any, Final

import pytest

from services.measurement.jobs import reconciliations
from services.measurement.jobs.housekeeping import Housekeeping
from services.measurement.jobs.reconciliations import ReconciliationJob
from shared.jobs.runner import JobRunner
from tests.integration.measurement.desk import DESA_A, DESA_B, DESA_C, KABUPATEN, Desk
from tests.integration.measurement.files import csv_file, row

WHO: Final[dict[str, Any]] = {"role": "district", "areas": (KABUPATEN,)}
SCORES: Final = {"ZS BB/U": "-0,81", "ZS TB/U": "-1,31", "ZS BB/TB": "-0,17"}


@pytest.fixture(autouse=True)
async def running_jobs(open_module_desk: Desk) -> AsyncIterator[None]:
    desk = open_module_desk
    job = ReconciliationJob(desk.worker, desk.vault, desk.app.state.parser)
    runner = JobRunner(desk.worker, {reconciliations.KIND: job}, slots=1)
    stop = asyncio.Event()
    task = asyncio.create_task(runner.run(stop))
    desk.app.state.after_commit = runner.wake
    yield
    stop.set()
    await task


async def compared(
    desk: Desk, rows: list[dict[str, Any]] | bytes, area: str = "12.19.01", **who: Any
) -> tuple[str, dict[str, Any]]:
    """Upload, and what is known of it at the end."""
    content = rows if isinstance(rows, bytes) else csv_file(rows)
    path = f"/v1/reconciliations?area={area}&month=2025-07&filename=Citra-Lestari.csv"
    answer = await desk.send("POST", path, content, media_type="text/csv", **(WHO | who))
    assert answer.status_code == 202, answer.text
    path = answer.headers["location"]
    async with asyncio.timeout(60):
        while True:
            job: dict[str, Any] = (await desk.send("GET", path, **(WHO | who))).json()
            if job["state"] in {"done", "failed"}:
                return path, job
            await asyncio.sleep(0.02)


def found(job: dict[str, Any]) -> dict[str, tuple[int, int]]:
    return {item["cause"]: (item["theirs"], item["ours"]) for item in job["causes"] if item["theirs"] or item["ours"]}


async def rows_of(desk: Desk, path: str, cause: str = "", limit: int = 500) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    cursor = ""
    while True:
        query = f"limit={limit}" + (f"&cause={cause}" if cause else "") + (f"&cursor={cursor}" if cursor else "")
        page = (await desk.send("GET", f"{path}/rows?{query}", **WHO)).json()
        items += page["items"]
        if page["next_cursor"] is None:
            return items
        cursor = page["next_cursor"]


async def girl(desk: Desk, name: str, serial: int, **values: Any) -> str:
    """A registered girl with a visit on 5 July 2025; her id."""
    child_id = await desk.register_child(identity={"name": name, "nik": f"121901450723{serial:04d}"})
    assert (await desk.record(child_id, **values)).status_code == 201
    return child_id


def line(name: str, serial: int, **changes: Any) -> dict[str, Any]:
    return {**row(name=name, nik=f"121901450723{serial:04d}", cm="81,5", kg="10,4"), **SCORES, **changes}


async def test_each_row_has_one_cause_and_the_causes_add_up_to_both_sides(desk: Desk) -> None:
    for serial, name in enumerate("abcdefgh", start=1):
        await girl(desk, f"Anak {name}", serial)
    await girl(desk, "Anak i", 9, measurement_position="lying")
    rows = [
        line("Anak a", 1),
        line("Anak b", 2, Berat="11,9"),
        line("Anak c", 3, Tinggi="82,2"),
        line("Anak d", 4, **{"Cara Ukur": "-"}),
        line("Anak e", 5, JK="L"),
        line("Anak f", 6, **{"Tgl Lahir": "2023-07-06"}),
        line("Anak f", 6, **{"Tgl Lahir": "2023-07-06"}),
        line("Anak g", 7, **{"Tanggal Pengukuran": "2025-07-09"}),
        line("Anak i", 9),
        line("Anak baru", 77),
        line("Anak lain", 78, **{"Tanggal Pengukuran": "2025-08-01"}),
        line("Anak jauh", 79, **{"Desa/Kel": "SIMPANG KOPI", "Kec": "SEI SUKA", "Posyandu": "-"}),
        line("Anak nol", 80, **{"Tgl Lahir": "kosong"}),
    ]
    path, job = await compared(desk, rows)
    assert job["state"] == "done"
    assert found(job) == {
        "same": (1, 1), "age": (2, 2), "position": (2, 2), "lost_position": (1, 1), "sex": (1, 1), "edited": (1, 1),
        "duplicate": (1, 0), "missing_here": (1, 0), "missing_there": (0, 1), "not_compared": (3, 0),
    }  # fmt: skip
    assert (job["theirs"], job["ours"]) == (len(rows), 9)
    for side in ("theirs", "ours"):
        assert sum(item[side] for item in job["causes"]) == job[side]
    listed = await rows_of(desk, path, limit=4)
    assert [item["number"] for item in listed] == list(range(1, 15))
    assert [item["file_row"] for item in listed] == [*range(2, 15), None]
    assert {item["cause"] for item in await rows_of(desk, path, "age")} == {"age"}


async def test_a_row_shows_its_evidence_and_no_identity(desk: Desk) -> None:
    await girl(desk, "Anak a", 1)
    path, _ = await compared(desk, [line("Anak a", 1, Berat="11,9", **{"ZS BB/U": "-0,1"}), line("Anak baru", 77)])
    edited, missing = await rows_of(desk, path)
    assert edited["fields"] == ["weight_kg", "waz"]
    assert (edited["theirs"]["weight_kg"], edited["ours"]["weight_kg"]) == (11.9, 10.4)
    assert (edited["theirs"]["waz"], edited["ours"]["waz"]) == (-0.1, -0.81)
    assert [edited["nik"], missing["nik"]] == ["*" * 12 + "0001", "*" * 12 + "0077"]
    assert (missing["cause"], missing["reasons"], missing["child_id"]) == ("missing_here", ["unknown_child"], None)
    stored = await desk.superuser("SELECT evidence::text AS evidence FROM reconciliation_row")
    text = "".join(record["evidence"] for record in stored)
    assert not any(word in text for word in ("Anak", "Siti", "12190145", "Dusun"))


async def test_another_sex_or_birth_date_is_found_by_the_same_rule_as_intake(desk: Desk) -> None:
    await girl(desk, "Anak a", 1)
    born = await desk.register_child(identity={"name": "Anak b"}, birth_date="2023-07-05", sex="male")
    await desk.record(born)
    rows = [line("Anak a", 1, JK="L"), line("Anak b", 2, NIK="", JK="L", **{"Tgl Lahir": "2023-05-07"})]
    path, job = await compared(desk, rows)
    assert found(job) == {"sex": (1, 1), "age": (1, 1)}
    first, second = await rows_of(desk, path)
    assert (first["fields"][0], second["fields"][0]) == ("sex", "birth_date")


async def test_the_change_of_the_number_of_stunted_children_leads_from_theirs_to_ours(desk: Desk) -> None:
    await girl(desk, "Anak a", 1)
    await girl(desk, "Anak b", 2, length_height_cm=75.0)
    await girl(desk, "Anak c", 3, length_height_cm=75.0)
    rows = [line("Anak a", 1, **{"ZS TB/U": "-2,4"}), line("Anak b", 2), line("Anak baru", 7, **{"ZS TB/U": "-2,9"})]
    _, job = await compared(desk, rows)
    stunted = job["stunted"]
    assert (stunted["theirs"], stunted["ours"]) == (2, 2)
    change = {cause: number for cause, number in stunted["change"].items() if number}
    assert change == {"missing_here": -1, "missing_there": 1}
    assert stunted["theirs"] + sum(stunted["change"].values()) == stunted["ours"]


async def test_two_rows_of_one_day_are_one_comparison_and_one_duplicate(desk: Desk) -> None:
    """B024: the row that equals ours is compared, wherever it stands."""
    await girl(desk, "Anak a", 1)
    path, job = await compared(desk, [line("Anak a", 1, Berat="10,9"), line("Anak a", 1)])
    assert found(job) == {"same": (1, 1), "duplicate": (1, 0)}
    assert [item["cause"] for item in await rows_of(desk, path)] == ["duplicate", "same"]


async def test_nothing_is_made_or_changed_by_it(desk: Desk) -> None:
    await girl(desk, "Anak a", 1)
    events = len(await desk.events())
    counted = await desk.worker.fetchval("SELECT count(*) FROM child")
    await compared(desk, [line("Anak a", 1, Berat="12,2"), line("Anak baru", 77)])
    assert len(await desk.events()) == events
    assert await desk.worker.fetchval("SELECT count(*) FROM child") == counted == 1
    assert await desk.worker.fetchval("SELECT weight_kg FROM measurement") == 10.4


async def test_the_file_expires_and_what_was_found_stays(desk: Desk) -> None:
    path, _ = await compared(desk, [line("Anak baru", 77)])
    await desk.superuser("UPDATE reconciliation SET expires_at = now() - interval '1 second'")
    await Housekeeping(desk.worker).once()
    kept = await desk.worker.fetchrow("SELECT wrapped_key, sealed, sealed_name FROM reconciliation")
    assert kept is not None
    assert set(kept) == {None}
    (item,) = await rows_of(desk, path)
    assert (item["cause"], item["nik"]) == ("missing_here", None)


NAMELESS: Final = b"JK;Tgl Lahir;Tanggal Pengukuran;Berat;Tinggi\nL;2023-07-05;2025-07-05;10;80\n"


@pytest.mark.parametrize(("content", "code"), [(b"ini bukan tabel", "not_an_export"), (NAMELESS, "no_identity")])
async def test_a_file_that_cannot_be_compared_says_why(desk: Desk, content: bytes, code: str) -> None:
    _, job = await compared(desk, content)
    assert (job["state"], job["error_code"]) == ("failed", code)
    assert job["diagnosis"]["messages"]


async def test_it_is_for_who_covers_the_area_and_has_the_scope(desk: Desk) -> None:
    path, _ = await compared(desk, [line("Anak baru", 77)], DESA_A)
    query = f"/v1/reconciliations?area={DESA_C}&month=2025-07"
    answers = [
        await desk.send("GET", path, role="puskesmas", areas=(DESA_A, DESA_B)),
        await desk.send("GET", f"{path}/rows", role="puskesmas", areas=(DESA_B,)),
        await desk.send("GET", path, role="kader", areas=(DESA_A,)),
        await desk.send("POST", query, b"x", media_type="text/csv"),
        await desk.send("GET", f"{path}/rows?cause=nothing", **WHO),
    ]
    assert [answer.status_code for answer in answers] == [200, 404, 403, 403, 422]


async def test_a_visit_of_a_day_that_both_sides_have_goes_before_a_near_one(desk: Desk) -> None:
    child_id = await girl(desk, "Anak a", 1)
    await desk.record(child_id, measured_on="2025-07-20")
    rows = [line("Anak a", 1, **{"Tanggal Pengukuran": day}) for day in ("2025-07-19", "2025-07-05")]
    path, job = await compared(desk, rows)
    assert found(job)["age"] == (1, 1)
    assert [item["ours"]["measured_on"] for item in await rows_of(desk, path)] == ["2025-07-20", "2025-07-05"]
    assert date.fromisoformat((await rows_of(desk, path))[0]["theirs"]["measured_on"]) == date(2025, 7, 19)


async def steps_of(desk: Desk, path: str, query: str) -> list[dict[str, Any]]:
    """The groups of a waterfall, each of which leads from their figure to ours."""
    body = (await desk.send("GET", f"{path}/waterfall?{query}", **WHO)).json()
    groups: list[dict[str, Any]] = body["groups"]
    for group in groups:
        for side in ("stunted", "measured"):
            assert group["theirs"][side] + sum(bar[side] for bar in group["bars"]) == group["ours"][side]
    return groups


async def test_a_waterfall_leads_from_their_figure_to_ours_by_desa_and_puskesmas(desk: Desk) -> None:
    await girl(desk, "Anak a", 1)
    await girl(desk, "Anak b", 2, length_height_cm=78.0)
    await girl(desk, "Anak c", 3, length_height_cm=78.0)
    rows = [line("Anak a", 1), line("Anak b", 2), line("Anak baru", 77, **{"ZS TB/U": "-2,5"})]
    path, _ = await compared(desk, rows)
    (whole,) = await steps_of(desk, path, "by=area")
    bars = {bar["code"]: (bar["stunted"], bar["measured"]) for bar in whole["bars"]}
    assert bars == {"missing_here": (-1, -1), "missing_there": (1, 1), "edited": (1, 0)}
    assert (whole["theirs"], whole["ours"]) == ({"stunted": 1, "measured": 3}, {"stunted": 2, "measured": 3})
    for by, named in (("desa", "Lalang"), ("puskesmas", "Puskesmas Medang Deras")):
        assert [group["name"] for group in await steps_of(desk, path, f"by={by}")] == [named]
    (typed,) = await steps_of(desk, path, "by=area&their_stunted=4&their_measured=9")
    assert typed["bars"][0] | {"stunted": -3, "measured": -6} == typed["bars"][0]
    assert typed["bars"][0]["code"] == "not_explained_by_rows"
    assert (await desk.send("GET", f"{path}/waterfall?their_stunted=4", **WHO)).status_code == 422
    table = (await desk.send("GET", f"{path}/waterfall.csv?by=desa", **WHO)).text.splitlines()
    assert table[0] == "code,name,step,text_id,text_en,stunted,measured"
    assert table[1].startswith(f"{DESA_A},Lalang,theirs,")
    assert table[1].endswith(",1,3")
    assert table[-1].endswith(",ours,angka di sini,figure here,2,3")


async def test_of_aggregates_only_what_rows_would_explain_is_one_bar(desk: Desk) -> None:
    await girl(desk, "Anak a", 1, length_height_cm=78.0)
    text = (
        "Kecamatan;Puskesmas;Desa;Jumlah_Diukur;TB_U_Sangat_Pendek;TB_U_Pendek;TB_U_Normal;TB_U_Tinggi;TB_U_Outlier\n"
        "MEDANG DERAS;MEDANG DERAS;LALANG;60;4;11;43;1;1\n"
        "MEDANG DERAS;MEDANG DERAS;TIDAK ADA;9;1;1;7;0;0\n"
    )
    path, job = await compared(desk, text.encode())
    assert (job["state"], job["theirs"], job["causes"]) == ("done", None, [])
    desa = {group["name"]: group for group in await steps_of(desk, path, "by=desa")}
    assert desa["Lalang"]["theirs"] == {"stunted": 15, "measured": 59}
    assert [bar["code"] for bar in desa["Lalang"]["bars"]] == ["not_explained_by_rows"]
    assert desa[None]["theirs"] == {"stunted": 2, "measured": 9}
    (whole,) = await steps_of(desk, path, "by=area")
    assert (whole["theirs"], whole["ours"]) == ({"stunted": 17, "measured": 68}, {"stunted": 1, "measured": 1})
