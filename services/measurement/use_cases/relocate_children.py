"""A child moves: a new residence from a day on, in a new revision that carries all residences."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple
from uuid import UUID

from services.measurement.domain.entry_problems import EntryProblem
from services.measurement.domain.residences import Stay, Stays, moved_to
from services.measurement.store import identities
from services.measurement.store.children import CHILDREN
from services.measurement.store.register import unknown_places
from services.measurement.use_cases.correct_children import locked_child
from services.measurement.use_cases.entry import Entry, RefusedError
from shared.contracts.child import ChildV1, Residence
from shared.contracts.fact import revised
from shared.outbox.publish import publish
from shared.postgres.pool import Connection


class Move(NamedTuple):
    """Where a child lives from `valid_from` on."""

    child_id: UUID
    seen: tuple[int, int]
    valid_from: date
    desa_code: str
    posyandu_code: str | None


async def relocate_child(connection: Connection, move: Move, entry: Entry) -> ChildV1:
    """The child after the move; moving to where it lives changes nothing. Who had departed is back by it.

    Raises UnknownFactError, StaleError, RefusedError.
    """
    child = await locked_child(connection, move.child_id, move.seen)
    wrong = (await unknown_places(connection, [(move.desa_code, move.posyandu_code)])).values()
    if wrong:
        raise RefusedError(*(EntryProblem(code, code.removeprefix("unknown_") + "_code") for code in wrong))
    if move.valid_from > entry.today:
        raise RefusedError(EntryProblem("moved_in_future", "valid_from", value=move.valid_from.isoformat()))
    if move.valid_from < child.birth_date:
        raise RefusedError(EntryProblem("moved_before_birth", "valid_from", value=move.valid_from.isoformat()))
    stays = moved_to(stays_of(child), Stay(move.valid_from, move.desa_code, move.posyandu_code))
    is_back = child.departed_on is not None and move.valid_from >= child.departed_on
    if stays == stays_of(child) and not is_back:
        return child
    departed_on = None if is_back else child.departed_on
    moved = revised(child, "relocated", entry.now, residences=residences_of(stays), departed_on=departed_on)
    await CHILDREN.replace(connection, [moved], entry.origin())
    await publish(connection, [moved])
    await identities.mark_pending(connection, [moved.child_id])
    return moved


def stays_of(child: ChildV1) -> Stays:
    """Residences as the domain counts with them."""
    return tuple(Stay(item.valid_from, item.desa_code, item.posyandu_code) for item in child.residences)


def residences_of(stays: Stays) -> tuple[Residence, ...]:
    """The contract's form."""
    return tuple(
        Residence(valid_from=stay.valid_from, desa_code=stay.desa_code, posyandu_code=stay.posyandu_code)
        for stay in stays
    )
