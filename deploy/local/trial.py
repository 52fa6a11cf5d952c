"""A system of one's own for a test module, a bench or a chaos run: own database, empty topics, own service processes.

Database server and broker are shared with the whole run, since starting those takes seconds; the database is copied
from a migrated template and the topics are made anew, which takes a fraction of one. Topic names are the real ones
(services know no others), so two trials never run at the same time on one broker.
"""

from __future__ import annotations

import asyncio
import tempfile
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from deploy.local import kafka_access, postgres, processes, services, tokens
from deploy.local.data_dir import DataDir
from deploy.local.ports import POSTGRES_PORT, settle_ports
from deploy.local.secret_store import KAFKA_ADMIN, SUPERUSER
from deploy.local.stack import Stack
from shared.contracts.topics import SERVICES
from shared.postgres.bootstrap import bootstrap_statements

TEMPLATE: Final = "tumbuh_template"
SERVER_PARTS: Final = ("postgres", "kafka", "kafka-controller")


class Trial:
    """Services by name on a stack of their own; what is still running ends with the trial."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack

    def start(self, *names: str) -> None:
        """Start services (all, without names) and wait until they are ready."""
        chosen = names or SERVICES
        services.start(self.stack, chosen, tethered=True)
        services.wait_ready(self.stack, chosen)

    def stop(self, *names: str) -> None:
        """Stop services in their orderly way (all, without names)."""
        services.stop(self.stack, names or SERVICES)

    def kill(self, name: str) -> None:
        """End one service as kill -9 does: no goodbye to anybody."""
        process = processes.running(self.stack.data, name)
        if process is None:
            raise ProcessLookupError(name)
        processes.kill(process)

    def url(self, service: str) -> str:
        """Where `service` answers."""
        return self.stack.url(service)

    def token(self, role: str, areas: Sequence[str] | None = None) -> str:
        """A bearer token that these services accept."""
        return tokens.token_for(self.stack, role, areas)

    def log(self, service: str) -> str:
        """What `service` has written since it was first started."""
        return self.stack.data.log(service).read_text(encoding="utf-8", errors="replace")


@contextmanager
def fresh_database(stack: Stack, template: str | None = None) -> Iterator[Stack]:
    """The stack with a database of its own: schemas and roles, and what `template` holds."""
    own = replace(stack, database=f"tumbuh_{uuid.uuid4().hex[:12]}")
    asyncio.run(_create(own, template))
    try:
        yield own
    finally:
        asyncio.run(_administer(stack, f'DROP DATABASE "{own.database}" WITH (FORCE)'))


@contextmanager
def trial(stack: Stack) -> Iterator[Trial]:
    """A migrated database, empty topics and a place for service processes, on the servers of `stack`."""
    asyncio.run(_ensure_template(stack))
    data = DataDir(Path(tempfile.mkdtemp(prefix="tumbuh-trial-")).resolve())
    data.create()
    with fresh_database(stack, TEMPLATE) as own:
        asyncio.run(empty_topics(stack))
        ports = settle_ports(data, (), print) | {name: stack.ports[name] for name in SERVER_PARTS}
        system = Trial(replace(own, data=data, ports=ports))
        try:
            yield system
        finally:
            system.stop()
            data.remove()


async def empty_topics(stack: Stack) -> None:
    """Make the registry's topics anew."""
    async with kafka_access.admin(stack.bootstrap, stack.secrets.kafka[KAFKA_ADMIN]) as client:
        await kafka_access.reset_topics(client)


async def _ensure_template(stack: Stack) -> None:
    own = replace(stack, database=TEMPLATE)
    server = await postgres.connect_superuser(stack.ports[POSTGRES_PORT], stack.secrets, SUPERUSER)
    try:
        there = await server.fetchval("SELECT true FROM pg_database WHERE datname = $1", TEMPLATE)
    finally:
        await server.close()
    if not there:
        await _create(own, None)
        await asyncio.to_thread(services.migrate, own, SERVICES)


async def _create(stack: Stack, template: str | None) -> None:
    copy = f' TEMPLATE "{template}"' if template else ""
    await _administer(stack, f'CREATE DATABASE "{stack.database}"{copy}')
    connection = await postgres.connect_superuser(stack.ports[POSTGRES_PORT], stack.secrets, stack.database)
    try:
        async with connection.transaction():
            # Rights on a database are not copied with it.
            for statement in bootstrap_statements(stack.secrets.database, stack.database):
                await connection.execute(statement)
    finally:
        await connection.close()


async def _administer(stack: Stack, statement: str) -> None:
    server = await postgres.connect_superuser(stack.ports[POSTGRES_PORT], stack.secrets, SUPERUSER)
    try:
        await server.execute(statement)
    finally:
        await server.close()
