"""Published reports: written once, read for ever."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from shared.postgres.pool import Connection

_HEAD: Final = (
    "report_id, series_id, revision, area_code, period, as_of, published_at, published_by, reason, sha256, "
    "suppressed_sha256"
)


class ReportHead(NamedTuple):
    """What a report is, without its content."""

    report_id: UUID
    series_id: UUID
    revision: int
    area_code: str
    period: str
    as_of: date
    published_at: datetime
    published_by: str
    reason: str | None
    sha256: str
    suppressed_sha256: str | None


class Content(NamedTuple):
    """Both versions as bytes; there is no suppressed one where neighbours would give it away."""

    exact: bytes
    suppressed: bytes | None


async def insert_report(connection: Connection, head: ReportHead, content: Content) -> bool:
    """False where the area and period have this revision already."""
    inserted = await connection.fetchval(
        f"INSERT INTO published_report ({_HEAD}, content, suppressed_content) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT DO NOTHING RETURNING true",
        *head,
        *content,
    )
    return bool(inserted)


async def find_report(connection: Connection, report_id: UUID) -> ReportHead | None:
    """One report, if the caller may see its area."""
    row = await connection.fetchrow(f"SELECT {_HEAD} FROM published_report WHERE report_id = $1", report_id)
    return None if row is None else ReportHead._make(row)


async def content_of(connection: Connection, report_id: UUID) -> Content:
    """The bytes of a report that is there."""
    row = await connection.fetchrow(
        "SELECT content, suppressed_content FROM published_report WHERE report_id = $1", report_id
    )
    if row is None:
        raise LookupError(report_id)
    return Content._make(row)


async def newest_of(connection: Connection, area_code: str, period: str) -> ReportHead | None:
    """The newest revision of an area's period."""
    row = await connection.fetchrow(
        f"SELECT {_HEAD} FROM published_report WHERE (area_code, period) = ($1, $2) ORDER BY revision DESC LIMIT 1",
        area_code,
        period,
    )
    return None if row is None else ReportHead._make(row)


async def list_reports(
    connection: Connection, area: str | None, period: str | None, after: UUID | None, limit: int, *, exact: bool
) -> list[ReportHead]:
    """The newest first (ids rise with time); without `exact` only those with a suppressed version."""
    rows = await connection.fetch(
        f"SELECT {_HEAD} FROM published_report WHERE ($1::text IS NULL OR area_code = $1) "
        "AND ($2::text IS NULL OR period = $2) AND ($3::uuid IS NULL OR report_id < $3) "
        "AND ($5 OR suppressed_sha256 IS NOT NULL) ORDER BY report_id DESC LIMIT $4",
        area,
        period,
        after,
        limit,
        exact,
    )
    return [ReportHead._make(row) for row in rows]


async def rule_sets(connection: Connection, first: date, last: date, known_before: datetime) -> list[dict[str, Any]]:
    """Which rule sets judged what was measured on those days, as known then; None: stored before they were kept."""
    rows = await connection.fetch("SELECT * FROM rulesets_of($1, $2, $3)", first, last, known_before)
    return [{"version": row["ruleset_version"], "assessments": row["assessments"]} for row in rows]
