"""Hold what an order will need: where a child lives and how old it is, and which case asks for tests."""

from __future__ import annotations

from collections.abc import Sequence

from services.lab.store.holding import CASES, CHILDREN, lock_children
from shared.contracts.child import ChildV1
from shared.contracts.fact import Fact, of_kind
from shared.contracts.risk import CaseV1
from shared.messaging.batch import Applied
from shared.postgres.merge import merge_facts
from shared.postgres.pool import Connection


async def hold_facts(connection: Connection, facts: Sequence[Fact]) -> list[Applied]:
    """Keep the children and cases among `facts`; the outcome of each fact, in input order.

    Measurements and judgements are nobody's order: they pass as `not_newer`. A case may come before its child.
    """
    children, cases = of_kind(facts, ChildV1), of_kind(facts, CaseV1)
    outcomes: list[Applied] = ["not_newer"] * len(facts)
    if not children and not cases:
        return outcomes
    await lock_children(connection, {fact.child_id for fact in (*children.values(), *cases.values())})
    merged = {
        **dict(zip(children, await merge_facts(connection, CHILDREN, list(children.values())), strict=True)),
        **dict(zip(cases, await merge_facts(connection, CASES, list(cases.values())), strict=True)),
    }
    for place, outcome in merged.items():
        outcomes[place] = outcome
    return outcomes
