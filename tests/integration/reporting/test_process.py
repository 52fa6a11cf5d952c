"""The process itself: facts from Kafka to figures over HTTP, killed on the way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import httpx

from deploy.local.trial import Trial
from services.reporting.http.page_session import SESSION_COOKIE
from shared.contracts.codec import encode
from shared.contracts.fact import Fact
from shared.postgres.pool import open_pool
from tests.integration.reporting.ground import log_in
from tests.unit.reporting.history import DESA, assessment, child, measurement, register

SETTLED_WITHIN_S = 60.0


async def publish(system: Trial, account: str, facts: Sequence[Fact]) -> None:
    producer = system.stack.broker(account).producer()
    await producer.start()
    try:
        for fact in facts:
            message = encode(fact)
            headers = [(name, value.encode()) for name, value in message.headers]
            await producer.send_and_wait(message.topic, message.body, key=message.key.encode(), headers=headers)
    finally:
        await producer.stop()


async def figures_when(system: Trial, told: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The summary of the kabupaten, asked for until `told` says that it is so."""
    headers = {"authorization": f"Bearer {system.token('district')}"}
    seen: dict[str, Any] = {}
    async with httpx.AsyncClient(base_url=system.url("reporting"), headers=headers) as client:
        async with asyncio.timeout(SETTLED_WITHIN_S):
            while not (seen and told(seen)):
                await asyncio.sleep(0.1)
                answer = await client.get("/v1/areas/12.19/summary", params={"period": "2025-11"})
                seen = answer.json() if answer.status_code == 200 else {}
    return seen


async def test_facts_become_figures_once_though_the_process_is_killed_between(system: Trial) -> None:
    system.start("reporting")
    children: list[Fact] = [child(number) for number in range(30)]
    taken = [measurement("a", date(2025, 11, 4), of=number) for number in range(30)]
    judged = [assessment(fact, haz=-2.5 if number < 6 else -1.0) for number, fact in enumerate(taken)]
    await publish(system, "measurement", [*register(), *children, *taken[:15]])
    await publish(system, "scoring", judged[:15])
    told = await figures_when(system, lambda seen: seen["measured_children"] == 15)
    assert (told["target_children"], told["stunted"]) == (30, 6)

    system.kill("reporting")
    await publish(system, "scoring", judged)  # the first half twice, the second before its measurements
    await publish(system, "measurement", [*taken, *taken[:5]])
    system.start("reporting")
    told = await figures_when(system, lambda seen: seen["measured_children"] == 30)
    assert (told["target_children"], told["stunted"], told["haz_measured"], told["pending"]) == (30, 6, 30, 0)

    async with open_pool(system.stack.address("reporting_api")) as api:
        word = await log_in(api, "district", ["12.19"])
    async with httpx.AsyncClient(base_url=system.url("reporting"), cookies={SESSION_COOKIE: word}) as client:
        page = await client.get("/", params={"periode": "2025-11", "wilayah": DESA[0][:8]})
    assert "6 dari 30 anak yang diukur" in page.text
