"""Every door at which somebody without exact figures gets an answer about figures, and what each says."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any, Final

from services.reporting.domain.export_order import FORMS
from services.reporting.http.page_session import SESSION_COOKIE
from services.reporting.jobs.exports import KIND, ExportJob
from services.reporting.jobs.feed import FeedGatherer
from shared.auth.roles import scopes_of
from shared.jobs.runner import JobRunner
from tests.integration.reporting.ground import Office, log_in

OUTSIDE: Final[Mapping[str, Any]] = {"role": "province", "areas": ("12",)}
Answers = dict[str, tuple[int, bytes]]

OF_AN_AREA: Final = {
    "/v1/areas/{code}/summary": "period",
    "/v1/areas/{code}/comparison": "period",
    "/v1/areas/{code}/breakdown": "period",
    "/v1/areas/{code}/cascade": "period",
    "/v1/areas/{code}/quality": "period",
    "/v1/areas/{code}/indicators": "period",
    "/v1/areas/{code}/trend": "until",
    "/v1/areas/{code}/surveys": "until",
    "/v1/areas/{code}/why-changed": "period",
    "/v1/areas/{code}/target-path": "period",
}
ALL_WAYS: Final[Mapping[str, tuple[dict[str, str], ...]]] = {
    "breakdown": ({"by": "sex"}, {"by": "age"}, {"by": "sex,age"}),
    "trend": ({"months": "12"},),
    "why-changed": ({"indicator": "stunted"}, {"indicator": "wasted"}),
    "surveys": ({"indicator": "stunted"},),
}
# Doors of figures that are asked otherwise.
FEED, EXPORTS, REPORTS = "/v1/feed", "/v1/exports", "/v1/reports"
ASKED_OTHERWISE: Final = {FEED, EXPORTS, f"{EXPORTS}/{{export_id}}/file", REPORTS, f"{REPORTS}/{{report_id}}"}
# What tells no figure that is made of children's facts; or refuses whoever has no exact figures.
NO_FIGURES: Final = {
    "/livez", "/readyz", "/metrics", "/v1/indicators", "/v1/indicators/{code}", "/v1/exchange-codes",
    "/v1/exports/schemas/open-data", "/v1/exports/{export_id}", "/v1/reports/{report_id}/verify",
    "/v1/stream",  # the feed, as it happens
    "/v1/releases", "/v1/releases/requests/{request_id}",  # which periods are told, and since when
}  # fmt: skip
SENT_BY_THE_DISTRICT: Final = ("/v1/aksi", "/v1/decisions")  # what people there entered, and send to the province


def doors_of(document: Mapping[str, Any]) -> set[str]:
    """Paths at which somebody outside reads something."""
    scopes = scopes_of("province") | scopes_of("partner")
    return {
        path
        for path, operations in document["paths"].items()
        if "get" in operations and operations["get"].get("x-required-scope") in {*scopes, None}
    }


async def ask_everything(office: Office, areas: tuple[str, ...], periods: tuple[str, ...]) -> Answers:
    """Status and bytes of each answer about figures of `areas` and `periods`, files left out."""
    told: Answers = {}
    for path, query in _questions(areas, periods):
        answer = await office.get(path, **OUTSIDE, **query)
        body = answer.content if answer.status_code == 200 else answer.json()["code"].encode()
        told[f"{path}?{'&'.join(f'{name}={value}' for name, value in query.items())}"] = answer.status_code, body
    return told | await _pages(office, areas, periods)


def _questions(areas: tuple[str, ...], periods: tuple[str, ...]) -> Iterator[tuple[str, dict[str, str]]]:
    for path, period_name in OF_AN_AREA.items():
        page = path.rpartition("/")[2]
        for code in areas:
            for period in periods:
                for way in ALL_WAYS.get(page, ({},)):
                    yield path.format(code=code), {period_name: period, **way}


async def _pages(office: Office, areas: tuple[str, ...], periods: tuple[str, ...]) -> Answers:
    """The page in a browser."""
    told: Answers = {}
    office.client.cookies.set(SESSION_COOKIE, await log_in(office.api, "province", ["12"]))
    for code in areas:
        for period in periods:
            answer = await office.client.get("/", params={"wilayah": code, "periode": period})
            told[f"/?wilayah={code}&periode={period}"] = answer.status_code, answer.content
    office.client.cookies.clear()
    return told


async def all_files(office: Office, area: str, periods: tuple[str, ...], forms_each: int | None) -> Answers:
    """Every kind of file that may be had outside; in so many forms each (None: in all)."""
    runner = JobRunner(office.worker, {KIND: ExportJob(office.worker)}, slots=1)
    stop = asyncio.Event()
    making = asyncio.create_task(runner.run(stop))
    told: Answers = {}
    for kind, forms in FORMS.items():
        for form in forms[:forms_each]:
            for period in periods if kind != "children" else ():
                body = {"kind": kind, "format": form, "area": area, "period": period}
                told[f"{EXPORTS} {kind} {form} {period}"] = await _file(office, body)
    stop.set()
    await making
    return told


async def _file(office: Office, body: dict[str, Any]) -> tuple[int, bytes]:
    answer = await office.post(EXPORTS, body=body, **OUTSIDE)
    assert answer.status_code == 202, answer.text
    path = answer.headers["location"]
    async with asyncio.timeout(30):
        while True:
            job = await office.figures(path, **OUTSIDE)
            if job["state"] not in {"queued", "running"}:
                break
            await asyncio.sleep(0.02)
    if job["state"] != "done":
        return 0, str(job["error"]["code"]).encode()
    answer = await office.get(f"{path}/file", **OUTSIDE)
    return answer.status_code, answer.content


async def feed_of(office: Office, periods: tuple[str, ...]) -> dict[tuple[str, str], Any]:
    """What the feed says of each area and period, from its beginning."""
    gatherer = FeedGatherer(office.worker)
    while await gatherer.once():
        pass
    told: dict[tuple[str, str], Any] = {}
    query: dict[str, Any] = {"limit": 200}
    while True:
        body = await office.figures(FEED, **OUTSIDE, **query)
        told |= {
            (entry["area"], entry["period"]): entry["figures"] for entry in body["items"] if entry["period"] in periods
        }
        if not body["more"]:
            return told
        query["after"] = body["next_cursor"]
