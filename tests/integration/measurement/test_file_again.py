"""A file sent again: what it would change is said first, corrected rows are taken, the others are known."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import pytest

from tests.integration.measurement.desk import Desk
from tests.integration.measurement.file_desk import counts, intake_ledger, take, until, upload, working
from tests.integration.measurement.files import children, csv_file, row


@pytest.fixture(autouse=True)
async def running_jobs(desk: Desk) -> AsyncIterator[None]:
    async with working(desk):
        yield


async def foreseen(desk: Desk, content: bytes | list[dict[str, Any]]) -> dict[str, Any]:
    """What the diagnosis says a file would change, without the zeros."""
    job = await until(desk, await upload(desk, content), "diagnosed")
    return {name: number for name, number in job["expected"].items() if number}


async def test_b076_a_dry_run_says_new_changed_and_unchanged_before_anything_is(desk: Desk) -> None:
    rows = children(5)
    assert await foreseen(desk, rows) == {"new": 5, "new_children": 5}
    await take(desk, rows)
    before = await desk.worker.fetch("SELECT child_id, revision FROM child ORDER BY 1")
    rows[2] = {**rows[2], "Berat": "10,6"}
    assert await foreseen(desk, rows) == {"changed": 1, "unchanged": 4}
    assert await desk.worker.fetch("SELECT child_id, revision FROM child ORDER BY 1") == before
    assert counts(await take(desk, rows)) == {"received": 5, "corrected": 1, "unchanged": 4}
    assert await foreseen(desk, rows) == {"unchanged": 5}


async def test_what_is_foreseen_is_what_happens(desk: Desk) -> None:
    await take(desk, children(3))
    rows = [
        *children(3),
        *children(3, day="2025-08-05"),
        row(nik="", name="Dedi"),
        row(nik="", name="Dedi", day="2025-08-05"),
        row(nik="", name="Dedi", day="2025-08-05"),
        row(nik="", name="Eko", desa="LALANGG"),
        row(nik="", name="Fajar", kg="10400"),
        row(nik="", name="Gita", posyandu="MELATY"),
    ]
    job = await until(desk, await upload(desk, rows), "diagnosed")
    assert job["expected"] == {
        "new": 6, "changed": 0, "unchanged": 3, "duplicate": 1, "quarantined": 2, "new_children": 2,
        "reasons": {"unknown_desa": 1, "weight_in_grams": 1}, "unknown_names": 2,
    }  # fmt: skip
    done = await take(desk, rows)
    assert counts(done) == {"received": 12, "accepted": 6, "unchanged": 3, "duplicate": 1, "quarantined": 2}
    assert await desk.worker.fetchval("SELECT count(*) FROM child") == 5


async def test_a_mended_error_file_is_taken_and_what_was_taken_before_is_known(desk: Desk) -> None:
    first = await take(desk, [*children(3), row(nik="", name="Dedi", kg="10400")])
    mend = await desk.send("GET", f"/v1/intake-jobs/{first['id']}/error-file")
    assert mend.headers["content-disposition"].endswith('.csv"')
    mended = mend.content.replace(b"10400", b"10,4")
    assert counts(await take(desk, mended)) == {"received": 1, "accepted": 1}
    whole = csv_file([*children(3), row(nik="", name="Dedi", kg="10,4")])
    assert counts(await take(desk, whole)) == {"received": 4, "unchanged": 4}


async def test_b072_ten_times_the_same_upload_is_one_job(desk: Desk) -> None:
    content = csv_file(children(3))
    path = "/v1/intake-jobs?filename=x.csv"
    answers = await asyncio.gather(
        *(desk.send("POST", path, content, media_type="text/csv", key="one-upload") for _ in range(10))
    )
    assert {(answer.status_code, answer.json()["id"]) for answer in answers} == {(202, answers[0].json()["id"])}
    assert await desk.worker.fetchval("SELECT count(*) FROM intake_file") == 1


async def test_b074_other_content_under_the_same_key_is_refused(desk: Desk) -> None:
    path = "/v1/intake-jobs?filename=x.csv"
    first = await desk.send("POST", path, csv_file(children(3)), media_type="text/csv", key="one-upload")
    assert first.status_code == 202
    other = await desk.send("POST", path, csv_file(children(3, kg="9.9")), media_type="text/csv", key="one-upload")
    assert other.status_code == 409
    assert other.json()["remedy_id"]
    assert await desk.worker.fetchval("SELECT count(*) FROM intake_file") == 1


async def test_progress_says_what_is_done_of_what_and_since_when(desk: Desk) -> None:
    job = await take(desk, children(3))
    progress = job["progress"]
    assert (progress["phase"], progress["rows"], progress["done"], progress["percent"]) == ("committing", 3, 3, 100.0)
    assert datetime.fromisoformat(progress["started_at"]).tzinfo is not None
    assert progress["estimated_end_at"] is None
    waiting = await until(desk, await upload(desk, children(3)), "diagnosed")
    assert (waiting["progress"]["phase"], waiting["progress"]["percent"]) == ("diagnosing", 100.0)


async def test_rows_are_paged_by_outcome_reason_and_state(desk: Desk) -> None:
    held = [row(nik="", name=f"Anak {letter}", kg="10400") for letter in "abc"]
    job = await take(desk, [*children(2), *held, row(nik="", name="Lain", sex="?")])
    path = f"/v1/intake-jobs/{job['id']}/rows"

    async def numbers(query: str) -> list[int]:
        found = await desk.send("GET", f"{path}?{query}")
        assert found.status_code == 200, found.text
        return [item["row_number"] for item in found.json()["items"]]

    assert await numbers("outcome=accepted") == [2, 3]
    assert await numbers("reason=weight_in_grams") == [4, 5, 6]
    assert await numbers("reason=weight_in_grams&limit=2") == [4, 5]
    assert await numbers("state=open") == [4, 5, 6, 7]
    assert (await desk.send("GET", f"{path}?state=whatever")).status_code == 422
    [first, *_] = (await desk.send("GET", "/v1/review?reason=weight_in_grams")).json()["items"]
    await desk.send("POST", f"/v1/review/{first['review_id']}:reject", {"reason": "duplicate"})
    assert await numbers("state=discarded") == [4]
    assert await intake_ledger(desk) == {"received": 6, "accepted": 2, "rejected": 1, "quarantined": 3}
