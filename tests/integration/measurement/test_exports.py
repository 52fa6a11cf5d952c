"""The ministry's file out of our facts: who may have it, what is in it, and that it comes back unchanged."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.measurement.formats.eppgbm_export import ExportProfile, heads_of
from services.measurement.formats.profiles import eppgbm
from services.measurement.formats.sniff import open_source
from services.measurement.jobs import exports, intake
from services.measurement.jobs.exports import ExportJob
from services.measurement.jobs.housekeeping import Housekeeping
from services.measurement.jobs.intake import IntakeJob
from shared.jobs.runner import JobRunner
from tests.integration.measurement.conftest import empty
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
from tests.integration.measurement.files import children, csv_file, row

KINDS: Final = [(profile, form) for profile in "AB" for form in ("xlsx", "csv")]


@pytest.fixture(autouse=True)
async def running_jobs(open_module_desk: Desk) -> AsyncIterator[None]:
    desk = open_module_desk
    handlers: dict[str, Any] = {
        intake.KIND: IntakeJob(desk.worker, desk.vault, desk.app.state.parser, lambda: None),
        exports.KIND: ExportJob(desk.worker, desk.vault),
    }
    runner = JobRunner(desk.worker, handlers, slots=2)
    stop = asyncio.Event()
    task = asyncio.create_task(runner.run(stop))
    desk.app.state.after_commit = runner.wake
    yield
    stop.set()
    await task


async def ended(desk: Desk, path: str, *states: str, **who: Any) -> dict[str, Any]:
    async with asyncio.timeout(60):
        while True:
            job: dict[str, Any] = (await desk.send("GET", path, **who)).json()
            if job["state"] in states:
                return job
            assert job["state"] != "failed", job
            await asyncio.sleep(0.02)


async def ask(desk: Desk, profile: str = "B", form: str = "xlsx", **changes: Any) -> str:
    body = {"area": "12.19.01", "month": "2025-07", "profile": profile, "format": form, "purpose": "report"}
    who = {"role": "district", "areas": (KABUPATEN,)}
    answer = await desk.send("POST", "/v1/exports/eppgbm", body | changes, **who)
    assert answer.status_code == 202, answer.text
    path: str = answer.headers["location"]
    return path


async def export(desk: Desk, profile: str = "B", form: str = "xlsx", **changes: Any) -> bytes:
    path = await ask(desk, profile, form, **changes)
    await ended(desk, path, "done", role="district", areas=(KABUPATEN,))
    answer = await desk.send("GET", f"{path}/file", role="district", areas=(KABUPATEN,))
    assert answer.status_code == 200, answer.text
    return answer.content


async def take(desk: Desk, content: bytes, areas: tuple[str, ...] = (KABUPATEN,)) -> dict[str, int]:
    """Upload and commit; the counts of what was done, which the dry run has told."""
    who = {"role": "district", "areas": areas}
    answer = await desk.send(
        "POST", "/v1/intake-jobs?filename=kembali", content, media_type="application/octet-stream", **who
    )
    path = f"/v1/intake-jobs/{answer.json()['id']}"
    job = await ended(desk, path, "diagnosed", "stopped", **who)
    assert job["state"] == "diagnosed", job["diagnosis"]
    expected = job["expected"]
    await desk.send("POST", f"{path}:commit", **who)
    job = await ended(desk, path, "done", **who)
    done = {name: number for name, number in job["counts"].items() if number}
    told = {"new": "accepted", "changed": "corrected", "unchanged": "unchanged"}
    assert {count: expected[name] for name, count in told.items()} == {
        name: done.get(name, 0) for name in told.values()
    }
    return done


def rows_of(content: bytes, profile: ExportProfile) -> list[dict[str, Any]]:
    heads, *rows = open_source(content, eppgbm()).sheets[0].rows
    assert heads == heads_of(profile)
    return [dict(zip(heads_of(profile), cells, strict=True)) for cells in rows]


async def facts(desk: Desk) -> list[tuple[Any, ...]]:
    rows = await desk.worker.fetch(
        "SELECT fact_id, revision, change FROM measurement UNION ALL SELECT child_id, revision, change FROM child "
        "ORDER BY 1"
    )
    return [tuple(found) for found in rows]


async def test_a_visit_becomes_a_row_in_the_ministrys_words(desk: Desk) -> None:
    child_id = await desk.register_child(
        identity={"name": "Citra Lestari", "nik": "1219014507230003", "parent_name": "Siti", "rt": "5"},
        birth_weight_kg=3.1,
        has_growth_card=True,
    )
    await desk.record(child_id, length_height_cm=75.0)
    (found,) = rows_of(await export(desk), "B")
    assert found == {
        "NIK": "1219014507230003", "Nama": "Citra Lestari", "JK": "P", "Tgl Lahir": date(2023, 7, 5),
        "BB Lahir": 3.1, "TB Lahir": "-", "Nama Ortu": "Siti", "Prov": "Sumatera Utara", "Kab/Kota": "Batu Bara",
        "Kec": "Medang Deras", "Pukesmas": "Puskesmas Medang Deras", "Desa/Kel": "Lalang",
        "Posyandu": "Posyandu Melati", "RT": "5", "RW": "-", "Alamat": "-",
        "Usia Saat Ukur": "2 Tahun - 0 Bulan - 0 Hari", "Tanggal Pengukuran": date(2025, 7, 5), "Berat": 10.4,
        "Tinggi": 75.0, "Cara Ukur": "Berdiri", "LiLA": "-", "BB/U": "Normal", "ZS BB/U": -0.81,
        "TB/U": "Sangat Pendek", "ZS TB/U": -3.33, "BB/TB": "Risiko Gizi Lebih", "ZS BB/TB": 1.24,
        "Naik Berat Badan": "-", "PMT Diterima (kg)": "-", "Jml Vit A": "-", "KPSP": "-", "KIA": "Ya",
    }  # fmt: skip


async def test_rows_stand_in_official_order(desk: Desk) -> None:
    """Desa by code, then posyandu, name, day; a child without a posyandu after the others of its desa."""
    places = {"Z": (DESA_A, POSYANDU_A), "A": (DESA_B, POSYANDU_B), "B": (DESA_A, None), "M": (DESA_A, POSYANDU_A2)}
    for name, (desa, posyandu) in places.items():
        child_id = await desk.register_child(identity={"name": name}, desa_code=desa, posyandu_code=posyandu)
        for day in ("2025-07-20", "2025-07-05"):
            await desk.record(child_id, measured_on=day)
    child_id = await desk.register_child(identity={"name": "a b"})
    await desk.record(child_id)
    found = [(item["Nama"], item["Tanggal Pengukuran"].day) for item in rows_of(await export(desk), "B")]
    assert found == [("a b", 5), *((name, day) for name in "ZMBA" for day in (5, 20))]


@pytest.mark.parametrize(("profile", "form"), KINDS)
async def test_the_same_facts_give_the_same_bytes(desk: Desk, profile: str, form: str) -> None:
    child_id = await desk.register_child()
    await desk.record(child_id)
    assert await export(desk, profile, form) == await export(desk, profile, form)


@pytest.mark.parametrize(("profile", "form"), KINDS)
async def test_an_export_that_is_imported_again_changes_nothing(desk: Desk, profile: str, form: str) -> None:
    """B062, B076: NIK 1219014507230003 survives; visits by API and by file, corrected ones, two of one day."""
    await take(desk, csv_file([*children(5), row(nik="", name="Dewi Tanpa NIK", cm="70")]))
    child_id = await desk.register_child(identity={"name": "=HYPERLINK(1)", "nik": "1219014507230777"})
    await desk.record(child_id, measurement_position=None)
    await desk.record(child_id, measured_on="2025-07-20", weight_kg=9.9, is_remeasurement=True)
    found = await desk.worker.fetchrow("SELECT fact_id FROM measurement WHERE source = 'eppgbm' ORDER BY 1 LIMIT 1")
    assert found is not None
    path = f"/v1/measurements/{found['fact_id']}"
    assert (await desk.send("PATCH", path, {"weight_kg": 12.2}, etag='"1.1"')).status_code == 200
    before, events = await facts(desk), len(await desk.events())
    assert await take(desk, await export(desk, profile, form)) == {"received": 8, "unchanged": 8}
    assert (await facts(desk), len(await desk.events())) == (before, events)


async def test_one_row_a_child_and_day_and_the_rest_is_counted(desk: Desk) -> None:
    child_id = await desk.register_child()
    await desk.record(child_id)
    await desk.record(child_id, weight_kg=10.9, is_remeasurement=True)
    await desk.record(
        child_id, measured_on="2025-07-06", weight_kg=None, length_height_cm=None, head_circumference_cm=47
    )
    path = await ask(desk)
    job = await ended(desk, path, "done", role="district", areas=(KABUPATEN,))
    assert (job["rows"], job["left_out"]) == (1, {"same_day": 1, "without_values": 1, "identity_unreadable": 0})
    (found,) = rows_of((await desk.send("GET", f"{path}/file", role="district", areas=(KABUPATEN,))).content, "B")
    assert found["Berat"] == 10.9


async def test_one_broken_seal_keeps_nobody_from_the_file(desk: Desk) -> None:
    whole, broken = await desk.register_child(), await desk.register_child(identity={"name": "Rusak"})
    for child_id in (whole, broken):
        await desk.record(child_id)
    await desk.superuser(f"UPDATE child_identity SET wrapped_key = '\\x00' WHERE child_id = '{broken}'")
    path = await ask(desk)
    job = await ended(desk, path, "done", role="district", areas=(KABUPATEN,))
    assert (job["rows"], job["left_out"]["identity_unreadable"]) == (2, 1)
    rows = rows_of((await desk.send("GET", f"{path}/file", role="district", areas=(KABUPATEN,))).content, "B")
    assert [found["Nama"] for found in rows] == ["-", "Citra Lestari"]


async def test_no_score_after_sixty_months_and_none_by_weight_with_oedema(desk: Desk) -> None:
    old = await desk.register_child(identity={"name": "Tua"}, birth_date="2020-07-04")
    swollen = await desk.register_child(identity={"name": "Bengkak"})
    await desk.record(old, length_height_cm=100, weight_kg=15)
    await desk.record(swollen, oedema=True)
    first, second = rows_of(await export(desk), "B")
    assert (first["ZS BB/U"], first["BB/U"], first["BB/TB"], first["ZS TB/U"]) == ("-", "-", "-", -1.31)
    assert (second["TB/U"], second["ZS TB/U"]) == ("-", "-")


async def test_voided_visits_and_other_areas_are_not_in_it(desk: Desk) -> None:
    child_id = await desk.register_child()
    measurement_id = (await desk.record(child_id)).json()["measurement_id"]
    await desk.send("POST", f"/v1/measurements/{measurement_id}:void", {"reason": "wrong_child"}, etag='"1.1"')
    who = {"role": "puskesmas", "areas": (DESA_C,)}
    other = await desk.send(
        "POST",
        "/v1/children",
        {"identity": {"name": "Lain"}, "sex": "male", "birth_date": "2024-01-01", "desa_code": DESA_C},
        **who,
    )
    await desk.send(
        "POST", "/v1/measurements", {"child_id": other.json()["child_id"], "measured_on": "2025-07-05", "weight_kg": 9},
        **who,
    )  # fmt: skip
    assert rows_of(await export(desk), "B") == []


async def test_every_identity_read_is_logged_when_the_file_is_made_and_when_it_is_fetched(desk: Desk) -> None:
    child_id = await desk.register_child()
    await desk.record(child_id)
    path = await ask(desk, purpose="care")
    await ended(desk, path, "done", role="district", areas=(KABUPATEN,))
    await desk.send("GET", f"{path}/file", role="district", areas=(KABUPATEN,))
    rows = await desk.worker.fetch(
        "SELECT subject, role, purpose, child_id::text FROM identity_access_log WHERE action = 'read'"
    )
    assert [tuple(found) for found in rows] == [("person-1", "district", "care", child_id)] * 2


async def test_a_file_is_for_its_maker_and_for_who_may_read_identities_there(desk: Desk) -> None:
    child_id = await desk.register_child()
    await desk.record(child_id)
    path = await ask(desk, area=DESA_A)
    await ended(desk, path, "done", role="district", areas=(KABUPATEN,))
    answers = [
        await desk.send("GET", f"{path}/file", role="district", areas=(KABUPATEN,), subject="person-2"),
        await desk.send("GET", f"{path}/file", role="puskesmas", areas=(DESA_A,), subject="person-3"),
        await desk.send("GET", f"{path}/file", role="puskesmas", areas=(DESA_B,)),
        await desk.send("GET", f"{path}/file", role="kader", areas=(POSYANDU_A,)),
    ]
    assert [answer.status_code for answer in answers] == [403, 200, 404, 403]


async def test_the_bytes_expire_and_what_was_exported_stays_known(desk: Desk) -> None:
    child_id = await desk.register_child()
    await desk.record(child_id)
    path = await ask(desk)
    await ended(desk, path, "done", role="district", areas=(KABUPATEN,))
    await desk.superuser("UPDATE export_file SET expires_at = now() - interval '1 second'")
    for _ in range(2):
        answer = await desk.send("GET", f"{path}/file", role="district", areas=(KABUPATEN,))
        assert (answer.status_code, answer.json()["code"]) == (410, "export_expired")
        await Housekeeping(desk.worker).once()
    kept = await desk.worker.fetchrow("SELECT wrapped_key, rows, (SELECT count(*) FROM export_piece) FROM export_file")
    assert kept is not None
    assert tuple(kept) == (None, 1, 0)


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"area": "12.20"}, 403, "outside_area"),
        ({"area": "12.19.09"}, 422, "area_not_in_register"),
        ({"month": None}, 422, "period_unclear"),
        ({"from_day": "2025-07-01"}, 422, "period_unclear"),
        ({"month": None, "from_day": "2025-07-02", "to_day": "2025-07-01"}, 422, "period_too_long"),
        ({"month": None, "from_day": "2025-07-02", "to_day": "2026-07-03"}, 422, "period_too_long"),
        ({"profile": "C"}, 422, "validation_failed"),
        ({"month": "2025-13"}, 422, "validation_failed"),
    ],
)
async def test_a_request_that_makes_no_sense_says_why(
    desk: Desk, changes: dict[str, Any], status: int, code: str
) -> None:
    body = {"area": "12.19.01", "month": "2025-07", "profile": "A", "purpose": "report"} | changes
    answer = await desk.send("POST", "/v1/exports/eppgbm", body, role="district", areas=(KABUPATEN,))
    assert answer.status_code == status, answer.text
    assert code in {answer.json()["code"], *(error["code"] for error in answer.json().get("errors", ()))}


async def test_a_purpose_is_needed_and_the_same_key_is_one_export(desk: Desk) -> None:
    body = {"area": DESA_A, "month": "2025-07", "profile": "A"}
    assert (await desk.send("POST", "/v1/exports/eppgbm", body)).status_code == 422
    body["purpose"] = "report"
    answers = [await desk.send("POST", "/v1/exports/eppgbm", body, key="export-once-1") for _ in range(3)]
    assert len({answer.json()["id"] for answer in answers}) == 1


MARKS: Final = "'\",;=+-@\u00a0. é&<>"
NAMES: Final = st.builds(
    lambda start, mark, end: f"{mark}{start}{mark} {end}",
    st.sampled_from("abcd"),
    st.sampled_from(MARKS),
    st.text("xyz"),
)
POSITIONS: Final = st.sampled_from(("lying", "standing", None))


@st.composite
def child_visits(draw: st.DrawFn) -> dict[str, Any]:
    """A child registered by API or by file, with its visits; ages from birth to beyond 60 months."""
    born = date(2025, 7, 10) - timedelta(days=draw(st.sampled_from((0, 1, 200, 274, 730, 731, 1790, 1835))))
    sex = draw(st.sampled_from(("male", "female")))
    serial = draw(st.sampled_from(("0001", "0100", "0230", "1000", "9999", "")))
    day = born.day + 40 * (sex == "female")
    return {
        "name": draw(NAMES),
        "nik": f"121901{day:02d}{born:%m%y}{serial}" if serial else None,
        "parent_name": draw(st.none() | NAMES),
        "address": draw(st.none() | st.sampled_from(("3/4", "007", "=1+1", 'Jl. "Satu"; 5'))),
        "sex": sex,
        "birth_date": born.isoformat(),
        "birth_weight_kg": draw(st.none() | st.sampled_from((2.5, 3.0, 3.15))),
        "has_growth_card": draw(st.sampled_from((True, False, None))),
        "place": draw(st.sampled_from(((DESA_A, POSYANDU_A), (DESA_A, None), (DESA_B, POSYANDU_B)))),
        "visits": draw(
            st.lists(
                st.tuples(st.integers(10, 31), st.sampled_from((3.1, 8.25, 10.0, 16.4)), st.sampled_from((50.1, 80.0)),
                          POSITIONS, st.none() | st.sampled_from((11.4, 13.0))),
                min_size=1, max_size=2, unique_by=lambda visit: visit[0],
            )
        ),
    }  # fmt: skip


async def enter(desk: Desk, child: dict[str, Any]) -> None:
    identity = {name: child[name] for name in ("name", "nik", "parent_name", "address") if child[name]}
    child_id = await desk.register_child(
        identity=identity,
        sex=child["sex"],
        birth_date=child["birth_date"],
        birth_weight_kg=child["birth_weight_kg"],
        has_growth_card=child["has_growth_card"],
        desa_code=child["place"][0],
        posyandu_code=child["place"][1],
        resident_since="2025-01-01" if child["birth_date"] < "2025" else child["birth_date"],
    )
    for day, kilograms, centimetres, position, muac in child["visits"]:
        answer = await desk.record(
            child_id,
            measured_on=f"2025-07-{day}",
            weight_kg=kilograms,
            length_height_cm=centimetres,
            measurement_position=position,
            muac_cm=muac,
        )
        assert answer.status_code == 201, answer.text


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    entered=st.lists(
        child_visits(), min_size=1, max_size=4,
        unique_by=(lambda child: (child["name"], child["birth_date"]), lambda child: child["nik"] or child["name"]),
    ),
    kind=st.sampled_from(KINDS),
)  # fmt: skip
async def test_whatever_children_there_are_the_round_trip_is_identical(
    open_module_desk: Desk, entered: list[dict[str, Any]], kind: tuple[str, str]
) -> None:
    """B062, B066, B116."""
    desk = open_module_desk
    await empty(desk)
    for child in entered:
        await enter(desk, child)
    visits = sum(len(child["visits"]) for child in entered)
    before = await facts(desk)
    content = await export(desk, *kind)
    assert await take(desk, content) == {"received": visits, "unchanged": visits}
    assert await facts(desk) == before
    assert await export(desk, *kind) == content
