"""The page of data quality is what the rules say."""

from __future__ import annotations

from pathlib import Path

from services.reporting.domain.quality_ruleset import ACTIVE, FOLDER, REASONS
from services.reporting.formats.quality_page import page

PAGE = Path(__file__).parents[3] / "docs" / "data-quality.md"


def test_the_page_in_docs_is_that_of_the_rules_with_every_reason() -> None:
    told = page((FOLDER / f"{ACTIVE}.toml").read_bytes())
    assert all(f"`{code}`" in told for code in REASONS)
    assert PAGE.read_text(encoding="utf-8") == told, (
        "python -m services.reporting.formats.quality_page > docs/data-quality.md"
    )
