"""A report as canonical JSON: the same content is the same bytes, so that a hash of them stands for it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import orjson


def canonical_json(content: Mapping[str, Any]) -> bytes:
    """UTF-8, keys sorted, no spaces, numbers in their shortest form that reads back the same."""
    return orjson.dumps(content, option=orjson.OPT_SORT_KEYS)


def read_report(content: bytes) -> dict[str, Any]:
    """What `canonical_json` wrote."""
    report: dict[str, Any] = orjson.loads(content)
    return report


def sha256_of(content: bytes) -> str:
    """Of the bytes, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()
