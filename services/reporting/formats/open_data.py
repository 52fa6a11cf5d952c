"""Figures for the world as JSON: suppressed, with licence, definitions, day and fingerprint; never below the desa."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import orjson

from services.reporting.domain.areas import UNMAPPED
from services.reporting.domain.figures import RATES
from services.reporting.formats.export_words import definitions, words

SCHEMA_FILE: Final = Path(__file__).parent / "open_data.schema.json"
SCHEMA_ID: Final = "urn:tumbuh:open-data:1"
LICENCE: Final = {"id": "CC-BY-4.0", "url": "https://creativecommons.org/licenses/by/4.0/"}  # [P] the district decides
RATES_SHOWN: Final = tuple(name for name in RATES if name not in {"lab_complete", "anaemic"})
_OF_RATES: Final = (name for rate in RATES_SHOWN for name in RATES[rate])
COUNTS_SHOWN: Final = tuple(dict.fromkeys(("target_children", "measured_children", "both_measured", *_OF_RATES)))
Row = Mapping[str, Any]


def write_open_data(data: Row, digest: str) -> bytes:
    """The file. ValueError for figures that are not suppressed: they must never leave the house as open data."""
    if not data["suppressed"]:
        raise ValueError("open data are written of suppressed figures only")
    indonesian, english = words("id"), words("en")
    told = {
        "$schema": SCHEMA_ID,
        "area": data["area"],
        "name": data["name"],
        "level": data["level"],
        "period": data["period"],
        "known_on": data["known_on"],
        "released_on": data.get("released_on"),
        "licence": LICENCE,
        "data_sha256": digest,
        "suppression": {
            "id": "Angka kecil, dan yang akan membukanya, kosong (null) dan disebut di `suppressed`; kosong bukan nol.",
            "en": "Small counts, and those that would tell them, are null and named in `suppressed`; null is not zero.",
        },
        "columns": [
            {"key": key, "id": indonesian[key], "en": english[key]}
            for key in (*COUNTS_SHOWN, "coverage", "coverage_both")
        ],
        "rates": [
            {"key": rate, "numerator": RATES[rate][0], "denominator": RATES[rate][1], "interval": "Wilson 95 %"}
            for rate in RATES_SHOWN
        ],
        "definitions": [{"key": term, "id": text_id, "en": text_en} for term, text_id, text_en in definitions()],
        "areas": [_area(row) for row in _areas(data)],
    }
    return orjson.dumps(told, option=orjson.OPT_INDENT_2)


@cache
def open_data_schema() -> bytes:
    """The JSON Schema of the file."""
    return SCHEMA_FILE.read_bytes()


def _areas(data: Row) -> Iterator[Row]:
    yield {**data["summary"], "code": data["area"], "parent_code": None}
    for rows in data["levels"].values():
        yield from (row for row in rows if row["code"] != UNMAPPED)


def _area(row: Row) -> dict[str, Any]:
    return {
        "code": row["code"],
        "name": row["name"],
        "level": row["level"],
        "parent_code": row["parent_code"],
        **{name: row[name] for name in COUNTS_SHOWN},
        "coverage": row["coverage"],
        "coverage_both": row["coverage_both"],
        "label": row["label"]["code"],
        "quality_grade": row["quality_grade"],
        "rates": {rate: {part: row[f"{rate}_{part}"] for part in ("share", "low", "high")} for rate in RATES_SHOWN},
        "suppressed": [name for name in row["suppressed"] if name in COUNTS_SHOWN],
    }
