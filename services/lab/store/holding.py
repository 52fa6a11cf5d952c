"""Facts of other services as the laboratory holds them: children and cases."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from shared.contracts.child import ChildV1
from shared.contracts.risk import CaseV1
from shared.ledger.census import CensusTable
from shared.postgres.merge import Column, FactTable, plain
from shared.postgres.pool import Connection

CHILDREN: Final[FactTable[ChildV1]] = FactTable(
    "child",
    (
        plain("child_id", "uuid"),
        Column("root_id", "uuid", lambda child: child.merged_into or child.child_id),
        plain("sex", "text"),
        plain("birth_date", "date"),
        plain("died_on", "date"),
        plain("departed_on", "date"),
        plain("voided", "boolean"),
        Column("desa_code", "text", lambda child: child.residences[-1].desa_code),
        Column("posyandu_code", "text", lambda child: child.residences[-1].posyandu_code),
    ),
    key=("child_id",),
)
CASES: Final[FactTable[CaseV1]] = FactTable(
    "child_case",
    (
        plain("child_id", "uuid"),
        plain("opened_on", "date"),
        plain("tier", "text"),
        plain("priority", "boolean"),
        plain("state", "text"),
        plain("close_reason", "text"),
        # One text, since unnest cannot carry a list per row.
        Column("required_tests", "text", lambda case: " ".join(case.required_tests)),
    ),
)
HOLDS: Final = (CensusTable(ChildV1.kind, CHILDREN.name), CensusTable(CaseV1.kind, CASES.name))

STUBS: Final = """
INSERT INTO child (child_id, fact_id, epoch, revision, known_at, content_hash, root_id, voided)
SELECT id, id, 0, 0, '-infinity', 0, id, false FROM unnest($1::uuid[]) AS id ON CONFLICT DO NOTHING
"""
LOCK: Final = "SELECT FROM child WHERE child_id = ANY($1::uuid[]) ORDER BY child_id FOR UPDATE"


async def lock_children(connection: Connection, child_ids: Collection[UUID]) -> None:
    """Lock the rows of `child_ids` until the transaction ends, in id order; a child not known yet gets a stub."""
    ordered = sorted(child_ids)
    await connection.execute(STUBS, ordered)
    await connection.execute(LOCK, ordered)


@dataclass(frozen=True, slots=True)
class HeldChild:
    """A child as orders and results need it; a stub knows neither birth nor residence."""

    child_id: UUID
    known: bool
    known_at: datetime | None
    birth_date: date | None
    desa_code: str | None
    posyandu_code: str | None
    sex: str | None


@dataclass(frozen=True, slots=True)
class HeldCase:
    """A case as its order needs it."""

    case_id: UUID
    child_id: UUID
    known_at: datetime
    urgent: bool
    live: bool
    close_reason: str | None
    required: tuple[str, ...]


async def read_children(connection: Connection, child_ids: Collection[UUID]) -> dict[UUID, HeldChild]:
    """Those of these children that may be seen, stubs too."""
    rows = await connection.fetch(
        "SELECT child_id, epoch, CASE WHEN epoch > 0 THEN known_at END AS known_at, birth_date, desa_code, "
        "posyandu_code, sex FROM known_children($1::uuid[])",
        sorted(child_ids),
    )
    return {
        row["child_id"]: HeldChild(
            child_id=row["child_id"],
            known=row["epoch"] > 0,
            known_at=row["known_at"],
            birth_date=row["birth_date"],
            desa_code=row["desa_code"],
            posyandu_code=row["posyandu_code"],
            sex=row["sex"],
        )
        for row in rows
    }


async def cases_of_children(connection: Connection, child_ids: Collection[UUID]) -> list[HeldCase]:
    """All cases of these children."""
    return _cases(await connection.fetch(f"{_CASE} child_case WHERE child_id = ANY($1::uuid[])", sorted(child_ids)))


async def cases_by_id(connection: Connection, case_ids: Collection[UUID]) -> list[HeldCase]:
    """Those of these cases whose orders may be seen."""
    return _cases(await connection.fetch(f"{_CASE} known_cases($1::uuid[])", sorted(case_ids)))


_CASE: Final = "SELECT fact_id, child_id, known_at, tier, priority, state, close_reason, required_tests FROM"


def _cases(rows: Sequence[Any]) -> list[HeldCase]:
    return [
        HeldCase(
            case_id=row["fact_id"],
            child_id=row["child_id"],
            known_at=row["known_at"],
            urgent=row["tier"] == "urgent" or row["priority"],
            live=row["state"] != "closed",
            close_reason=row["close_reason"],
            required=tuple(row["required_tests"].split()),
        )
        for row in rows
    ]
