"""A person decided which posyandu a name means, or took it back: rows that bear the name follow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from services.measurement.domain.residences import Stay
from services.measurement.store import intake_rows
from services.measurement.store.children import CHILDREN
from services.measurement.store.intake_rows import PlacedRow
from services.measurement.store.measurements import MEASUREMENTS, seen_at_posyandu
from services.measurement.store.undo import NAME_DECIDED
from services.measurement.use_cases.entry import Entry
from services.measurement.use_cases.relocate_children import residences_of, stays_of
from shared.contracts.child import ChildV1, MeasurementV1
from shared.contracts.fact import revised
from shared.outbox.publish import publish
from shared.postgres.pool import Connection


async def move_taken_rows(
    connection: Connection,
    rows: Sequence[PlacedRow],
    desa_code: str,
    posyandu: tuple[str | None, str | None],
    entry: Entry,
) -> int:
    """Visits and homes of `rows` that stand at the first of `posyandu` (None = not known) stand at the second.

    What a person has put elsewhere since stays there. How many visits moved.
    """
    old, new = posyandu
    origin = replace(entry, reason_text=NAME_DECIDED).origin()
    children = await CHILDREN.find(connection, [row.child_id for row in rows], lock=True)
    facts = await MEASUREMENTS.find(connection, [row.fact_id for row in rows], lock=True)
    visits = [
        revised(fact, "corrected", entry.now, posyandu_code=new)
        for fact in facts
        if not fact.voided and (fact.desa_code, fact.posyandu_code) == (desa_code, old)
    ]
    await MEASUREMENTS.replace(connection, visits, origin)
    rooted: set[UUID] = (
        set() if old is None else await seen_at_posyandu(connection, [c.child_id for c in children], old)
    )
    homes = [
        home
        for child in children
        if child.child_id not in rooted and (home := _moved(child, desa_code, old, new, entry))
    ]
    await CHILDREN.replace(connection, homes, origin)
    await intake_rows.follow_revisions(connection, _revisions(visits), _revisions(homes))
    await publish(connection, [*homes, *visits])
    return len(visits)


def _moved(child: ChildV1, desa_code: str, old: str | None, new: str | None, entry: Entry) -> ChildV1 | None:
    stays = stays_of(child)
    moved = tuple(Stay(stay.valid_from, desa_code, new) if stay[1:] == (desa_code, old) else stay for stay in stays)
    if child.voided or moved == stays:
        return None
    return revised(child, "relocated", entry.now, residences=residences_of(moved))


def _revisions(facts: Sequence[ChildV1] | Sequence[MeasurementV1]) -> list[tuple[UUID, int]]:
    return [(fact.fact_id, fact.revision) for fact in facts]
