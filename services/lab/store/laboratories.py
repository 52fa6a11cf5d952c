"""Rows of `laboratory`."""

from __future__ import annotations

from services.lab.domain.routing import Laboratory
from shared.postgres.pool import Connection


async def read_laboratories(connection: Connection) -> list[Laboratory]:
    """All of them, by code: they are few, and public."""
    rows = await connection.fetch("SELECT code, name, area_codes, tests_per_day FROM laboratory ORDER BY code")
    return [Laboratory(row["code"], row["name"], tuple(row["area_codes"]), row["tests_per_day"]) for row in rows]


async def write_laboratory(connection: Connection, laboratory: Laboratory) -> bool:
    """Store or change one; whether it is new."""
    new: bool = await connection.fetchval(
        "INSERT INTO laboratory (code, name, area_codes, tests_per_day) VALUES ($1, $2, $3, $4) "
        "ON CONFLICT (code) DO UPDATE SET name = EXCLUDED.name, area_codes = EXCLUDED.area_codes, "
        "tests_per_day = EXCLUDED.tests_per_day RETURNING xmax = 0",
        laboratory.code,
        laboratory.name,
        list(laboratory.area_codes),
        laboratory.tests_per_day,
    )
    return new
