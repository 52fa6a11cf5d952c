"""Paging by keyset: the cursor holds the sort values of the last row, so that new rows never shift a page.

Cursors are opaque to clients but not secret and not signed: row-level security decides what a page may show, whatever
a cursor says. So never put a name into one; sort by codes, dates and ids.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from types import GenericAlias
from typing import Annotated, Any, Final
from uuid import UUID

import orjson
from fastapi import Query
from pydantic import TypeAdapter, ValidationError

from shared.http.answer import plain
from shared.http.kinds import CURSOR_INVALID

DEFAULT_LIMIT: Final = 100
MAX_LIMIT: Final = 500
MAX_CURSOR_LENGTH: Final = 512
Key = str | int | float | bool | date | datetime | UUID | None


@dataclass(frozen=True, slots=True)
class PageRequest:
    """What the client asked for; use as `page: Annotated[PageRequest, Depends(page_request)]`."""

    limit: int
    cursor: str | None

    def after(self, *types: type) -> tuple[Any, ...] | None:
        """The last row's sort values, checked against `types`; None on the first page. Problem `cursor_invalid`."""
        return None if self.cursor is None else decode_cursor(self.cursor, *types)

    def page(self, rows: Sequence[dict[str, Any]], *keys: str) -> dict[str, Any]:
        """The answer, from `limit + 1` rows read: the extra one only tells that there is more."""
        items = list(rows[: self.limit])
        more = len(rows) > self.limit
        return {"items": items, "next_cursor": encode_cursor(*(items[-1][key] for key in keys)) if more else None}


async def page_request(
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT, description="Rows per page")] = DEFAULT_LIMIT,
    cursor: Annotated[
        str | None, Query(max_length=MAX_CURSOR_LENGTH, description="`next_cursor` of the previous page")
    ] = None,
) -> PageRequest:
    """FastAPI dependency of every list."""
    return PageRequest(limit, cursor)


def encode_cursor(*values: Key) -> str:
    """Sort values as one URL-safe word."""
    return base64.urlsafe_b64encode(orjson.dumps(values, default=plain)).decode().rstrip("=")


def decode_cursor(cursor: str, *types: type) -> tuple[Any, ...]:
    """The sort values in `cursor`. Problem `cursor_invalid` if they are not of `types`."""
    padded = cursor + "=" * (-len(cursor) % 4)
    try:
        raw = base64.b64decode(padded, altchars=b"-_", validate=True)
        return _reader(types).validate_json(raw, strict=True)
    except (binascii.Error, ValueError, ValidationError):
        raise CURSOR_INVALID.problem() from None


@cache
def _reader(types: tuple[type, ...]) -> TypeAdapter[tuple[Any, ...]]:
    shape: Any = GenericAlias(tuple, types)
    return TypeAdapter(shape)
