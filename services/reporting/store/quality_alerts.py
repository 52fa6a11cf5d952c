"""Alerts at the measuring of posyandu, and the steps that were taken."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from services.reporting.domain.quality_alerts import Alert, PosyanduReasons
from shared.postgres.pool import Connection

_COLUMNS: Final = (
    "posyandu_code, alert_id, desa_code, kind, state, revision, first_month, last_month, reason, rules_version, "
    "raised_at, raised_again_from, acknowledged_at, acted_at, closed_at, close_reason"
)
# Of each posyandu and kind the open one, else the last that was closed.
_LAST: Final = f"""
SELECT DISTINCT ON (posyandu_code, kind) {_COLUMNS} FROM quality_alert
WHERE desa_code >= $1 AND desa_code < $1 || '/'
ORDER BY posyandu_code, kind, state = 'closed', raised_at DESC, alert_id DESC
"""
_LOCK_OPEN: Final = """
SELECT FROM quality_alert WHERE desa_code >= $1 AND desa_code < $1 || '/' AND state <> 'closed'
ORDER BY posyandu_code, alert_id FOR UPDATE
"""
_INSERT: Final = f"""
INSERT INTO quality_alert ({_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
"""
_JUDGED: Final = """
UPDATE quality_alert SET last_month = $3, reason = $4, state = $5, revision = $6, closed_at = $7, close_reason = $8
WHERE posyandu_code = $1 AND alert_id = $2
"""
_MOVED: Final = """
UPDATE quality_alert SET state = $3, revision = $4, acknowledged_at = $5, acted_at = $6, closed_at = $7,
    close_reason = $8 WHERE posyandu_code = $1 AND alert_id = $2
"""
_STEP: Final = """
INSERT INTO quality_alert_step (posyandu_code, alert_id, revision, desa_code, step, at, account, code, note)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""
_LIST: Final = f"""
SELECT {_COLUMNS} FROM quality_alert
WHERE ($1::text IS NULL OR posyandu_code = $1 OR (desa_code >= $1 AND desa_code < $1 || '/'))
  AND ($2::text IS NULL OR state = $2 OR ($2 = 'open' AND state <> 'closed'))
  AND ($3::text IS NULL OR kind = $3)
  AND ($4::timestamptz IS NULL OR (raised_at, alert_id) > ($4, $5::uuid))
ORDER BY raised_at, alert_id LIMIT $6
"""


async def last_alerts(connection: Connection, kecamatan: str) -> dict[tuple[str, str], Alert]:
    """By posyandu and kind the open alert, locked, or the last one."""
    await connection.execute(_LOCK_OPEN, kecamatan)
    rows = await connection.fetch(_LAST, kecamatan)
    return {(alert.posyandu_code, alert.kind): alert for alert in (Alert(*row) for row in rows)}


async def reasons_by_posyandu(
    connection: Connection, kecamatan: str, first: date
) -> dict[tuple[str, str], list[PosyanduReasons]]:
    """What was judged of each mapped posyandu (desa, posyandu) from the month `first` on, in order."""
    rows = await connection.fetch(
        "SELECT desa_code, posyandu_code, month, reasons, seen FROM posyandu_quality "
        "WHERE desa_code >= $1 AND desa_code < $1 || '/' AND posyandu_code <> '' AND month >= $2 "
        "ORDER BY desa_code, posyandu_code, month",
        kecamatan,
        first,
    )
    found: dict[tuple[str, str], list[PosyanduReasons]] = {}
    for row in rows:
        judged = PosyanduReasons(row["month"], row["reasons"], row["seen"])
        found.setdefault((row["desa_code"], row["posyandu_code"]), []).append(judged)
    return found


async def insert_alert(connection: Connection, alert: Alert) -> None:
    """Store a new alert and its first step."""
    await connection.execute(_INSERT, *(getattr(alert, name) for name in _COLUMNS.split(", ")))
    await write_step(connection, alert, "raised", alert.raised_at)


async def store_judged(connection: Connection, alert: Alert) -> None:
    """What judging has changed of an alert."""
    await connection.execute(
        _JUDGED, alert.posyandu_code, alert.alert_id, alert.last_month, alert.reason, alert.state, alert.revision,
        alert.closed_at, alert.close_reason,
    )  # fmt: skip


async def store_moved(connection: Connection, alert: Alert) -> None:
    """What a person has changed of a locked alert."""
    await connection.execute(
        _MOVED, alert.posyandu_code, alert.alert_id, alert.state, alert.revision, alert.acknowledged_at,
        alert.acted_at, alert.closed_at, alert.close_reason,
    )  # fmt: skip


async def write_step(
    connection: Connection,
    alert: Alert,
    step: str,
    at: datetime,
    *,
    account: str | None = None,
    code: str | None = None,
    note: str | None = None,
) -> None:
    """Append the step that made the alert's present revision."""
    await connection.execute(
        _STEP, alert.posyandu_code, alert.alert_id, alert.revision, alert.desa_code, step, at, account, code, note
    )


async def find_alert(connection: Connection, alert_id: UUID, *, lock: bool = False) -> Alert | None:
    """The alert, if the caller may see it."""
    row = await connection.fetchrow(
        f"SELECT {_COLUMNS} FROM quality_alert WHERE alert_id = $1{' FOR UPDATE' if lock else ''}", alert_id
    )
    return None if row is None else Alert(*row)


async def steps_of(connection: Connection, alert: Alert) -> list[dict[str, Any]]:
    """Everything that happened to the alert, in order."""
    rows = await connection.fetch(
        "SELECT revision, step, at, account, code, note FROM quality_alert_step "
        "WHERE posyandu_code = $1 AND alert_id = $2 ORDER BY revision",
        alert.posyandu_code,
        alert.alert_id,
    )
    return [dict(row) for row in rows]


async def list_alerts(
    connection: Connection,
    area: str | None,
    state: str | None,
    kind: str | None,
    after: Sequence[Any] | None,
    limit: int,
) -> list[Alert]:
    """Alerts, the longest standing first; `state` may be `open`."""
    raised_at, alert_id = after or (None, None)
    rows = await connection.fetch(_LIST, area, state, kind, raised_at, alert_id, limit)
    return [Alert(*row) for row in rows]
