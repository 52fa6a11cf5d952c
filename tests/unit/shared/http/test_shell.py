"""What surrounds every request: token, key, rate, ids, headers, health, paging, revisions."""

import re
import time

import httpx
import pytest

from shared.http.cursor import decode_cursor, encode_cursor
from shared.http.health import Health
from shared.http.rate import RateLimit
from shared.problems import Problem

from .conftest import Connect, token
from .test_problems import is_problem

TRACEPARENT = f"00-{'a1' * 16}-{'b2' * 8}-01"


async def test_everything_but_health_needs_a_token(connect: Connect) -> None:
    client = connect(role=None)
    for path in ("/livez", "/readyz", "/metrics", "/openapi.json"):
        assert (await client.get(path)).status_code == 200
    answer = await client.get("/v1/rows/7")
    is_problem(answer, 401, "token_missing")
    assert answer.headers["www-authenticate"] == 'Bearer error="token_missing"'
    is_problem(await client.post("/v1/rows", json={}), 401, "token_missing")


async def test_a_lacking_scope_is_a_403_that_names_it(connect: Connect) -> None:
    body = is_problem(await connect(role="auditor").get("/v1/rows/7"), 403, "scope_missing")
    assert body["scope"] == "children:read"
    assert "children:read" in str(body["detail"])


async def test_every_post_needs_an_idempotency_key(client: httpx.AsyncClient) -> None:
    is_problem(await client.post("/v1/rows", json={}), 400, "idempotency_key_missing")
    for key in ("short", "x" * 129, "with blank in it", "1219014507230003"):
        answer = await client.post("/v1/rows", json={}, headers={"Idempotency-Key": key})
        is_problem(answer, 400, "idempotency_key_invalid")


async def test_request_id_and_trace_go_in_and_out(client: httpx.AsyncClient) -> None:
    headers = {"X-Request-Id": "mobile-000001", "traceparent": TRACEPARENT}
    answer = await client.get("/v1/rows/7", headers=headers)
    assert answer.headers["x-request-id"] == "mobile-000001"
    assert answer.headers["traceparent"].startswith(f"00-{'a1' * 16}-")
    assert answer.headers["traceparent"] != TRACEPARENT


@pytest.mark.parametrize("sent", ["1219014507230003", "Siti Aminah", "x" * 65, "short"])
async def test_a_request_id_that_could_be_personal_is_replaced(client: httpx.AsyncClient, sent: str) -> None:
    answer = await client.get("/v1/nothing", headers={"X-Request-Id": sent})
    assert re.fullmatch(r"[0-9a-f-]{36}", answer.headers["x-request-id"])


async def test_every_answer_carries_security_headers(client: httpx.AsyncClient) -> None:
    for answer in (await client.get("/v1/rows/7"), await client.get("/v1/nothing"), await client.get("/livez")):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "max-age" in answer.headers["strict-transport-security"]


async def test_a_client_that_loops_gets_429_and_others_do_not(connect: Connect) -> None:
    client = connect(rate_per_second=2)
    for _ in range(1_000):  # a slow machine refills the bucket meanwhile: go on until it is empty
        refused = await client.get("/v1/rows/7")
        if refused.status_code == 429:
            break
    is_problem(refused, 429, "too_many_requests")
    assert refused.headers["retry-after"] == "1"
    other = {"Authorization": f"Bearer {token(sub='person-2')}"}
    assert (await client.get("/v1/rows/7", headers=other)).status_code == 200


def test_a_bucket_refills_with_time() -> None:
    now = [0.0]
    rate = RateLimit(2, clock=lambda: now[0])
    for _ in range(10):
        rate.take("a")
    with pytest.raises(Problem, match="too_many_requests"):
        rate.take("a")
    now[0] += 0.5
    rate.take("a")
    with pytest.raises(Problem):
        rate.take("a")


async def test_guessing_tokens_is_slowed_down(connect: Connect) -> None:
    client = connect(role=None)
    codes: set[int] = set()
    for _ in range(1_000):  # a slow machine refills the bucket meanwhile: go on until it is empty
        codes.add((await client.get("/v1/rows/7")).status_code)
        if 429 in codes:
            break
    assert codes == {401, 429}


async def test_liveness_fails_only_when_a_loop_stands_still(connect: Connect) -> None:
    health = Health()
    moved_at = time.monotonic()
    health.loop("consumer", lambda: moved_at, max_silence_seconds=30)
    client = connect(health=health)
    assert (await client.get("/livez")).json() == {"live": True, "still": {}}
    moved_at -= 60
    answer = await client.get("/livez")
    assert answer.status_code == 503
    assert answer.json()["still"]["consumer"] > 30


async def test_liveness_asks_nobody_and_readiness_asks_everybody(connect: Connect) -> None:
    async def away() -> None:
        raise ConnectionRefusedError("10.0.0.7")

    health = Health()
    working = True
    health.state("consumer", lambda: working)
    client = connect(health=health)
    assert (await client.get("/readyz")).json() == {"ready": True, "checks": {"consumer": "ok"}}
    working = False
    assert (await client.get("/readyz")).json()["checks"] == {"consumer": "not_working"}
    health.ping("database", away)
    answer = await client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"]["database"] == "ConnectionRefusedError"
    assert (await client.get("/livez")).status_code == 200


async def test_a_stopping_process_is_not_ready(connect: Connect) -> None:
    health = Health()
    health.stopping = True
    assert (await connect(health=health).get("/readyz")).status_code == 503


async def test_metrics_count_by_route_template_never_by_path_b126(client: httpx.AsyncClient) -> None:
    """B126: no id of a child becomes a label."""
    await client.get("/v1/rows/8675309")
    await client.get("/v1/secret-8675309")
    text = (await client.get("/metrics")).text
    assert 'route="/v1/rows/{row_id}"' in text
    assert 'route="unmatched"' in text
    assert "8675309" not in text


async def test_pages_follow_the_cursor_to_the_end(client: httpx.AsyncClient) -> None:
    seen: list[int] = []
    url = "/v1/pages?limit=3"
    while url:
        page = (await client.get(url)).json()
        seen += [row["n"] for row in page["items"]]
        url = f"/v1/pages?limit=3&cursor={page['next_cursor']}" if page["next_cursor"] else ""
    assert seen == [1, 2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize("cursor", ["x", "%25%25", "WyJhIl0", encode_cursor(1, 2), encode_cursor("1")])
async def test_a_bad_cursor_is_a_400(client: httpx.AsyncClient, cursor: str) -> None:
    is_problem(await client.get(f"/v1/pages?cursor={cursor}"), 400, "cursor_invalid")


def test_a_cursor_gives_back_what_was_put_in() -> None:
    assert decode_cursor(encode_cursor("12.19.01", 7, None), str, int, type(None)) == ("12.19.01", 7, None)


async def test_a_correction_says_which_state_it_saw(client: httpx.AsyncClient) -> None:
    is_problem(await client.patch("/v1/rows/7"), 428, "if_match_missing")
    is_problem(await client.patch("/v1/rows/7", headers={"If-Match": "*"}), 400, "if_match_invalid")
    stale = await client.patch("/v1/rows/7", headers={"If-Match": '"1.1"'})
    is_problem(stale, 412, "revision_stale")
    assert stale.headers["etag"] == '"1.2"'
    seen = (await client.get("/v1/rows/7")).headers["etag"]
    assert (await client.patch("/v1/rows/7", headers={"If-Match": seen})).status_code == 200


async def test_the_openapi_document_tells_bodies_scopes_keys_and_problems(client: httpx.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    post = document["paths"]["/v1/rows"]["post"]
    assert post["x-required-scope"] == "measurement:write"
    assert post["security"] == [{"bearer": []}]
    assert post["requestBody"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Row"}
    assert [item["name"] for item in post["parameters"]] == ["Idempotency-Key"]
    assert "422" not in post["responses"]
    assert {"Row", "Batch", "Problem"} <= set(document["components"]["schemas"])
    assert "text/csv" in document["paths"]["/v1/files"]["post"]["requestBody"]["content"]
    assert "security" not in document["paths"]["/livez"]["get"]
    patch = document["components"]["schemas"]["RowPatch"]
    assert "required" not in patch
    assert not any("default" in field for field in patch["properties"].values()), "what is left out stays as it is"
    assert document["components"]["schemas"]["Row"]["properties"]["count"]["default"] == 0
