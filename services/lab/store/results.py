"""Rows of `lab_result`."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final
from uuid import UUID

from services.lab.domain.results import Draw
from services.lab.store.kept import Kept
from shared.contracts.lab import LabResultV1
from shared.postgres.merge import Column, plain
from shared.postgres.pool import Connection

Slot = tuple[UUID, str, str]  # order or child, test, draw: what only one valid result may occupy


def draw_key(result: LabResultV1) -> str:
    """The draw in a result's natural key."""
    return Draw(result.drawn_on, result.drawn_at).key


def slot_of(result: LabResultV1) -> Slot:
    """The natural key."""
    return (result.order_id or result.child_id, result.test_code, draw_key(result))


RESULTS: Final[Kept[LabResultV1]] = Kept(
    "lab_result",
    LabResultV1,
    (
        plain("order_id", "uuid"),
        plain("laboratory_code", "text"),
        plain("test_code", "text"),
        Column("draw", "text", draw_key),
        plain("drawn_on", "date"),
        plain("reported_at", "timestamptz"),
        plain("voided", "boolean"),
    ),
    beside=(plain("specimen_id", "uuid"), plain("void_reason", "text"), plain("catalogue_version", "text")),
)
NATURAL_KEY: Final = "lab_result_natural_key"
# The owners by themselves first: a join alone would read the whole table under row-level security.
SLOTS: Final = (
    "NOT voided AND owner = ANY($1) "
    "AND (owner, test_code, draw) IN (SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[]))"
)
DRAWS: Final = (
    "NOT voided AND owner = ANY($1) AND (owner, draw) IN (SELECT * FROM unnest($1::uuid[], $2::text[])) "
    "ORDER BY child_id, fact_id"
)
_LIST: Final = """
($1::uuid IS NULL OR child_id = $1) AND ($2::uuid IS NULL OR order_id = $2)
  AND ($3::uuid IS NULL OR (child_id, fact_id) > ($3, $4::uuid)) AND test_code <> ALL($6::text[])
ORDER BY child_id, fact_id LIMIT $5
"""


async def hold_owners(connection: Connection, child_ids: Collection[UUID]) -> None:
    """Alone with results of these children that have no order, until the commit.

    They have no row of ours to lock: the child's id stands for one.
    """
    if child_ids:
        await connection.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(id::text, 0)) FROM unnest($1::uuid[]) AS id",
            sorted(child_ids),
        )


async def holders(connection: Connection, slots: Collection[Slot]) -> dict[Slot, LabResultV1]:
    """The valid results that occupy these natural keys."""
    if not slots:
        return {}
    ordered = sorted(slots)
    found = await RESULTS.find(connection, SLOTS, *([slot[part] for slot in ordered] for part in range(3)))
    return {slot_of(result): result for result in found}


async def results_of_draws(connection: Connection, draws: Collection[tuple[UUID, str]]) -> list[LabResultV1]:
    """All valid results of these draws (order or child, draw)."""
    if not draws:
        return []
    ordered = sorted(draws)
    return await RESULTS.find(connection, DRAWS, [owner for owner, _ in ordered], [draw for _, draw in ordered])


async def read_catalogue_versions(connection: Connection, result_ids: Collection[UUID]) -> dict[UUID, str]:
    """Which row of the catalogue read these results, where that was kept."""
    rows = await connection.fetch(
        "SELECT fact_id, catalogue_version FROM lab_result "
        "WHERE fact_id = ANY($1::uuid[]) AND catalogue_version IS NOT NULL",
        sorted(result_ids),
    )
    return {row["fact_id"]: row["catalogue_version"] for row in rows}


async def list_results(
    connection: Connection,
    child_id: UUID | None,
    order_id: UUID | None,
    after: tuple[Any, ...] | None,
    limit: int,
    hidden: Collection[str] = (),
) -> list[LabResultV1]:
    """Results of a child or an order, retracted ones too, by child and id; none of the `hidden` tests."""
    last = after or (None, None)
    return await RESULTS.find(connection, _LIST, child_id, order_id, *last, limit, sorted(hidden))
