"""(province) Every page of figures with the projections of a whole province loaded, beside the same bytes without work.

Ten posyandu are projected by the live code, fact by fact, then copied two thousand times by the database under other
codes: what is loaded has the shape that the projection writes, since it wrote it. What the cells say of some areas is
compared with what their versions say before anything is timed. Through the real application, without a network.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final

import asyncpg
import httpx
from fastapi import Request, Response

from deploy.local.stack import Stack
from deploy.local.trial import fresh_database
from services.reporting.domain.periods import QUARTER, YEAR
from shared.calendar import add_months, month_of, today_jakarta
from shared.http.serve import quiet_collector
from shared.logging import configure_logging
from tests.bench.floor import dsn
from tests.bench.province_load import load_province
from tests.bench.province_releases import finished, newest_month, release_province
from tests.bench.report import BenchRow
from tests.integration.reporting.ground import Office, open_office

REQUESTS: Final = 100
FEWEST: Final = 20
LONGEST_SECONDS: Final = 12.0
TARGET_MS: Final = 100.0


def measure(stack: Stack) -> list[BenchRow]:
    """Load, check, then time each page for each level of area."""
    with fresh_database(stack) as database:
        return asyncio.run(_measured(database))


async def _measured(database: Stack) -> list[BenchRow]:
    configure_logging("reporting")
    async with open_office(database) as office:
        began = time.perf_counter()
        admin = await asyncpg.connect(
            **dsn(database), server_settings={"search_path": "reporting", "maintenance_work_mem": "512MB"}
        )
        loaded = await load_province(office, admin)
        seconds = time.perf_counter() - began
        await _checked(office)
        began = time.perf_counter()
        released = await release_province(office, admin)
        releasing = time.perf_counter() - began
        await admin.close()
        quiet_collector()  # as the process of the service does: what the load left is not looked through while timing
        heads = [
            BenchRow("province", f"loaded: {loaded}", seconds, "s", 0, 0),
            BenchRow("province", released, releasing, "s", 0, 0),
        ]
        return [*heads, *[row async for row in _timed(office)]]


async def _checked(office: Office) -> None:
    """What is timed is right: cells say of some areas what versions say, which know no posyandu's grade."""
    today = today_jakarta()
    for code in ("12.01.01.2001", "12.19.05.2004", "12.33.14"):
        for back in (1, 7):
            period = f"{add_months(month_of(today), -back):%Y-%m}"
            path, asked = f"/v1/areas/{code}/summary", {"areas": (code[:5],), "period": period}
            now, then = (
                await office.figures(path, **asked),
                await office.figures(path, as_of=today.isoformat(), **asked),
            )
            differs = {name for name in now if now[name] != then[name]} - {"as_of", "pending", "quality_grade"}
            if differs or not now["measured_children"]:
                raise AssertionError(f"{code} {period}: {differs}, {now['measured_children']} measured")


# Page and its question. The last two are analyses.
PAGES: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    ("summary", {}),
    ("comparison", {}),
    ("trend", {"months": 24}),
    ("cascade", {}),
    ("breakdown", {}),
    ("quality", {}),
    ("indicators", {}),
    ("why-changed", {"indicator": "stunted"}),
    ("target-path", {}),
)
ANALYSES: Final = ("why-changed", "target-path")
ANALYSED: Final = {"district": ("kabupaten", "kecamatan", "desa"), "province": ("kabupaten",)}
AREAS: Final = (("provinsi", "12"), ("kabupaten", "12.19"), ("kecamatan", "12.19.05"), ("desa", "12.19.05.2004"))


async def _timed(office: Office) -> AsyncIterator[BenchRow]:
    """For those who see exact figures, and for the province, which reads what was released, or that it was not."""
    this_month = month_of(today_jakarta())
    month = newest_month()
    periods = {
        "district": (str(month), f"{this_month:%Y}"),
        "province": (str(month), str(finished(QUARTER)), str(finished(YEAR)), f"{this_month:%Y-%m}"),
    }
    worst: dict[bool, float] = {}
    for role, every in periods.items():
        for page, query in PAGES:
            for level, code in AREAS:
                if page in ANALYSES and level not in ANALYSED[role]:
                    continue
                for of in every[:1] if page in {"trend", *ANALYSES} else every:
                    asked = query | {"until" if page == "trend" else "period": of}
                    if page == "why-changed":
                        asked |= {"against": str(month.shifted(-1))}
                    row = await _row(office, (role, page, level, code), asked)
                    is_analysis = page in ANALYSES
                    worst[is_analysis] = max(worst.get(is_analysis, 0.0), row.value)
                    sys.stderr.write(f"{row.value:8.1f} {row.unit} {row.name}\n")
                    yield row
    for is_analysis, slowest in worst.items():
        name = f"slowest of {'the analyses' if is_analysis else 'the pages of figures'} (floor = asked)"
        yield BenchRow("province", name, slowest, "ms p95", TARGET_MS, slowest / TARGET_MS)


async def _row(office: Office, about: tuple[str, str, str, str], asked: dict[str, Any]) -> BenchRow:
    role, page, level, code = about

    async def ours() -> httpx.Response:
        return await office.get(f"/v1/areas/{code}/{page}", role=role, areas=("12",), **asked)

    answer = await ours()
    if answer.status_code != httpx.codes.OK:
        raise RuntimeError(f"{about} {asked}: {answer.text[:500]}")
    value = await _p95(ours)
    least = await _p95(_floor(office, answer.content, "-".join((*about, *map(str, asked.values())))))
    of = asked.get("period") or asked.get("until")
    name = f"{page} of a {level}, {of}, {role}, p50 {value[0]:.0f} ms, {len(answer.content):,} bytes"
    return BenchRow("province", name, value[1], "ms p95", least[1], value[1] / least[1])


def _floor(office: Office, body: bytes, name: str) -> Callable[[], Awaitable[httpx.Response]]:
    """A bare route that asks the database for nothing and answers the same bytes."""

    async def bare(_request: Request) -> Response:
        async with office.api.acquire() as connection:
            await connection.fetchval("SELECT 1")
        return Response(body, media_type="application/json")

    office.app.router.add_route(f"/floor/{name}", bare)

    async def asked() -> httpx.Response:
        return await office.client.get(f"/floor/{name}")

    return asked


async def _p95(ask: Callable[[], Awaitable[httpx.Response]]) -> tuple[float, float]:
    """Median and 95th centile, in milliseconds, of REQUESTS answers (of what is slow: of as many as fit in a while)."""
    seconds: list[float] = []
    end = time.perf_counter() + LONGEST_SECONDS
    while len(seconds) < REQUESTS and (time.perf_counter() < end or len(seconds) < FEWEST):
        began = time.perf_counter()
        answer = await ask()
        seconds.append(time.perf_counter() - began)
        if answer.status_code != httpx.codes.OK:
            raise RuntimeError(answer.text[:500])
    ordered = sorted(seconds)
    return ordered[len(ordered) // 2] * 1000, ordered[int(len(ordered) * 0.95)] * 1000
