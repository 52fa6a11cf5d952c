"""Rows of `child`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Final, NamedTuple
from uuid import UUID

from services.measurement.store.fact_rows import Column, FactRows, json_text, text_list
from shared.contracts.child import ChildV1
from shared.postgres.pool import Connection


def _build(row: Any) -> ChildV1:
    fields = dict(row)
    del fields["desa_code"], fields["posyandu_code"]
    return ChildV1(fact_id=fields["child_id"], **fields)


def _residences(child: ChildV1) -> list[dict[str, Any]]:
    return [residence.model_dump(mode="json") for residence in child.residences]


CHILDREN: Final = FactRows[ChildV1](
    "child",
    key=(Column("child_id", "uuid"),),
    columns=(
        Column("sex", "text"),
        Column("birth_date", "date"),
        Column("birth_weight_kg", "double precision"),
        Column("birth_length_cm", "double precision"),
        Column("gestation_weeks", "integer"),
        json_text("residences", _residences),
        text_list("household_risks"),
        Column("died_on", "date"),
        Column("departed_on", "date"),
        Column("merged_into", "uuid"),
        Column("voided", "boolean"),
        Column("desa_code", "text", lambda child: child.residences[-1].desa_code),
        Column("posyandu_code", "text", lambda child: child.residences[-1].posyandu_code),
    ),
    build=_build,
)


class Standing(NamedTuple):
    """What of a child decides whether a visit may be recorded."""

    birth_date: date
    desa_code: str
    posyandu_code: str | None
    merged_into: UUID | None
    voided: bool


async def standing(connection: Connection, child_ids: Sequence[UUID]) -> dict[UUID, Standing]:
    """The children that may be seen, by id."""
    rows = await connection.fetch(
        "SELECT child_id, birth_date, desa_code, posyandu_code, merged_into, voided FROM child "
        "WHERE child_id = ANY($1)",
        list(set(child_ids)),
    )
    return {row[0]: Standing(*row[1:]) for row in rows}


async def lock_merges(connection: Connection) -> None:
    """One merge at a time, until the end of the transaction."""
    await connection.execute("SELECT pg_advisory_xact_lock(hashtext('measurement.merge'))")


async def lock_registering(connection: Connection) -> None:
    """One file at a time registers children by NIK, until the end of the transaction."""
    await connection.execute("SELECT pg_advisory_xact_lock(hashtext('measurement.register'))")
