"""What clients get wrong, each with the exact answer that tells them; nothing of it is stored."""

import asyncio
import io
import json
import uuid
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from deploy.local import tokens
from deploy.local.trial import Trial
from shared.calendar import today_jakarta
from tests.journey.desk import DESA, OTHER_DESA, POSYANDU, Desk, until, visit

JSON = {"Content-Type": "application/json"}
CSV = {"Content-Type": "text/csv"}
XLSX = {"Content-Type": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}


@pytest.fixture(scope="module")
def desk(system: Trial) -> Iterator[Desk]:
    """Only the service that takes input."""
    system.start("measurement")
    with Desk(system) as desk:
        desk.load_register()
        yield desk


@pytest.fixture(scope="module")
def child_id(desk: Desk) -> str:
    return desk.register_child()


def problem(answer: httpx.Response) -> tuple[int, str]:
    """Status and code; every problem says its remedy in both languages."""
    document = answer.json()
    assert answer.headers["content-type"].startswith("application/problem+json"), answer.text
    assert document["remedy_id"], answer.text
    assert document["remedy_en"], answer.text
    return answer.status_code, document["code"]


def field_codes(answer: httpx.Response) -> set[tuple[str, str]]:
    return {(error["field"], error["code"]) for error in answer.json()["errors"]}


def stored(desk: Desk, child_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = desk.call("GET", "measurement", f"/v1/children/{child_id}/history").json()[
        "measurements"
    ]
    return found


def post(desk: Desk, body: dict[str, Any], **request: Any) -> httpx.Response:
    return desk.call("POST", "measurement", "/v1/measurements", json=body, **request)


@pytest.mark.parametrize("content", [b"", b"{", b"weight_kg=8.5", b"\xff\xfe{}"])
def test_what_is_not_json_is_refused_as_such(desk: Desk, content: bytes) -> None:
    answer = desk.call("POST", "measurement", "/v1/measurements", headers=JSON, content=content)
    assert problem(answer) == (400, "not_json")


def test_an_unknown_field_is_named(desk: Desk, child_id: str) -> None:
    answer = post(desk, visit(child_id, berat=8.5))
    assert problem(answer) == (422, "validation_failed")
    assert field_codes(answer) == {("berat", "unknown_field")}


def test_a_decimal_comma_is_told_how_to_be_written(desk: Desk, child_id: str) -> None:
    """B066 at the API: numbers in JSON are numbers; files accept the comma."""
    answer = post(desk, visit(child_id, weight_kg="8,5"))
    assert problem(answer) == (422, "validation_failed")
    assert field_codes(answer) == {("weight_kg", "decimal_comma")}
    assert "8.5" in answer.json()["errors"][0]["remedy_id"]


def test_a_number_that_is_none_is_refused(desk: Desk, child_id: str) -> None:
    content = json.dumps(visit(child_id, weight_kg=float("nan")))
    answer = desk.call("POST", "measurement", "/v1/measurements", headers=JSON, content=content)
    assert problem(answer) == (422, "validation_failed")
    assert {field for field, _ in field_codes(answer)} == {"weight_kg"}


def test_grams_are_kept_for_a_person_with_the_likely_meaning(desk: Desk, child_id: str) -> None:
    answer = post(desk, visit(child_id, weight_kg=8500.0))
    assert answer.status_code == 202, answer.text
    row = answer.json()
    assert (row["outcome"], row["problems"][0]["code"]) == ("quarantined", "implausible_weight")
    assert row["problems"][0]["proposed"] == {"weight_kg": 8.5}
    assert stored(desk, child_id) == []


def test_a_visit_of_tomorrow_is_kept_for_a_person(desk: Desk, child_id: str) -> None:
    tomorrow = (today_jakarta() + timedelta(days=1)).isoformat()
    answer = post(desk, {**visit(child_id), "measured_on": tomorrow})
    assert (answer.status_code, answer.json()["problems"][0]["code"]) == (202, "measured_in_future")
    assert stored(desk, child_id) == []


def test_zero_is_no_measurement(desk: Desk, child_id: str) -> None:
    answer = post(desk, visit(child_id, weight_kg=0))
    assert problem(answer) == (422, "entry_refused")
    assert field_codes(answer) == {("weight_kg", "zero_is_no_measurement")}


def test_sex_is_never_assumed(desk: Desk) -> None:
    body = {"identity": {"name": "Anak tanpa JK"}, "birth_date": "2024-05-17", "desa_code": DESA}
    answer = desk.call("POST", "measurement", "/v1/children", json=body)
    assert problem(answer) == (422, "validation_failed")
    assert field_codes(answer) == {("sex", "missing")}


def test_too_many_rows_are_refused_with_the_limit(desk: Desk, child_id: str) -> None:
    rows = [visit(child_id)] * 5_001
    answer = desk.call("POST", "measurement", "/v1/measurements:batch", json={"rows": rows})
    assert problem(answer) == (413, "too_large")
    assert "5.000" in answer.text or "5,000" in answer.text or "5000" in answer.text


def test_a_body_over_five_megabytes_is_refused_while_it_arrives(desk: Desk) -> None:
    """No trust in Content-Length: a stream without one is counted."""

    def endless() -> Iterator[bytes]:
        yield b'{"rows": ['
        for _ in range(6 * 16):
            yield b" " * 65_536

    answer = desk.call("POST", "measurement", "/v1/measurements:batch", headers=JSON, content=endless())
    assert problem(answer) == (413, "too_large")


def test_a_file_of_sixty_megabytes_is_refused(desk: Desk) -> None:
    content = b"x" * (60 * 1024 * 1024)
    answer = desk.call("POST", "measurement", "/v1/intake-jobs?filename=besar.csv", headers=CSV, content=content)
    assert problem(answer) == (413, "too_large")


def test_a_workbook_that_unpacks_to_a_hundred_times_its_size_stops(desk: Desk) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/worksheets/sheet1.xml", b"<row/>" * 8_000_000)
    answer = desk.call(
        "POST", "measurement", "/v1/intake-jobs?filename=bom.xlsx", headers=XLSX, content=packed.getvalue()
    )
    assert answer.status_code == 202, answer.text
    path = f"/v1/intake-jobs/{answer.json()['id']}"
    job = until(
        lambda: desk.call("GET", "measurement", path).json(), lambda seen: seen["state"] not in {"queued", "diagnosing"}
    )
    assert job["state"] == "stopped", job
    assert job["diagnosis"]["stop_reasons"] == ["compressed_too_much"]
    assert problem(desk.call("POST", "measurement", f"{path}:commit")) == (409, "intake_stopped")


async def test_two_equal_posts_twenty_milliseconds_apart_have_one_effect(desk: Desk, child_id: str) -> None:
    """B052, B072: the second gets the first's answer, whoever commits first."""
    key, body = str(uuid.uuid4()), visit(child_id, 2)
    first = asyncio.create_task(asyncio.to_thread(post, desk, body, key=key))
    await asyncio.sleep(0.02)  # the case itself, not a wait for anything
    second = await asyncio.to_thread(post, desk, body, key=key)
    answers = [await first, second]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert len(stored(desk, child_id)) == 1


def test_the_same_key_with_other_content_is_a_conflict(desk: Desk, child_id: str) -> None:
    """B074: an edit must say that it is one."""
    key = str(uuid.uuid4())
    assert post(desk, visit(child_id, 3, weight_kg=8.2), key=key).status_code == 201
    assert problem(post(desk, visit(child_id, 3, weight_kg=8.4), key=key)) == (409, "idempotency_conflict")
    other_key = post(desk, visit(child_id, 3, weight_kg=8.4))
    assert problem(other_key) == (409, "value_conflict")


def test_a_write_without_a_key_is_refused(desk: Desk, child_id: str) -> None:
    token = desk.system.token("kader", [POSYANDU])
    url = desk.system.url("measurement") + "/v1/measurements"
    answer = desk.client.post(url, headers={"Authorization": f"Bearer {token}"}, json=visit(child_id))
    assert problem(answer) == (400, "idempotency_key_missing")


def test_a_child_of_another_area_does_not_exist_for_the_caller(desk: Desk, child_id: str) -> None:
    elsewhere: dict[str, Any] = {"areas": [OTHER_DESA]}
    assert problem(desk.call("GET", "measurement", f"/v1/children/{child_id}", **elsewhere)) == (404, "not_found")
    answer = post(desk, visit(child_id, 4), **elsewhere)
    assert problem(answer) == (422, "entry_refused")
    assert field_codes(answer) == {("child_id", "unknown_child")}
    body = {"identity": {}, "sex": "male", "birth_date": "2024-05-17", "desa_code": DESA}
    assert problem(desk.call("POST", "measurement", "/v1/children", json=body, **elsewhere)) == (403, "outside_area")


def test_a_role_without_the_scope_is_told_which(desk: Desk, child_id: str) -> None:
    answer = post(desk, visit(child_id), role="district", areas=["12.19"])
    assert problem(answer) == (403, "scope_missing")
    assert answer.json()["scope"] == "measurement:write"


def test_no_token_a_wrong_one_and_an_expired_one_are_told_apart(
    desk: Desk, child_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"{desk.system.url('measurement')}/v1/children/{child_id}"
    assert problem(desk.client.get(url)) == (401, "token_missing")
    forged = desk.system.token("puskesmas", [DESA])[:-6] + "AAAAAA"
    assert problem(desk.client.get(url, headers={"Authorization": f"Bearer {forged}"})) == (401, "token_invalid")
    monkeypatch.setattr(tokens, "LIFETIME_S", -3600)
    expired = desk.system.token("puskesmas", [DESA])
    assert problem(desk.client.get(url, headers={"Authorization": f"Bearer {expired}"})) == (401, "token_expired")


def test_what_was_refused_left_the_intake_ledger_in_balance(desk: Desk) -> None:
    """Refusals of the whole request are no rows; rows kept for a person are quarantined."""
    answer = desk.call("GET", "measurement", "/v1/ledger", role="ops", areas=[])
    intake = answer.json()["intake"]
    terms = ("accepted", "unchanged", "rejected", "quarantined", "pending")
    assert intake["received"] == sum(intake[term] for term in terms)
    assert (intake["accepted"], intake["quarantined"]) == (2, 2)
