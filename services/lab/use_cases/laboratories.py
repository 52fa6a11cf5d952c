"""The district's laboratories: entered or changed, and given what waits for one."""

from __future__ import annotations

from services.lab.domain.result_problems import ResultProblem
from services.lab.domain.routing import Laboratory, area_of
from services.lab.store.laboratories import write_laboratory
from services.lab.use_cases.entry import Entry, RefusedError
from services.lab.use_cases.keep_orders import route_unassigned
from shared.outbox.publish import publish
from shared.postgres.pool import Connection


async def save_laboratory(connection: Connection, laboratory: Laboratory, entry: Entry) -> bool:
    """Store it; whether it is new. Orders that nobody served go to it at once; others stay where they are.

    RefusedError where its own area or one it serves lies outside the caller's.
    """
    outside = [("code", laboratory.code)] if not entry.grant.covers_area(area_of(laboratory.code)) else []
    outside += [("area_codes", area) for area in laboratory.area_codes if not entry.grant.covers_area(area)]
    if outside:
        raise RefusedError(*(ResultProblem("outside_area", field, value) for field, value in outside))
    new = await write_laboratory(connection, laboratory)
    await publish(connection, await route_unassigned(connection, entry.known_at))
    return new
