"""A process starts, serves, and stops in order: as a real process with real signals."""

import asyncio
import base64
import json
import os
import secrets
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import httpx
import pytest

from deploy.local.stack import Stack
from tests.integration.shared.small_service import appeared

PATIENCE_SECONDS = 60  # a bound for a busy machine, not a wait
Start = Callable[..., Awaitable["Running"]]


class Running:
    """A started process, its files and where it listens."""

    def __init__(self, process: asyncio.subprocess.Process, folder: Path) -> None:
        self.process = process
        self.folder = folder
        self.lines: list[dict[str, object]] = []

    async def line(self, event: str) -> dict[str, object]:
        """The next log line of `event`."""
        assert self.process.stdout is not None
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                raw = await self.process.stdout.readline()
                assert raw, f"ended without {event}: {self.lines}"
                self.lines.append(json.loads(raw))
                if self.lines[-1]["event"] == event:
                    return self.lines[-1]

    async def code(self) -> int:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await self.process.wait()


@pytest.fixture
async def start(database: Stack, tmp_path: Path) -> AsyncIterator[Start]:
    running: list[Running] = []
    await asyncio.to_thread((tmp_path / "jwks.json").write_text, '{"keys": []}')

    async def begin(door: str = "all", *, port: int = 0, name: str = database.database) -> Running:
        secret = base64.b64encode(secrets.token_bytes(32)).decode()
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("TUMBUH_")},
            "TUMBUH_MODE": "local",
            "TUMBUH_HTTP_PORT": str(port),
            "TUMBUH_DATABASE_HOST": database.address("lab_api").host,
            "TUMBUH_DATABASE_PORT": str(database.address("lab_api").port),
            "TUMBUH_DATABASE_NAME": name,
            "TUMBUH_DATABASE_API_PASSWORD": database.address("lab_api").password,
            "TUMBUH_DATABASE_WORKER_PASSWORD": database.address("lab_worker").password,
            "TUMBUH_KAFKA_BOOTSTRAP": database.bootstrap,
            "TUMBUH_KAFKA_USERNAME": "lab",
            "TUMBUH_KAFKA_PASSWORD": secret,
            "TUMBUH_TOKEN_ISSUER": "https://login.test",
            "TUMBUH_JWKS_FILE": str(tmp_path / "jwks.json"),
            "INSIDE": str(tmp_path / "inside"),
            "RELEASE": str(tmp_path / "release"),
            "FAIL_WHEN": str(tmp_path / "fail"),
        }
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.integration.shared.small_service", door,
            env=environment, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        running.append(Running(process, tmp_path))
        return running[-1]

    yield begin
    for item in running:
        if item.process.returncode is None:
            item.process.kill()
            await item.process.wait()


@pytest.mark.parametrize("door", ["api", "worker", "all"])
async def test_each_door_serves_health_and_metrics(start: Start, door: str) -> None:
    running = await start(door)
    port = (await running.line("listening"))["port"]
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        assert (await client.get("/livez")).status_code == 200
        ready = await client.get("/readyz")
        assert ready.json() == {"ready": True, "checks": {"database": "ok"}}
        assert 'service="lab"' in (await client.get("/metrics")).text
        assert "server" not in ready.headers
    running.process.send_signal(signal.SIGTERM)
    assert await running.code() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_request_under_way_is_answered_before_the_process_ends(start: Start, number: signal.Signals) -> None:
    running = await start()
    port = (await running.line("listening"))["port"]
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=20) as client:
        answer = asyncio.create_task(client.get("/hold"))
        async with asyncio.timeout(PATIENCE_SECONDS):
            await appeared(running.folder / "inside")
        running.process.send_signal(number)
        await running.line("tasks_stopped")
        (running.folder / "release").touch()
        assert (await answer).text == "finished"
        assert await running.code() == 0
        with pytest.raises(httpx.ConnectError):
            await client.get("/livez")
    assert (await running.line("stopped"))["unfinished"] == []


async def test_a_failing_task_ends_the_process_with_code_1(start: Start) -> None:
    running = await start("worker")
    await running.line("listening")
    (running.folder / "fail").touch()
    ended = await running.line("task_ended")
    assert (ended["task"], ended["error"]) == ("task", "RuntimeError")
    assert await running.code() == 1


async def test_a_port_already_taken_is_said_and_costs_code_2(start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        running = await start("worker", port=port)
        assert (await running.line("cannot_listen"))["port"] == port
        assert await running.code() == 2


async def test_a_missing_database_at_start_ends_the_process_for_the_supervisor(start: Start) -> None:
    running = await start("api", name="absent")
    failed = await running.line("process_failed")
    assert "sqlstate=3D000" in str(failed["error"])
    assert await running.code() == 1
