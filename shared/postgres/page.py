"""What one page has read: in a transaction that sees one moment the same question has the same answer, asked once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

_READ: ContextVar[dict[Hashable, Any] | None] = ContextVar("read", default=None)
Found = TypeVar("Found")


@contextmanager
def one_page() -> Iterator[None]:
    """Around a REPEATABLE READ transaction, or a part of it that sees other areas: what is read in it is kept."""
    before = _READ.get()
    _READ.set({})
    try:
        yield
    finally:
        _READ.set(before)


async def read_once(key: Hashable, read: Callable[[], Awaitable[Found]]) -> Found:
    """What `read` gives, or gave for this `key` on this page; outside a page always anew. Nobody changes it."""
    known = _READ.get()
    if known is None:
        return await read()
    if key not in known:
        known[key] = await read()
    found: Found = known[key]
    return found
