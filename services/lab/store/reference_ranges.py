"""Rows of `reference_range`: what a laboratory prints beside a value."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

import orjson

from services.lab.domain.reference_ranges import Band
from shared.postgres.pool import Connection

_COLUMNS: Final = (
    "laboratory_code, test_code, valid_from, unit, stated::text, bands::text, source_text, entered_by, entered_at"
)


@dataclass(frozen=True, slots=True)
class ReferenceRange:
    """All bands of one test at one laboratory from a day on: `stated` in `unit`, `bands` in the canonical unit."""

    laboratory_code: str
    test_code: str
    valid_from: date
    unit: str
    stated: tuple[Band, ...]
    bands: tuple[Band, ...]
    source_text: str
    entered_by: str
    entered_at: datetime


async def read_ranges(
    connection: Connection, laboratory_codes: Collection[str], test_codes: Collection[str] | None = None
) -> list[ReferenceRange]:
    """Rows of these laboratories (and tests): by laboratory and test, the newest first."""
    rows = await connection.fetch(
        f"SELECT {_COLUMNS} FROM reference_range "
        "WHERE laboratory_code = ANY($1) AND ($2::text[] IS NULL OR test_code = ANY($2)) "
        "ORDER BY laboratory_code, test_code, valid_from DESC",
        sorted(laboratory_codes),
        None if test_codes is None else sorted(test_codes),
    )
    return [
        ReferenceRange(**{**dict(row), "stated": _bands(row["stated"]), "bands": _bands(row["bands"])}) for row in rows
    ]


async def insert_range(connection: Connection, new: ReferenceRange) -> bool:
    """Store a row; False if the test has one from that day on already."""
    status: str = await connection.execute(
        "INSERT INTO reference_range (laboratory_code, test_code, valid_from, unit, stated, bands, source_text, "
        "entered_by, entered_at) VALUES ($1, $2, $3, $4, $5::text::json, $6::text::json, $7, $8, $9) "
        "ON CONFLICT DO NOTHING",
        new.laboratory_code,
        new.test_code,
        new.valid_from,
        new.unit,
        _text(new.stated),
        _text(new.bands),
        new.source_text,
        new.entered_by,
        new.entered_at,
    )
    return status.endswith(" 1")


def _text(bands: Collection[Band]) -> str:
    return orjson.dumps([asdict(band) for band in bands], default=str).decode()  # limits as text: exact


def _bands(content: str) -> tuple[Band, ...]:
    entries: list[dict[str, Any]] = orjson.loads(content)
    return tuple(Band(**{**entry, "low": _limit(entry["low"]), "high": _limit(entry["high"])}) for entry in entries)


def _limit(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
