"""Which detector has judged what is stored."""

from __future__ import annotations

from typing import Final

from services.scoring.store.sessions import SESSIONS_A_MARK
from shared.postgres.pool import Connection

# Nobody's values changed: each session stands for itself.
MARK_ALL: Final = f"""
INSERT INTO session_mark (places, days, children, sessions)
SELECT array_agg(place), array_agg(measured_on), array_fill(''::text, ARRAY[count(*)::integer]), count(*)
FROM (
    SELECT place, measured_on, (row_number() OVER (ORDER BY place, measured_on) - 1) / {SESSIONS_A_MARK} AS part
    FROM (SELECT DISTINCT place, measured_on FROM measurement) AS session
) AS numbered
GROUP BY part ORDER BY part
"""


async def is_another(connection: Connection, version: str) -> bool:
    """Whether what is stored was judged by another detector, or nobody knows by which; `version` is it from now on.

    Of several processes that start at once, one is told so.
    """
    changed: str = await connection.execute(
        "INSERT INTO detector (version) VALUES ($1) "
        "ON CONFLICT ((true)) DO UPDATE SET version = EXCLUDED.version WHERE detector.version <> EXCLUDED.version",
        version,
    )
    return not changed.endswith(" 0")


async def mark_all_sessions(connection: Connection) -> None:
    """Every session is to be judged again."""
    await connection.execute(MARK_ALL)
