"""Rows of `intervention`, and the lists of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal
from uuid import UUID

from services.measurement.domain.interventions import URGENCIES
from services.measurement.store.fact_rows import Column, json_text
from services.measurement.store.tracked_rows import TrackedRows
from shared.contracts.intervention import InterventionV1
from shared.postgres.pool import Connection

DERIVED: Final = ("began_on", "ended_on", "open_as", "facility_code", "urgency")
After = tuple[Any, ...] | None


def _build(row: Any) -> InterventionV1:
    fields = dict(row)
    for name in DERIVED:
        del fields[name]
    return InterventionV1(**{fields["type"]: fields.pop("part")}, **fields)


def _facility(fact: InterventionV1) -> str | None:
    return None if fact.referral is None else fact.referral.facility_code


def _urgency(fact: InterventionV1) -> int | None:
    return None if fact.referral is None else URGENCIES[fact.referral.urgency]


INTERVENTIONS: Final = TrackedRows[InterventionV1](
    "intervention",
    key=(Column("child_id", "uuid"), Column("fact_id", "uuid")),
    columns=(
        Column("type", "text"),
        Column("recorded_at", "timestamptz"),
        Column("source", "text"),
        json_text("part", lambda fact: fact.part.model_dump_json()),
        Column("began_on", "date", lambda fact: fact.part.first_day),
        Column("ended_on", "date", lambda fact: fact.part.last_day),
        Column("open_as", "text", lambda fact: fact.part.about if fact.part.last_day is None else None),
        Column("facility_code", "text", _facility),
        Column("urgency", "smallint", _urgency),
        Column("voided", "boolean"),
        Column("void_reason", "text"),
    ),
    build=_build,
)


async def of_children(connection: Connection, child_ids: Sequence[UUID]) -> list[InterventionV1]:
    """All interventions of these children, voided ones too, by their first day."""
    rows = await connection.fetch(
        f"{INTERVENTIONS.select} WHERE child_id = ANY($1) ORDER BY began_on, fact_id", list(child_ids)
    )
    return INTERVENTIONS.build(rows)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a list is narrowed to; None = not."""

    child_id: UUID | None = None
    type: str | None = None
    area: str | None = None
    is_open: bool | None = None


_OF_CHILD: Final = "child_id IN (SELECT c.child_id FROM child c WHERE $1 IN (c.child_id, c.merged_into))"
_IN_AREA: Final = (
    "EXISTS (SELECT FROM child c WHERE c.child_id = intervention.child_id "
    "AND ((c.desa_code >= $3 AND c.desa_code < $3 || '/') OR c.posyandu_code = $3))"
)


async def list_interventions(connection: Connection, asked: Asked, after: After, limit: int) -> list[InterventionV1]:
    """Living ones that the caller sees, the latest begun first; those of merged children are their survivor's."""
    rows = await connection.fetch(
        f"{INTERVENTIONS.select} WHERE NOT voided AND ($1::uuid IS NULL OR {_OF_CHILD}) "
        "AND ($2::text IS NULL OR type = $2) "
        f'AND ($3::text COLLATE "C" IS NULL OR {_IN_AREA}) '
        "AND ($4::boolean IS NULL OR (ended_on IS NULL) = $4) "
        "AND ($5::date IS NULL OR (began_on, fact_id) < ($5, $6)) ORDER BY began_on DESC, fact_id DESC LIMIT $7",
        asked.child_id,
        asked.type,
        asked.area,
        asked.is_open,
        *(after or (None, None)),
        limit,
    )
    return INTERVENTIONS.build(rows)


@dataclass(frozen=True, slots=True)
class ReferredChild:
    """What who works for a facility sees of a child sent there."""

    sex: str | None
    birth_date: date
    desa_code: str
    merged_into: UUID | None


async def list_referrals(
    connection: Connection,
    facility_code: str | None,
    area: str | None,
    state: Literal["open", "answered"],
    after: After,
    limit: int,
) -> list[InterventionV1]:
    """Living referrals that the caller sees, the most urgent first, among them those that wait longest."""
    rows = await connection.fetch(
        f"{INTERVENTIONS.select} WHERE NOT voided AND facility_code IS NOT NULL AND (ended_on IS NULL) = $1 "
        "AND ($2::text IS NULL OR facility_code = $2) "
        f'AND ($3::text COLLATE "C" IS NULL OR {_IN_AREA}) '
        "AND ($4::integer IS NULL OR (urgency, began_on, fact_id) > ($4, $5, $6)) "
        "ORDER BY urgency, began_on, fact_id LIMIT $7",
        state == "open",
        facility_code,
        area,
        *(after or (None, None, None)),
        limit,
    )
    return INTERVENTIONS.build(rows)


async def referred_children(connection: Connection, child_ids: Sequence[UUID]) -> dict[UUID, ReferredChild]:
    """Of these children those that the caller sees or that were sent to the caller's facility."""
    rows = await connection.fetch("SELECT * FROM referred_children($1)", list(set(child_ids)))
    return {row[0]: ReferredChild(*tuple(row)[1:]) for row in rows}
