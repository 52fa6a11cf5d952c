"""Subscriptions of the feed: what people decided, what a worker has under way, and its log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from shared.postgres.pool import Connection

SHOWN: Final = (
    "subscription_id, revision, url, areas, level, state, attempts, due_at, failing_since, last_error, "
    "last_acknowledged_at, created_at, deleted_at, pending_entries"
)
_INSERT: Final = f"""
INSERT INTO subscription (subscription_id, url, areas, level, sealed_secret, state, feed_id, requested_by)
SELECT $1, $2, $3, $4, $5, 'active', feed_id, $6 FROM feed_state RETURNING {SHOWN}
"""
_LIST: Final = f"""
SELECT {SHOWN} FROM subscription WHERE state <> 'deleted' AND ($1::uuid IS NULL OR subscription_id > $1)
ORDER BY 1 LIMIT $2
"""
_CHANGE: Final = f"""
UPDATE subscription SET revision = revision + 1, state = coalesce($2, state), url = coalesce($3, url),
    sealed_secret = coalesce($4, sealed_secret), attempts = 0, due_at = now()
WHERE subscription_id = $1 RETURNING {SHOWN}
"""
_DELETE: Final = """
WITH dropped AS (
    INSERT INTO webhook_delivery (subscription_id, delivery_key, attempt, entries, error, milliseconds)
    SELECT subscription_id, pending_key, attempts + 1, pending_entries, 'subscription_deleted', 0 FROM subscription
    WHERE subscription_id = $1 AND pending_key IS NOT NULL
)
UPDATE subscription SET revision = revision + 1, state = 'deleted', deleted_at = now(), deleted_by = $2,
    sealed_secret = NULL, pending_key = NULL, pending_body = NULL, pending_entries = NULL, pending_sequence = NULL,
    leased_until = NULL, failing_since = NULL
WHERE subscription_id = $1
"""
_DELIVERIES: Final = """
SELECT delivery_id, delivery_key, attempt, entries, status, error, milliseconds, attempted_at FROM webhook_delivery
WHERE subscription_id = $1 AND ($2::bigint IS NULL OR delivery_id < $2) ORDER BY delivery_id DESC LIMIT $3
"""
# Who has something to be told and may be told now; nobody else takes it while the lease lasts.
_CLAIM: Final = """
UPDATE subscription AS s SET leased_until = now() + $1 * interval '1 second',
    sequence = CASE WHEN s.feed_id = f.feed_id THEN s.sequence ELSE 0 END, feed_id = f.feed_id
FROM feed_state AS f
WHERE s.subscription_id = (
    SELECT c.subscription_id FROM subscription AS c, feed_state AS g
    WHERE c.state = 'active' AND c.due_at <= now() AND (c.leased_until IS NULL OR c.leased_until < now())
      AND (c.pending_key IS NOT NULL OR c.sequence < g.sequence OR c.feed_id <> g.feed_id)
    ORDER BY c.due_at LIMIT 1 FOR UPDATE OF c SKIP LOCKED
)
RETURNING s.subscription_id, s.url, s.areas, s.level, s.sealed_secret, s.feed_id, s.sequence, s.attempts,
          s.leased_until, s.pending_key, s.pending_body, s.pending_entries, s.pending_sequence
"""
_PREPARED: Final = """
UPDATE subscription SET pending_key = $3, pending_body = $4, pending_entries = $5, pending_sequence = $6
WHERE subscription_id = $1 AND leased_until = $2 RETURNING true
"""
_NOTHING_TO_TELL: Final = """
UPDATE subscription SET sequence = $3, leased_until = NULL WHERE subscription_id = $1 AND leased_until = $2
"""
_ACKNOWLEDGED: Final = """
UPDATE subscription SET sequence = pending_sequence, pending_key = NULL, pending_body = NULL, pending_entries = NULL,
    pending_sequence = NULL, attempts = 0, due_at = now(), leased_until = NULL, failing_since = NULL, last_error = NULL,
    last_acknowledged_at = now()
WHERE subscription_id = $1 AND pending_key = $2
"""
_FAILED: Final = """
UPDATE subscription SET attempts = $3, due_at = now() + $4 * interval '1 second', leased_until = NULL, last_error = $5,
    failing_since = coalesce(failing_since, now()),
    state = CASE WHEN $6 AND state = 'active' THEN 'stopped' ELSE state END
WHERE subscription_id = $1 AND pending_key = $2
"""
_LOG: Final = """
WITH old AS (
    DELETE FROM webhook_delivery WHERE subscription_id = $1 AND attempted_at < now() - interval '30 days'
)
INSERT INTO webhook_delivery (subscription_id, delivery_key, attempt, entries, status, error, milliseconds)
VALUES ($1, $2, $3, $4, $5, $6, $7)
"""
_STANDING: Final = """
SELECT count(*) FILTER (WHERE state = 'stopped') AS stopped,
       coalesce(extract(epoch FROM now() - min(failing_since) FILTER (WHERE state <> 'paused')), 0)::float8 AS seconds
FROM subscription
"""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A subscription that is ours until `leased_until`; `pending_*` are None where nothing is under way."""

    subscription_id: UUID
    url: str
    areas: list[str]
    level: int
    sealed_secret: bytes
    feed_id: UUID
    sequence: int
    attempts: int
    leased_until: datetime
    pending_key: UUID | None
    pending_body: bytes | None
    pending_entries: int | None
    pending_sequence: int | None


@dataclass(frozen=True, slots=True)
class Attempt:
    """How one attempt ended: HTTP status if there was an answer, a code if it is not acknowledged."""

    status: int | None
    error: str | None
    milliseconds: int


async def insert_subscription(
    connection: Connection,
    subscription_id: UUID,
    url: str,
    areas: Sequence[str],
    level: int,
    sealed_secret: bytes,
    requested_by: str,
) -> dict[str, Any]:
    """A new one, which begins with everything there is."""
    row = await connection.fetchrow(_INSERT, subscription_id, url, list(areas), level, sealed_secret, requested_by)
    if row is None:
        raise LookupError("no feed")
    return dict(row)


async def list_subscriptions(connection: Connection, after: UUID | None, limit: int) -> list[dict[str, Any]]:
    """Up to `limit` of those the caller may see, by id."""
    return [dict(row) for row in await connection.fetch(_LIST, after, limit)]


async def find_subscription(
    connection: Connection, subscription_id: UUID, *, lock: bool = False
) -> dict[str, Any] | None:
    """The one with this id, if the caller may see it."""
    sql = f"SELECT {SHOWN} FROM subscription WHERE subscription_id = $1" + (" FOR UPDATE" if lock else "")
    row = await connection.fetchrow(sql, subscription_id)
    return dict(row) if row is not None else None


async def change_subscription(
    connection: Connection,
    subscription_id: UUID,
    *,
    state: str | None = None,
    url: str | None = None,
    sealed_secret: bytes | None = None,
) -> dict[str, Any]:
    """Write a person's decision; what is due is due at once, attempts count anew."""
    row = await connection.fetchrow(_CHANGE, subscription_id, state, url, sealed_secret)
    if row is None:
        raise LookupError(str(subscription_id))
    return dict(row)


async def delete_subscription(connection: Connection, subscription_id: UUID, deleted_by: str) -> None:
    """End it for good: what waits is dropped and told in its log, the secret forgotten."""
    await connection.execute(_DELETE, subscription_id, deleted_by)


async def list_deliveries(
    connection: Connection, subscription_id: UUID, before: int | None, limit: int
) -> list[dict[str, Any]]:
    """Up to `limit` attempts, the newest first."""
    return [dict(row) for row in await connection.fetch(_DELIVERIES, subscription_id, before, limit)]


async def claim_subscription(connection: Connection, lease_seconds: float) -> Claimed | None:
    """One that has something to be told, held for so long."""
    row = await connection.fetchrow(_CLAIM, lease_seconds)
    return Claimed(*row) if row is not None else None


async def prepare_delivery(
    connection: Connection, claimed: Claimed, key: UUID, body: bytes, entries: int, sequence: int
) -> bool:
    """Keep what is to be sent before it is sent; False where it is ours no longer, as one that was deleted."""
    told = (claimed.subscription_id, claimed.leased_until, key, body, entries, sequence)
    return bool(await connection.fetchval(_PREPARED, *told))


async def nothing_to_tell(connection: Connection, claimed: Claimed, sequence: int) -> None:
    """Nothing up to `sequence` was of its areas."""
    await connection.execute(_NOTHING_TO_TELL, claimed.subscription_id, claimed.leased_until, sequence)


async def settle_delivery(
    connection: Connection, claimed: Claimed, attempt: Attempt, pause_seconds: float, *, stop: bool
) -> None:
    """Write how the attempt ended, in the log and at the subscription."""
    attempts = claimed.attempts + 1
    told = (claimed.subscription_id, claimed.pending_key)
    await connection.execute(
        _LOG, *told, attempts, claimed.pending_entries, attempt.status, attempt.error, attempt.milliseconds
    )
    if attempt.error is None:
        await connection.execute(_ACKNOWLEDGED, *told)
    else:
        await connection.execute(_FAILED, *told, attempts, pause_seconds, attempt.error, stop)


async def standing(connection: Connection) -> tuple[int, float]:
    """How many stand still, and for how many seconds the one that fails longest has failed (0: none does)."""
    row = await connection.fetchrow(_STANDING)
    return (row["stopped"], row["seconds"]) if row is not None else (0, 0.0)
