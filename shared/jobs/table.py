"""The job table as services see it: ask for a job, look at it, let a waiting one go on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import asyncpg
from uuid_utils.compat import uuid7

from shared import metrics
from shared.postgres.pool import Connection

State = Literal["queued", "running", "waiting", "done", "failed"]


class NoTransactionError(Exception):
    """A job was asked for outside a transaction: it could run although what it needs was never committed."""


@dataclass(frozen=True, slots=True)
class Job:
    """A job as it stands. `cursor`, `result` and `payload` are the handler's own; ids, counts and codes, no names."""

    job_id: UUID
    kind: str
    state: State
    payload: dict[str, Any]
    cursor: dict[str, Any] | None
    result: dict[str, Any] | None
    rows: int | None
    done: int
    attempts: int
    error_code: str | None
    lease_token: int
    requested_by: str
    created_at: datetime
    updated_at: datetime


COLUMNS = ", ".join(Job.__dataclass_fields__)


async def enqueue(
    connection: Connection,
    kind: str,
    payload: Mapping[str, Any],
    *,
    requested_by: str,
    unique_key: str | None = None,
    run_after: datetime | None = None,
) -> UUID:
    """Ask for a job in the open transaction; its areas are those set there. Wake the runner after the commit.

    With `unique_key` the id of the job that already has it, if there is one: the same sweep is never asked for twice.
    """
    if not connection.is_in_transaction():
        raise NoTransactionError("ask for a job in the transaction of what it works on")
    job_id = uuid7()
    inserted = await connection.fetchval(
        "INSERT INTO job (job_id, kind, unique_key, payload, requested_by, run_after) "
        "VALUES ($1, $2, $3, $4, $5, coalesce($6, now())) ON CONFLICT (kind, unique_key) DO NOTHING RETURNING job_id",
        job_id,
        kind,
        unique_key,
        dict(payload),
        requested_by,
        run_after,
    )
    if inserted is not None:
        return job_id
    existing: UUID = await connection.fetchval(
        "SELECT job_id FROM job WHERE (kind, unique_key) = ($1, $2)", kind, unique_key
    )
    return existing


async def find(connection: Connection, job_id: UUID, kind: str | None = None) -> Job | None:
    """The job, if it exists, is of `kind`, and row-level security shows it."""
    row = await connection.fetchrow(
        f"SELECT {COLUMNS} FROM job WHERE job_id = $1 AND ($2::text IS NULL OR kind = $2)", job_id, kind
    )
    return None if row is None else job_of(row)


async def go_on(connection: Connection, job_id: UUID, payload: Mapping[str, Any] | None = None) -> bool:
    """Queue a waiting (or failed) job again, with another payload if one is given. False if it is in no such state."""
    status = await connection.execute(
        "UPDATE job SET state = 'queued', payload = coalesce($2, payload), run_after = now(), attempts = 0, "
        "error_code = NULL, updated_at = now() WHERE job_id = $1 AND state IN ('waiting', 'failed')",
        job_id,
        None if payload is None else dict(payload),
    )
    return status == "UPDATE 1"


async def find_all(connection: Connection, job_ids: Sequence[UUID]) -> list[Job]:
    """Those of the jobs that exist and that row-level security shows, in no order."""
    rows = await connection.fetch(f"SELECT {COLUMNS} FROM job WHERE job_id = ANY($1::uuid[])", list(job_ids))
    return [job_of(row) for row in rows]


async def call_off(connection: Connection, job_id: UUID, code: str) -> bool:
    """End a job that has not ended; who holds it finds out at its next chunk, which rolls back. False: had ended."""
    status = await connection.execute(
        "UPDATE job SET state = 'failed', error_code = $2, updated_at = now() "
        "WHERE job_id = $1 AND state IN ('queued', 'running', 'waiting')",
        job_id,
        code,
    )
    return status == "UPDATE 1"


async def refresh_metrics(connection: Connection) -> None:
    """Set the gauge of jobs by kind and state (worker role)."""
    metrics.JOBS.clear()
    for row in await connection.fetch("SELECT kind, state, count(*) AS jobs FROM job GROUP BY kind, state"):
        metrics.JOBS.labels(row["kind"], row["state"]).set(row["jobs"])


def job_of(row: asyncpg.Record) -> Job:
    """A row with `COLUMNS` as a job."""
    return Job(**{name: row[name] for name in Job.__dataclass_fields__})
