"""Specimens of an order: drawn, sent, received, or refused, which opens their tests again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Literal
from uuid import UUID

from services.lab.domain.orders import WAITING
from services.lab.domain.result_problems import ResultProblem
from services.lab.domain.results import draw_of, draw_problem
from services.lab.domain.specimens import way_problem
from services.lab.store.holding import read_children
from services.lab.store.orders import ORDERS
from services.lab.store.specimens import (
    Specimen,
    count_refused_alike,
    enter_step,
    find_specimens,
    insert_specimen,
    refuse_specimen,
)
from services.lab.use_cases.entry import Entry, RefusedError
from services.lab.use_cases.keep_orders import refresh_orders
from shared.contracts.fact import derived_fact_id
from shared.contracts.lab import LabOrderV1
from shared.contracts.lab import Specimen as Kind
from shared.outbox.publish import publish
from shared.postgres.pool import Connection
from shared.refusals import UnknownFactError

RejectReason = Literal[
    "haemolysed", "clotted", "insufficient", "wrong_tube", "unlabelled", "mislabelled", "too_old", "lost", "spilled"
]


@dataclass(frozen=True, slots=True)
class NewSpecimen:
    """A tube as its label says."""

    specimen: Kind
    orderables: Sequence[str]
    drawn_at: datetime | None
    drawn_on: date | None


async def enter_specimen(
    connection: Connection, order_id: UUID, new: NewSpecimen, entry: Entry
) -> tuple[Specimen, bool]:
    """The stored specimen and whether it is new; the same label at the same laboratory is the same specimen.

    Unless that one was refused: then this is the child drawn again, whose label says the same where no time is known.
    What a laboratory enters it has received; what the place of the draw enters is still to be sent.

    Raises UnknownFactError for an order the caller does not see, RefusedError.
    """
    order = await _locked_order(connection, order_id)
    specimen = await _checked(connection, order, new, entry)
    if not await insert_specimen(connection, specimen):
        return (await find_specimens(connection, [specimen.specimen_id]))[specimen.specimen_id], False
    waiting = {test.orderable for test in order.tests if test.state in WAITING}
    if not_waiting := sorted(set(new.orderables) - waiting):
        raise RefusedError(*(ResultProblem("not_ordered", "orderables", code) for code in not_waiting))
    await publish(connection, await refresh_orders(connection, [order.case_id], entry.known_at))
    return specimen, True


async def pass_on(
    connection: Connection, specimen_id: UUID, step: Literal["sent", "received"], at: datetime | None, entry: Entry
) -> Specimen:
    """The specimen with its next step, `at` or now; a step that was entered before stays as it was.

    Steps may be entered late and one may be left out. Raises UnknownFactError, RefusedError.
    """
    found = await find_specimens(connection, [specimen_id])
    if specimen_id not in found:
        raise UnknownFactError
    await _locked_order(connection, found[specimen_id].order_id)
    tube = (await find_specimens(connection, [specimen_id]))[specimen_id]
    if tube.rejected_at is not None:
        raise RefusedError(ResultProblem("specimen_rejected", "specimen_id"))
    if (tube.sent_at if step == "sent" else tube.received_at) is not None:
        return tube
    when = (at or entry.now).astimezone(UTC)
    way = replace(tube.way, sent_at=when) if step == "sent" else replace(tube.way, received_at=when)
    if (wrong := way_problem(way, f"{step}_at", entry.now)) is not None:
        raise RefusedError(wrong)
    await enter_step(connection, specimen_id, step, when, entry.account)
    return (await find_specimens(connection, [specimen_id]))[specimen_id]


async def reject_specimen(connection: Connection, specimen_id: UUID, reason: RejectReason, entry: Entry) -> Specimen:
    """The specimen, refused: what it has not resulted waits again. Twice changes nothing. UnknownFactError."""
    found = await find_specimens(connection, [specimen_id])
    if specimen_id not in found:
        raise UnknownFactError
    order = await _locked_order(connection, found[specimen_id].order_id)
    resulted = {test.orderable for test in order.tests if test.state == "resulted"}
    reopened = set(found[specimen_id].orderables) - resulted
    if await refuse_specimen(connection, specimen_id, entry.known_at, reason, reopened):
        await publish(connection, await refresh_orders(connection, [order.case_id], entry.known_at))
    return (await find_specimens(connection, [specimen_id]))[specimen_id]


async def _locked_order(connection: Connection, order_id: UUID) -> LabOrderV1:
    found = await ORDERS.locked(connection, "fact_id", [order_id])
    if not found:
        raise UnknownFactError
    return found[0]


async def _checked(connection: Connection, order: LabOrderV1, new: NewSpecimen, entry: Entry) -> Specimen:
    draw = draw_of(new.drawn_on, new.drawn_at)
    if isinstance(draw, ResultProblem):
        raise RefusedError(draw)
    child = (await read_children(connection, [order.child_id])).get(order.child_id)
    if wrong := draw_problem(draw, child.birth_date if child else None, entry.now):
        raise RefusedError(wrong)
    orderables = tuple(sorted(set(new.orderables)))
    laboratory_code = entry.laboratory_code or order.laboratory_code
    label = "/".join(("specimen", laboratory_code or "", new.specimen, draw.key, *orderables))
    tube = Specimen(
        specimen_id=derived_fact_id(order.fact_id, label),
        child_id=order.child_id,
        order_id=order.fact_id,
        laboratory_code=laboratory_code,
        specimen=new.specimen,
        drawn_on=draw.on,
        drawn_at=draw.at,
        orderables=orderables,
        recorded_at=entry.known_at,
        recorded_by=entry.account,
        received_at=entry.known_at if entry.laboratory_code else None,
        received_by=entry.account if entry.laboratory_code else None,
    )
    refused = await count_refused_alike(connection, tube)
    if not refused:
        return tube
    return replace(tube, specimen_id=derived_fact_id(order.fact_id, f"{label}/{refused + 1}"))
