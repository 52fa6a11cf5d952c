"""Files of figures: who may have which, how a job lives, and what never stands in one."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, timedelta
from io import BytesIO
from typing import Any

import jsonschema
import orjson
import pytest
from python_calamine import CalamineWorkbook

from services.reporting.domain.areas import UNMAPPED
from services.reporting.jobs import exports
from services.reporting.jobs.exports import KIND, ExportJob
from services.reporting.jobs.housekeeping import Housekeeping
from shared.calendar import now_utc
from shared.jobs.lease import Lease, LeaseLostError, claim
from shared.jobs.runner import JobRunner
from tests.integration.reporting.ground import Office, deliver, release_all
from tests.integration.shared import small_service
from tests.unit.reporting.history import (
    BORN,
    DESA,
    POSYANDU,
    assessment,
    at,
    child,
    child_id,
    measurement,
    register,
    risk_status,
)

FIGURES: dict[str, Any] = {"kind": "figures", "area": "12.19", "period": "2025-11", "format": "xlsx"}
HOSTILE = '=HYPERLINK("http://evil.test","Desa")'


@asynccontextmanager
async def running(office: Office) -> AsyncIterator[None]:
    """Somebody who makes files, as a worker does."""
    runner = JobRunner(office.worker, {KIND: ExportJob(office.worker)}, slots=1)
    stop = asyncio.Event()
    task = asyncio.create_task(runner.run(stop))
    yield
    stop.set()
    await task


async def ask(office: Office, body: dict[str, Any], role: str = "district", areas: tuple[str, ...] = ("12.19",)) -> str:
    answer = await office.post("/v1/exports", role=role, areas=areas, body=body)
    assert answer.status_code == 202, answer.text
    path: str = answer.headers["location"]
    return path


async def ended(office: Office, path: str, **who: Any) -> dict[str, Any]:
    async with asyncio.timeout(30):
        while True:
            job = await office.figures(path, **who)
            if job["state"] not in {"queued", "running"}:
                return job
            await asyncio.sleep(0.02)


async def made(office: Office, body: dict[str, Any], **who: Any) -> bytes:
    path = await ask(office, body, **who)
    job = await ended(office, path, **who)
    assert job["state"] == "done", job
    answer = await office.get(f"{path}/file", **who)
    assert answer.status_code == 200, answer.text
    assert answer.headers["etag"] == f'"{job["sha256"]}"'
    return answer.content


async def district(office: Office) -> None:
    """Ten children of a desa with a hostile name, three of them stunted."""
    facts: list[Any] = register()
    entry = next(fact for fact in facts if getattr(fact, "code", "") == DESA[0])
    facts.append(entry.model_copy(update={"revision": 2, "name": HOSTILE}))
    for number in range(10):
        facts.append(child(number, homes=[(BORN, DESA[0], POSYANDU[DESA[0]][0])]))
        taken = measurement("a", date(2025, 11, 4), of=number)
        low = number < 3
        facts += [taken, assessment(taken, haz=-2.31 if low else -1.0, tier="suspected" if low else "low")]
        facts.append(risk_status(number, tier="suspected" if low else "low"))
    await deliver(office.worker, facts)


def rows(content: bytes, name: str) -> list[dict[str, Any]]:
    found = CalamineWorkbook.from_filelike(BytesIO(content)).get_sheet_by_name(name).to_python(skip_empty_area=False)
    head = next(number for number, row in enumerate(found) if number and row[1:2] and row[1])
    return [dict(zip(map(str, found[head]), row, strict=True)) for row in found[head + 1 :]]


async def test_a_file_says_what_the_routes_say_and_the_same_facts_are_the_same_bytes(office: Office) -> None:
    """B116: the hostile name is neutralised. Progress is told, and an ETag spares the second download."""
    await district(office)
    async with running(office):
        path = await ask(office, FIGURES)
        job = await ended(office, path)
        assert (job["state"], job["progress"]["done"]) == ("done", job["progress"]["areas"])
        content = (await office.get(f"{path}/file")).content
        as_of = {**FIGURES, "period": "2025-Q4", "as_of": at(60).date().isoformat()}
        assert await made(office, as_of) == await made(office, as_of)
    (desa,) = [row for row in rows(content, "Desa") if row["Kode"] == DESA[0]]
    told = (await office.figures("/v1/areas/12.19.01/comparison", period="2025-11"))["rows"][0]
    assert (desa["Wilayah"], desa["Pendek"], desa["TB/U dinilai"]) == (f"'{HOSTILE}", told["stunted"], 10)
    served = (await office.figures("/v1/areas/12.19/comparison", period="2025-11", by="puskesmas"))["rows"]
    assert [(row["Kode"], row["Ditimbang (D)"]) for row in rows(content, "Puskesmas")] == [
        ("" if row["code"] == UNMAPPED else row["code"], row["measured_children"]) for row in served
    ]
    assert {row["Kode"] for row in rows(content, "Posyandu") if row["Ditimbang (D)"]} == {POSYANDU[DESA[0]][0]}
    headers = {"authorization": f"Bearer {small_service.token('district', ('12.19',))}"}
    again = await office.client.get(f"{path}/file", headers={**headers, "if-none-match": f'"{job["sha256"]}"'})
    assert (again.status_code, again.content) == (304, b"")


async def test_only_who_asked_may_fetch_and_only_while_they_may_see_it(office: Office) -> None:
    await district(office)
    async with running(office):
        path = await ask(office, FIGURES)
        assert (await ended(office, path))["state"] == "done"
    other = {"authorization": f"Bearer {small_service.token('district', ('12.19',), 'person-2')}"}
    for address in (path, f"{path}/file"):
        assert (await office.client.get(address, headers=other)).status_code == 404
        assert (await office.get(address, areas=("12.20",))).status_code == 404, "row-level security"
    refused = await office.get(f"{path}/file", role="province")
    assert refused.json()["code"] == "scope_missing", "an exact file for who now sees suppressed figures"
    await office.worker.execute("UPDATE export_file SET expires_at = $1", now_utc() - timedelta(seconds=1))
    assert (await office.get(f"{path}/file")).json()["code"] == "export_expired"
    await Housekeeping(office.worker).once()
    left = await office.worker.fetchrow(
        "SELECT (SELECT count(*) FROM export_piece), (SELECT count(*) FROM export_file)"
    )
    assert left is not None
    assert tuple(left) == (0, 1), "who exported what stays"


async def test_a_file_under_way_when_its_worker_falls_silent_is_made_anew_and_never_half(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who wakes up after another has taken the job stores nothing; the other begins again."""
    await district(office)
    path = await ask(office, FIGURES)
    silent = await claim(Lease(office.worker, -1.0, asyncio.Event()), [KIND])  # its lease is over when it begins
    assert silent is not None
    written, let_go = threading.Event(), threading.Event()
    make = exports._made

    def made_slowly(*about: Any) -> Any:
        written.set()
        assert let_go.wait(20)
        return make(*about)

    with monkeypatch.context() as slow:
        slow.setattr(exports, "_made", made_slowly)
        task = asyncio.create_task(ExportJob(office.worker)(silent))
        assert await asyncio.to_thread(written.wait, 20)
    async with running(office):
        await ended(office, path)
        content = (await office.get(f"{path}/file")).content
    let_go.set()
    with pytest.raises(LeaseLostError):
        await task
    assert (await office.get(f"{path}/file")).content == content
    assert await office.worker.fetchval("SELECT count(*) FROM export_piece") == 1


async def test_who_asked_finds_their_files_again_and_calls_off_one_that_is_being_made(office: Office) -> None:
    await district(office)
    paths = [await ask(office, FIGURES) for _ in range(2)]
    other = {"authorization": f"Bearer {small_service.token('district', ('12.19',), 'person-2')}"}
    await office.client.post("/v1/exports", json=FIGURES, headers={**other, "idempotency-key": "of-another"})
    waiting = await office.post(f"{paths[1]}:cancel", role="district", areas=("12.19",))
    assert (waiting.status_code, waiting.json()["state"]) == (200, "cancelled")
    held = await claim(Lease(office.worker, 60.0, asyncio.Event()), [KIND])
    assert held is not None
    assert paths[0].endswith(str(held.job_id))
    told = [await office.post(f"{paths[0]}:cancel", role="district", areas=("12.19",)) for _ in range(2)]
    assert [answer.json()["state"] for answer in told] == ["cancelled", "cancelled"]
    with pytest.raises(LeaseLostError):
        await ExportJob(office.worker)(held)
    first = await office.figures("/v1/exports", limit=1)
    rest = await office.figures("/v1/exports", limit=1, cursor=first["next_cursor"])
    assert [f"/v1/exports/{one['id']}" for one in (*first["items"], *rest["items"])] == paths[::-1]
    assert rest["next_cursor"] is None, "of others it is not even said that there are any"
    assert rest["items"][0]["error"]["remedy_en"] == "Ask for a new export if it is needed after all."
    gone = await office.get(f"{paths[0]}/file")
    assert (gone.status_code, gone.json()["state"]) == (409, "cancelled")
    async with running(office):
        path = await ask(office, FIGURES)
        await ended(office, path)
    late = await office.post(f"{path}:cancel", role="district", areas=("12.19",))
    assert (late.status_code, late.json()["code"]) == (409, "export_not_under_way")


async def test_a_list_of_children_is_for_those_with_lists_and_names_nobody(office: Office) -> None:
    await district(office)
    body = {"kind": "children", "area": "12.19.01", "format": "xlsx"}
    async with running(office):
        listed = rows(await made(office, body), "Daftar anak")
    assert {row["Nomor anak"] for row in listed} == {str(child_id(number)) for number in range(10)}
    assert sorted(row["Z TB/U"] for row in listed)[:3] == [-2.31] * 3
    refused = await office.post("/v1/exports", role="camat", areas=("12.19.01",), body=body)
    assert refused.json()["code"] == "scope_missing"


async def test_open_data_hide_small_counts_from_whoever_asks_for_them(office: Office) -> None:
    """The district's own account gets the file for the world, not its own figures; what came late is not in it."""
    await district(office)
    await release_all(office.worker, date(2025, 12, 11), ["2025-11"])
    open_data = {**FIGURES, "kind": "open-data", "format": "json"}
    async with running(office):
        content = await made(office, open_data)
        late = measurement("late", date(2025, 11, 20), of=0)
        await deliver(office.worker, [late, assessment(late, haz=-1.0)])
        assert await made(office, open_data) == content, "a released period is the same file for ever"
        told = orjson.loads(content)
        assert told["released_on"] == told["known_on"] == "2025-12-11"
        exact = orjson.loads(await made(office, {**FIGURES, "kind": "exchange", "format": "dhis2"}))
        assert (await made(office, {**FIGURES, "kind": "report", "format": "pdf"})).startswith(b"%PDF")
    jsonschema.validate(told, orjson.loads((await office.get("/v1/exports/schemas/open-data")).content))
    (desa,) = [area for area in told["areas"] if area["code"] == DESA[0]]
    assert (desa["stunted"], desa["rates"]["stunted"]["share"]) == (None, None)
    wanted = {"dataElement": "stunted", "period": "202511", "orgUnit": DESA[0], "value": "3"}
    assert {**wanted, "value": "2"} in exact["dataValues"], "the district sees what is known now"


async def test_codes_of_another_system_hold_from_their_day_on(office: Office) -> None:
    await district(office)
    codes = [
        {"kind": "orgUnit", "ours": DESA[0], "theirs": "O6uvpzGd5pu", "valid_from": "2025-01-01"},
        {"kind": "dataElement", "ours": "stunted", "theirs": "fbfJHSPpUQD", "valid_from": "2025-12-01"},
    ]
    entered = await office.post(
        "/v1/exchange-codes", role="district", areas=("12.19",), body={"area": "12.19", "codes": codes}
    )
    assert entered.json() == {"area": "12.19", "entered": 2}
    async with running(office):
        told = orjson.loads(await made(office, {**FIGURES, "kind": "exchange", "format": "dhis2"}))
    assert {"dataElement": "stunted", "period": "202511", "orgUnit": "O6uvpzGd5pu", "value": "3"} in told["dataValues"]
    wrong = [{**codes[0], "ours": "12.20.01.2001"}, {**codes[1], "ours": "stunting"}, codes[0]]
    refused = await office.post(
        "/v1/exchange-codes", role="district", areas=("12.19",), body={"area": "12.19", "codes": wrong}
    )
    assert {(error["field"], error["code"]) for error in refused.json()["errors"]} == {
        ("codes.0.ours", "code_unknown"), ("codes.1.ours", "code_unknown"), ("codes", "code_doubled"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"format": "pdf"}, 422, "format_unfit"),
        ({"area": "12.19.77"}, 404, "unknown_area"),
        ({"area": "12.20"}, 404, "unknown_area"),
        ({"period": "2025-13"}, 422, "wrong_form"),
        ({"period": "2099-01"}, 422, "not_yet"),
        ({"kind": "children"}, 422, "list_has_no_period"),
        ({"kind": "open-data", "format": "json", "area": POSYANDU[DESA[0]][0]}, 422, "area_too_small"),
    ],
)
async def test_what_cannot_be_made_is_said(office: Office, changes: dict[str, str], status: int, code: str) -> None:
    await deliver(office.worker, register())
    answer = await office.post("/v1/exports", role="district", areas=("12.19",), body=FIGURES | changes)
    body = answer.json()
    assert answer.status_code == status, body
    assert code in {body["code"], *(error["code"] for error in body.get("errors", ()))}, body
