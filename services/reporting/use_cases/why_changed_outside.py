"""Why an indicator changed, as told outside the district: from what was released, the same whenever it is asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from services.reporting.domain.change_terms import OTHER, Fraction, Term, all_in_one, of_kept
from services.reporting.domain.figures import RATES
from services.reporting.domain.periods import MONTH
from services.reporting.domain.why_changed import TERMS, Stage
from services.reporting.store.releases import Found, read_released
from services.reporting.use_cases.area_figures import find_area, heading
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
    found = await read_released(connection, entry.code, [comparison.against, asked.period], asked.known_on, ["changes"])
    start, end = (_figure(comparison, found.get(period)) for period in (comparison.against, asked.period))
    told = {**await heading(connection, tree, entry, asked), **comparison_json(comparison)}
    if start is None or end is None:
        return {**told, "suppressed": True, "terms": []}
    kept = None
    if asked.period.months == MONTH and comparison.against == asked.period.shifted(-1):
        kept = (found[asked.period][0].area.changes or {}).get(comparison.indicator)
    terms = all_in_one(start, end) if kept is None else of_kept(kept, start, end)
    return {
        **told,
        "suppressed": False,
        "then": None,
        "before": figure_json(start),
        "after": figure_json(end),
        "terms": [term_json(term, STAGE, *_texts(term, len(terms))) for term in terms],
    }


def _figure(comparison: Comparison, released: Sequence[Found] | None) -> Fraction | None:
    """As released; a kabupaten is in one release of a period."""
    rate = RATES[comparison.indicator]
    if not released or not released[0].area.hidden.isdisjoint(rate):
        return None
    return Fraction(*(released[0].area.sums[name] for name in rate))


def _texts(term: Term, terms: int) -> tuple[str, str]:
    if term.code != OTHER:
        return TERMS[term.code][1:]
    if terms == 1:
        return EVERYTHING
    return POOLED if term.children is not None else WITH_LATE
