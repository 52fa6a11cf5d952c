"""The rule set as a page for people: every rule with its numbers, unit, source and status.

`python -m services.scoring.formats.rules_page > docs/rules.md` writes it; a test compares the two.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any, Final

from services.scoring.domain.ruleset import ACTIVE, FOLDER, read

STATUS: Final = {"S": "read in the source", "S2": "secondary source", "P": "provisional, unconfirmed"}
HEADING: Final = re.compile(r"^\[([a-z0-9_.]+)\](?:\s+#\s*(.+))?$", re.MULTILINE)
TITLES: Final = {
    "categories": "Classes of growth",
    "kms": "Weight gain on the card (KMS)",
    "velocity": "Growth velocity",
    "tier": "What fires a tier",
    "tracks": "What each tier asks for",
    "tier_shares": "Shares of children by tier",
    "early_warning": "Early warning",
    "corrected_age": "Corrected age",
    "plausible": "Entry limits",
    "history": "Against the child's own past",
    "opening": "What opens orders, tasks and alerts",
    "follow_ups": "Follow-ups",
    "place_of_care": "Gizi buruk: inpatient or outpatient",
    "courses": "Courses of supplementary feeding",
    "household": "Risks of family and birth",
    "recovery": "Recovery",
    "readings": "Readings of laboratory results",
    "elevation": "Haemoglobin by elevation of residence",
    "laboratory": "Laboratory: panel, reflexes, what belongs together",
}
# Units of numbers whose names do not say them: of a whole group, or of a rule that differs from it.
UNITS: Final = {
    "categories": "SD",
    "categories.muac": "cm",
    "velocity.low": "SD",
    "kms.lines": "SD",
    "tier.muac_severe": "cm",
    **{f"tier.{name}": "SD" for name in (
        "whz_severe", "infant_severe", "haz_severe", "haz_low", "waz_severe", "waz_low", "whz_low", "haz_drop",
    )},
    "tier.danger_sign": "degrees Celsius",
    "tier.low_birth_weight": "kg",
    "tier.preterm": "weeks",
    "tier.stunting_risk": "probability",
    "tier.critical_haemoglobin": "g/L",
    "tier.critical_glucose_gizi_buruk": "mmol/L",
    "recovery": "SD",
    "tier_shares": "share",
    "elevation": "[m, g/L]",
}  # fmt: skip
INTRODUCTION: Final = """\
Made from the rule set by `python -m services.scoring.formats.rules_page`; not edited by hand. Every verdict stores the
version that made it. Laboratory values are compared at `decimals`, half up; `below` and `above` are strict;
`from_months` belongs to a band, `before_months` does not. The platform flags, a person decides."""
HEAD: Final = "| rule | numbers | unit | source | status |\n| --- | --- | --- | --- | --- |"
ASIDE: Final = ("source", "status", "unit")


def page(content: bytes) -> str:
    """The page of a rule set (TOML). RuleSetError when it is broken."""
    read(content)
    text = content.decode()
    data = tomllib.loads(text)
    remarks = {place: remark for place, remark in HEADING.findall(text) if remark}
    states = "; ".join(f"**{code}** {words}" for code, words in STATUS.items())
    parts = [f"# Rules of rule set {data['version']}", INTRODUCTION, f"Status: {states}."]
    for group, tables in data.items():
        if group not in {"version", "sources"}:
            rows = "\n".join(_rows(group, tables, data["sources"], remarks))
            parts.append(f"## {TITLES[group]}\n\n{HEAD}\n{rows}")
    return "\n\n".join(parts) + "\n"


def _rows(
    place: str, table: Mapping[str, Any], sources: Mapping[str, str], remarks: Mapping[str, str]
) -> Iterator[str]:
    """The row of a table that names its source, or those of the tables in it."""
    if "source" not in table:
        for name, inner in table.items():
            yield from _rows(f"{place}.{name}", inner, sources, remarks)
        return
    numbers = "<br>".join(f"{name}: {_written(value)}" for name, value in table.items() if name not in ASIDE)
    unit = table.get("unit", UNITS.get(place, UNITS.get(place.partition(".")[0], "")))
    name = f"`{place}`" + (f"<br>{remarks[place]}" if place in remarks else "")
    status = table["status"]
    yield f"| {name} | {numbers} | {unit} | {sources[table['source']]} | {status}: {STATUS[status]} |"


def _written(value: Any) -> str:
    """A value of TOML in words of one cell."""
    if isinstance(value, dict):
        return ", ".join(f"{name} {_written(inner)}" for name, inner in value.items())
    if isinstance(value, list):
        if value and isinstance(value[0], dict):
            return "<br>".join(_written(inner) for inner in value)
        return "[" + ", ".join(_written(inner) for inner in value) + "]"
    return str(value)


if __name__ == "__main__":
    sys.stdout.write(page((FOLDER / f"{ACTIVE}.toml").read_bytes()))
