"""Forward-only SQL migrations, run by the owner role as a job of their own, never by a starting service."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from shared.postgres.pool import Address, connect

if TYPE_CHECKING:
    import asyncpg

LOG = structlog.get_logger(__name__)
SHARED_MIGRATIONS = Path(__file__).parent / "migrations"
LOCK_TIMEOUT = "10s"  # a migration that cannot get its lock gives way to the users and is run again


class MigrationChangedError(Exception):
    """A migration that already ran is not the file it was: history is never edited, a new file goes forward."""


async def migrate(address: Address, service: str, own: Path) -> list[str]:
    """Bring the schema of `service` up to date; returns the names that ran now.

    `shared` files (outbox, positions, jobs …) run first, then the service's own, each in a transaction of its own.
    Two runs at once: the second waits, then finds nothing to do.
    """
    connection = await connect(address)
    ran: list[str] = []
    try:
        await connection.execute("SELECT pg_advisory_lock(hashtext('migrate:' || $1))", service)
        await connection.execute(
            f"CREATE TABLE IF NOT EXISTS {service}.schema_migration "
            "(name text PRIMARY KEY, digest text NOT NULL, ran_at timestamptz NOT NULL DEFAULT now())"
        )
        done = {
            row["name"]: row["digest"] for row in await connection.fetch("SELECT name, digest FROM schema_migration")
        }
        for prefix, folder in (("shared", SHARED_MIGRATIONS), (service, own)):
            for path in sorted(folder.glob("*.sql")):
                name = f"{prefix}/{path.name}"
                sql = path.read_text(encoding="utf-8").replace(":service", service)
                digest = hashlib.sha256(sql.encode()).hexdigest()
                if name not in done:
                    await _run(connection, name, sql, digest)
                    ran.append(name)
                elif done[name] != digest:
                    raise MigrationChangedError(f"{name} has changed since it ran; write a new migration instead")
    finally:
        await connection.close()
    return ran


async def _run(connection: asyncpg.Connection[asyncpg.Record], name: str, sql: str, digest: str) -> None:
    async with connection.transaction():
        await connection.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
        await connection.execute(sql)
        await connection.execute("INSERT INTO schema_migration (name, digest) VALUES ($1, $2)", name, digest)
    LOG.info("migration_ran", migration=name)
