"""Bring the orders of cases up to date, whoever changed something: the case, the residence, a result, a specimen.

An order is a function of its case and of what was done (domain/orders.py), so every door ends in the same order.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import structlog

from services.lab.domain.catalogue import Catalogue
from services.lab.domain.orders import Need, Order, Test, Work, keep_order
from services.lab.domain.routing import route
from services.lab.store.catalogue import read_catalogue
from services.lab.store.holding import HeldCase, cases_by_id, read_children
from services.lab.store.laboratories import read_laboratories
from services.lab.store.order_additions import Addition, read_additions
from services.lab.store.order_cancellations import Cancellation, read_cancellations
from services.lab.store.orders import ORDERS, OrderWork, unassigned_cases, work_of
from shared.calendar import JAKARTA
from shared.contracts.fact import Change, derived_fact_id
from shared.contracts.lab import LabOrderV1, OrderedTest
from shared.postgres.pool import Connection

LOG = structlog.get_logger(__name__)
ROUTED_AT_ONCE: Final = 1_000
_NOTHING: Final = OrderWork()


async def keep_orders(connection: Connection, cases: Sequence[HeldCase]) -> list[LabOrderV1]:
    """For the consumer, which holds the cases' children: store what is new or changed, and return it."""
    return await _refresh(connection, cases, None, reroute=True)


async def refresh_orders(connection: Connection, case_ids: Collection[UUID], now: datetime) -> list[LabOrderV1]:
    """For requests: the orders of these cases after something was done for them."""
    await ORDERS.locked(connection, "case_id", list(case_ids))  # before the cases are read: a consumer may be at them
    return await _refresh(connection, await cases_by_id(connection, case_ids), now, reroute=False)


async def route_unassigned(connection: Connection, now: datetime) -> list[LabOrderV1]:
    """Orders that nobody served go to a laboratory that now does; at most a thousand at once."""
    case_ids = await unassigned_cases(connection, ROUTED_AT_ONCE)
    await ORDERS.locked(connection, "case_id", case_ids)
    return await _refresh(connection, await cases_by_id(connection, case_ids), now, reroute=True)


async def _refresh(
    connection: Connection, cases: Sequence[HeldCase], now: datetime | None, *, reroute: bool
) -> list[LabOrderV1]:
    if not cases:
        return []
    stored = {order.case_id: order for order in await ORDERS.locked(connection, "case_id", [c.case_id for c in cases])}
    children = await read_children(connection, {case.child_id for case in cases})
    laboratories = await read_laboratories(connection)
    work = await work_of(connection, [order.fact_id for order in stored.values()])
    added = await read_additions(connection, [order.fact_id for order in stored.values()]) if stored else {}
    cancelled = await read_cancellations(connection, [order.fact_id for order in stored.values()]) if stored else {}
    catalogue = await read_catalogue(connection)
    changed: list[LabOrderV1] = []
    beside: dict[UUID, tuple[str]] = {}
    for case in cases:
        old, child = stored.get(case.case_id), children.get(case.child_id)
        known_at = now or max(case.known_at, (child and child.known_at) or case.known_at)
        done = work[old.fact_id] if old else _NOTHING
        routed = old.laboratory_code if old and not reroute else route(child.desa_code if child else None, laboratories)
        need = _need(case, added.get(old.fact_id, ()) if old else (), known_at, catalogue)
        called_off = cancelled.get(old.fact_id, ()) if old else ()
        order = keep_order(_order(old), need, _work(done, called_off, catalogue), routed)
        if order is None or (old is not None and order == _order(old)):
            continue
        fact = _fact(case, old, order, known_at)
        changed.append(fact)
        beside[fact.fact_id] = (" ".join(sorted({*done.laboratories, *filter(None, [fact.laboratory_code])})),)
    await ORDERS.write(connection, changed, beside)
    return changed


def _need(case: HeldCase, added: Sequence[Addition], known_at: datetime, catalogue: Catalogue) -> Need:
    required = tuple(code for code in case.required if code in catalogue.orderables)
    if len(required) < len(case.required):  # a rule set ahead of this catalogue: what is known is ordered
        unknown = sorted(set(case.required) - set(required))
        LOG.error("orderable_unknown", case_id=str(case.case_id), orderables=unknown)
    required = tuple(dict.fromkeys([*required, *(each.orderable for each in added)]))
    return Need(required, case.live, case.urgent, case.close_reason, known_at.astimezone(JAKARTA).date())


def _work(done: OrderWork, called_off: Sequence[Cancellation], catalogue: Catalogue) -> Work:
    resulted = {catalogue.leads[code]: day for code, day in done.resulted.items() if code in catalogue.leads}
    standing = {each.orderable: each.reason for each in called_off if each.ended_at is None}
    return Work(resulted, done.collected, done.rejections, standing)


def _order(fact: LabOrderV1 | None) -> Order | None:
    if fact is None:
        return None
    return Order(
        laboratory_code=fact.laboratory_code,
        priority=fact.priority,
        state=fact.state,
        ordered_on=fact.ordered_on,
        completed_on=fact.completed_on,
        tests=tuple(
            Test(test.orderable, test.state, test.added_on, test.resulted_on, test.rejections) for test in fact.tests
        ),
        cancel_reason=fact.cancel_reason,
    )


def _fact(case: HeldCase, old: LabOrderV1 | None, order: Order, known_at: datetime) -> LabOrderV1:
    change: Change = "opened" if old is None else "moved" if order.state == "open" else "closed"
    return LabOrderV1(
        fact_id=derived_fact_id(case.case_id, LabOrderV1.kind),
        child_id=case.child_id,
        epoch=old.epoch if old else 1,
        revision=old.revision + 1 if old else 1,
        change=change,
        known_at=max(known_at, old.known_at) if old else known_at,
        case_id=case.case_id,
        laboratory_code=order.laboratory_code,
        priority=order.priority,
        state=order.state,
        ordered_on=order.ordered_on,
        completed_on=order.completed_on,
        tests=tuple(
            OrderedTest(
                orderable=test.orderable,
                state=test.state,
                added_on=test.added_on,
                resulted_on=test.resulted_on,
                rejections=test.rejections,
            )
            for test in order.tests
        ),
        cancel_reason=order.cancel_reason,
    )
