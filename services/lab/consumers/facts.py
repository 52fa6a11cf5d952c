"""The consumer's door: a batch of facts of any kind goes to one use case."""

from __future__ import annotations

from collections.abc import Sequence

from services.lab.use_cases.hold_facts import hold_facts
from shared.contracts.child import ChildV1
from shared.contracts.fact import Fact
from shared.contracts.risk import CaseV1
from shared.messaging.batch import Effect
from shared.postgres.pool import Connection


class FactsHandler:
    """Everything that the laboratory consumes; it publishes the orders that follow."""

    kinds = frozenset({ChildV1.kind, CaseV1.kind})

    async def apply(self, connection: Connection, facts: Sequence[Fact]) -> Effect:
        """Hold `facts`, keep their orders."""
        return await hold_facts(connection, facts)
