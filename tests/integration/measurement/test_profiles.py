"""A district's own kind of file: diagnosed with what helps, described by API, read from the next upload on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from tests.integration.measurement.desk import KABUPATEN, Desk
from tests.integration.measurement.file_desk import counts, take, until, upload, working
from tests.integration.measurement.files import children

DISTRICT: dict[str, Any] = {"role": "district", "areas": [KABUPATEN]}
# What a posyandu's own register calls the columns.
OWN = {
    "NIK": "Nomor Induk", "Nama": "Nama Bayi", "JK": "Kelamin", "Tgl Lahir": "Lahir Pada", "Kab/Kota": "Kab. Asal",
    "Kec": "Camat", "Desa/Kel": "Kampung", "Posyandu": "Pos", "Tanggal Pengukuran": "Hari Timbang",
    "Berat": "Timbangan", "Tinggi": "Panjang Anak",
}  # fmt: skip
FIELDS = {
    "nik": "Nomor Induk", "name": "Nama Bayi", "sex": "Kelamin", "birth_date": "Lahir Pada",
    "kabupaten_name": "Kab. Asal", "kecamatan_name": "Camat", "desa_name": "Kampung", "posyandu_name": "Pos",
    "measured_on": "Hari Timbang", "weight_kg": "Timbangan", "length_height_cm": "Panjang Anak",
}  # fmt: skip
PROFILE = {
    "name": "Buku posyandu",
    "title": "Buku register posyandu Batu Bara",
    "heads": {field: [head] for field, head in FIELDS.items()},
    "words": {"sex": {"male": ["Putra"], "female": ["Putri"]}},
    "needs": ["name", "sex", "birth_date", "measured_on", "weight_kg", "length_height_cm"],
    "date_order": "M/D/Y",
}


@pytest.fixture(autouse=True)
async def running_jobs(desk: Desk) -> AsyncIterator[None]:
    async with working(desk):
        yield


def own_file(day: str = "07/05/2025", born: str = "07/05/2023") -> bytes:
    """Children in the district's own columns; nothing in it tells day from month."""
    rows = children(3, born=born, day=day, sex="Putri")
    lines = [OWN.values(), *([str(item[head]) for head in OWN] for item in rows)]
    return "\n".join(map(";".join, lines)).encode()


async def add(desk: Desk, **changes: Any) -> Any:
    return await desk.send("POST", "/v1/profiles", PROFILE | changes, **DISTRICT)


async def test_unknown_heads_are_diagnosed_with_the_nearest_profile_then_described_then_taken(desk: Desk) -> None:
    job = await until(desk, await upload(desk, own_file()), "stopped")
    help_given = job["diagnosis"]["no_profile"]
    assert help_given["nearest"]["title"]
    assert {item["field"] for item in help_given["missing"]} >= {"weight_kg", "birth_date"}
    heads = {item["head"]: item["suggested"] for item in help_given["not_understood"]}
    assert heads["Nama Bayi"] == "name"
    assert heads["Kampung"] is None
    assert job["profile"] is None
    added = await add(desk)
    assert (added.status_code, added.json()["version"]) == (201, 1), added.text
    taken = await take(desk, own_file())
    assert taken["profile"] == {"name": "Buku posyandu", "version": 1}
    assert taken["diagnosis"]["date_order"] == "M/D/Y"
    assert counts(taken) == {"received": 3, "accepted": 3}
    days = await desk.worker.fetch("SELECT DISTINCT measured_on::text AS day FROM measurement")
    assert [found["day"] for found in days] == ["2025-07-05"]


async def test_a_file_is_read_to_the_end_with_the_version_it_was_diagnosed_with(desk: Desk) -> None:
    await add(desk)
    intake_id = await upload(desk, own_file(day="07/06/2025"))
    assert (await until(desk, intake_id, "diagnosed"))["profile"]["version"] == 1
    second = await add(desk, date_order="D/M/Y")
    assert second.json()["version"] == 2
    await desk.send("POST", f"/v1/intake-jobs/{intake_id}:commit")
    assert (await until(desk, intake_id, "done"))["profile"]["version"] == 1
    assert await desk.worker.fetchval("SELECT DISTINCT measured_on::text FROM measurement") == "2025-07-06"
    again = await until(desk, await upload(desk, own_file(day="07/06/2025")), "diagnosed")
    assert (again["profile"]["version"], again["diagnosis"]["date_order"]) == (2, "D/M/Y")


async def test_versions_are_listed_and_none_ever_changes(desk: Desk) -> None:
    first = (await add(desk)).json()
    await add(desk, title="Buku baru")
    shown = (await desk.send("GET", "/v1/profiles", **DISTRICT)).json()
    assert {item["name"]: item["version"] for item in shown["items"]}["Buku posyandu"] == 2
    assert {item["name"]: item["version"] for item in shown["items"]}["A"] == 1
    assert "weight_kg" in shown["fields"]
    versions = (await desk.send("GET", "/v1/profiles/Buku%20posyandu", **DISTRICT)).json()["items"]
    assert versions[0] == first
    assert [item["title"] for item in versions] == [PROFILE["title"], "Buku baru"]
    assert versions[0]["created_by"]
    for pool in (desk.api, desk.worker):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await pool.execute("UPDATE file_profile SET created_by = 'x'")


async def test_a_version_takes_effect_on_its_day(desk: Desk) -> None:
    assert (await add(desk, effective_from="2099-01-01")).status_code == 201
    await until(desk, await upload(desk, own_file()), "stopped")
    late = await add(desk, effective_from="2020-01-01")
    assert [error["code"] for error in late.json()["errors"]] == ["effective_in_past"]


@pytest.mark.parametrize(
    ("changes", "code", "field", "value"),
    [
        ({"heads": {"berat": ["Timbangan"]}}, "unknown_field", "heads.berat", "berat"),
        ({"needs": ["sex", "weight"]}, "unknown_field", "needs", "weight"),
        ({"heads": {"weight_kg": ["Tinggi"]}}, "alias_clash", "heads.weight_kg", "Tinggi"),
        ({"heads": {"weight_kg": ["Ukuran"], "muac_cm": ["ukuran"]}}, "alias_clash", "heads.muac_cm", "ukuran"),
        ({"words": {"sex": {"boy": ["Putra"]}}}, "unknown_meaning", "words.sex.boy", "boy"),
        ({"words": {"sex": {"male": ["P"]}}}, "alias_clash", "words.sex.male", "P"),
        ({"needs": []}, "nothing_required", "needs", ""),
    ],
)
async def test_a_profile_that_contradicts_what_is_known_is_refused_by_name(
    desk: Desk, changes: dict[str, Any], code: str, field: str, value: str
) -> None:
    refused = await add(desk, **changes)
    assert refused.status_code == 422
    assert refused.json()["code"] == "wrong_profile"
    [error] = refused.json()["errors"]
    assert (error["code"], error["field"], error["value"]) == (code, field, value)
    assert error["remedy_id"]
    assert error["remedy_en"]


async def test_two_profiles_never_give_one_head_two_meanings(desk: Desk) -> None:
    await add(desk)
    other = {"name": "Lain", "heads": {"length_height_cm": ["timbangan"]}, "words": {}}
    refused = await add(desk, **other)
    assert [error["code"] for error in refused.json()["errors"]] == ["alias_clash"]


async def test_only_the_district_says_how_files_are_read(desk: Desk) -> None:
    assert (await desk.send("POST", "/v1/profiles", PROFILE)).status_code == 403
    assert (await desk.send("GET", "/v1/profiles")).status_code == 200
    assert (await desk.send("GET", "/v1/profiles", role="kader")).status_code == 403
