"""Which addresses deliveries may go to: public ones, and networks that the deployment names."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import Final

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052: the last 32 bits are an IPv4 address
OWN_NAMES: Final = ("localhost", "local", "internal", "localdomain", "home.arpa")  # never of the public internet
_PARTS: Final = {1: (32,), 2: (8, 24), 3: (8, 8, 16), 4: (8, 8, 8, 8)}  # bits of each part of an old notation


def is_allowed(text: str, allowed: Sequence[Network]) -> bool:
    """Public, or in one of the networks `allowed`. An IPv4 address inside an IPv6 one is judged as what it is."""
    address = _meant(ipaddress.ip_address(text.partition("%")[0]))
    if any(address in network for network in allowed):
        return True
    return address.is_global and not address.is_multicast


def is_host_allowed(host: str, allowed: Sequence[Network]) -> bool:
    """What can be said of a host as it is written: of an address as above, of a name whether it is a local one.

    Where a name leads is found out when something is sent, each time: it may lead elsewhere by then.
    """
    name = host.strip("[]").rstrip(".").lower()
    literal = _literal(name)
    if literal is not None:
        return is_allowed(literal, allowed)
    return "." in name and not any(name.endswith(f".{own}") for own in OWN_NAMES)


def _meant(address: Address) -> Address:
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None) or address


def _literal(name: str) -> str | None:
    """The address that is written; also in the notations of old resolvers (`127.1`, `0x7f000001`, `2130706433`)."""
    try:
        return str(ipaddress.ip_address(name.partition("%")[0]))
    except ValueError:
        parts = name.split(".")
    if len(parts) not in _PARTS:
        return None
    number = 0
    for part, bits in zip(parts, _PARTS[len(parts)], strict=True):
        value = _number(part)
        if value is None or value >= 1 << bits:
            return None
        number = number << bits | value
    return str(ipaddress.IPv4Address(number))


def _number(text: str) -> int | None:
    base = 16 if text.startswith("0x") else 8 if text.startswith("0") and len(text) > 1 else 10
    try:
        return int(text, base) if text.isascii() and text.replace("_", "") == text else None
    except ValueError:
        return None
