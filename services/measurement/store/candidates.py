"""Pairs of records that may be one child, and what matching reads to find them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Literal, NamedTuple
from uuid import UUID

import orjson

from services.measurement.store.vault import MatchKeys, Sealed
from shared.contracts.child import Residence, Sex
from shared.postgres.pool import Connection

# One value that so many share says nothing of any two of them (an NIK of ones, "Bayi" born on 1 January).
MOST_SHARING: Final = 50
CandidateState = Literal["open", "merged", "different"]


class Record(NamedTuple):
    """What of a stored child is compared; its identity is sealed."""

    child_id: UUID
    birth_date: date
    sex: Sex | None
    residences: tuple[Residence, ...]
    sealed: Sealed


class Wanted(NamedTuple):
    """One child as it is looked for among the others."""

    child_id: UUID
    birth_date: date
    desa_code: str
    keys: MatchKeys


class FoundPair(NamedTuple):
    """A pair with what speaks for it, to be stored; `child_id` is the smaller id."""

    candidate_id: UUID
    child_id: UUID
    other_id: UUID
    score: float
    reasons: tuple[str, ...]
    evidence: list[dict[str, Any]]
    fingerprint: str


@dataclass(frozen=True, slots=True)
class StoredCandidate:
    """A pair as a person sees it; `state` is `merged` where both are one child by now."""

    candidate_id: UUID
    revision: int
    child_id: UUID
    other_id: UUID
    found_at: datetime
    score: float
    reasons: tuple[str, ...]
    evidence: list[dict[str, Any]]
    state: CandidateState
    decided_by: str | None
    decided_at: datetime | None
    reason_text: str | None


async def claim_pending(connection: Connection, limit: int) -> list[UUID]:
    """Children whose identity is to be matched, held by us alone until the commit."""
    rows = await connection.fetch(
        "SELECT child_id FROM child_identity WHERE match_pending ORDER BY child_id LIMIT $1 FOR UPDATE SKIP LOCKED",
        limit,
    )
    return [row[0] for row in rows]


async def mark_matched(connection: Connection, keys: Sequence[tuple[UUID, MatchKeys]], without: Sequence[UUID]) -> None:
    """These have been matched by these keys; those `without` are no longer compared."""
    await connection.execute(
        "UPDATE child_identity i SET match_pending = false, nik_key = new.nik, name_key = new.name, "
        "parent_key = new.parent FROM unnest($1::uuid[], $2::bytea[], $3::bytea[], $4::bytea[]) "
        "AS new(child_id, nik, name, parent) WHERE i.child_id = new.child_id",
        [*(child_id for child_id, _ in keys), *without],
        *([*(getattr(each, name) for _, each in keys), *(None for _ in without)] for name in MatchKeys._fields),
    )


async def mark_all_pending(connection: Connection) -> int:
    """Everybody the caller sees is to be matched again; how many."""
    status: str = await connection.execute("UPDATE child_identity SET match_pending = true WHERE NOT match_pending")
    return int(status.rpartition(" ")[2])


async def records(connection: Connection, child_ids: Sequence[UUID]) -> dict[UUID, Record]:
    """Those of these children that can be compared: not voided, not erased."""
    rows = await connection.fetch(
        "SELECT c.child_id, c.birth_date, c.sex, c.residences, i.wrapped_key, "
        "i.sealed FROM child c JOIN child_identity i USING (child_id) WHERE c.child_id = ANY($1) AND NOT c.voided",
        list(child_ids),
    )
    return {
        row[0]: Record(row[0], row[1], row[2], tuple(Residence(**stay) for stay in row[3]), Sealed(*row[4:]))
        for row in map(tuple, rows)
    }


_NEIGHBOURS: Final = f"""
WITH mine AS (
    SELECT * FROM unnest($1::uuid[], $2::date[], $3::text[], $4::bytea[], $5::bytea[], $6::bytea[])
        AS mine(child_id, birth_date, desa_code, nik, name, parent)
), found AS (
    SELECT m.child_id, o.child_id AS other_id FROM mine m
        JOIN child o ON o.desa_code = m.desa_code AND o.birth_date BETWEEN m.birth_date - 1 AND m.birth_date + 1
    UNION SELECT m.child_id, o.child_id FROM mine m, LATERAL (
        SELECT i.child_id FROM child_identity i WHERE i.nik_key = m.nik ORDER BY i.child_id LIMIT {MOST_SHARING}) o
    UNION SELECT m.child_id, o.child_id FROM mine m, LATERAL (
        SELECT i.child_id FROM child_identity i WHERE i.name_key = m.name ORDER BY i.child_id LIMIT {MOST_SHARING}) o
    UNION SELECT m.child_id, o.child_id FROM mine m, LATERAL (
        SELECT i.child_id FROM child_identity i WHERE i.parent_key = m.parent
        ORDER BY i.child_id LIMIT {MOST_SHARING}) o
)
SELECT child_id, other_id FROM found WHERE child_id <> other_id
"""


async def neighbours(connection: Connection, wanted: Sequence[Wanted]) -> list[tuple[UUID, UUID]]:
    """(child, other) of all who share a key, or a desa and nearly a birth date: those worth comparing."""
    rows = await connection.fetch(
        _NEIGHBOURS,
        [each.child_id for each in wanted],
        [each.birth_date for each in wanted],
        [each.desa_code for each in wanted],
        *([getattr(each.keys, name) for each in wanted] for name in MatchKeys._fields),
    )
    return [(row[0], row[1]) for row in rows]


async def store_found(connection: Connection, found: Sequence[FoundPair], now: datetime) -> None:
    """Write pairs; who said that two are different is asked again only where the evidence is another by now."""
    if not found:
        return
    ordered = sorted(found)
    await connection.execute(
        "INSERT INTO merge_candidate AS old "
        "(candidate_id, revision, child_id, other_id, found_at, score, reasons, evidence, fingerprint) "
        "SELECT id, 1, child_id, other_id, $8, score, string_to_array(reasons, ','), evidence::jsonb, fingerprint "
        "FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::double precision[], $5::text[], $6::text[], $7::text[]) "
        "AS new(id, child_id, other_id, score, reasons, evidence, fingerprint) "
        "ON CONFLICT (candidate_id) DO UPDATE SET revision = old.revision + 1, score = EXCLUDED.score, "
        "reasons = EXCLUDED.reasons, evidence = EXCLUDED.evidence, fingerprint = EXCLUDED.fingerprint, "
        "state = CASE WHEN old.state = 'different' AND old.fingerprint = EXCLUDED.fingerprint THEN 'different' "
        "ELSE 'open' END WHERE (old.score, old.reasons, old.fingerprint) IS DISTINCT FROM "
        "(EXCLUDED.score, EXCLUDED.reasons, EXCLUDED.fingerprint) OR old.state = 'withdrawn'",
        [pair.candidate_id for pair in ordered],
        [pair.child_id for pair in ordered],
        [pair.other_id for pair in ordered],
        [pair.score for pair in ordered],
        [",".join(pair.reasons) for pair in ordered],
        [orjson.dumps(pair.evidence).decode() for pair in ordered],
        [pair.fingerprint for pair in ordered],
        now,
    )


async def withdraw_others(connection: Connection, child_ids: Sequence[UUID], still: Sequence[UUID]) -> None:
    """Nothing speaks any more for open pairs of these children that are not among `still`."""
    await connection.execute(
        "UPDATE merge_candidate SET state = 'withdrawn', revision = revision + 1 WHERE state = 'open' "
        "AND (child_id = ANY($1) OR other_id = ANY($1)) AND candidate_id <> ALL($2)",
        list(child_ids),
        list(still),
    )


_STATE: Final = (
    "CASE WHEN coalesce(c.merged_into, c.child_id) = coalesce(o.merged_into, o.child_id) THEN 'merged' ELSE m.state END"
)
_SELECT: Final = (
    "SELECT m.candidate_id, m.revision, m.child_id, m.other_id, m.found_at, m.score, m.reasons, m.evidence, "
    f"{_STATE} AS state, m.decided_by, m.decided_at, m.reason_text FROM merge_candidate m "
    "LEFT JOIN child c ON c.child_id = m.child_id LEFT JOIN child o ON o.child_id = m.other_id"
)


async def list_candidates(
    connection: Connection,
    state: CandidateState,
    child_id: UUID | None,
    after: tuple[float, UUID] | None,
    limit: int,
) -> list[StoredCandidate]:
    """A page, the likeliest first, of all or of one child."""
    score, last = after or (None, None)
    rows = await connection.fetch(
        f"{_SELECT} WHERE {_STATE} = $1 AND NOT coalesce(c.voided OR o.voided, false) "
        "AND ($2::uuid IS NULL OR $2 IN (m.child_id, m.other_id)) "
        "AND ($3::double precision IS NULL OR (-m.score, m.candidate_id) > (-$3::double precision, $4::uuid)) "
        "ORDER BY m.score DESC, m.candidate_id LIMIT $5",
        state,
        child_id,
        score,
        last,
        limit,
    )
    return [_stored(row) for row in rows]


async def find(connection: Connection, candidate_id: UUID, *, lock: bool = False) -> StoredCandidate | None:
    """One pair; to `lock` it the caller must see both children."""
    suffix = " FOR UPDATE OF m" if lock else ""
    row = await connection.fetchrow(
        f"{_SELECT} WHERE m.candidate_id = $1 AND m.state <> 'withdrawn'{suffix}", candidate_id
    )
    return None if row is None else _stored(row)


class Decision(NamedTuple):
    """What a person said of a pair: two children (`different`), or to be looked at again (`open`)."""

    state: Literal["open", "different"]
    by: str
    at: datetime
    reason_text: str | None


async def decide(connection: Connection, candidate_id: UUID, decision: Decision) -> None:
    """Write it down; no row where the pair is not known or the caller does not see both."""
    await connection.execute(
        "UPDATE merge_candidate SET state = $2, decided_by = $3, decided_at = $4, reason_text = $5, "
        "revision = revision + 1 WHERE candidate_id = $1 AND state <> 'withdrawn'",
        candidate_id,
        *decision,
    )


def _stored(row: Any) -> StoredCandidate:
    return StoredCandidate(**{**dict(row), "reasons": tuple(row["reasons"])})
