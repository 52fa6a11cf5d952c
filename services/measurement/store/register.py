"""Rows of `register_entry`, and the register as others look things up in it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from services.measurement.store.fact_rows import Column, FactRows, text_list
from shared.contracts.register import RegisterEntryV1
from shared.postgres.pool import Connection

ENTRIES: Final = FactRows[RegisterEntryV1](
    "register_entry",
    key=(Column("fact_id", "uuid"),),
    columns=(
        Column("entry", "text"),
        Column("code", "text"),
        Column("name", "text"),
        Column("level", "text"),
        Column("parent_code", "text"),
        text_list("desa_codes"),
        Column("valid_from", "date"),
        Column("valid_to", "date"),
        Column("target_children", "integer"),
        Column("elevation_m", "double precision"),
        Column("voided", "boolean"),
    ),
    build=lambda row: RegisterEntryV1(**row),
)

Place = tuple[str, str | None]  # desa, posyandu


async def list_entries(
    connection: Connection, entry: str | None, parent_code: str | None, after: tuple[str, str], limit: int
) -> list[RegisterEntryV1]:
    """A page of entries of a kind and below an area, by (kind, code)."""
    rows: list[Any] = await connection.fetch(
        f"{ENTRIES.select} WHERE NOT voided AND ($1::text IS NULL OR entry = $1) "
        "AND ($2::text IS NULL OR parent_code = $2) AND (entry, code) > ($3, $4) ORDER BY entry, code LIMIT $5",
        entry,
        parent_code,
        *after,
        limit,
    )
    return ENTRIES.build(rows)


async def unknown_places(connection: Connection, places: Sequence[Place]) -> dict[Place, str]:
    """Those places the register does not have now, with the code of what is wrong with them."""
    wanted = sorted(set(places), key=lambda place: (place[0], place[1] or ""))
    desa = await connection.fetch(
        "SELECT code FROM register_entry WHERE entry = 'area' AND level IN ('desa', 'kelurahan') AND NOT voided "
        "AND code = ANY($1)",
        [place[0] for place in wanted],
    )
    posyandu = await connection.fetch(
        "SELECT code, parent_code FROM register_entry WHERE entry = 'posyandu' AND NOT voided AND code = ANY($1)",
        [place[1] for place in wanted if place[1] is not None],
    )
    known = {row["code"] for row in desa}
    parents = {row["code"]: row["parent_code"] for row in posyandu}
    wrong: dict[Place, str] = {}
    for place in wanted:
        if place[0] not in known:
            wrong[place] = "unknown_desa"
        elif place[1] is not None and parents.get(place[1]) != place[0]:
            wrong[place] = "unknown_posyandu"
    return wrong


async def known_codes(connection: Connection, codes: Iterable[str]) -> set[str]:
    """Those of `codes` that are areas or posyandu of the register."""
    rows = await connection.fetch(
        "SELECT code FROM register_entry WHERE entry IN ('area', 'posyandu') AND NOT voided AND code = ANY($1)",
        sorted(codes),
    )
    return {row["code"] for row in rows}


async def named_entries(connection: Connection) -> list[dict[str, Any]]:
    """Codes, names and parents of all areas and posyandu: what names in files are looked up in."""
    rows = await connection.fetch(
        "SELECT entry, code, name, level, parent_code FROM register_entry "
        "WHERE entry IN ('area', 'posyandu') AND NOT voided ORDER BY entry, code"
    )
    return [dict(row) for row in rows]


async def puskesmas_by_desa(connection: Connection) -> dict[str, str]:
    """Desa code → name of its puskesmas; the first by code where two claim it."""
    rows = await connection.fetch(
        "SELECT DISTINCT ON (desa) desa, name FROM register_entry, unnest(desa_codes) AS desa "
        "WHERE entry = 'puskesmas' AND NOT voided ORDER BY desa, code"
    )
    return {row["desa"]: row["name"] for row in rows}


async def area_names(connection: Connection, codes: Iterable[str]) -> dict[str, str]:
    """Names of areas and posyandu by code; a code that the register does not have is left out."""
    rows = await connection.fetch(
        "SELECT code, name FROM register_entry WHERE entry IN ('area', 'posyandu') AND NOT voided AND code = ANY($1)",
        sorted(codes),
    )
    return {row["code"]: row["name"] for row in rows}
