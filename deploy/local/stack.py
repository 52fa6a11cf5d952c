"""One local stack: PostgreSQL, Kafka, the identity provider and the services of one data directory."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from deploy.local import kafka, oidc, postgres, processes
from deploy.local.data_dir import DataDir, locked
from deploy.local.ports import KAFKA_CONTROLLER_PORT, KAFKA_PORT, LOOPBACK, POSTGRES_PORT, load_ports, settle_ports
from deploy.local.secret_store import Secrets, load_secrets
from shared.contracts.topics import SERVICES
from shared.messaging.kafka import Broker
from shared.postgres.pool import Address

INFRASTRUCTURE = (postgres.NAME, kafka.NAME, oidc.NAME)
SESSION_TIMEOUT_MS = 2000  # joining a group takes half of it; one machine needs no patience


@dataclass(frozen=True, slots=True)
class Stack:
    """A stack whose ports and secrets are known; `open_stack` makes it."""

    data: DataDir
    ports: dict[str, int]
    secrets: Secrets
    database: str = postgres.DATABASE
    has_provider: bool = False  # without one (tests) tokens are signed with a key of the data directory

    @property
    def bootstrap(self) -> str:
        """The broker's address."""
        return f"{LOOPBACK}:{self.ports[KAFKA_PORT]}"

    def broker(self, account: str) -> Broker:
        """How `account` (a service, or `admin`) connects to Kafka."""
        return Broker(self.bootstrap, account, self.secrets.kafka[account], False, SESSION_TIMEOUT_MS)

    def address(self, role: str) -> Address:
        """How `role` (`scoring_worker` …, or `postgres`) connects to the database."""
        return Address(LOOPBACK, self.ports[POSTGRES_PORT], self.database, role, self.secrets.database[role])

    def url(self, service: str) -> str:
        """Where `service` answers."""
        return f"http://{LOOPBACK}:{self.ports[service]}"


@contextmanager
def exclusive(data: DataDir) -> Iterator[None]:
    """Starting and stopping go one at a time."""
    data.create()
    with locked(data.lock, f"another ./tumbuh is starting or stopping {data.root}; waiting for it"):
        yield


def open_stack(data: DataDir) -> Stack:
    """The stack of `data` as it was last started; KeyErrors follow if it never was."""
    return Stack(data, load_ports(data), load_secrets(data), has_provider=oidc.was_started(data))


def start_infrastructure(
    data: DataDir, *, durable: bool = True, tethered: bool = False, provider: bool = True
) -> Stack:
    """Start database and broker if they do not run, and wait for both. Call it inside `exclusive`.

    With `provider` the identity provider starts, too; it takes longest and is not waited for: `oidc.settle` does that.
    """
    running = {name for name in (postgres.NAME, kafka.NAME, oidc.NAME, *SERVICES) if processes.running(data, name)}
    if kafka.NAME in running:
        running.add(KAFKA_CONTROLLER_PORT)
    ports = settle_ports(data, running, lambda text: print(text, file=sys.stderr))
    stack = Stack(data, ports, load_secrets(data), has_provider=provider)
    if provider:
        oidc.start(data, ports, tethered=tethered)
    kafka.start(data, ports, stack.secrets, tethered=tethered)  # before the database: its start takes longer
    postgres.start(data, ports, stack.secrets, durable=durable, tethered=tethered)
    postgres.wait_ready(data, ports, stack.secrets)
    kafka.wait_ready(data, ports, stack.secrets)
    return stack


def stop_infrastructure(data: DataDir, names: Collection[str] = INFRASTRUCTURE) -> list[str]:
    """Stop provider, broker and database, as far as named; returns the names of those that ran."""
    return [part.NAME for part in (oidc, kafka, postgres) if part.NAME in names and part.stop(data)]
