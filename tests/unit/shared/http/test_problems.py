"""Every refusal is problem+json with a stable code and a remedy in both languages, and quotes nobody."""

import asyncio
import io
import json
import re
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import APIRouter

from shared.http.failures import preferred_language
from shared.http.routes import RouteRuleError

from .conftest import Connect

KEY = {"Idempotency-Key": "0f9c7c2e-1111-4a52-9d6a-000000000001"}
NIK = "1219014507230003"


def is_problem(answer: httpx.Response, status: int, code: str) -> dict[str, object]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, object] = answer.json()
    assert body["code"] == code
    assert body["status"] == status
    assert body["type"] == f"urn:tumbuh:problem:{code}"
    assert body["remedy_id"]
    assert body["remedy_en"]
    assert body["request_id"] == answer.headers["x-request-id"]
    return body


async def only_error(client: httpx.AsyncClient, content: str) -> dict[str, object]:
    answer = await client.post("/v1/rows", content=content, headers={**KEY, "content-type": "application/json"})
    body = is_problem(answer, 422, "validation_failed")
    errors = body["errors"]
    assert isinstance(errors, list)
    assert len(errors) == 1
    error: dict[str, object] = errors[0]
    assert all(error[name] for name in ("problem_id", "problem_en", "remedy_id", "remedy_en"))
    return error


async def test_a_good_request_is_answered(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/rows", json={"weight_kg": 8.5}, headers=KEY)
    assert answer.status_code == 201
    assert answer.json() == {"weight_kg": 8.5, "subject": "person-1"}


@pytest.mark.parametrize(
    ("content", "field", "code", "value"),
    [
        ('{"weight_kg": "8,5"}', "weight_kg", "decimal_comma", "8,5"),
        ('{"weight_kg": "8.5"}', "weight_kg", "number_as_text", "8.5"),
        ('{"count": "3"}', "count", "number_as_text", "3"),
        ('{"weight_kg": "berat"}', "weight_kg", "not_a_number", None),
        ('{"weight_kg": NaN}', "weight_kg", "not_a_number", None),
        ('{"weight_kg": true}', "weight_kg", "not_a_number", True),
        ('{"weight_kg": 60}', "weight_kg", "out_of_range", 60),
        ('{"count": 1.5}', "count", "not_a_whole_number", 1.5),
        ('{"sex": "L"}', "sex", "not_allowed_value", None),
        ('{"wieght_kg": 8.5}', "wieght_kg", "unknown_field", None),
        ('{"mother_name": 7}', "mother_name", "not_a_text", None),
        ('{"mother_name": "Siti Aminah binti Ahmad"}', "mother_name", "wrong_length", None),
        ("[]", "", "wrong_shape", None),
    ],
)
async def test_a_wrong_field_is_named_with_code_and_remedy(
    client: httpx.AsyncClient, content: str, field: str, code: str, value: object
) -> None:
    error = await only_error(client, content)
    assert (error["field"], error["code"], error.get("value")) == (field, code, value)


async def test_a_decimal_comma_in_json_is_refused_with_its_remedy_b066(client: httpx.AsyncClient) -> None:
    """B066: numbers in JSON are numbers; 8,5 never becomes 85 or 8."""
    error = await only_error(client, '{"weight_kg": "8,5"}')
    assert "8.5" in str(error["remedy_id"])


async def test_paths_into_lists_are_dotted(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/rows:batch", json={"rows": [{}, {"weight_kg": -1}, {"sex": "x"}]}, headers=KEY)
    errors = answer.json()["errors"]
    assert [error["field"] for error in errors] == ["rows.1.weight_kg", "rows.2.sex"]


async def test_names_and_niks_are_never_echoed(client: httpx.AsyncClient) -> None:
    content = f'{{"mother_name": "Siti Aminah {NIK}", "{NIK}": 1, "sex": "{NIK}", "count": {NIK}.5}}'
    answer = await client.post("/v1/rows", content=content, headers={**KEY, "content-type": "application/json"})
    assert answer.status_code == 422
    assert NIK not in answer.text
    assert "Siti" not in answer.text
    assert NIK not in (await client.get(f"/v1/absent/{NIK}")).text


@pytest.mark.parametrize("content", ["{", "", "nik;nama", '{"weight_kg": 8,5}', "\xff\xfe"])
async def test_a_body_that_is_not_json_is_a_400(client: httpx.AsyncClient, content: str) -> None:
    sent = content.encode("latin-1")
    answer = await client.post("/v1/rows", content=sent, headers={**KEY, "content-type": "application/json"})
    is_problem(answer, 400, "not_json")


async def test_an_unknown_address_is_a_404_and_a_wrong_method_a_405_with_all_methods(client: httpx.AsyncClient) -> None:
    is_problem(await client.get("/v1/nothing"), 404, "not_found")
    wrong = await client.delete("/v1/rows/7")
    is_problem(wrong, 405, "method_not_allowed")
    assert wrong.headers["allow"] == "GET, PATCH"


async def test_a_wrong_type_is_a_415_that_names_the_accepted(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/files", content=b"a;b", headers={**KEY, "content-type": "application/pdf"})
    assert "text/csv" in str(is_problem(answer, 415, "wrong_media_type")["detail"])
    packed = {**KEY, "content-type": "text/csv", "content-encoding": "gzip"}
    is_problem(await client.post("/v1/files", content=b"a;b", headers=packed), 415, "wrong_media_type")


async def test_a_body_is_counted_while_it_streams_whatever_its_length_claims(client: httpx.AsyncClient) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 100_000_000:
            sent += 1_000_000
            yield b"x" * 1_000_000

    headers = {**KEY, "content-type": "text/csv", "content-length": "10"}
    answer = await client.post("/v1/files", content=endless(), headers=headers)
    body = is_problem(answer, 413, "too_large")
    assert body["limit_bytes"] == 3_000_000
    assert "3 MB" in str(body["detail"])
    assert sent <= 5_000_000, "reading went on after the limit"


async def test_five_megabytes_of_json_are_the_limit(client: httpx.AsyncClient) -> None:
    headers = {**KEY, "content-type": "application/json"}
    fits = b'{"count": 1}' + b" " * (5_000_000 - 12)
    assert (await client.post("/v1/rows", content=fits, headers=headers)).status_code == 201
    is_problem(await client.post("/v1/rows", content=fits + b" ", headers=headers), 413, "too_large")


async def test_five_thousand_rows_are_the_limit(client: httpx.AsyncClient) -> None:
    assert (await client.post("/v1/rows:batch", json={"rows": [{}] * 5_000}, headers=KEY)).status_code == 200
    answer = await client.post("/v1/rows:batch", json={"rows": [{}] * 5_001}, headers=KEY)
    assert is_problem(answer, 413, "too_large")["limit_rows"] == 5_000


async def test_a_bug_answers_500_without_inner_detail(client: httpx.AsyncClient, log: io.StringIO) -> None:
    answer = await client.get("/v1/failures/bug")
    body = is_problem(answer, 500, "internal_error")
    assert "Siti" not in answer.text
    assert "RuntimeError" not in answer.text
    failed, request = (json.loads(line) for line in log.getvalue().splitlines()[-2:])
    assert failed["error"] == "RuntimeError"
    assert failed["request_id"] == request["request_id"] == body["request_id"]
    assert "Siti" not in log.getvalue()


async def test_the_log_of_a_request_names_its_route_and_outcome_but_no_path_or_query(
    client: httpx.AsyncClient, log: io.StringIO
) -> None:
    await client.get("/v1/rows/8675309?month=Siti", headers={"traceparent": f"00-{'a1' * 16}-{'b2' * 8}-01"})
    line = json.loads(log.getvalue().splitlines()[-1])
    assert (line["route"], line["status"], line["trace_id"]) == ("/v1/rows/{row_id}", 200, "a1" * 16)
    assert (line["client_id"], line["role"]) == ("web", "puskesmas")
    assert not re.search("8675309|Siti|person-1", log.getvalue())


@pytest.mark.parametrize(
    "kind",
    ["database", "pool", "statement", "serialization", "lock", "idle", "connections", "migrated", "cancelling"],
)
async def test_what_works_a_moment_later_answers_503_and_says_when_to_come_back(
    client: httpx.AsyncClient, kind: str
) -> None:
    answer = await client.get(f"/v1/failures/{kind}")
    is_problem(answer, 503, "not_now")
    assert answer.headers["retry-after"] == "2"
    assert "10.0.0.7" not in answer.text


async def test_a_request_that_is_cancelled_has_not_failed(client: httpx.AsyncClient, log: io.StringIO) -> None:
    with pytest.raises(asyncio.CancelledError):
        await client.get("/v1/failures/gone")
    request = json.loads(log.getvalue().splitlines()[-1])
    assert (request["event"], request["status"]) == ("request", 499)


@pytest.mark.parametrize(
    ("header", "language"),
    [(None, "id"), ("", "id"), ("en", "en"), ("en-GB,en;q=0.9", "en"), ("id-ID,en;q=0.8", "id"), ("fr", "id"),
     ("en;q=0.5,id;q=0.4", "en"), ("en;q=x", "id")],
)  # fmt: skip
def test_bahasa_indonesia_is_the_default_language(header: str | None, language: str) -> None:
    assert preferred_language(header) == language


async def test_the_title_follows_the_language_and_the_remedy_comes_in_both(client: httpx.AsyncClient) -> None:
    indonesian = await client.get("/v1/nothing")
    english = await client.get("/v1/nothing", headers={"Accept-Language": "en"})
    assert (indonesian.json()["title"], english.json()["title"]) == ("Tidak ditemukan", "Not found")
    assert (indonesian.headers["content-language"], english.headers["content-language"]) == ("id", "en")


async def test_an_unknown_query_parameter_is_refused(client: httpx.AsyncClient) -> None:
    assert (await client.get("/v1/rows/7?month=2026-04")).json()["month"] == "2026-04"
    body = is_problem(await client.get("/v1/rows/7?mont=2026-04"), 422, "validation_failed")
    assert body["errors"][0]["field"] == "mont"  # type: ignore[index]


async def test_a_path_that_does_not_parse_names_its_field(client: httpx.AsyncClient) -> None:
    body = is_problem(await client.get("/v1/rows/seven"), 422, "validation_failed")
    assert body["errors"][0]["field"] == "row_id"  # type: ignore[index]


def test_a_route_without_scope_does_not_start(connect: Connect) -> None:
    router = APIRouter()

    @router.get("/v1/forgotten")
    async def forgotten() -> None: ...

    with pytest.raises(RouteRuleError, match="forgotten demands no scope"):
        connect(router)


def test_a_route_that_would_run_in_a_thread_does_not_start(connect: Connect) -> None:
    from shared.auth.dependency import require  # noqa: PLC0415

    router = APIRouter()

    @router.get("/v1/threaded", dependencies=[require("children:read")])
    def threaded() -> None: ...

    with pytest.raises(RouteRuleError, match="not async"):
        connect(router)
