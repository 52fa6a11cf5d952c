"""The feed: what changed is told, in order, once for however many changes, and only what the caller may see."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from typing import Any

import httpx
import uvicorn
from starlette.types import ASGIApp

from services.reporting.domain.cells import CELL_COLUMNS
from services.reporting.domain.figures import JUDGED
from services.reporting.domain.periods import parse_period
from services.reporting.domain.release import Released
from services.reporting.http.feed import STREAMS
from services.reporting.jobs.feed import FeedGatherer
from services.reporting.store.feed import mark_changes, tell_released
from services.reporting.store.releases import Head, write_release
from services.reporting.store.sums import SUM_COLUMNS
from services.reporting.use_cases.rebuild import rebuild
from shared.calendar import now_utc
from shared.contracts.fact import Fact
from tests.integration.reporting.ground import KABUPATEN, Office, deliver
from tests.integration.reporting.test_province import PROVINCE, lives, two_kabupaten, visited
from tests.integration.shared import small_service
from tests.unit.reporting.history import BORN, DESA

BORN_LATE = date(2026, 1, 10)
COLUMNS = (*SUM_COLUMNS, *JUDGED)


async def gathered(office: Office) -> None:
    gatherer = FeedGatherer(office.worker)
    while await gatherer.once():
        pass


async def told(office: Office, cursor: str | None = None, **asked: Any) -> tuple[list[dict[str, Any]], str]:
    """All entries after `cursor`, page by page, and the cursor after them."""
    await gathered(office)
    items: list[dict[str, Any]] = []
    while True:
        query = {"after": cursor} if cursor else {}
        body = await office.figures("/v1/feed", limit=3, **query, **asked)
        items += body["items"]
        cursor = body["next_cursor"]
        if not body["more"]:
            return items, str(cursor)


def keys(items: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(item["area"], item["period"]) for item in items]


async def test_an_area_and_month_that_changed_often_is_one_entry_with_its_present_figures(office: Office) -> None:
    await deliver(office.worker, [*two_kabupaten(), *(lives(number, (BORN_LATE, DESA[0])) for number in range(1, 9))])
    _, cursor = await told(office)
    visits: list[Fact] = []
    for number in range(1, 9):
        visits += visited(number, date(2026, 3, 4), haz=-2.4 if number < 7 else -1)
    await deliver(office.worker, visits, 1)
    items, cursor = await told(office, cursor)
    assert keys(items) == [("12.19.01", "2026-03")]
    (item,) = items
    assert (item["name"], item["level"]) == ("Kecamatan 01", "kecamatan")
    assert (item["figures"]["measured_children"], item["figures"]["stunted"]) == (8, 6)
    summary = await office.figures("/v1/areas/12.19.01/summary", period="2026-03")
    assert item["figures"] == {name: summary[name] for name in item["figures"]}
    assert await told(office, cursor) == ([], cursor)
    desa, _ = await told(office, level="desa")
    assert (DESA[0], "2026-03") in keys(desa)


async def test_a_released_month_is_told_outside_with_its_release_and_never_for_what_comes_later(office: Office) -> None:
    """The district hears of a late visit, the province only of the month that is still open."""
    await deliver(office.worker, [*two_kabupaten(), lives(1, (BORN_LATE, DESA[0])), lives(2, (BORN_LATE, DESA[0]))])
    await deliver(office.worker, visited(1, date(2026, 2, 3)))
    _, inside = await told(office)
    before, outside = await told(office, **PROVINCE)
    assert ("12.19", "2026-02") in keys(before)
    await released(office, "2026-02", {"12": "", "12.19": "12", "12.19.01": "12.19", DESA[0]: "12.19.01"})
    assert (await told(office, inside))[0] == [], "to the district a release says nothing new"
    items, outside = await told(office, outside, **PROVINCE)
    assert keys(items) == [("12.19", "2026-02")]
    of_desa, _ = await told(office, level="desa", **PROVINCE)
    assert keys(of_desa)[-1] == (DESA[0], "2026-02")
    await deliver(office.worker, [*visited(2, date(2026, 2, 4)), *visited(2, date(2026, 3, 4))])
    items, _ = await told(office, inside)
    assert keys(items) == [("12.19.01", "2026-02"), ("12.19.01", "2026-03")]
    items, _ = await told(office, outside, **PROVINCE)
    assert keys(items) == [("12.19", "2026-03")]
    whole, _ = await told(office, outside, level="provinsi", **PROVINCE)
    assert keys(whole) == [("12", "2026-03")], "what comes later is not told of the provinsi either"
    of_desa, _ = await told(office, outside, level="desa", **PROVINCE)
    assert keys(of_desa) == [(DESA[0], "2026-03")]


async def released(office: Office, month: str, parents: dict[str, str]) -> None:
    """A release of one kabupaten's month, and its telling."""
    period = parse_period(month)
    head = Head("12", period, date(2026, 3, 11), now_utc(), COLUMNS)
    nobody = dict.fromkeys(COLUMNS, 0)
    areas = [Released(code, parent, nobody, frozenset()) for code, parent in parents.items()]
    async with office.worker.acquire() as connection, connection.transaction():
        await write_release(connection, head, [KABUPATEN], areas)
        await tell_released(connection, "12", [KABUPATEN], period)


async def test_a_new_child_changes_every_month_it_is_a_target_in_and_a_move_both_places(office: Office) -> None:
    await deliver(office.worker, two_kabupaten())
    _, cursor = await told(office)
    await deliver(office.worker, [lives(1, (BORN_LATE, DESA[0]))])
    items, cursor = await told(office, cursor)
    assert keys(items)[:3] == [("12.19.01", f"2026-0{month}") for month in (1, 2, 3)]
    moved = lives(1, (BORN_LATE, DESA[0]), (date(2026, 3, 9), DESA[2]), revision=2, known=9)
    await deliver(office.worker, [moved])
    items, _ = await told(office, cursor)
    assert keys(items)[:4] == [
        (kecamatan, month) for month in ("2026-03", "2026-04") for kecamatan in ("12.19.01", "12.19.02")
    ]


async def test_a_quarter_that_a_visit_elsewhere_changes_is_told_by_one_of_its_months(office: Office) -> None:
    homes = ((BORN_LATE, DESA[0]), (date(2026, 2, 9), DESA[2]))
    await deliver(office.worker, [*two_kabupaten(), lives(1, *homes), *visited(1, date(2026, 1, 20))])
    kept = await office.figures("/v1/areas/12.19.01/summary", period="2026-Q1")
    _, cursor = await told(office)
    await deliver(office.worker, visited(1, date(2026, 3, 4)))
    items, _ = await told(office, cursor)
    assert keys(items) == [("12.19.01", "2026-01"), ("12.19.02", "2026-03")]
    now = await office.figures("/v1/areas/12.19.01/summary", period="2026-Q1")
    assert (kept["measured_children"], now["measured_children"]) == (1, 0)


async def test_a_change_that_commits_late_is_not_passed_over(office: Office) -> None:
    """Marks are numbered once they can be seen, so a batch that began first and ends last is told after the other."""
    await deliver(office.worker, [*two_kabupaten(), lives(1, (BORN, DESA[0])), lives(2, (BORN, DESA[2]))])
    _, cursor = await told(office)
    async with office.worker.acquire() as slow:
        transaction = slow.transaction()
        await transaction.start()
        pending = [int(name == "pending") for name in CELL_COLUMNS]
        # alone: batches take turns at the tally
        await mark_changes(slow, [((DESA[0], "", 1, date(2026, 3, 1)), pending)], ())
        await deliver(office.worker, visited(2, date(2026, 3, 4)))
        first, cursor = await told(office, cursor)
        assert keys(first) == [("12.19.02", "2026-03")]
        await transaction.commit()
    second, _ = await told(office, cursor)
    assert keys(second) == [("12.19.01", "2026-03")]


async def test_a_rebuild_tells_only_what_it_mends_and_cursors_stay_good(office: Office) -> None:
    facts = [*two_kabupaten(), lives(1, (BORN, DESA[0])), *visited(1, date(2026, 3, 4), haz=-2.4)]
    await deliver(office.worker, facts)
    _, cursor = await told(office)
    async with office.worker.acquire() as connection:
        assert (await rebuild(connection))["differences"] == []
    items, cursor = await told(office, cursor)
    assert items == []
    await office.worker.execute("UPDATE cell SET stunted = 7 WHERE stunted = 1")
    async with office.worker.acquire() as connection:
        await rebuild(connection)
    items, _ = await told(office, cursor)
    assert keys(items) == [("12.19.01", "2026-03")]
    assert items[0]["figures"]["stunted"] == 1


async def test_each_is_told_of_its_areas_and_the_province_of_kabupaten_suppressed(office: Office) -> None:
    facts = [*two_kabupaten()]
    for number in range(1, 13):
        desa = DESA[0] if number < 7 else "12.05.01.2001"
        facts += [lives(number, (BORN_LATE, desa)), *visited(number, date(2026, 3, 4), haz=-2.4 if number < 3 else -1)]
    await deliver(office.worker, facts)
    for own, other in (("12.19", "12.05"), ("12.05", "12.19")):
        items, _ = await told(office, areas=(own,), level="desa")
        assert {item["area"][:5] for item in items} == {own}, other
    items, _ = await told(office, **PROVINCE)
    assert {item["area"] for item in items} == {"12.05", "12.19"}
    march = {item["area"]: item["figures"] for item in items if item["period"] == "2026-03"}
    assert march["12.19"]["measured_children"] == 6
    assert march["12.19"]["stunted"] is None
    refused = await office.get("/v1/feed", role="kader", areas=(DESA[0],))
    assert refused.json()["code"] == "scope_missing"


async def test_a_cursor_that_is_not_ours_is_refused_and_one_of_another_feed_begins_anew(office: Office) -> None:
    await deliver(office.worker, [*two_kabupaten(), lives(1, (BORN_LATE, DESA[0]))])
    items, cursor = await told(office)
    for wrong in ("AAAAAAAAAAAAAAAAAAAAAA", "x", cursor[::-1], cursor + cursor):
        refused = await office.get("/v1/feed", after=wrong)
        assert (refused.status_code, refused.json()["code"]) == (400, "cursor_invalid"), wrong
    async with office.worker.acquire() as connection, connection.transaction():
        await connection.execute("UPDATE feed_state SET feed_id = gen_random_uuid()")
    again, _ = await told(office, cursor)
    assert keys(again) == keys(items), "a database that was restored tells everything once more"


@asynccontextmanager
async def served(app: ASGIApp) -> AsyncIterator[str]:
    """The application behind a real socket: events are seen as they are sent."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, lifespan="off", timeout_graceful_shutdown=2))
    running = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - the server has no event for it
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await running


async def test_the_stream_tells_as_it_happens_resumes_after_an_event_and_ends_at_shutdown(office: Office) -> None:
    await deliver(office.worker, [*two_kabupaten(), lives(1, (BORN_LATE, DESA[0])), lives(2, (BORN_LATE, DESA[2]))])
    _, cursor = await told(office)
    await deliver(office.worker, visited(1, date(2026, 3, 4)))
    await gathered(office)
    streams = getattr(office.app.state, STREAMS)
    headers = {"authorization": f"Bearer {small_service.token('district', ('12.19',))}"}
    async with served(office.app) as url, httpx.AsyncClient(base_url=url, headers=headers, trust_env=False) as client:
        async with asyncio.timeout(20), client.stream("GET", "/v1/stream", params={"after": cursor}) as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            events = _events(answer)
            first = await anext(events)
            await deliver(office.worker, visited(2, date(2026, 3, 5)))
            await gathered(office)
            second = await anext(events)
            assert keys([first["data"], second["data"]]) == [("12.19.01", "2026-03"), ("12.19.02", "2026-03")]
        resumed = client.stream("GET", "/v1/stream", headers={"last-event-id": first["id"]})
        async with asyncio.timeout(20), resumed as answer:
            events = _events(answer)
            assert (await anext(events))["data"]["area"] == "12.19.02"
            assert streams.open >= 1
            streams._health.stopping = True
            try:
                assert [event async for event in events] == []
                refused = await client.get("/v1/stream")
                assert (refused.status_code, refused.json()["code"]) == (503, "too_many_streams")
            finally:
                streams._health.stopping = False
    assert streams.open == 0


async def _events(answer: httpx.Response) -> AsyncIterator[dict[str, Any]]:
    event: dict[str, Any] = {}
    async for line in answer.aiter_lines():
        name, _, value = line.partition(": ")
        if name == "id":
            event["id"] = value
        elif name == "data":
            yield {**event, "data": json.loads(value)}
