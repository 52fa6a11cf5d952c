"""Rows of `critical_value`."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from services.lab.store.kept import Kept
from shared.contracts.fact import derived_fact_id
from shared.contracts.lab import CriticalValueV1
from shared.postgres.merge import plain
from shared.postgres.pool import Connection

CRITICALS: Final[Kept[CriticalValueV1]] = Kept(
    "critical_value",
    CriticalValueV1,
    (plain("result_id", "uuid"), plain("state", "text"), plain("raised_at", "timestamptz")),
    beside=(plain("laboratory_code", "text"), plain("note", "text")),
)
_LIST: Final = """
($1::text IS NULL OR state = $1) AND ($2::timestamptz IS NULL OR raised_at <= $2)
AND ($3::timestamptz IS NULL OR (raised_at, fact_id) > ($3, $4::uuid))
ORDER BY raised_at, fact_id LIMIT $5
"""


def alert_id(result_id: UUID) -> UUID:
    """The one alert of a result."""
    return derived_fact_id(result_id, CriticalValueV1.kind)


async def alerts_of(connection: Connection, result_ids: Collection[UUID]) -> dict[UUID, CriticalValueV1]:
    """Stored alerts by result, held until the commit."""
    found = await CRITICALS.locked(connection, "fact_id", [alert_id(result_id) for result_id in result_ids])
    return {alert.result_id: alert for alert in found}


async def list_criticals(
    connection: Connection,
    state: str | None,
    raised_until: datetime | None,
    after: tuple[Any, ...] | None,
    limit: int,
) -> list[CriticalValueV1]:
    """Alerts, the longest standing first."""
    return await CRITICALS.find(connection, _LIST, state, raised_until, *(after or (None, None)), limit)


async def oldest_raised(connection: Connection) -> datetime | None:
    """When the oldest alert that nobody has acknowledged was raised (worker role); None if there is none."""
    at: datetime | None = await connection.fetchval("SELECT min(raised_at) FROM critical_value WHERE state = 'raised'")
    return at
