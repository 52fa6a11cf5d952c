"""What a route answers with: bytes that can be stored and given again unchanged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson
from starlette.responses import Response

JSON: str = "application/json"


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, body and headers. Answers of writes are kept for seven days: ids, codes and values, never names."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)

    def response(self, extra_headers: Mapping[str, str] | None = None) -> Response:
        """For Starlette."""
        media_type = self.headers.get("content-type", JSON)
        return Response(
            self.body, self.status, media_type=media_type, headers={**self.headers, **(extra_headers or {})}
        )


def json_answer(status: int, data: Any, headers: Mapping[str, str] | None = None) -> Answer:
    """`data` as JSON; dates, instants and UUIDs in ISO form, NaN as null."""
    return Answer(status, orjson.dumps(data, default=plain), {"content-type": JSON, **(headers or {})})


def plain(value: object) -> str:
    """What the encoder does not know by itself: the database driver's own kind of UUID."""
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(type(value).__name__)


def json_response(data: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """For reads, which nobody stores."""
    return json_answer(status, data, headers).response()
