"""The process itself: facts from Kafka to figures over HTTP, killed on the way."""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.local.data_dir import DataDir
from deploy.local.ports import settle_ports
from deploy.local.trial import Trial
from services.reporting.http.page_session import SESSION_COOKIE
from services.reporting.jobs.cut_offs import GRACE
from shared.calendar import JAKARTA, now_utc
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


@contextmanager
def beside(system: Trial) -> Iterator[Trial]:
    """A second process of each service, on the same database and topics."""
    data = DataDir(Path(tempfile.mkdtemp(prefix="tumbuh-trial-")).resolve())
    data.create()
    ports = {**system.stack.ports, "reporting": settle_ports(data, (), print)["reporting"]}
    other = Trial(replace(system.stack, data=data, ports=ports))
    try:
        yield other
    finally:
        other.stop("reporting")
        data.remove()


@pytest.mark.slow
async def test_a_report_appears_once_when_two_processes_have_passed_the_cut_off_of_every_partition(
    system: Trial,
) -> None:
    """Each process notes the ends of its own partitions; who asks both at once gets one report, with its hash."""
    day = (now_utc() - GRACE).astimezone(JAKARTA).date() - timedelta(days=1)
    body = {"area": "12.19", "period": "2025-11", "as_of": day.isoformat()}
    taken = [measurement("a", date(2025, 11, 4), of=number) for number in range(12)]
    judged = [assessment(fact, haz=-2.5 if number < 6 else -1.0) for number, fact in enumerate(taken)]
    with beside(system) as other:
        system.start("reporting")
        other.start("reporting")
        await publish(system, "measurement", [*register(), *(child(number) for number in range(12)), *taken])
        await publish(system, "scoring", judged)
        await figures_when(system, lambda seen: seen["haz_measured"] == 12)

        bearer = [{"authorization": f"Bearer {each.token('district')}"} for each in (system, other)]
        async with (
            httpx.AsyncClient(base_url=system.url("reporting"), headers=bearer[0]) as one,
            httpx.AsyncClient(base_url=other.url("reporting"), headers=bearer[1]) as two,
            asyncio.timeout(SETTLED_WITHIN_S),
        ):
            states: list[int] = []
            while not states or all(state != 201 for state in states):
                await asyncio.sleep(0.2)
                answers = await asyncio.gather(
                    *(each.post("/v1/reports", json=body, headers={"idempotency-key": str(uuid.uuid4())})
                      for each in (one, two))
                )  # fmt: skip
                states = [answer.status_code for answer in answers]
                assert set(states) <= {201, 409}, [answer.text for answer in answers]
            assert sorted(states) == [201, 409]
            (head,) = (answer.json() for answer in answers if answer.status_code == 201)
            for client in (one, two):
                report = await client.get(f"/v1/reports/{head['report_id']}")
                assert hashlib.sha256(report.content).hexdigest() == head["sha256"]
        assert (report.json()["cut_off"]["unknown"], report.json()["cut_off"]["behind"]) == (0, 0)
    async with open_pool(system.stack.address("reporting_worker")) as pool:
        assert await pool.fetchval("SELECT count(*) FROM published_report") == 1
        noted = await pool.fetch("SELECT topic, partition FROM cut_off WHERE day = $1 ORDER BY 1, 2", day)
        places = await pool.fetch("SELECT topic, partition FROM consumer_position ORDER BY 1, 2")
    assert noted == places
