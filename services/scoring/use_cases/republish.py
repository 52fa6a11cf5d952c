"""Publish the current judgements again at unchanged order: harmless everywhere, it heals losses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import orjson

from services.scoring.domain.assessment_matrix import read_matrix
from services.scoring.use_cases.judgement_facts import AssessmentHead, assessment_rows
from shared.contracts.codec import Message, encode, encode_rows
from shared.contracts.kinds import KINDS
from shared.contracts.risk import AssessmentV1
from shared.outbox.append import append
from shared.postgres.pool import Connection, Pool

CHUNK: Final = 1_000
NOTHING: Final = UUID(int=0)
ASSESSMENTS: Final = """
SELECT a.*, m.measured_on
FROM assessment a JOIN measurement m ON (m.child_id, m.fact_id) = (a.child_id, a.measurement_id)
WHERE (a.child_id, a.measurement_id) > ($1, $2) ORDER BY a.child_id, a.measurement_id LIMIT $3
"""
KEPT: Final = {"risk_status": "risk-status", "child_case": "case", "follow_up": "follow-up", "hint": "hint"}


async def republish(pool: Pool) -> int:
    """Every current fact of scoring into the outbox, chunk by chunk; returns how many."""
    count = await _assessments(pool)
    for table, kind in KEPT.items():
        count += await _kept(pool, table, kind)
    return count


async def _assessments(pool: Pool) -> int:
    count, last = 0, (NOTHING, NOTHING)
    while True:
        async with pool.acquire() as connection, connection.transaction():
            rows = await connection.fetch(ASSESSMENTS, *last, CHUNK)
            await append(connection, _assessments_of(rows))
        if not rows:
            return count
        count += len(rows)
        last = (rows[-1]["child_id"], rows[-1]["measurement_id"])


def _assessments_of(rows: Sequence[Any]) -> list[Message]:
    heads = [
        AssessmentHead(
            child_id=row["child_id"],
            measurement_id=row["measurement_id"],
            measurement_order=(row["measurement_epoch"], row["measurement_revision"]),
            measured_on=row["measured_on"],
            order=(row["epoch"], row["revision"]),
            known_at=row["known_at"],
            ruleset_version=row["ruleset_version"],
        )
        for row in rows
    ]
    codes = read_matrix([row["codes"] for row in rows]).tolist()
    return encode_rows(AssessmentV1, assessment_rows(codes, heads))


async def _kept(pool: Pool, table: str, kind: str) -> int:
    count, last = 0, (NOTHING, NOTHING)
    while True:
        async with pool.acquire() as connection, connection.transaction():
            rows = await _page(connection, table, last)
            facts = [KINDS[kind].read(orjson.dumps(row["content"])) for row in rows]
            await append(connection, [encode(fact) for fact in facts])
        if not rows:
            return count
        count += len(rows)
        last = (rows[-1]["child_id"], rows[-1]["fact_id"])


async def _page(connection: Connection, table: str, last: tuple[UUID, UUID]) -> list[Any]:
    return await connection.fetch(
        f"SELECT child_id, fact_id, content FROM {table} WHERE (child_id, fact_id) > ($1, $2) "
        "ORDER BY child_id, fact_id LIMIT $3",
        *last,
        CHUNK,
    )
