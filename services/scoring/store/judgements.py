"""What scoring has judged: assessments and risk status, read and written in bulk."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from shared.postgres.pool import Connection

Row = Mapping[str, Any]  # the fields of a fact by name

ASSESSMENT_COLUMNS: Final = (
    "child_id", "measurement_id", "fact_id", "epoch", "revision", "known_at", "measurement_epoch",
    "measurement_revision", "ruleset_version",
)  # fmt: skip
WRITE_ASSESSMENTS: Final = """
INSERT INTO assessment (child_id, measurement_id, fact_id, epoch, revision, known_at, measurement_epoch,
                        measurement_revision, ruleset_version, codes)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::integer[], $5::integer[], $6::timestamptz[],
                     $7::integer[], $8::integer[], $9::text[], $10::bytea[])
ON CONFLICT (child_id, measurement_id) DO UPDATE SET
    epoch = EXCLUDED.epoch, revision = EXCLUDED.revision, known_at = EXCLUDED.known_at,
    measurement_epoch = EXCLUDED.measurement_epoch, measurement_revision = EXCLUDED.measurement_revision,
    ruleset_version = EXCLUDED.ruleset_version, codes = EXCLUDED.codes
"""
STATUS_COLUMNS: Final = (
    "child_id", "fact_id", "epoch", "revision", "known_at", "ruleset_version", "tier", "priority", "measured_on",
    "voided",
)  # fmt: skip
READ_STATUSES: Final = """
SELECT child_id, epoch, revision, known_at, ruleset_version, fingerprint, voided
FROM risk_status WHERE child_id = ANY($1::uuid[])
"""
WRITE_STATUSES: Final = """
INSERT INTO risk_status (child_id, fact_id, epoch, revision, known_at, ruleset_version, tier, priority, measured_on,
                         voided, fingerprint, content)
SELECT child_id, fact_id, epoch, revision, known_at, ruleset_version, tier, priority, measured_on, voided, fingerprint,
       content::json
FROM unnest($1::uuid[], $2::uuid[], $3::integer[], $4::integer[], $5::timestamptz[], $6::text[], $7::text[],
            $8::boolean[], $9::date[], $10::boolean[], $11::bigint[], $12::text[])
    AS new(child_id, fact_id, epoch, revision, known_at, ruleset_version, tier, priority, measured_on, voided,
           fingerprint, content)
ON CONFLICT (child_id) DO UPDATE SET
    epoch = EXCLUDED.epoch, revision = EXCLUDED.revision, known_at = EXCLUDED.known_at,
    ruleset_version = EXCLUDED.ruleset_version, tier = EXCLUDED.tier, priority = EXCLUDED.priority,
    measured_on = EXCLUDED.measured_on, voided = EXCLUDED.voided, fingerprint = EXCLUDED.fingerprint,
    content = EXCLUDED.content
"""
STORED_REASONS: Final = """
SELECT child_id, ARRAY(SELECT reason ->> 'rule_id' FROM json_array_elements(content -> 'reasons') reason) AS reasons
FROM risk_status WHERE child_id = ANY($1::uuid[]) AND NOT voided
"""


@dataclass(frozen=True, slots=True)
class StoredStatus:
    """What of a stored status decides whether a new one is news."""

    order: tuple[int, int]
    known_at: Any
    ruleset_version: str
    fingerprint: int
    voided: bool


async def write_assessments(connection: Connection, facts: Sequence[Row], codes: Sequence[bytes]) -> None:
    """Store assessments with the codes they were made of; sorted by key, so that nobody waits crosswise."""
    if not facts:
        return
    order = sorted(range(len(facts)), key=lambda place: (facts[place]["child_id"], facts[place]["measurement_id"]))
    rows = [facts[place] for place in order]
    await connection.execute(
        WRITE_ASSESSMENTS,
        *([row[name] for row in rows] for name in ASSESSMENT_COLUMNS),
        [codes[place] for place in order],
    )


async def read_statuses(connection: Connection, children: Collection[UUID]) -> dict[UUID, StoredStatus]:
    """Stored statuses of these children."""
    rows = await connection.fetch(READ_STATUSES, list(children))
    return {
        row["child_id"]: StoredStatus(
            (row["epoch"], row["revision"]), row["known_at"], row["ruleset_version"], row["fingerprint"], row["voided"]
        )
        for row in rows
    }


async def write_statuses(
    connection: Connection, facts: Sequence[Row], fingerprints: Sequence[int], bodies: Sequence[bytes]
) -> None:
    """Store statuses with the fingerprints of their content and the events' bodies."""
    if not facts:
        return
    order = sorted(range(len(facts)), key=lambda place: facts[place]["child_id"])
    rows = [facts[place] for place in order]
    await connection.execute(
        WRITE_STATUSES,
        *([row[name] for row in rows] for name in STATUS_COLUMNS),
        [fingerprints[place] for place in order],
        [bodies[place].decode() for place in order],
    )


async def stored_reasons(connection: Connection, children: Collection[UUID]) -> dict[UUID, list[str]]:
    """Rule ids of the reasons in the stored statuses of these children."""
    rows = await connection.fetch(STORED_REASONS, list(children))
    return {row["child_id"]: row["reasons"] for row in rows}
