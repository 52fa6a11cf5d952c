"""The consumer's door: a batch of facts of any kind goes to one use case."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from services.reporting.store.fact_tables import TABLES
from services.reporting.use_cases.project_facts import project_facts
from shared import metrics
from shared.contracts.fact import Fact
from shared.contracts.risk import AssessmentV1
from shared.messaging.batch import Effect
from shared.postgres.pool import Connection

LATENCY: Final = metrics.PROJECTION_LATENCY_SECONDS.labels(kind=AssessmentV1.kind)


class FactsHandler:
    """Everything that reporting consumes; it publishes nothing. `clock` only measures how late figures are."""

    kinds = frozenset(TABLES)

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock

    async def apply(self, connection: Connection, facts: Sequence[Fact]) -> Effect:
        """Project `facts`."""
        outcomes = await project_facts(connection, facts)
        now = self._clock()
        for fact, outcome in zip(facts, outcomes, strict=True):
            # An assessment is known since its measurement was accepted: with it the figure counts the child.
            if outcome == "applied" and type(fact) is AssessmentV1:
                LATENCY.observe(max(0.0, (now - fact.known_at).total_seconds()))
        return Effect(outcomes)
