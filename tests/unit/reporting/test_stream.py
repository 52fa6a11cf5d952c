"""The stream of figures: nobody keeps a place of it without listening."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from starlette.types import Message

from services.reporting.http import feed
from services.reporting.http.feed import Streams, _Listened
from shared.http.health import Health

SCOPE = {"type": "http", "asgi": {"spec_version": "2.3"}}


async def endless() -> AsyncIterator[bytes]:
    while True:
        yield b": ping\n\n"


def listened() -> tuple[_Listened, Streams]:
    streams = Streams(Health())
    streams.take()
    answer = _Listened(endless(), media_type="text/event-stream")
    answer.left = streams.leave
    return answer, streams


async def test_who_takes_nothing_is_sent_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "SEND_SECONDS", 0.02)
    answer, streams = listened()
    silent = asyncio.Event()

    async def receive() -> Message:
        await silent.wait()
        raise AssertionError("never")

    async def send(message: Message) -> None:
        if message["type"] == "http.response.body":
            await silent.wait()

    async with asyncio.timeout(5):
        await answer(SCOPE, receive, send)
    assert streams.open == 0


async def test_who_goes_before_the_first_event_gives_the_place_back() -> None:
    answer, streams = listened()

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(_message: Message) -> None:
        await asyncio.sleep(0)

    async with asyncio.timeout(5):
        await answer(SCOPE, receive, send)
    assert streams.open == 0
