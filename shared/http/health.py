"""Live means: the loops of this process move. Ready means: it can do its job now. They are never mixed.

Liveness asks nobody else, or a blink of the database would restart every process at once. Readiness asks the
resources that this process registered, and the workers whether they have been able to work.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

import structlog
from fastapi import APIRouter, Response

from shared import metrics
from shared.http.answer import json_response

LOG = structlog.get_logger(__name__)
PING_SECONDS: Final = 2.0
TICK_SECONDS: Final = 0.25
Ping = Callable[[], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class _Loop:
    moved_at: Callable[[], float]  # `time.monotonic()` of its last progress
    max_silence_seconds: float


class Health:
    """What this process registered to be judged by."""

    def __init__(self) -> None:
        self._pings: dict[str, Ping] = {}
        self._states: dict[str, Callable[[], bool]] = {}
        self._loops: dict[str, _Loop] = {}
        self.stopping = False

    def ping(self, name: str, ping: Ping) -> None:
        """A resource without which nothing works; `ping` raises when it is away."""
        self._pings[name] = ping

    def state(self, name: str, ready: Callable[[], bool]) -> None:
        """A worker that knows whether it can work."""
        self._states[name] = ready

    def loop(self, name: str, moved_at: Callable[[], float], max_silence_seconds: float) -> None:
        """A loop that must not stand still longer than that, or the process is restarted."""
        self._loops[name] = _Loop(moved_at, max_silence_seconds)

    def live(self) -> dict[str, float]:
        """Loops that stand still, with their seconds of silence; empty means alive."""
        now = time.monotonic()
        silence = {name: now - loop.moved_at() for name, loop in self._loops.items()}
        return {
            name: round(value, 1) for name, value in silence.items() if value > self._loops[name].max_silence_seconds
        }

    async def ready(self) -> dict[str, str]:
        """Name → `ok` or what is wrong, of everything registered."""
        results = await asyncio.gather(*(self._pinged(ping) for ping in self._pings.values()))
        checks = dict(zip(self._pings, results, strict=True))
        checks.update({name: "ok" if ready() else "not_working" for name, ready in self._states.items()})
        if self.stopping:
            checks["process"] = "stopping"
        return checks

    async def _pinged(self, ping: Ping) -> str:
        try:
            await asyncio.wait_for(ping(), PING_SECONDS)
        except Exception as error:  # noqa: BLE001 - a readiness answer must come whatever the ping runs into
            LOG.warning("not_ready", error=error)
            return type(error).__name__  # no more: the endpoint is open
        return "ok"


def health_router(service: str, health: Health) -> APIRouter:
    """`/livez`, `/readyz` and `/metrics`: open, so bind them to loopback or the cluster's network only."""
    router = APIRouter(tags=["operations"])

    @router.get("/livez", summary="Do the loops of this process move?")
    async def livez() -> Response:
        still = health.live()
        return json_response({"live": not still, "still": still}, 503 if still else 200)

    @router.get("/readyz", summary="Can this process do its job now?")
    async def readyz() -> Response:
        checks = await health.ready()
        ready = all(result == "ok" for result in checks.values())
        return json_response({"ready": ready, "checks": checks}, 200 if ready else 503)

    @router.get("/metrics", summary="Metrics for Prometheus")
    async def prometheus() -> Response:
        return Response(metrics.render(service), media_type=metrics.CONTENT_TYPE)

    return router


async def watch_loop(stop: asyncio.Event) -> None:
    """Measure how late the event loop wakes a timer, until `stop`."""
    while not stop.is_set():
        asked = time.perf_counter()
        await asyncio.sleep(TICK_SECONDS)
        metrics.LOOP_DELAY_SECONDS.observe(max(0.0, time.perf_counter() - asked - TICK_SECONDS))
