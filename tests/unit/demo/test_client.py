"""The demo's HTTP caller is patient, sends one thing once, and says what was refused."""

from __future__ import annotations

import httpx
import pytest

from deploy.demo import client
from deploy.demo.backlog import messages_waiting
from deploy.demo.client import AnswerError, Api
from deploy.local.errors import CommandError


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "FIRST_WAIT_S", 0.0)
    monkeypatch.setattr(client, "LONGEST_WAIT_S", 0.0)


class Server:
    """Answers in the order given and keeps what it was sent."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def api(self) -> Api:
        return Api(httpx.AsyncClient(transport=httpx.MockTransport(self)), "http://door", "secret")


async def test_a_write_that_was_interrupted_is_sent_again_under_the_same_key() -> None:
    server = Server(
        httpx.ConnectError("gone"), httpx.Response(503), httpx.Response(429, headers={"retry-after": "3"}), _created()
    )
    answer = await server.api().post("/v1/children", {"sex": "male"})
    assert answer.json() == {"id": 1}
    keys = {request.headers["idempotency-key"] for request in server.requests}
    assert len(server.requests) == 4
    assert len(keys) == 1
    assert {request.content for request in server.requests} == {b'{"sex":"male"}'}


async def test_two_writes_have_two_keys() -> None:
    server = Server(_created(), _created())
    api = server.api()
    await api.post("/v1/x", {})
    await api.post("/v1/x", {})
    assert len({request.headers["idempotency-key"] for request in server.requests}) == 2


async def test_a_refusal_is_not_repeated_and_tells_the_code_of_the_problem() -> None:
    server = Server(httpx.Response(422, json={"code": "entry_refused", "title": "Isian tidak dapat diterima"}))
    with pytest.raises(AnswerError, match="POST /v1/x: 422 entry_refused Isian") as caught:
        await server.api().post("/v1/x", {})
    assert (caught.value.status, caught.value.code) == (422, "entry_refused")
    assert len(server.requests) == 1


async def test_patience_ends() -> None:
    server = Server(*[httpx.Response(503)] * client.ATTEMPTS)
    with pytest.raises(CommandError, match="no answer after"):
        await server.api().get("/v1/x")


async def test_every_request_carries_the_token_and_a_correction_what_it_saw() -> None:
    server = Server(_created(), _created(), _created())
    api = server.api()
    await api.patch("/v1/x", {"weight_kg": 8.5}, '"1.2"')
    await api.post("/v1/x:void", {}, '"1.3"')
    await api.post_bytes("/v1/files", b"\x00", "text/csv", filename="a b.csv")
    assert {request.headers["authorization"] for request in server.requests} == {"Bearer secret"}
    assert [request.headers.get("if-match") for request in server.requests] == ['"1.2"', '"1.3"', None]
    assert server.requests[2].url.params["filename"] == "a b.csv"
    assert server.requests[2].content == b"\x00"


def test_the_backlog_is_the_sum_of_lag_and_outbox_and_nothing_else() -> None:
    text = """# HELP tumbuh_consumer_lag_records End offset minus next offset.
# TYPE tumbuh_consumer_lag_records gauge
tumbuh_consumer_lag_records{partition="0",topic="tumbuh.measurement.v1"} 12.0
tumbuh_consumer_lag_records{partition="1",topic="tumbuh.measurement.v1"} 1.5e+03
tumbuh_outbox_pending_messages 40.0
tumbuh_outbox_oldest_seconds 3.5
"""
    assert messages_waiting(text) == 1552


def _created() -> httpx.Response:
    return httpx.Response(201, json={"id": 1})
