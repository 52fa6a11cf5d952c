"""The MLLP door: HL7 messages over TCP, each answered after its commit.

MLLP has no token and no encryption. So the door is off unless a port is configured, listens on this machine unless an
address of a private network is, and takes messages only of facilities (MSH-4) that the configuration names, each for
the laboratory it is named for. Peers cannot harm each other: connections, sizes and times are bounded, and messages
are worked a few at a time.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Final

import structlog

from services.lab.domain.result_problems import ResultProblem
from services.lab.formats.hl7_ack import Stamp
from services.lab.formats.hl7_message import HL7_LIMIT_BYTES, OTHER, TABLE_VALUE, NotHl7Error
from services.lab.formats.mllp import Frames, FrameTooLargeError, framed
from services.lab.jobs.hl7_messages import Answered, read_hl7, rejected, take_hl7
from services.lab.use_cases.entry import Entry
from shared.auth import areas
from shared.auth.areas import AreaGrant
from shared.calendar import now_utc
from shared.contracts.fact import new_fact_id
from shared.postgres.pool import Pool
from shared.setting_groups import LabSettings

LOG = structlog.get_logger(__name__)
MOST_CONNECTIONS: Final = 32
MOST_OF_ONE: Final = 8  # address
AT_ONCE: Final = 2  # messages: the pool is shared with the API
READ_BYTES: Final = 65_536
IDLE_SECONDS: Final = 900.0  # analysers keep their connection
FRAME_SECONDS: Final = 30.0  # from the first byte of a frame to its last
WRITE_SECONDS: Final = 10.0
GRACE_SECONDS: Final = 10.0


class MllpListener:
    """The door; `wake` is told of every commit. `frame_seconds` is for tests, which cannot wait."""

    def __init__(
        self, pool: Pool, settings: LabSettings, wake: Callable[[], None], *, frame_seconds: float = FRAME_SECONDS
    ) -> None:
        self._pool = pool
        self._settings = settings
        self._wake = wake
        self._frame_seconds = frame_seconds
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._peers: dict[asyncio.Task[None], bool] = {}  # whether it has a message under way
        self._addresses: Counter[str] = Counter()
        self._stopping = False
        self.listening = asyncio.Event()
        self.port = 0

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`: then no new connections, and messages under way are answered."""
        server = await asyncio.start_server(self._meet, self._settings.mllp_host, self._settings.mllp_port)
        self.port = server.sockets[0].getsockname()[1]
        self.listening.set()
        LOG.info("mllp_listening", port=self.port)
        try:
            await stop.wait()
        finally:
            self._stopping = True
            server.close()
            for peer, busy in self._peers.items():
                if not busy:
                    peer.cancel()
            if self._peers:
                _, late = await asyncio.wait(list(self._peers), timeout=GRACE_SECONDS)
                for peer in late:
                    peer.cancel()

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = asyncio.current_task()
        address = str((writer.get_extra_info("peername") or ("",))[0])
        full = len(self._peers) >= MOST_CONNECTIONS or self._addresses[address] >= MOST_OF_ONE
        if peer is None or full:
            LOG.warning("mllp_full", connections=len(self._peers))
            writer.close()
            return
        self._peers[peer] = False
        self._addresses[address] += 1
        try:
            await self._serve(peer, reader, writer)
        except (ConnectionError, TimeoutError, FrameTooLargeError) as error:
            LOG.warning("mllp_peer_dropped", reason=type(error).__name__)
        except Exception as error:  # noqa: BLE001 - no answer: the peer sends again; no peer stops the process
            LOG.error("mllp_failed", error=error)  # noqa: TRY400 - a traceback may quote the message
        finally:
            del self._peers[peer]
            self._addresses[address] -= 1
            if not self._addresses[address]:
                del self._addresses[address]
            writer.close()

    async def _serve(
        self, peer: asyncio.Task[None], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        frames = Frames(HL7_LIMIT_BYTES)
        deadline = asyncio.get_running_loop().time() + IDLE_SECONDS
        while not self._stopping:
            async with asyncio.timeout_at(deadline):
                data = await reader.read(READ_BYTES)
            if not data:
                return
            inside = frames.inside
            try:
                for content in frames.feed(data):
                    inside = False
                    self._peers[peer] = True
                    await self._answer(writer, await self._take(content))
                    self._peers[peer] = False
            except FrameTooLargeError:
                problem = ResultProblem("message_invalid", "MSH", facts={"expected": f"{HL7_LIMIT_BYTES} byte"})
                await self._answer(writer, rejected(NotHl7Error(problem, OTHER), _stamp()))
                raise
            if not frames.inside:
                deadline = asyncio.get_running_loop().time() + IDLE_SECONDS
            elif not inside:
                deadline = asyncio.get_running_loop().time() + self._frame_seconds

    async def _take(self, content: bytes) -> Answered:
        async with self._turns:
            try:
                read = await read_hl7(content)
            except NotHl7Error as error:
                return rejected(error, _stamp())
            laboratory = self._settings.mllp_facilities.get(read.message.header.component(4))
            if laboratory is None:
                problem = ResultProblem("facility_unknown", "MSH-4")
                return rejected(NotHl7Error(problem, TABLE_VALUE, read.message), _stamp())
            grant = AreaGrant((laboratory,))
            async with self._pool.acquire() as connection, connection.transaction():
                await areas.apply(connection, grant)
                answered = await take_hl7(connection, read, Entry(now_utc(), f"mllp {laboratory}", grant))
        self._wake()
        LOG.info("mllp_message", laboratory=laboratory, acknowledged=answered.code)
        return answered

    async def _answer(self, writer: asyncio.StreamWriter, answered: Answered) -> None:
        writer.write(framed(answered.body))
        async with asyncio.timeout(WRITE_SECONDS):
            await writer.drain()


def _stamp() -> Stamp:
    return Stamp(now_utc(), new_fact_id())
