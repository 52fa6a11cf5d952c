"""The whole system up and down: database, broker and provider, migrations, services; and what runs of it now."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import asyncpg

from deploy.local import kafka, kafka_access, oidc, postgres, processes, services
from deploy.local.data_dir import DataDir
from deploy.local.ports import LOOPBACK, POSTGRES_PORT
from deploy.local.secret_store import KAFKA_ADMIN, SUPERUSER
from deploy.local.stack import INFRASTRUCTURE, Stack, exclusive, open_stack, start_infrastructure, stop_infrastructure
from shared.contracts.topics import SERVICES

PARTS: Final = (*INFRASTRUCTURE, *SERVICES)
PROBE_WITHIN_S: Final = 3.0
Tell = Callable[[str], None]


def bring_up(data: DataDir, tell: Tell, *, tethered: bool = False) -> Stack:
    """Start what does not run and wait until all is ready; interrupted or failed, stop again what this call started.

    With `tethered` everything ends with the calling process, however that ends.
    """
    with exclusive(data):
        before = {name for name in PARTS if processes.running(data, name)}
        try:
            tell("PostgreSQL, Kafka and Keycloak ...")
            stack = start_infrastructure(data, tethered=tethered)
            absent = [name for name in SERVICES if name not in before]
            if absent:
                tell("migrations ...")
                services.migrate(stack, absent)
            # Before the services: they are ready only once they know the provider's keys.
            oidc.settle(data, stack.ports, stack.secrets, stack.url("reporting"))
            if absent:
                tell(f"services: {', '.join(absent)} ...")
                services.start(stack, absent, tethered=tethered)
            services.wait_ready(stack, SERVICES)
        except BaseException:
            with undisturbed():
                _stop(data, [name for name in PARTS if name not in before])
            raise
    return stack


def take_down(data: DataDir, *, purge: bool = False) -> list[str]:
    """Stop everything that `bring_up` started in `data`; with `purge` the data goes too. Returns what was stopped."""
    if not data.root.exists():
        return []
    with exclusive(data):
        stopped = _stop(data, PARTS)
        if purge:
            postgres.purge(data)
            data.remove()
    return stopped


@contextmanager
def tethered_system(data: DataDir, tell: Tell) -> Iterator[Stack]:
    """The whole system for as long as the block runs; nothing of it outlives the calling process."""
    stack = bring_up(data, tell, tethered=True)
    try:
        yield stack
    finally:
        with undisturbed():
            take_down(data)


def _stop(data: DataDir, names: tuple[str, ...] | list[str]) -> list[str]:
    stack = open_stack(data)
    stopped = services.stop(stack, [name for name in SERVICES if name in names])
    return stopped + stop_infrastructure(data, [name for name in INFRASTRUCTURE if name in names])


@contextmanager
def undisturbed() -> Iterator[None]:
    """No second Ctrl-C or SIGTERM while things are put away."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, signal.SIG_IGN) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def status(data: DataDir) -> dict[str, dict[str, Any]]:
    """`{part: {url, ready, pid}}`; pid is null for a part that does not run, url for one that never did."""
    stack = open_stack(data) if data.ports.exists() else None
    return {name: _state(data, stack, name) for name in PARTS}


def _state(data: DataDir, stack: Stack | None, name: str) -> dict[str, Any]:
    process = processes.running(data, name)
    if stack is None:
        return {"url": None, "ready": False, "pid": None}
    ready = process is not None and _answers(stack, name)
    return {"url": _url(stack, name), "ready": ready, "pid": process.pid if process else None}


def _url(stack: Stack, name: str) -> str:
    if name == postgres.NAME:
        return f"postgresql://{LOOPBACK}:{stack.ports[POSTGRES_PORT]}/{stack.database}"
    if name == oidc.NAME:
        return oidc.issuer(stack.ports)
    return f"kafka://{stack.bootstrap}" if name == kafka.NAME else stack.url(name)


def _answers(stack: Stack, name: str) -> bool:
    if name in SERVICES:
        return services.is_ready(stack, name)
    if name == oidc.NAME:
        return oidc.is_ready(stack.ports)
    try:
        asyncio.run(
            asyncio.wait_for(_ping_database(stack) if name == postgres.NAME else _ping_broker(stack), PROBE_WITHIN_S)
        )
    except (*kafka_access.NOT_YET, asyncpg.PostgresError):
        return False
    return True


async def _ping_database(stack: Stack) -> None:
    connection = await postgres.connect_superuser(stack.ports[POSTGRES_PORT], stack.secrets, SUPERUSER)
    await connection.close()


async def _ping_broker(stack: Stack) -> None:
    async with kafka_access.admin(stack.bootstrap, stack.secrets.kafka[KAFKA_ADMIN]) as client:
        await client.list_topics()
