"""Revisions as ETags: a correction says which state it saw (`If-Match`), so that nobody overwrites unseen changes."""

from __future__ import annotations

import re
from typing import Final

from fastapi import Request

from shared.http.kinds import IF_MATCH_INVALID, IF_MATCH_MISSING, REVISION_STALE
from shared.problems import Problem

Order = tuple[int, int]  # epoch, revision
_ETAG: Final = re.compile(r'"(\d{1,9})\.(\d{1,9})"')


def etag(epoch: int, revision: int) -> str:
    """The strong ETag of a fact's state."""
    return f'"{epoch}.{revision}"'


async def if_match(request: Request) -> Order:
    """FastAPI dependency of every correction. Problems: 428 without the header, 400 if it is not one of our ETags."""
    sent = request.headers.get("if-match")
    if sent is None:
        raise IF_MATCH_MISSING.problem()
    match = _ETAG.fullmatch(sent.strip())
    if match is None:
        raise IF_MATCH_INVALID.problem()
    return int(match.group(1)), int(match.group(2))


def demand_current(seen: Order, stored: Order) -> None:
    """Problem 412, with the present ETag, unless the client saw what is stored. Compare under the row's lock."""
    if seen != stored:
        raise stale(stored)


def stale(stored: Order) -> Problem:
    """Problem 412, with the present ETag."""
    current = etag(*stored)
    return REVISION_STALE.problem(
        f"Yang tersimpan sekarang {current}.", f"The stored state is {current}.", headers={"ETag": current}
    )
