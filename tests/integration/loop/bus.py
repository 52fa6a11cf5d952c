"""The loop without a network: real handlers and doors of scoring and lab on one database, and a bus that a test rules.

What a service publishes lands in the queues of its consumers; the test decides what is delivered when, twice, or in
another order. The facts of measurement are made by the test: it owns their revisions.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import httpx
import orjson

from deploy.local.stack import Stack
from services.lab import app as lab_app
from services.lab.consumers.facts import FactsHandler
from services.scoring import app as scoring_app
from services.scoring.domain.ruleset import load
from services.scoring.use_cases.rules_in_force import RulesInForce
from shared.contracts.fact import Fact
from shared.contracts.kinds import KINDS
from shared.contracts.topics import topic_of_kind
from shared.http.app import create_app
from shared.http.health import Health
from shared.messaging.batch import Handler
from shared.postgres.migrate import migrate
from shared.postgres.pool import Pool, open_pool
from tests.integration.shared import small_service
from tests.integration.shared.callers import ask
from tests.integration.shared.emptying import Empty, emptying

SERVICES: Final = ("scoring", "lab")
LABORATORY: Final = "LAB.12.19.RSUD"
TABLES: Final = {
    "scoring": "child, measurement, assessment, risk_status, child_case, follow_up, lab_order, lab_result, "
    "critical_value, intervention, session_mark, hint, follow_up_note, case_audit, case_audit_revision, outbox, "
    "idempotency_key",
    "lab": "child, child_case, lab_order, specimen, lab_result, held_result, critical_value, critical_limit, "
    "catalogue_version, order_addition, order_cancellation, reference_range, laboratory, outbox, idempotency_key",
}


@dataclass
class Bus:
    """Both services and what is on its way to them."""

    pools: dict[str, Pool]
    handlers: dict[str, Handler]
    clients: dict[str, httpx.AsyncClient]
    forget: Empty
    queues: dict[str, list[Fact]] = field(default_factory=lambda: {name: [] for name in SERVICES})
    told: dict[str, list[Fact]] = field(default_factory=lambda: {name: [] for name in SERVICES})

    def send(self, facts: Sequence[Fact]) -> None:
        """Publish: into the queue of everybody who reads the topic."""
        for fact in facts:
            for name in SERVICES:
                if name in topic_of_kind(fact.kind).consumers:
                    self.queues[name].append(fact)

    async def empty(self) -> None:
        """Forget everything but that there is a laboratory."""
        await self.forget()
        self.queues = {name: [] for name in SERVICES}
        self.told = {name: [] for name in SERVICES}
        body = {"code": LABORATORY, "name": "RSUD Batu Bara", "area_codes": ["12.19"], "tests_per_day": 100}
        answer = await self.ask("POST", "lab", "/v1/laboratories", body, role="district", areas=["12.19"])
        assert answer.status_code == 201, answer.text

    async def deliver(self, name: str, facts: Sequence[Fact]) -> list[Fact]:
        """One batch in one transaction, as the consumer does; what it publishes is sent, and returned."""
        if not facts:
            return []
        async with self.pools[name].acquire() as connection, connection.transaction():
            effect = await self.handlers[name].apply(connection, facts)
        assert "revision_conflict" not in effect.outcomes
        self.told[name] += facts
        published = [read(dict(message.headers)["ce_type"], message.body) for message in effect.messages]
        self.send(published)
        return published

    async def take_outboxes(self) -> list[Fact]:
        """What the doors have written since the last look: sent, and returned."""
        published: list[Fact] = []
        for pool in self.pools.values():
            rows = await pool.fetch("DELETE FROM outbox RETURNING id, headers, bodies")
            for row in sorted(rows, key=lambda row: int(row["id"])):
                for headers, body in zip(row["headers"], row["bodies"], strict=True):
                    published.append(read(dict(orjson.loads(headers))["ce_type"], body))
        self.send(published)
        return published

    async def round(self) -> int:
        """Everybody works off what waits; how many facts were published on it."""
        waiting = {name: self.queues[name] for name in SERVICES}
        self.queues = {name: [] for name in SERVICES}
        return sum([len(await self.deliver(name, facts)) for name, facts in waiting.items()])

    async def ask(
        self,
        method: str,
        name: str,
        path: str,
        body: Any = None,
        *,
        role: str = "laboratory",
        areas: Sequence[str] = (LABORATORY,),
        etag: str | None = None,
    ) -> httpx.Response:
        """One request at a service's door."""
        return await ask(self.clients[name], method, path, body, role=role, areas=areas, etag=etag)


@asynccontextmanager
async def open_bus(stack: Stack) -> AsyncIterator[Bus]:
    """Both services on a migrated database."""
    pools, clients = {}, {}
    async with AsyncExitStack() as opened:
        for name, module in (("scoring", scoring_app), ("lab", lab_app)):
            await migrate(stack.address(f"{name}_owner"), name, module.MIGRATIONS)
            pools[name] = await opened.enter_async_context(open_pool(stack.address(f"{name}_worker")))
            api = await opened.enter_async_context(open_pool(stack.address(f"{name}_api")))
            app = create_app(
                small_service.settings_of(name),
                routers=module.routers(),
                health=Health(),
                verifier=small_service.verifier(),
                state={"pool": api, "rules": RulesInForce(load())},
            )
            client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=f"http://{name}.test")
            clients[name] = await opened.enter_async_context(client)
        forget = await opened.enter_async_context(emptying(stack, TABLES))
        yield Bus(pools, {"scoring": scoring_app.handler(), "lab": FactsHandler()}, clients, forget)


def read(ce_type: str, body: bytes) -> Fact:
    """The fact in a message."""
    return KINDS[ce_type.removeprefix("tumbuh.")].read(body)


async def content(pool: Pool, table: str) -> list[dict[str, Any]]:
    """The facts of a table as they were published."""
    return [row["content"] for row in await pool.fetch(f"SELECT content FROM {table} ORDER BY fact_id")]
