"""The report for the meeting of the TPPS as PDF: a template of Typst filled with what `tpps_view` says."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

import orjson
import typst

from services.reporting.formats.tpps_view import tpps_view
from shared.problems import Language

TEMPLATE_FILE: Final = Path(__file__).parent / "tpps.typ"


def write_report(data: Mapping[str, Any], language: Language, digest: str) -> bytes:
    """The PDF, with its fonts in it. Its date is the day of the data, so that the same figures are the same bytes."""
    made: bytes = typst.compile(TEMPLATE_FILE.read_bytes(), format="pdf", **_settings(data, language, digest))
    return made


def draw_report(data: Mapping[str, Any], language: Language, digest: str, ppi: float = 72.0) -> list[bytes]:
    """The same as a picture (PNG) of each page."""
    pages: Any = typst.compile(TEMPLATE_FILE.read_bytes(), format="png", ppi=ppi, **_settings(data, language, digest))
    return pages if isinstance(pages, list) else [pages]


@cache
def _fonts() -> typst.Fonts:
    """Those of the compiler only: what a machine has installed must not change a page."""
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=True)


def _settings(data: Mapping[str, Any], language: Language, digest: str) -> dict[str, Any]:
    day = date.fromisoformat(data["known_on"])
    return {
        "sys_inputs": {"view": orjson.dumps(tpps_view(data, language, digest)).decode()},
        "font_paths": _fonts(),
        "ignore_system_fonts": True,
        "timestamp": datetime(day.year, day.month, day.day, tzinfo=UTC),
    }
