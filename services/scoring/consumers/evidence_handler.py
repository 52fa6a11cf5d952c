"""Child and measurement facts become evidence, and the touched families are judged, in the batch's transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from services.scoring.domain.ruleset import RuleSet
from services.scoring.store.evidence import CHILDREN, MEASUREMENTS, lock_families
from services.scoring.use_cases.judge_measurements import Clock, judge_measurements
from shared.contracts.child import ChildV1, MeasurementV1
from shared.contracts.fact import Fact, of_kind
from shared.messaging.batch import Applied, Effect
from shared.postgres.merge import merge_facts
from shared.postgres.pool import Connection

NOT_OURS: Final[Applied] = "not_newer"  # a kind that scoring does not keep: nothing changes


class EvidenceHandler:
    """Handler of the scoring consumer. `clock` is the edge's word on today and now, asked once a batch."""

    kinds = frozenset({ChildV1.kind, MeasurementV1.kind})

    def __init__(self, rules: RuleSet, clock: Callable[[], Clock]) -> None:
        self._rules = rules
        self._clock = clock

    async def apply(self, connection: Connection, facts: Sequence[Fact]) -> Effect:
        """Lock, merge, judge; one outcome per fact."""
        children, measurements = of_kind(facts, ChildV1), of_kind(facts, MeasurementV1)
        outcomes: list[Applied] = [NOT_OURS] * len(facts)
        if not children and not measurements:
            return Effect(outcomes)
        ids = {fact.child_id for fact in (*children.values(), *measurements.values())}
        merged_into = {child.merged_into for child in children.values() if child.merged_into is not None}
        roots = await lock_families(connection, ids, merged_into)
        merged = [
            *await merge_facts(connection, CHILDREN, list(children.values())),
            *await merge_facts(connection, MEASUREMENTS, list(measurements.values())),
        ]
        for place, outcome in zip((*children, *measurements), merged, strict=True):
            outcomes[place] = outcome
        if "applied" not in outcomes:
            return Effect(outcomes)
        return Effect(outcomes, await judge_measurements(connection, roots, self._rules, self._clock()))
