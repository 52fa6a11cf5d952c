"""Where deliveries may go: not to this machine and not into a private network, unless the deployment says so."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from typing import Final

import httpx

from services.reporting.domain.addresses import Network, is_allowed

RESOLVE_SECONDS: Final = 5.0


class AddressRefusedError(Exception):
    """The name leads to an address that deliveries may not go to."""


async def address_of(url: httpx.URL, allowed: Sequence[Network]) -> str:
    """One address of the host, checked; connect to it and not to the name, which may lead elsewhere a moment later.

    Every address of the name must be allowed. Raises AddressRefusedError; OSError where the name is unknown.
    """
    loop = asyncio.get_running_loop()
    port = url.port or (443 if url.scheme == "https" else 80)
    async with asyncio.timeout(RESOLVE_SECONDS):
        found = await loop.getaddrinfo(url.host, port, type=socket.SOCK_STREAM)
    addresses = sorted({str(item[4][0]) for item in found})
    for text in addresses:
        if not is_allowed(text, allowed):
            raise AddressRefusedError(text)
    return addresses[0]
