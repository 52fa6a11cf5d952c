"""Names that nobody knows: asked with suggestions, decided once, and what waited for them goes on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.integration.measurement.desk import (
    DESA_A,
    DESA_B,
    DESA_C,
    KABUPATEN,
    POSYANDU_A,
    POSYANDU_A2,
    POSYANDU_B,
    Desk,
)
from tests.integration.measurement.file_desk import counts, intake_ledger, review_done, take, until, upload, working
from tests.integration.measurement.files import children, row


@pytest.fixture(autouse=True)
async def running_jobs(desk: Desk) -> AsyncIterator[None]:
    async with working(desk):
        yield


async def queue(desk: Desk, query: str = "", **who: Any) -> list[dict[str, Any]]:
    answer = await desk.send("GET", f"/v1/mappings{query}", **who)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def decide(desk: Desk, kind: str, above: str, name: str, code: str, **who: Any) -> dict[str, Any]:
    body = {"kind": kind, "parent_code": above, "name": name, "code": code}
    answer = await desk.send("POST", "/v1/mappings", body, **who)
    assert answer.status_code == 200, answer.text
    decided: dict[str, Any] = answer.json()
    return decided


async def homes(desk: Desk) -> list[str | None]:
    """Posyandu of visits and of children."""
    rows = await desk.worker.fetch(
        "SELECT m.posyandu_code AS at, c.posyandu_code AS home FROM measurement m JOIN child c USING (child_id) "
        "ORDER BY m.fact_id"
    )
    return [code for found in rows for code in (found["at"], found["home"])]


async def test_a_name_waits_with_the_most_similar_names_below_its_area_and_how_many_rows_wait(desk: Desk) -> None:
    await take(desk, [row(desa="LALANGG"), row(nik="", name="Dedi", desa="PAKAMM"), *children(2)])
    waiting = await queue(desk)
    assert [(item["kind"], item["parent_code"], item["name"]) for item in waiting] == [
        ("desa", "12.19.01", "lalangg"),
        ("desa", "12.19.01", "pakamm"),
    ]
    assert waiting[0]["suggestions"] == [{"code": DESA_A, "name": "Lalang", "similarity": 0.92}]
    assert [(item["waiting"], item["taken"]) for item in waiting] == [(1, 0), (1, 0)]


@pytest.mark.parametrize(
    ("kind", "above", "code", "name", "changes"),
    [
        ("desa", "12.19.01", DESA_A, "lalangg", {"desa": "LALANGG"}),
        ("kecamatan", KABUPATEN, "12.19.01", "medangdras", {"kec": "MEDANG DRAS"}),
    ],
)
async def test_deciding_a_name_takes_the_rows_that_waited_for_it(
    desk: Desk, kind: str, above: str, code: str, name: str, changes: dict[str, str]
) -> None:
    lost = [row(nik="", name=f"Hilang {letter}", **changes) for letter in "abc"]
    job = await take(desk, [*lost, *children(2)])
    assert counts(job) == {"received": 5, "accepted": 2, "quarantined": 3}
    decided = await decide(desk, kind, above, name, code)
    assert await review_done(desk, decided["job_id"]) == {"accepted": 3}
    assert await intake_ledger(desk) == {"received": 5, "accepted": 5}
    after = (await desk.send("GET", f"/v1/intake-jobs/{job['id']}")).json()
    assert counts(after) == {"received": 5, "accepted": 5}
    assert await queue(desk) == []
    assert await desk.worker.fetchval("SELECT count(*) FROM child WHERE desa_code = $1", DESA_A) == 5
    again = await decide(desk, kind, above, name, code)
    assert again["job_id"] is None
    assert counts(await take(desk, lost + children(2))) == {"received": 5, "unchanged": 5}


async def test_a_decision_takes_no_row_beyond_the_area_of_who_sent_it(desk: Desk) -> None:
    await take(desk, [row(desa="PAKAMM", posyandu="KENANGA"), *children(2)], areas=[DESA_A])
    decided = await decide(desk, "desa", "12.19.01", "pakamm", DESA_B)
    assert await review_done(desk, decided["job_id"]) == {"open": 1, "open:outside_area": 1}
    assert await intake_ledger(desk) == {"received": 3, "accepted": 2, "quarantined": 1}


async def test_rows_taken_without_a_posyandu_get_the_one_that_is_decided(desk: Desk) -> None:
    await take(desk, [row(posyandu="MELATY"), *children(1)])
    assert (await homes(desk))[:2] == [None, None]
    decided = await decide(desk, "posyandu", DESA_A, "melaty", POSYANDU_A2)
    assert (decided["taken"], await review_done(desk, decided["job_id"])) == (1, {"moved": 1})
    assert await homes(desk) == [POSYANDU_A2, POSYANDU_A2, POSYANDU_A, POSYANDU_A]
    events = await desk.events()
    assert [event["revision"] for event in events[-2:]] == [2, 2]
    assert counts(await take(desk, [row(posyandu="MELATY"), *children(1)])) == {"received": 2, "unchanged": 2}


async def test_a_decision_taken_back_asks_again_and_its_rows_are_without_a_posyandu_again(desk: Desk) -> None:
    await take(desk, [row(posyandu="MELATY"), *children(1)])
    decided = await decide(desk, "posyandu", DESA_A, "melaty", POSYANDU_A2)
    await review_done(desk, decided["job_id"])
    body = {"kind": "posyandu", "parent_code": DESA_A, "name": "Melaty"}
    undone = (await desk.send("POST", "/v1/mappings:undo", body)).json()
    assert (undone["code"], await review_done(desk, undone["job_id"])) == (None, {"moved": 1})
    assert (await homes(desk))[:2] == [None, None]
    assert [item["name"] for item in await queue(desk)] == ["melaty"]
    decided = await decide(desk, "posyandu", DESA_A, "melaty", POSYANDU_A)
    await review_done(desk, decided["job_id"])
    assert (await homes(desk))[:2] == [POSYANDU_A, POSYANDU_A]
    said = await desk.worker.fetch("SELECT code FROM name_decision ORDER BY id")
    assert [found["code"] for found in said] == [POSYANDU_A2, None, POSYANDU_A]


async def test_what_a_person_moved_since_stays_where_it_is(desk: Desk) -> None:
    await take(desk, [row(posyandu="MELATY"), *children(1)])
    measured = await desk.worker.fetchval("SELECT fact_id FROM measurement WHERE posyandu_code IS NULL")
    body = {"desa_code": DESA_B, "posyandu_code": POSYANDU_B}
    assert (await desk.send("PATCH", f"/v1/measurements/{measured}", body, etag='"1.1"')).status_code == 200
    decided = await decide(desk, "posyandu", DESA_A, "melaty", POSYANDU_A2)
    assert await review_done(desk, decided["job_id"]) == {}
    assert (await homes(desk))[:2] == [POSYANDU_B, POSYANDU_A2]


async def test_b104_a_name_of_a_desa_and_a_kelurahan_is_refused_and_asked_with_both(desk: Desk) -> None:
    """B104."""
    kelurahan = "12.19.01.1009"
    heads = "kind,code,name,level,parent_code,desa_codes,valid_from"
    register = f"{heads}\narea,{kelurahan},Lalang,kelurahan,12.19.01,,2020-01-01"
    loaded = await desk.send(
        "POST", "/v1/register", register.encode(), role="district", areas=[KABUPATEN], media_type="text/csv"
    )
    assert loaded.json()["rejected"] == 0
    try:
        district: dict[str, Any] = {"role": "district", "areas": [KABUPATEN]}
        job = await take(desk, [row(desa="Lalang"), *children(2, desa="Desa Lalang")], **district)
        assert counts(job) == {"received": 3, "accepted": 2, "quarantined": 1}
        [item] = await queue(desk, **district)
        assert [(found["code"], found["similarity"]) for found in item["suggestions"]] == [
            (kelurahan, 1.0),
            (DESA_A, 1.0),
        ]
        decided = await decide(desk, "desa", "12.19.01", "lalang", kelurahan, **district)
        assert await desk.worker.fetchval("SELECT count(*) FROM job WHERE kind = 'mapping'") == 1
        assert decided["waiting"] == 1
    finally:
        await desk.superuser(f"DELETE FROM register_entry WHERE code = '{kelurahan}'")


async def test_an_unknown_puskesmas_is_asked_for_and_holds_no_row_back(desk: Desk) -> None:
    rows = [{**row(), "Pukesmas": "MEDANG DERRAS"}, *children(2)]
    assert counts(await take(desk, rows)) == {"received": 3, "accepted": 3}
    [item] = await queue(desk)
    assert (item["kind"], item["parent_code"], item["suggestions"][0]["code"]) == ("puskesmas", KABUPATEN, "PKM-1")
    decided = await decide(desk, "puskesmas", KABUPATEN, item["name"], "PKM-1")
    await review_done(desk, decided["job_id"])
    assert await queue(desk) == []


async def test_a_name_means_an_entry_of_its_area_only_and_of_the_callers(desk: Desk) -> None:
    await take(desk, [row(desa="LALANGG"), row(kec="MEDANG DRAS", day="2025-07-06"), *children(2)])
    for kind, above, name, code, problem in (
        ("desa", "12.19.01", "lalangg", DESA_C, "wrong_mapping"),
        ("desa", "12.19.01", "lalangg", POSYANDU_A, "wrong_mapping"),
        ("kecamatan", KABUPATEN, "medangdras", "12.19.02", "mapping_outside_area"),
        ("desa", "12.19.01", "nosuchname", DESA_A, "not_found"),
    ):
        body = {"kind": kind, "parent_code": above, "name": name, "code": code}
        refused = await desk.send("POST", "/v1/mappings", body)
        assert refused.json()["code"] == problem
    body = {"kind": "desa", "parent_code": "12.19.01", "name": "lalangg", "code": DESA_A}
    assert (await desk.send("POST", "/v1/mappings", body, role="kader")).status_code == 403
    assert (await desk.send("POST", "/v1/mappings", body, areas=[DESA_C])).status_code == 403


async def test_a_file_without_kecamatan_finds_its_desa_by_the_puskesmas(desk: Desk) -> None:
    intake_id = await upload(desk, [{**item, "Kec": ""} for item in children(3)])
    job = await until(desk, intake_id, "diagnosed")
    assert job["expected"]["new"] == 3
