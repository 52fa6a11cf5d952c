"""Rows of `child`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Final, NamedTuple
from uuid import UUID

import orjson

from services.measurement.domain.residences import Stay, Stays
from services.measurement.store.fact_rows import Column, json_text, text_list
from services.measurement.store.tracked_rows import TrackedRows
from shared.contracts.child import ChildV1
from shared.postgres.pool import Connection


def _build(row: Any) -> ChildV1:
    fields = dict(row)
    del fields["desa_code"], fields["posyandu_code"]
    return ChildV1(fact_id=fields["child_id"], **fields)


def _residences(child: ChildV1) -> str:
    return orjson.dumps([vars(residence) for residence in child.residences]).decode()


def _household(child: ChildV1) -> str:
    return orjson.dumps([vars(answer) for answer in child.household]).decode()


CHILDREN: Final = TrackedRows[ChildV1](
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
        json_text("household", _household),
        Column("has_growth_card", "boolean"),
        Column("desa_code", "text", lambda child: child.residences[-1].desa_code),
        Column("posyandu_code", "text", lambda child: child.residences[-1].posyandu_code),
    ),
    build=_build,
)


class Standing(NamedTuple):
    """What of a child decides whether a visit may be recorded."""

    birth_date: date
    died_on: date | None
    departed_on: date | None
    desa_code: str
    posyandu_code: str | None
    merged_into: UUID | None
    voided: bool


async def standing(connection: Connection, child_ids: Sequence[UUID]) -> dict[UUID, Standing]:
    """The children that may be seen, by id."""
    rows = await connection.fetch(
        "SELECT child_id, birth_date, died_on, departed_on, desa_code, posyandu_code, merged_into, voided FROM child "
        "WHERE child_id = ANY($1)",
        list(set(child_ids)),
    )
    return {row[0]: Standing(*row[1:]) for row in rows}


class Claimed(NamedTuple):
    """A child that shares a hash with a row of a file, as far as matching asks; of a merged one that of its survivor.

    `nik_hash`, `name_hash` are of `claimed_id`, everything else is of `child_id`.
    """

    claimed_id: UUID
    nik_hash: bytes | None
    name_hash: bytes | None
    child_id: UUID
    order: tuple[int, int]
    voided: bool
    residences: list[dict[str, Any]]
    birth_weight_kg: float | None
    birth_length_cm: float | None
    died_on: date | None
    departed_on: date | None
    has_growth_card: bool | None

    def stays(self) -> Stays:
        """Residences as the domain counts with them."""
        return tuple(
            Stay(date.fromisoformat(stay["valid_from"]), stay["desa_code"], stay["posyandu_code"])
            for stay in self.residences
        )


async def claimed(connection: Connection, nik_hashes: Sequence[bytes], name_hashes: Sequence[bytes]) -> list[Claimed]:
    """All who share a hash with somebody, in the order of their ids."""
    rows = await connection.fetch(
        "SELECT i.child_id, i.nik_hash, i.name_hash, r.child_id, r.epoch, r.revision, r.voided, r.residences, "
        "r.birth_weight_kg, r.birth_length_cm, r.died_on, r.departed_on, r.has_growth_card FROM "
        "(SELECT child_id, nik_hash, name_hash FROM child_identity WHERE nik_hash = ANY($1::bytea[]) "
        "UNION SELECT child_id, nik_hash, name_hash FROM child_identity WHERE name_hash = ANY($2::bytea[])) i "
        "JOIN child c ON c.child_id = i.child_id JOIN child r ON r.child_id = coalesce(c.merged_into, c.child_id) "
        "ORDER BY i.child_id",
        nik_hashes,
        name_hashes,
    )
    return [Claimed._make((*row[:4], (row[4], row[5]), *row[6:])) for row in map(tuple, rows)]


async def merged_into(connection: Connection, child_ids: Sequence[UUID]) -> dict[UUID, UUID]:
    """Child → survivor, of all who were merged into these."""
    rows = await connection.fetch(
        "SELECT child_id, merged_into FROM child WHERE merged_into = ANY($1)", list(child_ids)
    )
    return dict(map(tuple, rows))


async def ever_merged_into(connection: Connection, child_id: UUID) -> list[UUID]:
    """Everybody who is or ever was merged into this child."""
    rows = await connection.fetch(
        "SELECT child_id FROM child WHERE merged_into = $1 "
        "UNION SELECT child_id FROM child_revision WHERE merged_into = $1",
        child_id,
    )
    return [row[0] for row in rows]


async def lock_merges(connection: Connection) -> None:
    """One merge at a time, until the end of the transaction."""
    await connection.execute("SELECT pg_advisory_xact_lock(hashtext('measurement.merge'))")


async def lock_registering(connection: Connection) -> None:
    """One file at a time registers children by NIK, until the end of the transaction."""
    await connection.execute("SELECT pg_advisory_xact_lock(hashtext('measurement.register'))")
