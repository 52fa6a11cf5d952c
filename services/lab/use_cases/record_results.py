"""Record results: each row is stored, known already, in conflict or refused, whatever its neighbours are."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final, Literal
from uuid import UUID

from services.lab.domain.catalogue import Catalogue
from services.lab.domain.result_problems import ResultProblem
from services.lab.store.catalogue import read_catalogue
from services.lab.store.held_results import Held, insert_held
from services.lab.store.holding import read_children
from services.lab.store.orders import ORDERS
from services.lab.store.results import RESULTS, Slot, hold_owners, holders, slot_of
from services.lab.store.specimens import find_specimens
from services.lab.use_cases.alerts import refresh_alerts
from services.lab.use_cases.entry import Entry
from services.lab.use_cases.keep_orders import refresh_orders
from services.lab.use_cases.new_result import NewResult, Surroundings, build_result, held_row
from shared.contracts.fact import revised
from shared.contracts.lab import LabResultV1
from shared.outbox.publish import publish
from shared.postgres.pool import Connection

Outcome = Literal["accepted", "unchanged", "conflict", "held", "rejected"]
A_PERSON_DECIDES: Final = frozenset({"unit_missing", "finding_unknown"})
STEP_ROWS: Final = 250  # between two looks at the rest of the process


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of a row. `fact` is the stored one: the new, the equal, or the one it contradicts."""

    outcome: Outcome
    fact: LabResultV1 | None = None
    problems: tuple[ResultProblem, ...] = ()
    held_id: UUID | None = None


async def record_results(
    connection: Connection, rows: Sequence[NewResult], entry: Entry, held_for: AbstractSet[str] = A_PERSON_DECIDES
) -> list[Recorded]:
    """Store `rows`, what follows from them for orders and alerts, and all events; what became of each, in input order.

    A second report of the same test and draw is `unchanged` if it says the same and `conflict` if not: a correction
    must say that it is one. A row with a single problem out of `held_for` is `held` until somebody decides
    (`held_results`): a value without a unit, or a finding in words that are none of the test's, until it is said which
    was meant.
    """
    around = await surroundings(connection, rows)
    done: list[Recorded | None] = []
    facts: dict[int, LabResultV1] = {}
    held: list[Held] = []
    for index, row in enumerate(rows):
        built = build_result(row, around, entry)
        if isinstance(built, LabResultV1):
            facts[index] = built
            done.append(None)
        elif len(built) == 1 and built[0].code in held_for:
            held.append(held_row(row, around, entry, built[0].code))
            done.append(Recorded("held", problems=tuple(built), held_id=held[-1].held_id))
        else:
            done.append(Recorded("rejected", problems=tuple(built)))
        if index % STEP_ROWS == STEP_ROWS - 1:
            await asyncio.sleep(0)
    await insert_held(connection, held, entry.account)
    for index, recorded in (await _store(connection, facts, rows, around.catalogue)).items():
        done[index] = recorded
    results = [recorded for recorded in done if recorded is not None]
    new = [result.fact for result in results if result.outcome == "accepted" and result.fact is not None]
    replaced = [around.replaced[fact.replaces] for fact in new if fact.replaces is not None]
    retracted = [
        revised(old, "voided", entry.now, voided=True)
        for old in {old.fact_id: old for old in replaced if not old.voided}.values()
    ]
    await RESULTS.write(connection, retracted, {fact.fact_id: (None, "replaced", None) for fact in retracted})
    await settle(connection, [*retracted, *new], entry)
    return results


async def surroundings(connection: Connection, rows: Sequence[NewResult]) -> Surroundings:
    """What the rows refer to, held until the commit: orders first, then children without one, then results."""
    replaced_ids = {row.replaces for row in rows if row.replaces is not None}
    replaced = await RESULTS.find(connection, "fact_id = ANY($1)", sorted(replaced_ids)) if replaced_ids else []
    order_ids = {row.order_id for row in rows if row.order_id is not None}
    order_ids |= {result.order_id for result in replaced if result.order_id is not None}
    orders = {order.fact_id: order for order in await ORDERS.locked(connection, "fact_id", list(order_ids))}
    child_ids = {row.child_id for row in rows if row.child_id is not None and row.order_id is None}
    child_ids |= {result.child_id for result in replaced if result.order_id is None}
    await hold_owners(connection, child_ids)
    held = await RESULTS.locked(connection, "fact_id", list(replaced_ids))
    return Surroundings(
        orders=orders,
        children=await read_children(connection, child_ids | {order.child_id for order in orders.values()}),
        tubes=await find_specimens(connection, {row.specimen_id for row in rows if row.specimen_id is not None}),
        replaced={result.fact_id: result for result in held},
        catalogue=await read_catalogue(connection),
    )


async def settle(
    connection: Connection, results: Sequence[LabResultV1], entry: Entry, before: Sequence[LabResultV1] = ()
) -> None:
    """What follows from changed results: alerts, orders, all events. `before` are their states before a correction."""
    if not results:
        return
    alerts = await refresh_alerts(connection, [*before, *results], entry)
    order_ids = {result.order_id for result in results if result.order_id is not None}
    concerned = await ORDERS.locked(connection, "fact_id", list(order_ids))
    orders = await refresh_orders(connection, [order.case_id for order in concerned], entry.known_at)
    await publish(connection, [*results, *alerts, *orders])


async def _store(
    connection: Connection, facts: Mapping[int, LabResultV1], rows: Sequence[NewResult], catalogue: Catalogue
) -> dict[int, Recorded]:
    """Insert what is new; rows that meet a stored or an earlier row of the batch are compared with it."""
    first: dict[Slot, LabResultV1] = {}
    for fact in facts.values():
        first.setdefault(slot_of(fact), fact)
    beside = {
        fact.fact_id: (rows[index].specimen_id, None, catalogue.version_of(fact.test_code, fact.drawn_on))
        for index, fact in facts.items()
    }
    stored = await RESULTS.insert_missing(connection, list(first.values()), beside)
    met = await holders(connection, {slot for slot, fact in first.items() if fact.fact_id not in stored})
    return {
        index: _against(fact, met.get(slot_of(fact), first[slot_of(fact)]), stored) for index, fact in facts.items()
    }


def _against(fact: LabResultV1, holder: LabResultV1, stored: set[UUID]) -> Recorded:
    if holder is fact and fact.fact_id in stored:
        return Recorded("accepted", fact)
    same = all(getattr(holder, name) == getattr(fact, name) for name in ("value", "comparator", "findings"))
    if same and holder is not fact:
        return Recorded("unchanged", holder)
    # A holder of another laboratory is not the caller's to see: there is a value, and that is all that is said.
    shown = None if holder is fact else holder
    return Recorded("conflict", shown, (ResultProblem("value_conflict", "findings" if fact.findings else "value"),))
