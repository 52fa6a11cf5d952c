"""Rule sets and which of them is in force."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from shared.postgres.pool import Connection, Pool

# Batches hold it shared until they commit, a switch holds it alone: no batch judges by the old rule set after a switch,
# and none commits unseen by a replay that has begun. Taken before any family.
RULES_LOCK: Final = 4_702_220
IN_FORCE: Final = """
SELECT a.version, a.activated_at, a.replay_id, r.sha256,
       (SELECT p.replay_id FROM replay p WHERE p.state IN ('filling', 'ready')) AS watching
FROM rule_set_activation a JOIN rule_set r USING (version) ORDER BY a.number DESC LIMIT 1
"""
ADD: Final = """
INSERT INTO rule_set (version, content, sha256, source, added_by) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT DO NOTHING
"""
ALL: Final = """
SELECT r.version, r.sha256, r.source, r.added_by, r.added_at, octet_length(r.content) AS bytes,
       a.activated_at, a.activated_by, a.replay_id, a.number IS NOT NULL AND a.number = newest.number AS active
FROM rule_set r
LEFT JOIN LATERAL (
    SELECT * FROM rule_set_activation WHERE version = r.version ORDER BY number DESC LIMIT 1
) AS a ON true
CROSS JOIN (SELECT max(number) AS number FROM rule_set_activation) AS newest
WHERE ($1::text IS NULL OR r.version = $1) AND ($2::text IS NULL OR r.version > $2) ORDER BY r.version LIMIT $3
"""


@dataclass(frozen=True, slots=True)
class Active:
    """The newest activation. `since` is None for the first: by it everything was judged from the start.

    `watching`: a replay whose generation must hear of what batches change.
    """

    version: str
    sha256: str
    since: datetime | None
    watching: UUID | None


def digest(content: bytes) -> str:
    """SHA-256 of a rule set's file, hexadecimal."""
    return hashlib.sha256(content).hexdigest()


async def share_rules(connection: Connection) -> None:
    """Until the transaction ends no rule set is switched and no replay begins."""
    await connection.execute("SELECT pg_advisory_xact_lock_shared($1)", RULES_LOCK)


async def own_rules(connection: Connection) -> None:
    """Until the transaction ends nobody judges."""
    await connection.execute("SELECT pg_advisory_xact_lock($1)", RULES_LOCK)


async def read_active(connection: Connection | Pool) -> Active | None:
    """What is in force; None before the first activation."""
    row = await connection.fetchrow(IN_FORCE)
    if row is None:
        return None
    since = None if row["replay_id"] is None else row["activated_at"]
    return Active(row["version"], row["sha256"], since, row["watching"])


async def content_of(connection: Connection | Pool, version: str) -> bytes | None:
    """The file of a version; None where it is not known."""
    content: bytes | None = await connection.fetchval("SELECT content FROM rule_set WHERE version = $1", version)
    return content


async def add_rule_set(connection: Connection, version: str, content: bytes, source: str, by: str) -> str:
    """Store a rule set unless it is there; returns the digest of what is stored under that version now."""
    await connection.execute(ADD, version, content, digest(content), source, by)
    stored: str = await connection.fetchval("SELECT sha256 FROM rule_set WHERE version = $1", version)
    return stored


async def replace_shipped(connection: Connection, version: str, content: bytes) -> None:
    """A release brings its own rule sets: what it ships under a version is what that version is."""
    await connection.execute(
        "UPDATE rule_set SET content = $2, sha256 = $3 WHERE version = $1 AND source = 'shipped' AND sha256 <> $3",
        version,
        content,
        digest(content),
    )


async def activate(connection: Connection, version: str, at: datetime, by: str, replay_id: UUID | None) -> None:
    """From the commit on `version` judges."""
    await connection.execute(
        "INSERT INTO rule_set_activation (version, activated_at, activated_by, replay_id) VALUES ($1, $2, $3, $4)",
        version,
        at,
        by,
        replay_id,
    )


async def list_rule_sets(
    connection: Connection, version: str | None = None, after: str | None = None, limit: int = 1
) -> list[dict[str, Any]]:
    """Rule sets by version, each with its latest activation; `version` asks for one."""
    return [dict(row) for row in await connection.fetch(ALL, version, after, limit)]
