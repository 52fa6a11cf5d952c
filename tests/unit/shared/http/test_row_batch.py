"""The body of a batch: a malformed row is only itself malformed."""

from typing import Annotated, Any

import httpx
import orjson
import pytest
from fastapi import APIRouter, Response
from pydantic import Field

from shared.auth.dependency import require
from shared.auth.tokens import Caller
from shared.http.answer import json_response
from shared.http.bodies import MAX_ROWS, Body
from shared.http.row_batch import RowBatch, RowReader, Rows, row_batch
from shared.problems import Problem


class Jar(Body):
    weight_kg: float | None = Field(default=None, gt=0)
    label: str = ""


class JarsIn(Rows[Jar]):
    """Many jars."""


READER = RowReader(JarsIn, Jar)
GOOD: dict[str, Any] = {"weight_kg": 8.5, "label": "a"}
routes = APIRouter()


@routes.post("/v1/jars:batch")
async def post_jars(
    batch: Annotated[RowBatch[Jar], row_batch(JarsIn, Jar)], _caller: Annotated[Caller, require("measurement:write")]
) -> Response:
    return json_response({"rows": batch.report({"outcome": jar.label} for jar in batch.good.values())})


@pytest.fixture
def client(connect: Any) -> httpx.AsyncClient:
    client: httpx.AsyncClient = connect(routes)
    return client


def body(*rows: Any) -> bytes:
    return orjson.dumps({"rows": rows})


def test_well_formed_rows_keep_their_places() -> None:
    batch = READER.read(body(GOOD, {**GOOD, "label": "b"}))
    assert (batch.received, batch.bad) == (2, {})
    assert {index: jar.label for index, jar in batch.good.items()} == {0: "a", 1: "b"}


@pytest.mark.parametrize(
    ("row", "field", "code"),
    [
        ({"weight_kg": "8,5"}, ".weight_kg", "decimal_comma"),
        ({"weight_kg": "8.5"}, ".weight_kg", "number_as_text"),
        ({"weight_kg": 0}, ".weight_kg", "out_of_range"),
        ({"berat": 8.5}, ".berat", "unknown_field"),
        (7, "", "wrong_shape"),
        (None, "", "wrong_shape"),
    ],
)
def test_a_malformed_row_says_what_is_wrong_and_leaves_the_others_alone(row: Any, field: str, code: str) -> None:
    batch = READER.read(body(GOOD, row, GOOD))
    assert batch.received == 3
    assert list(batch.good) == [0, 2]
    assert {index: [(p.field, p.code) for p in found] for index, found in batch.bad.items()} == {
        1: [(f"rows.1{field}", code)]
    }


@pytest.mark.parametrize("number", [b"NaN", b"Infinity", b"-Infinity", b"1e999"])
def test_a_number_that_is_none_is_only_its_rows_fault(number: bytes) -> None:
    good = orjson.dumps(GOOD)
    batch = READER.read(b'{"rows": [%b, {"weight_kg": %b}, %b]}' % (good, number, good))
    assert list(batch.good) == [0, 2]
    assert [(p.field, p.code) for p in batch.bad[1]] == [("rows.1.weight_kg", "not_a_number")]


@pytest.mark.parametrize("weight_kg", [8.1, 1 / 3, 1e-5, 5e-324, 1.7976931348623157e308])
def test_a_good_number_is_the_same_beside_a_malformed_row(weight_kg: float) -> None:
    batch = READER.read(body({"weight_kg": weight_kg}, 7))
    assert batch.good[0].weight_kg == weight_kg


def test_as_many_rows_as_are_allowed_are_read_also_where_some_are_malformed() -> None:
    batch = READER.read(body(*[GOOD] * (MAX_ROWS - 1), {"weight_kg": "x"}))
    assert (batch.received, len(batch.good), list(batch.bad)) == (MAX_ROWS, MAX_ROWS - 1, [MAX_ROWS - 1])


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"{", "not_json"),
        (b"[]", "validation_failed"),
        (b"{}", "validation_failed"),
        (b'{"rows": 1}', "validation_failed"),
        (b'{"rows": [], "more": 1}', "validation_failed"),
        (b'{"rows": [7], "more": 1}', "validation_failed"),
        (body(*[GOOD] * (MAX_ROWS + 1)), "too_large"),
        (body(*[7] * (MAX_ROWS + 1)), "too_large"),
    ],
)
def test_what_is_no_batch_is_refused_as_a_whole(raw: bytes, code: str) -> None:
    with pytest.raises(Problem) as refused:
        READER.read(raw)
    assert refused.value.code == code


async def test_the_report_answers_each_row_in_the_order_sent(client: httpx.AsyncClient) -> None:
    rows = [7, {**GOOD, "label": "first"}, {"weight_kg": "8,5"}, {**GOOD, "label": "second"}]
    sent = await client.post("/v1/jars:batch", json={"rows": rows}, headers={"Idempotency-Key": "jars-0001"})
    reported = sent.json()["rows"]
    assert [row["index"] for row in reported] == [0, 1, 2, 3]
    assert [row["outcome"] for row in reported] == ["rejected", "first", "rejected", "second"]
    assert [(p["field"], p["code"]) for p in reported[2]["problems"]] == [("rows.2.weight_kg", "decimal_comma")]


def test_a_report_with_an_answer_too_few_is_never_sent() -> None:
    with pytest.raises(ValueError, match="zip"):
        READER.read(body(GOOD, GOOD)).report([{"outcome": "accepted"}])


async def test_the_document_shows_the_body_under_its_own_name(client: httpx.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    shown = document["paths"]["/v1/jars:batch"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert shown["$ref"].endswith("/JarsIn")
    rows = document["components"]["schemas"]["JarsIn"]["properties"]["rows"]
    assert (rows["maxItems"], rows["items"]["$ref"].endswith("/Jar")) == (MAX_ROWS, True)
