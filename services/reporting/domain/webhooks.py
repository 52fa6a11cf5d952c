"""Rules of sending: what a delivery says and how it is signed, how long to wait after one that failed, when to stop."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID, uuid5

MOST_ATTEMPTS: Final = 12  # some seven hours; then a person looks
FIRST_PAUSE_SECONDS: Final = 5.0
LONGEST_PAUSE_SECONDS: Final = 3_600.0
REPLAY_WINDOW_SECONDS: Final = 300  # receivers refuse a timestamp further away than that


def delivery_body(key: UUID, feed_id: UUID, entries: Sequence[dict[str, Any]], numbers: Sequence[int]) -> bytes:
    """`{"delivery", "entries"}` as JSON; an entry's `id` is the same however often the entry is sent."""
    told = [
        {"id": str(uuid5(feed_id, f"{entry['area']}:{entry['period']}:{number}")), **entry}
        for entry, number in zip(entries, numbers, strict=True)
    ]
    return json.dumps({"delivery": str(key), "entries": told}, ensure_ascii=False, separators=(",", ":")).encode()


def signature(secret: bytes, timestamp: int, body: bytes) -> str:
    """`v1=` and the hexadecimal HMAC-SHA256 of `<timestamp>.<body>`: neither can be exchanged for another's."""
    return "v1=" + hmac.new(secret, b"%d." % timestamp + body, hashlib.sha256).hexdigest()


def pause_seconds(attempts: int, chance: float) -> float:
    """How long to wait after so many failed attempts; `chance` (0 to 1) spreads those that failed together."""
    return float(min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** (attempts - 1)) * (0.5 + chance / 2))
