"""Ports of one stack: picked free once, remembered, picked again (and told) when somebody else took one."""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Callable, Collection, Iterator
from typing import Final

from deploy.local.data_dir import DataDir, read_json, write_json
from deploy.local.errors import MissingError
from shared.contracts.topics import SERVICES

LOOPBACK: Final = "127.0.0.1"
KAFKA_PORT: Final = "kafka"
KAFKA_CONTROLLER_PORT: Final = "kafka-controller"
POSTGRES_PORT: Final = "postgres"
OIDC_PORT: Final = "oidc"
PORT_NAMES: Final = (POSTGRES_PORT, KAFKA_PORT, KAFKA_CONTROLLER_PORT, OIDC_PORT, *SERVICES)
# Below the kernel's range for outgoing connections (32768 and up), where a free port may be gone a moment later.
FIRST_PORT: Final = 20_000
LAST_PORT: Final = 31_999


def is_free(port: int) -> bool:
    """Whether a server could listen on `port` of the loopback address now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def load_ports(data: DataDir) -> dict[str, int]:
    """Remembered ports; empty before the first start."""
    return {name: int(port) for name, port in read_json(data.ports).items()}


def settle_ports(data: DataDir, running: Collection[str], tell: Callable[[str], None]) -> dict[str, int]:
    """A usable port for every name; those in `running` are ours and stay. MissingError if none is free."""
    known = load_ports(data)
    settled = {name: known[name] for name in running if name in known}
    candidates = iter(_candidates(data))
    for name in PORT_NAMES:
        if name in settled:
            continue
        port = known.get(name)
        if port is not None and port not in settled.values() and is_free(port):
            settled[name] = port
            continue
        settled[name] = _next_free(candidates, {*settled.values(), *known.values()})
        if port is not None:
            tell(f"port {port} ({name}) is used by another program; {name} moves to {settled[name]}")
    if settled != known:
        write_json(data.ports, settled)
    return settled


def _candidates(data: DataDir) -> list[int]:
    """All ports of our range, from a place that depends on the directory, so that two checkouts rarely race."""
    count = LAST_PORT - FIRST_PORT + 1
    start = int.from_bytes(hashlib.sha256(str(data.root).encode()).digest()[:4], "big") % count
    return [FIRST_PORT + (start + step) % count for step in range(count)]


def _next_free(candidates: Iterator[int], taken: Collection[int]) -> int:
    for port in candidates:
        if port not in taken and is_free(port):
            return port
    raise MissingError(f"no free port between {FIRST_PORT} and {LAST_PORT}: stop something that listens there")
