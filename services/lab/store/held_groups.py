"""Open rows of `held_result` that one answer settles: of one laboratory, with one test, unit and reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import orjson

from services.lab.store.held_results import Held, held_of
from shared.postgres.pool import Connection

MOST_GROUPS: Final = 500
MOST_ROWS: Final = 5_000
# A finding is a word too; of other rows what was found does not matter.
_KEYS: Final = """
SELECT *, md5(concat_ws(E'\\n', laboratory_code, why, test, unit, findings))::uuid AS group_id FROM (
    SELECT *, coalesce(reason, CASE WHEN btrim(coalesce(reported->>'unit', '')) = '' THEN 'unit_missing'
                                    ELSE 'unit_unknown' END) AS why,
           reported->>'test_code' AS test, coalesce(reported->>'unit', '') AS unit,
           CASE WHEN reason = 'finding_unknown' THEN coalesce(reported->>'findings', '[]') ELSE '[]' END AS findings
    FROM held_result WHERE state = 'open'
) AS keyed
"""


@dataclass(frozen=True, slots=True)
class HeldGroup:
    """Rows that wait for the same answer. `findings` only where a finding is what nobody knows."""

    group_id: UUID
    laboratory_code: str | None
    reason: str
    test: str
    unit: str
    findings: tuple[str, ...]
    rows: int
    since: datetime


async def list_groups(connection: Connection) -> list[HeldGroup]:
    """The largest first, of those that the caller may see."""
    rows = await connection.fetch(
        f"SELECT group_id, laboratory_code, why AS reason, test, unit, findings, count(*) AS rows, "
        f"min(received_at) AS since FROM ({_KEYS}) AS held GROUP BY 1, 2, 3, 4, 5, 6 "
        "ORDER BY rows DESC, since, group_id LIMIT $1",
        MOST_GROUPS,
    )
    return [HeldGroup(**{**dict(row), "findings": tuple(orjson.loads(row["findings"]))}) for row in rows]


async def lock_group(connection: Connection, group_id: UUID) -> list[Held]:
    """Its rows in the order of their keys, locked until the commit; the longest waiting where they are many."""
    ids = await connection.fetch(
        f"SELECT child_id, held_id FROM ({_KEYS}) AS held WHERE group_id = $1 ORDER BY received_at, held_id LIMIT $2",
        group_id,
        MOST_ROWS,
    )
    return await held_of(connection, sorted((row["child_id"], row["held_id"]) for row in ids))


async def settle_many(
    connection: Connection, settled: Sequence[tuple[Held, UUID | None]], at: datetime, account: str, reason: str | None
) -> None:
    """Close locked rows: each recorded as a result, or all discarded for a reason."""
    await connection.execute(
        "UPDATE held_result AS held SET state = CASE WHEN new.result_id IS NULL THEN 'discarded' ELSE 'recorded' END, "
        "settled_at = $1, settled_by = $2, discard_reason = $3, result_id = new.result_id "
        "FROM unnest($4::uuid[], $5::uuid[], $6::uuid[]) AS new(child_id, held_id, result_id) "
        "WHERE (held.child_id, held.held_id) = (new.child_id, new.held_id)",
        at,
        account,
        reason,
        [held.child_id for held, _ in settled],
        [held.held_id for held, _ in settled],
        [result_id for _, result_id in settled],
    )
