"""How old the oldest record is that a consumer has not applied yet, known also while it cannot work.

The age of a record is known exactly only once it is fetched. Until then it is no older than the last
record applied before it; where this process has applied none, it is told from when the partition was seen behind.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from shared.messaging.positions import Place
from shared.messaging.records import Received


class Waiting:
    """Since when each partition is behind. Times are Unix seconds."""

    def __init__(self) -> None:
        self._since: dict[Place, float] = {}

    def applied(self, batch: Iterable[Received]) -> None:
        """What comes next on these partitions is no older than the newest record of `batch`."""
        for record in batch:
            if record.place in self._since:
                self._since[record.place] = record.raw.timestamp / 1000

    def seen(self, lag: Mapping[Place, int], now: float) -> None:
        """Partitions with a lag are behind since now at the latest, the others are not."""
        self._since = {place: self._since.get(place, now) for place, records in lag.items() if records > 0}

    def age_seconds(self, topic: str, now: float) -> float:
        """Of the oldest record of `topic` that is not applied; 0 when none is known."""
        return max((now - since for (name, _), since in self._since.items() if name == topic), default=0.0)
