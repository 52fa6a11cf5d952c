"""Who is logged in to the page: rows under the digest of a cookie, so that a log-out here ends it whoever holds one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from shared.postgres.pool import Pool

# As long as the provider remembers a person: by the ID token of a session that has ended it knows whom to forget.
KEPT_FOR: Final = timedelta(hours=12)


async def open_session(pool: Pool, digest: bytes, session: Mapping[str, Any]) -> None:
    """Keep a session, named as the table's columns are; forget those that ended so long ago that nobody logs out."""
    await pool.execute("DELETE FROM page_session WHERE expires_at <= now() - $1::interval", KEPT_FOR)
    await pool.execute(
        """
        INSERT INTO page_session
            (session_digest, subject, client_id, name, role, scopes, granted_areas, id_token, sealed_access_token,
             expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        """,
        digest,
        *(session[name] for name in ("subject", "client_id", "name", "role", "scopes", "granted_areas")),
        session["id_token"],
        session["sealed_access_token"],
        session["expires_at"],
    )


async def find_session(pool: Pool, digest: bytes) -> dict[str, Any] | None:
    """The session, unless it has ended."""
    row = await pool.fetchrow("SELECT * FROM page_session WHERE session_digest = $1 AND expires_at > now()", digest)
    return dict(row) if row is not None else None


async def close_session(pool: Pool, digest: bytes) -> str | None:
    """End the session; its ID token, with which the provider knows what to end. None if there was none."""
    id_token: str | None = await pool.fetchval(
        "DELETE FROM page_session WHERE session_digest = $1 RETURNING id_token", digest
    )
    return id_token
