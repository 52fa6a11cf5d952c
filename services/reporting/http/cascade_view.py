"""The cascade as a page shows it: a bar for each step, and two rates in a sentence each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from services.reporting.formats.numbers import NOTHING, count, interval, percent
from shared.problems import Language

BAR_WIDTH: Final = 100.0
THINNEST: Final = 0.6  # a bar of one child among hundreds is still seen
Row = Mapping[str, Any]


def cascade_view(cascade: Row, words: Mapping[str, str], language: Language) -> dict[str, Any] | None:
    """Steps and rates; None where nobody is suspected, so that there is no cascade to show."""
    suspected = next(step["count"] for step in cascade["steps"] if step["step"] == "suspected")
    if suspected == 0:
        return None
    return {
        "steps": [_step(step, words, language) for step in cascade["steps"]],
        "rates": [
            _rate(cascade["lab_coverage"], words["lab_coverage"], words["of_suspected"], words, language),
            _rate(cascade["anaemia"], words["anaemia"], words["of_readings"], words, language),
        ],
        "width": BAR_WIDTH,
    }


def _step(step: Row, words: Mapping[str, str], language: Language) -> dict[str, Any]:
    share, days = step["share"], step["median_days"]
    return {
        "name": words[f"step_{step['step']}"],
        "count": count(step["count"], language),
        "share": percent(share, language) if share is not None else "",
        "bar": round(max(share * BAR_WIDTH, THINNEST), 1) if share else None,
        "days": words["median_day" if days == 1 else "median_days"].replace("{n}", count(days, language))
        if days is not None
        else "",
    }


def _rate(rate: Row, title: str, basis: str, words: Mapping[str, str], language: Language) -> dict[str, str]:
    if rate["share"] is None:
        hidden = rate["numerator"] is None or rate["denominator"] is None
        return {"title": title, "value": NOTHING if hidden else words["no_data"], "basis": ""}
    reach = words["interval"].replace("{range}", interval(rate["low"], rate["high"], language))
    of = basis.replace("{k}", count(rate["numerator"], language)).replace("{n}", count(rate["denominator"], language))
    return {"title": title, "value": percent(rate["share"], language), "basis": f"{of}; {reach}"}
