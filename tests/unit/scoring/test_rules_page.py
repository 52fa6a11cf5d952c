"""The page of rules is what the rule set says, whole and with its doubts."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from services.scoring.domain.ruleset import ACTIVE, FOLDER
from services.scoring.formats.rules_page import STATUS, page

PAGE = Path(__file__).parents[3] / "docs" / "rules.md"
SHIPPED = (FOLDER / f"{ACTIVE}.toml").read_bytes()


def test_the_page_in_docs_is_the_one_of_the_active_rule_set() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(SHIPPED), (
        "python -m services.scoring.formats.rules_page > docs/rules.md"
    )


@pytest.mark.parametrize("group", [group for group in tomllib.loads(SHIPPED.decode()) if group != "version"])
def test_every_rule_stands_on_the_page_with_its_source_and_status(group: str) -> None:
    data = tomllib.loads(SHIPPED.decode())
    if group == "sources":
        assert all(source in page(SHIPPED) for source in data["sources"].values())
        return
    tables = {group: data[group]} if "source" in data[group] else {f"{group}.{k}": v for k, v in data[group].items()}
    for place, table in tables.items():
        (row,) = [line for line in page(SHIPPED).splitlines() if line.startswith(f"| `{place}`")]
        assert row.endswith(f"| {data['sources'][table['source']]} | {table['status']}: {STATUS[table['status']]} |")


def test_a_changed_number_changes_the_page() -> None:
    changed = SHIPPED.replace(b"deficient_below = 0.70", b"deficient_below = 0.71")
    assert changed != SHIPPED
    assert page(changed) != page(SHIPPED)
