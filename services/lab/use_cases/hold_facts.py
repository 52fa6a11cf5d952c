"""Hold children and cases, and keep the orders that follow from them."""

from __future__ import annotations

from collections.abc import Sequence

from services.lab.store.holding import CASES, CHILDREN, cases_of_children, lock_children
from services.lab.use_cases.keep_orders import keep_orders
from shared.contracts.child import ChildV1
from shared.contracts.codec import encode
from shared.contracts.fact import Fact, of_kind
from shared.contracts.risk import CaseV1
from shared.messaging.batch import Applied, Effect
from shared.postgres.merge import merge_facts
from shared.postgres.pool import Connection


async def hold_facts(connection: Connection, facts: Sequence[Fact]) -> Effect:
    """Keep the children and cases among `facts`; the outcome of each fact in input order, and the orders that changed.

    Measurements and judgements are nobody's order: they pass as `not_newer`. A case may come before its child: its
    order waits without a laboratory.
    """
    children, cases = of_kind(facts, ChildV1), of_kind(facts, CaseV1)
    outcomes: list[Applied] = ["not_newer"] * len(facts)
    if not children and not cases:
        return Effect(outcomes)
    await lock_children(connection, {fact.child_id for fact in (*children.values(), *cases.values())})
    merged = {
        **dict(zip(children, await merge_facts(connection, CHILDREN, list(children.values())), strict=True)),
        **dict(zip(cases, await merge_facts(connection, CASES, list(cases.values())), strict=True)),
    }
    for place, outcome in merged.items():
        outcomes[place] = outcome
    everything = {**children, **cases}
    touched = {everything[place].child_id for place, outcome in merged.items() if outcome == "applied"}
    if not touched:
        return Effect(outcomes)
    orders = await keep_orders(connection, await cases_of_children(connection, touched))
    return Effect(outcomes, [encode(order) for order in orders])
