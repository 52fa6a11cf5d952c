"""One process of a service: its HTTP server and its background tasks, started together and stopped in order.

Stopping is a designed path with a deadline: not ready any more → no new requests, tasks told to stop → requests and
batches under way finish → resources close. A task that fails ends the process with code 1: a supervisor starts it
anew, which is better than a half-working process that looks alive.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Final

import structlog
import uvicorn
import uvloop
from fastapi import FastAPI

from shared.http.health import Health, watch_loop
from shared.logging import configure_logging
from shared.setting_groups import Door, HttpSettings
from shared.settings import ServiceSettings, load_or_exit

LOG = structlog.get_logger(__name__)
REQUESTS_GRACE_SECONDS: Final = 10
TASKS_GRACE_SECONDS: Final = 20.0  # together below the 40 s that the deployment grants before SIGKILL
KEEP_ALIVE_SECONDS: Final = 30
BACKLOG: Final = 2048

Task = Callable[[asyncio.Event], Awaitable[None]]  # runs until the event is set, then returns


@dataclass(frozen=True)
class Process:
    """What `build` makes of the settings: the application, its tasks by name, its health."""

    app: FastAPI
    health: Health
    tasks: Mapping[str, Task] = field(default_factory=dict)


Build = Callable[[ServiceSettings], AbstractAsyncContextManager[Process]]
Migrate = Callable[[ServiceSettings], Awaitable[object]]


@dataclass(frozen=True)
class Command:
    """A door of the service's own (`redrive`, `verify` …): runs once and ends.

    `run` gets the settings and the words after the door's name, and returns the exit code; its result goes to standard
    output, logs to standard error. `needs` is the usual door whose variables it wants.
    """

    run: Callable[[ServiceSettings, Sequence[str]], Awaitable[int]]
    needs: Door = Door.WORKER


NO_COMMANDS: Final[Mapping[str, Command]] = {}


def run_service(
    service: str,
    *,
    build: Build,
    migrate: Migrate,
    commands: Mapping[str, Command] = NO_COMMANDS,
    arguments: Sequence[str] | None = None,
) -> int:
    """The body of `python -m services.X`: reads the door, the settings, and runs. Returns the exit code.

    `build` opens what the process needs (pools, consumers) and closes it on the way out; `settings.door` tells which
    half is wanted. `commands` are doors by name beside the usual ones.
    """
    names = [*Door, *commands]
    parser = argparse.ArgumentParser(prog=f"python -m services.{service}")
    parser.add_argument("door", choices=names, metavar=f"{{{','.join(names)}}}")
    parser.add_argument("words", nargs=argparse.REMAINDER, help="of a door that takes some")
    asked = parser.parse_args(arguments)
    command = commands.get(asked.door)
    if command is None and asked.words:
        parser.error(f"unrecognized arguments: {' '.join(asked.words)}")
    settings = load_or_exit(service, command.needs if command else Door(asked.door))
    configure_logging(service, settings.log_format, out=sys.stderr if command else sys.stdout)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        if command is not None:
            return runner.run(_ran(command, settings, asked.words))
        if settings.door is Door.MIGRATE:
            runner.run(_migrated(settings, migrate))
            return 0
        return runner.run(_built(settings, build))


async def _ran(command: Command, settings: ServiceSettings, words: Sequence[str]) -> int:
    return await command.run(settings, words)


async def _migrated(settings: ServiceSettings, migrate: Migrate) -> None:
    await migrate(settings)


async def _built(settings: ServiceSettings, build: Build) -> int:
    stop = asyncio.Event()
    try:
        listener = _listener(settings.http)
    except OSError as error:
        LOG.error("cannot_listen", host=settings.http.host, port=settings.http.port, error=error)  # noqa: TRY400
        return 2
    with listener, _stopped_by_signals(stop):
        try:
            async with build(settings) as process:
                quiet_collector()
                return await serve(process, listener, stop)
        except Exception:
            LOG.exception("process_failed")
            return 1


async def serve(process: Process, listener: socket.socket, stop: asyncio.Event) -> int:
    """Serve until `stop`, or until a task or the server ends. 0 = asked to stop, 1 = something failed."""
    server = _Server(_config(process.app))
    listening = asyncio.create_task(server.serve(sockets=[listener]), name="http")
    LOG.info("listening", port=listener.getsockname()[1])
    tasks = [asyncio.create_task(_run(task, stop), name=name) for name, task in process.tasks.items()]
    tasks.append(asyncio.create_task(watch_loop(stop), name="loop-watch"))
    asked = asyncio.create_task(stop.wait(), name="stop")
    done, _ = await asyncio.wait([listening, asked, *tasks], return_when=asyncio.FIRST_COMPLETED)
    failed = asked not in done
    for task in done - {asked}:
        LOG.error("task_ended", task=task.get_name(), exc_info=task.exception())
    asked.cancel()
    LOG.info("stopping")
    process.health.stopping = True
    stop.set()
    server.should_exit = True
    unfinished = await _finished(tasks, TASKS_GRACE_SECONDS)
    LOG.info("tasks_stopped", unfinished=unfinished)
    unfinished += await _finished([listening], REQUESTS_GRACE_SECONDS + 1)  # its own limit comes first
    LOG.info("stopped", unfinished=unfinished)
    return 1 if failed or unfinished else 0


def quiet_collector() -> None:
    """Set the garbage collector up for batches: a third of a consumer's processor time went into it.

    What was made at start lives as long as the process: it is not looked through again. A batch is tens of thousands
    of objects that reference counting frees without help; cycles are rare and can wait.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


async def _run(task: Task, stop: asyncio.Event) -> None:
    await task(stop)


async def _finished(tasks: Sequence[asyncio.Task[None]], seconds: float) -> list[str]:
    """Wait for `tasks` so long, then cancel; the names of those that had to be cancelled or failed."""
    _, pending = await asyncio.wait(tasks, timeout=seconds)
    for task in pending:
        task.cancel()
    await asyncio.wait(tasks, timeout=1)
    bad = [task for task in tasks if task in pending or task.cancelled() or task.exception() is not None]
    return [task.get_name() for task in bad]


def _listener(http: HttpSettings) -> socket.socket:
    """Bound before anything is opened, so that a port already taken costs nothing; port 0 takes a free one."""
    family = socket.AF_INET6 if ":" in http.host else socket.AF_INET
    return socket.create_server((http.host, http.port), family=family, backlog=BACKLOG)


def _config(app: FastAPI) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        loop="none",
        http="httptools",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=REQUESTS_GRACE_SECONDS,
        h11_max_incomplete_event_size=64 * 1024,
    )


class _Server(uvicorn.Server):
    """uvicorn's server without its signal handlers: the process stops as a whole, and in order."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextlib.contextmanager
def _stopped_by_signals(stop: asyncio.Event) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    try:
        yield
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
