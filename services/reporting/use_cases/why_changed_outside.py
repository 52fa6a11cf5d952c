"""Why an indicator changed, as told outside the district: from what was released, the same whenever it is asked."""

from __future__ import annotations

from typing import Any, Final

from services.reporting.domain.change_terms import OTHER, Fraction, Term, all_in_one, of_kept
from services.reporting.domain.figures import RATES
from services.reporting.domain.periods import MONTH, Period
from services.reporting.domain.why_changed import TERMS, Stage
from services.reporting.store.releases import read_released
from services.reporting.use_cases.area_figures import UnknownAreaError, find_area, heading, own_row
from services.reporting.use_cases.why_changed import Comparison, comparison_json, figure_json, term_json
from shared.postgres.pool import Connection

STAGE: Final[Stage] = "between"
POOLED: Final = ("sebab lain (jumlah kecil digabung)", "other reasons (small counts taken together)")
WITH_LATE: Final = (
    "sebab lain (jumlah kecil digabung, juga yang tercatat setelah angka sebelumnya dirilis)",
    "other reasons (small counts taken together, also what was recorded after the earlier figure was released)",
)
EVERYTHING: Final = (
    "semua sebab (di luar kabupaten hanya dirinci antara satu bulan dan bulan sebelumnya, bila jumlahnya cukup besar)",
    "all reasons (outside the district told apart only between a month and the one before, where large enough)",
)


async def why_changed_outside(connection: Connection, comparison: Comparison) -> dict[str, Any]:
    """Of a kabupaten, both figures as released and the terms kept with the later one, or all in one where none are.

    Suppressed where one of the figures is hidden or not released. Raises UnknownAreaError.
    """
    asked = comparison.asked
    tree, entry = await find_area(connection, asked.code, asked.period)
    told = {**await heading(connection, tree, entry, asked), **comparison_json(comparison)}
    start = await _released(connection, comparison, comparison.against)
    end = await _released(connection, comparison, asked.period)
    if start is None or end is None:
        return {**told, "suppressed": True, "terms": []}
    terms = await _kept(connection, comparison, start, end)
    return {
        **told,
        "suppressed": False,
        "then": None,
        "before": figure_json(start),
        "after": figure_json(end),
        "terms": [term_json(term, STAGE, *_texts(term, len(terms))) for term in terms],
    }


async def _released(connection: Connection, comparison: Comparison, period: Period) -> Fraction | None:
    asked = comparison.asked.about(comparison.asked.code, period)
    try:
        tree, entry = await find_area(connection, asked.code, period)
    except UnknownAreaError:
        return None
    row = await own_row(connection, tree, entry, asked)
    numerator, denominator = (row[name] for name in RATES[comparison.indicator])
    return None if numerator is None or denominator is None else Fraction(numerator, denominator)


async def _kept(connection: Connection, comparison: Comparison, start: Fraction, end: Fraction) -> list[Term]:
    asked = comparison.asked
    if asked.period.months == MONTH and comparison.against == asked.period.shifted(-1):
        found = await read_released(connection, asked.code, [asked.period], asked.known_on, ["changes"])
        for one in found.get(asked.period, ()):
            if comparison.indicator in (one.area.changes or {}):
                return of_kept(one.area.changes[comparison.indicator], start, end)
    return all_in_one(start, end)


def _texts(term: Term, terms: int) -> tuple[str, str]:
    if term.code != OTHER:
        return TERMS[term.code][1:]
    if terms == 1:
        return EVERYTHING
    return POOLED if term.children is not None else WITH_LATE
