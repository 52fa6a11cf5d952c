"""`GET /v1/feed` and `GET /v1/stream`: what changed in the figures, to be asked for or to be listened to."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import Annotated, Any, Final, Literal, NamedTuple

import orjson
import structlog
from fastapi import APIRouter, Header, Query, Request, Response
from starlette.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from services.reporting.http.feed_cursor import FeedCursors
from services.reporting.store.feed import feed_page, feed_state
from services.reporting.use_cases.tell_changes import tell_changes
from shared import metrics
from shared.auth.dependency import require
from shared.auth.tokens import Caller
from shared.calendar import today_jakarta
from shared.http.answer import json_response
from shared.http.cursor import MAX_CURSOR_LENGTH
from shared.http.health import Health
from shared.http.transaction import ACQUIRE_SECONDS, reading
from shared.postgres.pool import Pool
from shared.problems import ProblemKind

LOG = structlog.get_logger(__name__)
CURSORS: Final = "feed_cursors"  # names on `app.state`
STREAMS: Final = "feed_streams"
LEVELS: Final = ("provinsi", "kabupaten", "kecamatan", "desa")
STREAM_PAGE: Final = 50
LOOK_SECONDS: Final = 0.5
HEARTBEAT_SECONDS: Final = 15.0
SEND_SECONDS: Final = 60.0  # a listener that takes nothing for so long is sent away
READING_AT_ONCE: Final = 2  # listeners: the other connections of the pool are for who asks and waits
LONGEST_SECONDS: Final = 600.0  # then the listener comes again, with a token that is still good
TOO_MANY_STREAMS: Final = ProblemKind(
    code="too_many_streams",
    status=503,
    title_id="Terlalu banyak pendengar",
    title_en="Too many listeners",
    remedy_id="Coba lagi nanti, atau ambil perubahan lewat `/v1/feed`.",
    remedy_en="Try again later, or ask for changes at `/v1/feed`.",
)
Reader = Annotated[Caller, require("feed:read")]
After = Annotated[
    str | None, Query(max_length=MAX_CURSOR_LENGTH, description="`next_cursor` of the page before; without it, all")
]
Level = Annotated[
    Literal["provinsi", "kabupaten", "kecamatan", "desa"] | None,
    Query(description="Of the areas told; without it one below the caller's own"),
]
router = APIRouter(prefix="/v1", tags=["feed"])


class Streams:
    """Who listens at this process: so many at once, and none once the process is stopping."""

    def __init__(self, health: Health, most: int = 50) -> None:
        self._health = health
        self._most = most
        self.open = 0
        self.reading = asyncio.Semaphore(READING_AT_ONCE)
        self._look = asyncio.Lock()
        self._looked_at = -LOOK_SECONDS
        self._sequence = 0

    @property
    def stopping(self) -> bool:
        """Whether listeners are to be sent away."""
        return self._health.stopping

    async def sequence(self, pool: Pool) -> int:
        """The feed's last number, looked up once for all who listen."""
        async with self._look:
            if time.monotonic() - self._looked_at > LOOK_SECONDS:
                async with pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
                    self._sequence = (await feed_state(connection)).sequence
                self._looked_at = time.monotonic()
        return self._sequence

    def take(self) -> None:
        """A place. Problem `too_many_streams`."""
        if self.open >= self._most or self.stopping:
            raise TOO_MANY_STREAMS.problem(headers={"Retry-After": "30"})
        self.open += 1
        metrics.FEED_STREAMS_OPEN.set(self.open)

    def leave(self) -> None:
        """Give the place back."""
        self.open -= 1
        metrics.FEED_STREAMS_OPEN.set(self.open)


@router.get("/feed", summary="What changed in the figures since a cursor")
async def get_feed(
    request: Request,
    caller: Reader,
    after: After = None,
    level: Level = None,
    limit: Annotated[int, Query(ge=1, le=200, description="Entries per page")] = 50,
) -> Response:
    """One entry for each area and month, with its present figures, however often it changed; in order of change.

    Keep `next_cursor` and come again with it: an entry is told at least once, and again after each further change.
    """
    page = await _page(request, caller, after, level, limit)
    items = [entry for _, entry in page.items]
    return json_response({"items": items, "next_cursor": page.next_cursor, "more": page.more})


@router.get("/stream", summary="The feed as it happens (server-sent events)")
async def get_stream(
    request: Request,
    caller: Reader,
    after: After = None,
    level: Level = None,
    last_event_id: Annotated[str | None, Header(max_length=MAX_CURSOR_LENGTH)] = None,
) -> Response:
    """Events `figures` with the entries of the feed; the id of each is the cursor after it. Comments are heartbeats."""
    streams: Streams = getattr(request.app.state, STREAMS)
    streams.take()
    try:
        async with streams.reading:
            first = await _page(request, caller, last_event_id or after, level, STREAM_PAGE)
    except BaseException:
        streams.leave()
        raise
    # Whatever stands before us may not hold events back.
    headers = {"x-accel-buffering": "no"}
    listened = _Listened(
        _events(request, caller, level, first, streams), media_type="text/event-stream", headers=headers
    )
    listened.left = streams.leave
    return listened


class _Listened(StreamingResponse):
    """Ends where the listener takes nothing: it would keep its place for as long as its connection lives."""

    left: Callable[[], None]  # gives the place back, also of who went before the first event

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def in_time(message: Message) -> None:
            async with asyncio.timeout(SEND_SECONDS):
                await send(message)

        try:
            await super().__call__(scope, receive, in_time)
        except* TimeoutError:
            LOG.info("feed_listener_sent_away", seconds=SEND_SECONDS)
        finally:
            self.left()


class Page(NamedTuple):
    """Entries, each with the cursor after it; the cursor after all; the feed's last number as this page saw it."""

    items: list[tuple[str, dict[str, Any]]]
    next_cursor: str
    more: bool
    sequence: int


async def _page(request: Request, caller: Caller, after: str | None, level: Level, limit: int) -> Page:
    cursors: FeedCursors = getattr(request.app.state, CURSORS)
    exact = caller.may("aggregates:exact")
    number = LEVELS.index(level) + 1 if level else min(own_level(caller.areas.codes), len(LEVELS))
    async with reading(request) as connection:
        state = await feed_state(connection)
        position = cursors.position(after, state)
        found = await feed_page(connection, caller.areas.codes, number, position, limit + 1, exact=exact)
        entries = found[:limit]
        told = await tell_changes(connection, entries, caller.areas.covers_area, exact=exact, today=today_jakarta())
    items = [(cursors.cursor(state.feed_id, entry.sequence), item) for entry, item in zip(entries, told, strict=True)]
    more = len(found) > limit
    last = entries[-1].sequence if more else state.sequence
    return Page(items, cursors.cursor(state.feed_id, last), more, state.sequence)


def own_level(codes: tuple[str, ...]) -> int:
    """One below the widest area of `codes`: the province follows its kabupaten, a kabupaten its kecamatan."""
    return min((code.count(".") + 2 for code in codes), default=len(LEVELS))


async def _events(request: Request, caller: Caller, level: Level, page: Page, streams: Streams) -> AsyncIterator[bytes]:
    began = spoken = time.monotonic()
    yield b"retry: 2000\n\n"
    while True:
        for position, entry in page.items:
            yield b"id: " + position.encode() + b"\nevent: figures\ndata: " + orjson.dumps(entry) + b"\n\n"
            spoken = time.monotonic()
        if not page.more:
            await asyncio.sleep(LOOK_SECONDS)
        if streams.stopping or time.monotonic() - began > LONGEST_SECONDS:
            return
        if time.monotonic() - spoken > HEARTBEAT_SECONDS:
            yield b": masih di sini\n\n"
            spoken = time.monotonic()
        if page.more or await streams.sequence(request.app.state.pool) != page.sequence:
            async with streams.reading:
                page = await _page(request, caller, page.next_cursor, level, STREAM_PAGE)
        else:
            page = page._replace(items=[])
