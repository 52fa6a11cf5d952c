"""Sign-in links that were used: the primary key makes each work once, however closely two visits come."""

from __future__ import annotations

from uuid import UUID

from shared.postgres.pool import Pool


async def use_token(pool: Pool, token_id: UUID) -> bool:
    """Whether this is the first use."""
    status = await pool.execute("INSERT INTO page_token_used (token_id) VALUES ($1) ON CONFLICT DO NOTHING", token_id)
    return status == "INSERT 0 1"
