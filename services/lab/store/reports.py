"""Rows of `reported_result`: what was taken of each observation of a laboratory."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final
from uuid import UUID

from services.lab.domain.reports import Stated
from shared.postgres.pool import Connection

BUCKETS: Final = 256


async def hold_sources(connection: Connection, laboratory_code: str, source_ids: Collection[UUID]) -> None:
    """Alone with these observations until the commit: statements of one observation come one after another.

    Locked are buckets of observations, in their order: a file has more than the database has room for locks.
    """
    await connection.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended($1 || bucket, 1)) FROM unnest($2::integer[]) AS bucket",
        laboratory_code,
        sorted({source_id.int % BUCKETS for source_id in source_ids}),
    )


async def read_sources(
    connection: Connection, laboratory_code: str, source_ids: Collection[UUID]
) -> dict[UUID, Stated]:
    """What is known of these observations; a held row that somebody completed is its result."""
    rows = await connection.fetch(
        "SELECT s.source_id, s.statement, s.stated_at, coalesce(s.result_id, h.result_id) AS result_id, "
        "CASE WHEN h.state = 'open' THEN h.held_id END AS held_id "
        "FROM reported_result s LEFT JOIN held_result h ON h.held_id = s.held_id AND s.result_id IS NULL "
        "WHERE s.laboratory_code = $1 AND s.source_id = ANY($2)",
        laboratory_code,
        list(source_ids),
    )
    return {row["source_id"]: Stated(*list(row.values())[1:]) for row in rows}


async def stated_elsewhere(connection: Connection, result_id: UUID, source_id: UUID) -> bool:
    """Whether another observation that is not retracted is this result too."""
    found: bool = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM reported_result WHERE result_id = $1 AND source_id <> $2 "
        "AND statement <> 'retracted')",
        result_id,
        source_id,
    )
    return found


async def write_sources(connection: Connection, laboratory_code: str, stated: Mapping[UUID, Stated]) -> None:
    """The last word of each."""
    ordered = sorted(stated.items())
    await connection.execute(
        "INSERT INTO reported_result (laboratory_code, source_id, statement, stated_at, result_id, held_id) "
        "SELECT $1, * FROM unnest($2::uuid[], $3::text[], $4::timestamptz[], $5::uuid[], $6::uuid[]) "
        "ON CONFLICT (laboratory_code, source_id) DO UPDATE "
        "SET statement = EXCLUDED.statement, stated_at = EXCLUDED.stated_at, result_id = EXCLUDED.result_id, "
        "held_id = EXCLUDED.held_id",
        laboratory_code,
        [source_id for source_id, _ in ordered],
        [each.statement for _, each in ordered],
        [each.stated_at for _, each in ordered],
        [each.result_id for _, each in ordered],
        [each.held_id for _, each in ordered],
    )
