"""Facts become evidence, and the touched families are judged, in the batch's transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from services.scoring.store import laboratory, replays
from services.scoring.store.evidence import lock_families
from services.scoring.store.evidence_facts import CHILDREN, MEASUREMENTS
from services.scoring.store.interventions import INTERVENTIONS
from services.scoring.store.laboratory_tables import CRITICAL_VALUES, ELEVATIONS, LAB_ORDERS, LAB_RESULTS, is_desa
from services.scoring.use_cases.judge_measurements import Clock, judge_measurements
from services.scoring.use_cases.mark_sessions import look_before, mark_sessions
from services.scoring.use_cases.rules_in_force import RulesInForce
from shared.contracts.child import ChildV1, MeasurementV1
from shared.contracts.fact import ChildFact, Fact, of_kind
from shared.contracts.intervention import InterventionV1
from shared.contracts.lab import CriticalValueV1, LabOrderV1, LabResultV1
from shared.contracts.register import RegisterEntryV1
from shared.messaging.batch import Applied, Effect
from shared.postgres.merge import FactTable, merge_facts
from shared.postgres.pool import Connection

NOT_OURS: Final[Applied] = "not_newer"  # a kind, or a register entry, that scoring does not keep: nothing changes
# Children first: what is stored of a child hangs on its row.
TABLES: Final[tuple[tuple[type[ChildFact], FactTable[Any]], ...]] = (
    (ChildV1, CHILDREN),
    (MeasurementV1, MEASUREMENTS),
    (InterventionV1, INTERVENTIONS),
    (LabOrderV1, LAB_ORDERS),
    (LabResultV1, LAB_RESULTS),
    (CriticalValueV1, CRITICAL_VALUES),
)
READ_BY_ELEVATION: Final = (ChildV1, LabResultV1)  # facts that may change which elevation a reading takes


class EvidenceHandler:
    """Handler of the scoring consumer. `clock` is the edge's word on today and now, asked once a batch."""

    kinds = frozenset({*(model.kind for model, _ in TABLES), RegisterEntryV1.kind})

    def __init__(self, rules: RulesInForce, clock: Callable[[], Clock]) -> None:
        self._rules = rules
        self._clock = clock

    async def apply(self, connection: Connection, facts: Sequence[Fact]) -> Effect:
        """Lock, merge, judge; one outcome per fact."""
        outcomes: list[Applied] = [NOT_OURS] * len(facts)
        by_kind = [(table, of_kind(facts, model)) for model, table in TABLES]
        desa = {place: entry for place, entry in of_kind(facts, RegisterEntryV1).items() if is_desa(entry)}
        moved = await self._elevations(connection, desa, outcomes) if desa else set()
        ids = {fact.child_id for _, found in by_kind for fact in found.values()} | moved
        if not ids:
            return Effect(outcomes)
        if not desa and any(type(fact) in READ_BY_ELEVATION for fact in facts):
            await laboratory.share_elevations(connection)
        in_force = await self._rules.judging(connection)
        children, visits = of_kind(facts, ChildV1), of_kind(facts, MeasurementV1)
        survivors = {child.merged_into for child in children.values() if child.merged_into is not None}
        roots = await lock_families(connection, ids, survivors)
        before = await look_before(connection, children.values(), visits.values())
        changed = bool(moved)
        for table, found in by_kind:
            merged = await merge_facts(connection, table, list(found.values()))
            for place, outcome in zip(found, merged, strict=True):
                outcomes[place] = outcome
                changed |= outcome == "applied"
        if not changed:
            return Effect(outcomes)
        await mark_sessions(
            connection,
            before,
            [child for place, child in children.items() if outcomes[place] == "applied"],
            [visit for place, visit in visits.items() if outcomes[place] == "applied"],
        )
        if in_force.watching is not None:
            await replays.mark(connection, in_force.watching, roots)
        return Effect(outcomes, await judge_measurements(connection, roots, in_force, self._clock()))

    async def _elevations(
        self, connection: Connection, desa: Mapping[int, RegisterEntryV1], outcomes: list[Applied]
    ) -> set[UUID]:
        """Merge entries of desa; returns the roots with results whose elevation is another now."""
        await laboratory.own_elevations(connection)
        codes = {entry.code for entry in desa.values()}
        before = await laboratory.known_elevations(connection, codes)
        for place, outcome in zip(desa, await merge_facts(connection, ELEVATIONS, list(desa.values())), strict=True):
            outcomes[place] = outcome
        after = await laboratory.known_elevations(connection, codes)
        changed = [code for code in codes if before.get(code) != after.get(code)]
        return await laboratory.tested_in(connection, changed) if changed else set()
