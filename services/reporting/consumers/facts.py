"""The consumer's door: a batch of facts of any kind goes to one use case."""

from __future__ import annotations

from collections.abc import Sequence

from services.reporting.use_cases.project_facts import project_facts
from shared.contracts.fact import Fact
from shared.messaging.batch import Effect
from shared.postgres.pool import Connection


class FactsHandler:
    """Everything that reporting consumes; it publishes nothing."""

    async def apply(self, connection: Connection, facts: Sequence[Fact]) -> Effect:
        """Project `facts`."""
        return Effect(await project_facts(connection, facts))
