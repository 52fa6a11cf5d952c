"""Laboratory evidence of families, read back after the merge: few children have any, so it comes as rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final
from uuid import UUID

from services.scoring.domain.lab_results import Critical, LabResult
from services.scoring.store.evidence import MICROSECONDS
from shared.postgres.pool import Connection

RESULTS: Final = f"""
SELECT r.child_id, r.fact_id, {MICROSECONDS.format("r.known_at")} AS known_us, r.test_code, r.drawn_on, r.drawn_at,
       r.reported_at, r.specimen, r.value, r.comparator, r.canonical_unit, r.method, r.findings, r.administered_at,
       r.voided,
       c.state AS critical_state, c.value AS critical_value, c.critical_limit,
       {MICROSECONDS.format("c.known_at")} AS critical_known_us
FROM lab_result r LEFT JOIN critical_value c ON (c.child_id, c.result_id) = (r.child_id, r.fact_id)
WHERE r.child_id = ANY($1::uuid[]) ORDER BY r.child_id, r.fact_id, c.state = 'withdrawn' DESC, c.fact_id DESC
"""
ELEVATIONS: Final = f"""
SELECT c.child_id, e.elevation_m, {MICROSECONDS.format("e.known_at")} AS known_us
FROM child c JOIN desa_elevation e ON e.code = c.desa_code WHERE c.child_id = ANY($1::uuid[])
"""
ORDERS: Final = """
SELECT child_id, fact_id, case_id, state, ordered_on, completed_on FROM lab_order
WHERE child_id = ANY($1::uuid[]) ORDER BY ordered_on, fact_id
"""
KNOWN_ELEVATIONS: Final = "SELECT code, elevation_m FROM desa_elevation WHERE code = ANY($1::text[])"
TESTED_IN: Final = """
SELECT DISTINCT c.root_id FROM child c JOIN child root ON root.child_id = c.root_id
WHERE root.desa_code = ANY($1::text[]) AND EXISTS (SELECT FROM lab_result r WHERE r.child_id = c.child_id)
"""
# A result must not be read by the old elevation while the new one is being stored: those who bring results or move
# children share this lock, who changes elevations has it alone. Taken before any family.
ELEVATION_LOCK: Final = 4_702_219


@dataclass(slots=True)
class RootEvidence:
    """The laboratory evidence of one root.

    `known_us`: when its newest fact (voided or not, the elevation too) became known, in microseconds since 1970.
    """

    results: list[LabResult] = field(default_factory=list)  # valid
    known_us: int = 0
    elevation_m: float | None = None

    def learn(self, known_us: int | None) -> None:
        """Note when something became known."""
        self.known_us = max(self.known_us, known_us or 0)


@dataclass(frozen=True, slots=True)
class StoredOrder:
    """What of an order a case and its tasks look at."""

    fact_id: UUID
    child_id: UUID
    case_id: UUID
    state: str
    ordered_on: date
    completed_on: date | None


async def load_laboratory(
    connection: Connection, root_of: Mapping[UUID, int], root_ids: Sequence[UUID]
) -> dict[int, RootEvidence]:
    """Evidence by root number, of roots that have any. `root_of`: the children of the families and their roots."""
    rows = await connection.fetch(RESULTS, list(root_of))
    if not rows:
        return {}
    evidence: dict[int, RootEvidence] = defaultdict(RootEvidence)
    # Of several critical values of one result a standing one counts, with the smallest id: the last row of the result.
    for row in {row["fact_id"]: row for row in rows}.values():
        found = evidence[root_of[row["child_id"]]]
        if not row["voided"] and (row["value"] is not None or row["findings"]):
            found.results.append(_result(row))
    for row in rows:
        found = evidence[root_of[row["child_id"]]]
        found.learn(row["known_us"])
        found.learn(row["critical_known_us"])
    number_of = {root_ids[root]: root for root in evidence}
    for row in await connection.fetch(ELEVATIONS, list(number_of)):
        found = evidence[number_of[row["child_id"]]]
        found.elevation_m = row["elevation_m"]
        found.learn(row["known_us"])
    return dict(evidence)


def _result(row: Any) -> LabResult:
    stands = row["critical_state"] not in {None, "withdrawn"}
    return LabResult(
        fact_id=row["fact_id"],
        test_code=row["test_code"],
        drawn_on=row["drawn_on"],
        drawn_at=row["drawn_at"],
        reported_at=row["reported_at"],
        specimen=row["specimen"],
        value=row["value"],
        comparator=row["comparator"],
        canonical_unit=row["canonical_unit"],
        method=row["method"],
        findings=tuple(row["findings"].split()),
        administered_at=row["administered_at"],
        critical=Critical(row["critical_value"], row["critical_limit"]) if stands else None,
    )


async def read_orders(connection: Connection, children: Collection[UUID]) -> list[StoredOrder]:
    """Orders of these children, the oldest first."""
    if not children:
        return []
    rows = await connection.fetch(ORDERS, list(children))
    return [StoredOrder(**dict(row)) for row in rows]


async def share_elevations(connection: Connection) -> None:
    """Until the transaction ends no elevation changes."""
    await connection.execute("SELECT pg_advisory_xact_lock_shared($1)", ELEVATION_LOCK)


async def own_elevations(connection: Connection) -> None:
    """Until the transaction ends nobody else reads a new result or moves a child."""
    await connection.execute("SELECT pg_advisory_xact_lock($1)", ELEVATION_LOCK)


async def known_elevations(connection: Connection, codes: Iterable[str]) -> dict[str, float | None]:
    """What is known of these desa."""
    return {row["code"]: row["elevation_m"] for row in await connection.fetch(KNOWN_ELEVATIONS, list(codes))}


async def tested_in(connection: Connection, codes: Iterable[str]) -> set[UUID]:
    """Roots that live in these desa and have results."""
    return {row["root_id"] for row in await connection.fetch(TESTED_IN, list(codes))}
