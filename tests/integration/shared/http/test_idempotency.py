"""One effect and one answer per key, on real PostgreSQL, with requests as close together as they can be."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from deploy.local.stack import Stack
from shared.auth.areas import AreaGrant, NoTransactionError, apply
from shared.http import idempotency
from shared.http.answer import Answer, json_answer
from shared.http.idempotency import Claim, answer_once, forget_old_keys
from shared.postgres.pool import Pool, open_pool
from tests.integration.shared import small_service
from tests.integration.shared.small_service import Gate

COUNT = "SELECT count(*) FROM note"
WAITERS = "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'"


@pytest.fixture(scope="module")
async def ground(database: Stack, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    await small_service.prepare(database, Path(tmp_path_factory.mktemp("migrations")))
    return database


@pytest.fixture
async def worker(ground: Stack) -> AsyncIterator[Pool]:
    async with open_pool(ground.address("lab_worker")) as pool:
        await pool.execute("DELETE FROM note")
        yield pool


@pytest.fixture
async def api(ground: Stack) -> AsyncIterator[Pool]:
    async with open_pool(ground.address("lab_api"), max_size=12) as pool:
        yield pool


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
async def client(api: Pool, gate: Gate) -> AsyncIterator[httpx.AsyncClient]:
    async with small_service.client(small_service.application(api, gate)) as client:
        yield client


def key() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid.uuid4())}


async def waiting(pool: Pool, count: int) -> None:
    """Until `count` transactions wait for another one to end."""
    async with asyncio.timeout(60):
        while await pool.fetchval(WAITERS) < count:  # noqa: ASYNC110 - the database tells, no event does
            await asyncio.sleep(0.01)


async def inside(gate: Gate, count: int) -> None:
    """Until `count` writes have had their effect and stand before their commit."""
    async with asyncio.timeout(60):
        while gate.inside < count:  # noqa: ASYNC110 - polled so that it can be asked again
            await asyncio.sleep(0.01)


async def test_two_equal_posts_at_the_same_moment_have_one_effect_and_one_answer_b052(
    client: httpx.AsyncClient, gate: Gate, worker: Pool
) -> None:
    """B052: the second arrives while the first has not committed; it waits and gets the first's answer."""
    headers = key()
    gate.open.clear()
    first = asyncio.create_task(client.post("/v1/notes", json={"value": 8.2}, headers=headers))
    await inside(gate, 1)
    second = asyncio.create_task(client.post("/v1/notes", json={"value": 8.2}, headers=headers))
    await waiting(worker, 1)
    gate.open.set()
    answers = await asyncio.gather(first, second)
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].content == answers[1].content
    assert answers[1].headers["etag"] == answers[0].headers["etag"]
    assert answers[1].headers["location"] == answers[0].headers["location"]
    assert [answer.headers.get("idempotency-replayed") for answer in answers] == [None, "true"]
    assert (gate.inside, await worker.fetchval(COUNT)) == (1, 1)


async def test_ten_copies_are_one_note_and_ten_equal_answers_b072(client: httpx.AsyncClient, worker: Pool) -> None:
    """B072: a slow server makes the client send again and again."""
    headers = key()
    answers = await asyncio.gather(*(client.post("/v1/notes", json={"value": 8.2}, headers=headers) for _ in range(10)))
    assert {(answer.status_code, answer.content) for answer in answers} == {(201, answers[0].content)}
    assert await worker.fetchval(COUNT) == 1


async def test_the_same_key_with_other_content_is_a_conflict_b074(client: httpx.AsyncClient, worker: Pool) -> None:
    """B074: a correction must say that it is one."""
    headers = key()
    await client.post("/v1/notes", json={"value": 8.2}, headers=headers)
    answer = await client.post("/v1/notes", json={"value": 8.4}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_conflict")
    assert "PATCH" in answer.json()["remedy_id"]
    assert await worker.fetchval("SELECT array_agg(value) FROM note") == [8.2]


async def test_another_address_under_the_same_key_is_other_content(client: httpx.AsyncClient, worker: Pool) -> None:
    ids = [
        (await client.post("/v1/notes", json={"value": value}, headers=key())).json()["note_id"] for value in (1.0, 2.0)
    ]
    headers = key()
    assert (await client.post(f"/v1/notes/{ids[0]}:double", headers=headers)).json()["value"] == 2.0
    assert (await client.post(f"/v1/notes/{ids[1]}:double", headers=headers)).status_code == 409
    assert (await client.post(f"/v1/notes/{ids[0]}:double", headers=headers)).json()["value"] == 2.0
    assert await worker.fetchval("SELECT array_agg(value ORDER BY note_id) FROM note") == [2.0, 2.0]


async def test_when_the_first_rolls_back_the_second_does_the_work(
    client: httpx.AsyncClient, gate: Gate, worker: Pool
) -> None:
    headers = key()
    gate.open.clear()
    gate.fail = True
    first = asyncio.create_task(client.post("/v1/notes", json={"value": 8.2}, headers=headers))
    await inside(gate, 1)
    second = asyncio.create_task(client.post("/v1/notes", json={"value": 8.2}, headers=headers))
    await waiting(worker, 1)
    gate.open.set()
    assert [(await first).status_code, (await second).status_code] == [500, 201]
    assert await worker.fetchval(COUNT) == 1


async def test_a_refused_write_may_be_corrected_and_sent_with_the_same_key(
    client: httpx.AsyncClient, worker: Pool
) -> None:
    headers = key()
    outside = await client.post("/v1/notes", json={"value": 8.2, "desa_code": "12.20.01.2001"}, headers=headers)
    assert outside.status_code == 500, "row-level security refuses it; a real route demands the area before"
    assert (await client.post("/v1/notes", json={"value": 8.2}, headers=headers)).status_code == 201
    assert await worker.fetchval(COUNT) == 1


async def test_two_people_of_one_client_may_use_the_same_key(api: Pool, gate: Gate, worker: Pool) -> None:
    app = small_service.application(api, gate)
    headers = key()
    for subject in ("person-1", "person-2"):
        async with small_service.client(app, subject=subject) as client:
            answer = await client.post("/v1/notes", json={"value": 8.2}, headers=headers)
            assert "idempotency-replayed" not in answer.headers
    assert await worker.fetchval(COUNT) == 2


async def test_an_answer_is_forgotten_after_seven_days(client: httpx.AsyncClient, worker: Pool) -> None:
    headers = key()
    slot = headers["Idempotency-Key"]
    age = "UPDATE idempotency_key SET created_at = now() - $2::interval WHERE key = $1"
    await client.post("/v1/notes", json={"value": 8.2}, headers=headers)
    await worker.execute(age, slot, idempotency.KEPT_FOR * 0.99)
    assert (await client.post("/v1/notes", json={"value": 8.2}, headers=headers)).headers["idempotency-replayed"]
    await worker.execute(age, slot, idempotency.KEPT_FOR * 1.01)
    again = await client.post("/v1/notes", json={"value": 8.4}, headers=headers)
    assert (again.status_code, again.headers.get("idempotency-replayed")) == (201, None)
    await worker.execute(age, slot, idempotency.KEPT_FOR * 1.01)
    async with worker.acquire() as connection:
        assert await forget_old_keys(connection) == 1
    assert await worker.fetchval("SELECT count(*) FROM idempotency_key WHERE key = $1", slot) == 0


async def test_a_key_cannot_outlive_an_effect_that_never_was(api: Pool) -> None:
    async def effect() -> Answer:
        return json_answer(200, {})

    async with api.acquire() as connection:
        with pytest.raises(idempotency.NoTransactionError):
            await answer_once(connection, Claim("c", "r", "k", b""), effect)


async def test_the_process_is_told_after_the_commit_and_not_without_one(api: Pool, gate: Gate, worker: Pool) -> None:
    told: list[int] = []
    seen = asyncio.get_running_loop().create_future()

    def after_commit() -> None:
        told.append(1)
        if not seen.done():
            seen.set_result(None)

    app = small_service.application(api, gate, after_commit=after_commit)
    async with small_service.client(app) as client:
        gate.fail = True
        await client.post("/v1/notes", json={"value": 1.0}, headers=key())
        assert told == []
        await client.post("/v1/notes", json={"value": 1.0}, headers=key())
        await client.get("/v1/notes")
    assert told == [1]
    assert await worker.fetchval(COUNT) == 1


@pytest.mark.parametrize(
    ("areas", "visible"),
    [
        (("12.19",), ["12.19.01.2003", "12.19.01.20031", "12.19.02.2001"]),
        (("12.19.01",), ["12.19.01.2003", "12.19.01.20031"]),
        (("12.19.01.2003",), ["12.19.01.2003"]),
        (("12.19.01.2003.P001",), ["12.19.01.2003"]),
        (("12.19.01.2003.P002",), []),
        (("12.19.02", "12.20"), ["12.19.02.2001", "12.20.01.2001"]),
        ((), []),
    ],
)
async def test_a_caller_sees_the_rows_of_its_areas_and_python_says_the_same(
    api: Pool, gate: Gate, worker: Pool, areas: tuple[str, ...], visible: list[str]
) -> None:
    for desa in ("12.19.01.2003", "12.19.01.20031", "12.19.02.2001", "12.20.01.2001"):
        await worker.execute(
            "INSERT INTO note (value, desa_code, posyandu_code) VALUES (1, $1, $2)", desa, f"{desa}.P001"
        )
    async with small_service.client(small_service.application(api, gate), areas=areas) as client:
        rows = (await client.get("/v1/notes")).json()
    assert [row["desa_code"] for row in rows] == visible
    for row in await worker.fetch("SELECT desa_code, posyandu_code FROM note"):
        covered = AreaGrant(areas).covers(row["desa_code"], row["posyandu_code"])
        assert covered is (row["desa_code"] in visible)


async def test_the_areas_of_one_caller_never_reach_the_next_on_the_same_connection(ground: Stack, worker: Pool) -> None:
    await worker.execute("INSERT INTO note (value, desa_code) VALUES (1, '12.19.01.2003')")
    async with open_pool(ground.address("lab_api"), max_size=1) as pool, pool.acquire() as connection:
        async with connection.transaction():
            await apply(connection, AreaGrant(("12.19",)))
            assert await connection.fetchval(COUNT) == 1
        assert await connection.fetchval(COUNT) == 0
        with pytest.raises(NoTransactionError):
            await apply(connection, AreaGrant(("12.19",)))
