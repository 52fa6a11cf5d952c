"""What a release keeps of analyses, of each kabupaten: why its indicators changed, and what its path begins with."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from services.reporting.domain.change_tally import between_of
from services.reporting.domain.change_terms import Fraction, add_up, pooled
from services.reporting.domain.figures import RATES
from services.reporting.domain.hidden_counts import SMALLEST_SHOWN
from services.reporting.domain.periods import MONTH
from services.reporting.domain.release import Batch
from services.reporting.domain.tallies import Tally
from services.reporting.domain.why_changed import BETWEEN, INDEX_OF
from services.reporting.store.growth_tally import kept_growth
from services.reporting.store.releases import read_released
from services.reporting.use_cases.tally_kinds import CHANGES_KIND, GROWTH_KIND
from services.reporting.use_cases.tally_of_now import tally_of_now
from shared.auth.areas import AreaGrant, apply
from shared.postgres.pool import Connection

Figures = dict[str, Fraction]  # by indicator, those that are told


async def changes_of(connection: Connection, batch: Batch) -> dict[str, Any]:
    """By kabupaten and indicator, the terms (code, numerator, denominator, children) since the month before.

    Between the two figures as released, with what tells small counts taken together; of what is hidden in one of them,
    or was not released a month before, none. As known now, whoever asks: the transaction then sees this provinsi.
    """
    if batch.period.months != MONTH:
        return {}
    await apply(connection, AreaGrant((batch.provinsi,)))
    kept: dict[str, Any] = {}
    for kabupaten in batch.kabupaten:
        before = await _told_before(connection, batch, kabupaten)
        now = _told(dict(zip(batch.columns, batch.sums[kabupaten].tolist(), strict=True)), batch.hidden[kabupaten])
        indicators = [name for name in INDEX_OF if name in before and name in now]
        if not indicators:
            continue
        tally = await tally_of_now(connection, CHANGES_KIND, kabupaten, batch.period, patient=True)
        if tally is not None:
            kept[kabupaten] = {
                name: _terms(tally.tally, kabupaten, name, before[name], now[name]) for name in indicators
            }
        await asyncio.sleep(0)
    return kept


async def growth_of(connection: Connection, batch: Batch) -> dict[str, Any]:
    """By kabupaten, a year's growth of its children up to the month, all numbers of its tally added up."""
    if batch.period.months != MONTH:
        return {}
    await apply(connection, AreaGrant((batch.provinsi,)))
    kept: dict[str, Any] = {}
    for kabupaten in batch.kabupaten:
        found = await tally_of_now(connection, GROWTH_KIND, kabupaten, batch.period, patient=True)
        if found is not None:
            kept[kabupaten] = kept_growth(found.tally)
        await asyncio.sleep(0)
    return kept


async def _told_before(connection: Connection, batch: Batch, kabupaten: str) -> Figures:
    month = batch.period.shifted(-1)
    found = (await read_released(connection, kabupaten, [month])).get(month, ())
    return _told(found[0].area.sums, found[0].area.hidden) if found else {}


def _told(sums: Mapping[str, int], hidden: frozenset[str]) -> Figures:
    return {name: Fraction(*(sums[one] for one in RATES[name])) for name in INDEX_OF if hidden.isdisjoint(RATES[name])}


def _terms(tally: Tally, kabupaten: str, indicator: str, before: Fraction, after: Fraction) -> list[tuple[Any, ...]]:
    found = between_of(tally, kabupaten, indicator)
    terms = add_up(found.before, found.changes, BETWEEN)
    return [term[:4] for term in pooled(terms, SMALLEST_SHOWN, before, after)]
