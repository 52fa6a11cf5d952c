"""HL7 over MLLP: each message answered after its commit, and no peer in another's way."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from services.lab.formats.hl7_message import HL7_LIMIT_BYTES
from services.lab.formats.mllp import framed
from services.lab.jobs.mllp import MOST_OF_ONE, MllpListener
from shared.setting_groups import LabSettings
from tests.integration.lab.desk import HOSPITAL, Desk
from tests.integration.lab.test_fhir import stored
from tests.integration.lab.test_hl7 import oru

WAIT_SECONDS = 10.0


@contextlib.asynccontextmanager
async def listening(desk: Desk) -> AsyncIterator[MllpListener]:
    """A listener on a free port; frames have a fifth of a second."""
    settings = LabSettings(mllp_port=0, mllp_facilities={"RSUD": HOSPITAL})
    stop, door = asyncio.Event(), MllpListener(desk.api, settings, lambda: None, frame_seconds=0.2)
    running = asyncio.create_task(door.run(stop))
    await asyncio.wait_for(door.listening.wait(), WAIT_SECONDS)
    yield door
    stop.set()
    await asyncio.wait_for(running, WAIT_SECONDS)


async def answer(reader: asyncio.StreamReader) -> str:
    found = await asyncio.wait_for(reader.readuntil(b"\x1c\r"), WAIT_SECONDS)
    return found.decode()


async def test_each_message_is_answered_in_turn_after_its_commit(desk: Desk) -> None:
    order = await desk.open_order()
    async with listening(desk) as door:
        reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
        first = framed(oru(order, number="A"))
        writer.write(b"\r\njunk" + first[:40])
        await writer.drain()
        writer.write(first[40:])
        assert "\rMSA|AA|A|" in await answer(reader)
        assert [result.value for result in await stored(desk)] == [112.0]
        writer.write(framed(oru(order, "10.1", status="C", number="B")) + first + framed(b"MSH"))
        answers = [await answer(reader) for _ in range(3)]
        assert ["\rMSA|AA|B|" in answers[0], "\rMSA|AA|A|" in answers[1], "\rMSA|AR" in answers[2]] == [True] * 3
        assert [result.value for result in await stored(desk)] == [101.0]
        writer.close()


async def test_a_facility_that_is_not_named_brings_nothing(desk: Desk) -> None:
    order = await desk.open_order()
    async with listening(desk) as door:
        reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
        writer.write(framed(oru(order).replace(b"|RSUD|", b"|LAB.12.19.RSUD|")))
        told = await answer(reader)
        assert "\rMSA|AR" in told
        assert "facility_unknown" in told
        assert await stored(desk) == []
        writer.close()


async def test_one_address_has_so_many_connections_and_no_more(desk: Desk) -> None:
    async with listening(desk) as door:
        peers = [await asyncio.open_connection("127.0.0.1", door.port) for _ in range(MOST_OF_ONE + 1)]
        assert await asyncio.wait_for(peers[-1][0].read(), WAIT_SECONDS) == b""
        peers[0][1].write(framed(b"MSH"))
        assert "\rMSA|AR" in await answer(peers[0][0])
        for _, writer in peers:
            writer.close()


@pytest.mark.parametrize("bad", [b"\x0bMSH|^~", b"\x0b" + b"x" * (HL7_LIMIT_BYTES + 1)])
async def test_a_slow_or_hostile_peer_is_dropped_and_harms_no_other(desk: Desk, bad: bytes) -> None:
    order = await desk.open_order()
    async with listening(desk) as door:
        slow, hostile = await asyncio.open_connection("127.0.0.1", door.port)
        reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
        hostile.write(bad)
        writer.write(framed(oru(order)))
        assert "\rMSA|AA" in await answer(reader)
        rest = await asyncio.wait_for(slow.read(), WAIT_SECONDS)
        assert rest == b"" or b"\rMSA|AR" in rest
        writer.close()
        hostile.close()
