"""A generous limit per client and process: it stops loops gone wrong, not users. Quotas belong to the gateway."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from shared.http.kinds import TOO_MANY_REQUESTS

BURST_SECONDS: Final = 5  # a client may save up this many seconds of its rate
MAX_CLIENTS: Final = 10_000  # remembered; the longest silent are forgotten, and start with a full bucket


class RateLimit:
    """Token buckets by client."""

    def __init__(self, per_second: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_second = per_second
        self._burst = per_second * BURST_SECONDS
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()  # client → tokens left, at

    def take(self, client: str) -> None:
        """Count one request. Problem 429 with `Retry-After` when the bucket is empty."""
        now = self._clock()
        left, at = self._buckets.pop(client, (self._burst, now))
        left = min(self._burst, left + (now - at) * self._per_second)
        allowed = left >= 1
        self._buckets[client] = (left - 1 if allowed else left, now)
        if len(self._buckets) > MAX_CLIENTS:
            self._buckets.popitem(last=False)
        if not allowed:
            wait = math.ceil((1 - left) / self._per_second)
            raise TOO_MANY_REQUESTS.problem(headers={"Retry-After": str(wait)})
