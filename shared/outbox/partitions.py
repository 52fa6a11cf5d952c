"""Which partition a key belongs to: Kafka's default partitioner (murmur2 over the key), for whole columns of keys.

The client computes it key by key in Python, which cost more than everything else the relay did for a message.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

SEED: Final = 0x9747B28C
M: Final = np.uint32(0x5BD1E995)
POSITIVE: Final = np.uint32(0x7FFFFFFF)


def partitions_of(keys: Sequence[bytes], partitions: int) -> list[int]:
    """The partition of each key, the same as every Kafka client's default for keyed messages."""
    result = np.zeros(len(keys), np.int64)
    by_length: defaultdict[int, list[int]] = defaultdict(list)
    for place, key in enumerate(keys):
        by_length[len(key)].append(place)
    for length, places in by_length.items():
        joined = np.frombuffer(b"".join(keys[place] for place in places), np.uint8).reshape(len(places), length)
        result[places] = (_murmur2(joined) & POSITIVE) % np.uint32(partitions)
    chosen: list[int] = result.tolist()
    return chosen


def _murmur2(keys: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint32]:
    """Hashes of keys of one length; shape (keys, bytes) to (keys,). All arithmetic wraps at 32 bits."""
    length = keys.shape[1]
    whole = length // 4 * 4
    h = np.full(keys.shape[0], SEED ^ length, np.uint32)
    for word in np.ascontiguousarray(keys[:, :whole]).view("<u4").T:
        k = word * M
        k ^= k >> np.uint32(24)
        h = (h * M) ^ (k * M)
    if length > whole:
        for place in range(whole, length):
            h ^= keys[:, place].astype(np.uint32) << np.uint32(8 * (place - whole))
        h *= M
    h ^= h >> np.uint32(13)
    h *= M
    h ^= h >> np.uint32(15)
    return h
