"""Where deliveries may go: not to this machine and not into a private network, unless the deployment says so."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Sequence
from typing import Final

import httpx

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
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


def is_allowed(text: str, allowed: Sequence[Network]) -> bool:
    """Public, or in one of the networks `allowed`. An IPv4 address written as IPv6 is judged as what it is."""
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        address = address.ipv4_mapped or address
    if any(address in network for network in allowed):
        return True
    return address.is_global and not address.is_multicast
