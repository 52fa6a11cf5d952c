"""Rows of `measurement`."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from operator import attrgetter
from typing import Any, Final
from uuid import UUID

from services.measurement.store.fact_rows import Column, json_text, optional_text_list
from services.measurement.store.tracked_rows import TrackedRows
from shared.contracts.child import MeasurementV1, OfficialScores
from shared.postgres.pool import Connection


def _build(row: Any) -> MeasurementV1:
    return MeasurementV1(**row)


def _build_of_file(row: Any) -> MeasurementV1:
    fields = dict(row)
    del fields["file_digest"]
    return MeasurementV1(**fields)


_KEY: Final = (Column("child_id", "uuid"), Column("fact_id", "uuid"))
_COLUMNS: Final = (
    Column("measured_on", "date"),
    Column("recorded_at", "timestamptz"),
    Column("channel", "text"),
    Column("source", "text"),
    Column("is_remeasurement", "boolean"),
    Column("weight_kg", "double precision"),
    Column("length_height_cm", "double precision"),
    Column("measurement_position", "text"),
    Column("head_circumference_cm", "double precision"),
    Column("muac_cm", "double precision"),
    Column("oedema", "boolean"),
    Column("desa_code", "text"),
    Column("posyandu_code", "text"),
    Column("reported_letter", "text"),
    json_text("official", lambda fact: None if fact.official is None else fact.official.model_dump_json()),
    Column("measurer_id", "text"),
    Column("device_id", "text"),
    Column("replaces", "uuid"),
    Column("voided", "boolean"),
    Column("void_reason", "text"),
    optional_text_list("danger_signs"),
    Column("temperature_c", "double precision"),
)
MEASUREMENTS: Final = TrackedRows[MeasurementV1]("measurement", _KEY, _COLUMNS, _build)

# What of a file's row makes it another state of its measurement.
FILE_VALUES: Final = (
    "weight_kg",
    "length_height_cm",
    "measurement_position",
    "muac_cm",
    "reported_letter",
    "official",
)
_file_values: Final = attrgetter(*FILE_VALUES)
_scores: Final = attrgetter(*OfficialScores.model_fields)


def file_digest(fact: MeasurementV1) -> int:
    """Of the values that a file gives, as a signed 64-bit number."""
    *values, official = _file_values(fact)
    scores = None if official is None else _scores(official)
    content = repr((*values, scores)).encode()
    return int.from_bytes(hashlib.blake2b(content, digest_size=8).digest(), "big", signed=True)


# The same rows as a file writes them: with the digest of what it said.
FILE_MEASUREMENTS: Final = TrackedRows[MeasurementV1](
    "measurement", _KEY, (*_COLUMNS, Column("file_digest", "bigint", file_digest)), _build_of_file
)


_ON_THE_DAY: Final = (
    " WHERE (child_id, measured_on) IN (SELECT * FROM unnest($1::uuid[], $2::date[])) ORDER BY child_id, fact_id"
)


@dataclass(slots=True)
class Reading:
    """A stored measurement and what a file said last about it."""

    fact: MeasurementV1
    digest: int | None


async def same_day(
    connection: Connection, visits: Sequence[tuple[UUID, date]]
) -> dict[tuple[UUID, date], list[MeasurementV1]]:
    """Everything stored of these children on these days, voided rows too; oldest first."""
    if not visits:
        return {}
    pairs = sorted(set(visits))
    rows: list[Any] = await connection.fetch(
        f"{MEASUREMENTS.select}{_ON_THE_DAY}", [child_id for child_id, _ in pairs], [day for _, day in pairs]
    )
    found: dict[tuple[UUID, date], list[MeasurementV1]] = {}
    for fact in MEASUREMENTS.build(rows):
        found.setdefault((fact.child_id, fact.measured_on), []).append(fact)
    return found


async def readings_of(connection: Connection, visits: Sequence[tuple[UUID, date]]) -> list[Reading]:
    """Everything stored of these children on these days, voided rows too, with what files said; oldest first."""
    rows = await connection.fetch(
        f"{FILE_MEASUREMENTS.select}{_ON_THE_DAY}", [child_id for child_id, _ in visits], [day for _, day in visits]
    )
    return [Reading(_build_of_file(row), row["file_digest"]) for row in rows]


async def of_child(connection: Connection, child_ids: Sequence[UUID]) -> list[MeasurementV1]:
    """All measurements of these children, voided ones too, by day."""
    rows = await connection.fetch(
        f"{MEASUREMENTS.select} WHERE child_id = ANY($1) ORDER BY measured_on, recorded_at, fact_id", list(child_ids)
    )
    return MEASUREMENTS.build(rows)


async def newest_days(connection: Connection, child_ids: Sequence[UUID]) -> dict[UUID, date]:
    """The day of each child's newest living measurement; children without one are left out."""
    rows = await connection.fetch(
        "SELECT child_id, max(measured_on) AS day FROM measurement WHERE child_id = ANY($1) AND NOT voided "
        "GROUP BY child_id",
        list(child_ids),
    )
    return {row["child_id"]: row["day"] for row in rows}


async def seen_at_posyandu(connection: Connection, child_ids: Sequence[UUID], posyandu_code: str) -> set[UUID]:
    """Those of these children with a living measurement at the posyandu."""
    rows = await connection.fetch(
        "SELECT DISTINCT child_id FROM measurement WHERE child_id = ANY($1) AND posyandu_code = $2 AND NOT voided",
        list(child_ids),
        posyandu_code,
    )
    return {row["child_id"] for row in rows}
