"""Add tests to an order: what a sign asks for, or what a doctor wants to know."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from uuid import UUID

from services.lab.domain.order_rules import order_rules
from services.lab.domain.result_problems import ResultProblem
from services.lab.store.catalogue import read_catalogue
from services.lab.store.holding import cases_by_id
from services.lab.store.order_additions import Addition, insert_additions
from services.lab.store.order_cancellations import end_cancellations
from services.lab.store.orders import ORDERS
from services.lab.use_cases.entry import Entry, RefusedError
from services.lab.use_cases.keep_orders import refresh_orders
from shared.contracts.lab import LabOrderV1
from shared.outbox.publish import publish
from shared.postgres.pool import Connection
from shared.refusals import UnknownFactError


@dataclass(frozen=True, slots=True)
class Wish:
    """`sign` brings its tests; tests of its own come with a reason."""

    sign: str | None
    orderables: Sequence[str]
    reason_text: str | None
    forbidden: AbstractSet[str] = frozenset()  # confidential tests: only who treats the child asks for them


async def add_tests(connection: Connection, order_id: UUID, wish: Wish, entry: Entry) -> tuple[LabOrderV1, bool]:
    """The order with the tests, and whether it changed: what it asks for already is asked for once.

    Of a sign, tests that the order has are left out; a test that was named and is resulted is refused, one that was
    called off waits again. Raises UnknownFactError, RefusedError.
    """
    found = await ORDERS.locked(connection, "fact_id", [order_id])
    if not found:
        raise UnknownFactError
    order = found[0]
    problems = await _problems(connection, wish)
    case = next(iter(await cases_by_id(connection, [order.case_id])), None)
    if case is None or not case.live:
        problems.append(ResultProblem("case_closed", "order_id"))
    resulted = {test.orderable for test in order.tests if test.state == "resulted"}
    named = set(wish.orderables)
    problems += [ResultProblem("already_resulted", "orderables", code) for code in sorted(named & resulted)]
    if problems:
        raise RefusedError(*problems)
    of_sign = order_rules().signs[wish.sign].tests if wish.sign else ()
    asked = {test.orderable for test in order.tests if test.state != "cancelled"}
    missing = [code for code in dict.fromkeys([*of_sign, *wish.orderables]) if code not in asked]
    await insert_additions(
        connection,
        [
            Addition(
                order.child_id,
                order.fact_id,
                code,
                wish.sign if code in of_sign else None,
                wish.reason_text,
                entry.account,
                entry.known_at,
            )
            for code in missing
        ],
    )
    await end_cancellations(connection, order.fact_id, missing, entry.account, entry.known_at)
    changed = await refresh_orders(connection, [order.case_id], entry.known_at) if missing else []
    await publish(connection, changed)
    return (changed[0], True) if changed else (order, False)


async def _problems(connection: Connection, wish: Wish) -> list[ResultProblem]:
    known = (await read_catalogue(connection)).orderables
    problems = [ResultProblem("unknown_orderable", "orderables", code) for code in wish.orderables if code not in known]
    if wish.sign is None and not wish.orderables:
        problems.append(ResultProblem("nothing_added", "sign"))
    if wish.sign is not None and wish.sign not in order_rules().signs:
        problems.append(ResultProblem("unknown_sign", "sign", wish.sign))
    sign = order_rules().signs.get(wish.sign or "")
    asked = {*wish.orderables, *(sign.tests if sign else ())}
    problems += [ResultProblem("confidential_test", "sign" if sign else "orderables") for _ in asked & wish.forbidden][
        :1
    ]
    if wish.orderables and not (wish.reason_text or "").strip():
        problems.append(ResultProblem("reason_missing", "reason_text"))
    return problems
