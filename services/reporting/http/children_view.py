"""Children as the page lists them: a short form of the id, never a name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from services.reporting.http.page_texts import texts
from shared.problems import Language

SHORT: Final = 8  # hex digits of an id that tell children of a district apart
Row = Mapping[str, Any]


def short_form(child_id: UUID) -> str:
    """How people call the child here."""
    return str(child_id)[:SHORT]


def child_link(child_id: UUID, figures: Mapping[str, str], language: Language) -> str:
    """The child's page, which leads back to `figures` (wilayah, periode)."""
    return f"/anak/{child_id}?" + urlencode({**figures, "lang": language})


def children_view(
    rows: Iterable[Row], figures: Mapping[str, str], language: Language, *, explained: bool
) -> list[dict[str, Any]]:
    """A line for each child; with a link if there is somebody to explain it."""
    words = texts(language)
    return [
        {
            "short": short_form(row["child_id"]),
            "link": child_link(row["child_id"], figures, language) if explained else None,
            "age": words["months_old"].replace("{n}", str(row["age_months"])),
            "urgent": row["tier"] == "urgent",
            "tier": words[f"tier_{row['tier']}"],
            "results": words[f"results_{row['results']}"],
        }
        for row in rows
    ]
