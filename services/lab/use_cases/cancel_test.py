"""Call a test of an order off: the family declines, the child must not be pricked, it was asked for by mistake."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from uuid import UUID

from services.lab.domain.orders import CancelReason
from services.lab.domain.result_problems import ResultProblem
from services.lab.store.order_cancellations import Cancellation, insert_cancellation
from services.lab.store.orders import ORDERS
from services.lab.use_cases.entry import Entry, RefusedError
from services.lab.use_cases.keep_orders import refresh_orders
from shared.contracts.lab import LabOrderV1
from shared.outbox.publish import publish
from shared.postgres.pool import Connection
from shared.refusals import UnknownFactError


@dataclass(frozen=True, slots=True)
class Calling:
    """Which test and why. `hidden` = confidential tests that the caller does not see."""

    orderable: str
    reason: CancelReason
    reason_text: str | None
    hidden: AbstractSet[str] = frozenset()


async def cancel_test(connection: Connection, order_id: UUID, calling: Calling, entry: Entry) -> LabOrderV1:
    """The order without that test waiting; called off twice, it stays as it was said first.

    What is drawn or resulted cannot be called off. Raises UnknownFactError where the order or the test is not there (or
    not to be seen), RefusedError.
    """
    found = await ORDERS.locked(connection, "fact_id", [order_id])
    tests = {test.orderable: test.state for test in found[0].tests} if found else {}
    state = None if calling.orderable in calling.hidden else tests.get(calling.orderable)
    if state is None:
        raise UnknownFactError
    if state == "cancelled":
        return found[0]
    if state != "ordered":
        code = "already_resulted" if state == "resulted" else "already_drawn"
        raise RefusedError(ResultProblem(code, "orderable", calling.orderable))
    order = found[0]
    said = Cancellation(
        order.child_id, order.fact_id, calling.orderable, calling.reason, calling.reason_text, entry.account,
        entry.known_at,
    )  # fmt: skip
    await insert_cancellation(connection, said)
    changed = await refresh_orders(connection, [order.case_id], entry.known_at)
    await publish(connection, changed)
    return changed[0]
