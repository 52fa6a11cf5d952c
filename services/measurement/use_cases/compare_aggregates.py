"""The ministry's monthly aggregates beside our own counts of the same areas."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any, Final

from services.measurement.domain.aggregates import OUTLIER, AggregateLine
from services.measurement.domain.places import NamedPlace, PlaceBook, plain_name
from services.measurement.domain.reconciliation_causes import MISSING_THERE
from services.measurement.domain.waterfall import (
    NOBODY,
    UNKNOWN_DESA,
    ComparedRow,
    Scored,
    Tally,
    Waterfall,
    from_published,
    published_of,
    waterfalls,
)
from services.measurement.store.primary_visits import PrimaryVisit, list_visits, places_with_children
from services.measurement.use_cases.match_their_rows import Scope
from services.measurement.use_cases.official_scores import Scored as Visit
from services.measurement.use_cases.official_scores import our_scores
from shared.postgres.pool import Connection

OF_PUSKESMAS: Final = "@"  # before the plain name of a puskesmas: a line that names one and no desa


async def compare_aggregates(
    connection: Connection, lines: Sequence[AggregateLine], scope: Scope, places: PlaceBook
) -> dict[str, Any]:
    """The summary as it is stored; a file of children would say why they differ, this one cannot."""
    visits: list[PrimaryVisit] = []
    for place_code in await places_with_children(connection, scope.area_code):
        visits += await list_visits(connection, place_code, scope.first, scope.last)
    return await asyncio.to_thread(_compare, lines, visits, scope, places)


def _compare(
    lines: Iterable[AggregateLine], visits: Sequence[PrimaryVisit], scope: Scope, places: PlaceBook
) -> dict[str, Any]:
    published: dict[str, Tally] = {}
    outliers = 0
    for line in lines:
        place = _place_of(line, places)
        if place.startswith(OF_PUSKESMAS) or place == UNKNOWN_DESA or scope.covers(place, None):
            published[place] = published.get(place, NOBODY).plus(published_of(line))
            outliers += line.counts.get("HAZ", {}).get(OUTLIER, 0)
    ours = {place: part.ours for place, part in _ours(visits).items()}
    parts = {
        place: from_published(published.get(place, NOBODY), _unexplained(ours.get(place, NOBODY)))
        for place in sorted(published.keys() | ours.keys())
    }
    return {"waterfall": {place: part.as_json() for place, part in parts.items()}, "their_outliers": outliers}


def _ours(visits: Sequence[PrimaryVisit]) -> dict[str, Waterfall]:
    scores = our_scores([Visit(visit.sex, visit.birth_date, visit) for visit in visits])
    return waterfalls(
        ComparedRow(
            MISSING_THERE,
            (),
            visit.desa_code,
            visit.child_id,
            None,
            Scored(score.haz, visit.birth_date, visit.measured_on),
        )
        for visit, score in zip(visits, scores, strict=True)
    )


def _unexplained(ours: Tally) -> Waterfall:
    """No rows of theirs are known: all that differs is in the first bar."""
    return Waterfall(ours, {}, ours)


def _place_of(line: AggregateLine, places: PlaceBook) -> str:
    """Desa code; of a line without a desa its puskesmas; else unknown."""
    names = line.places
    if names.get("desa_name"):
        named = NamedPlace(
            names.get("kabupaten_name"),
            names.get("kecamatan_name"),
            names["desa_name"],
            None,
            names.get("puskesmas_name"),
        )
        return places.find(named).desa_code or UNKNOWN_DESA
    puskesmas = names.get("puskesmas_name")
    return OF_PUSKESMAS + plain_name("puskesmas", puskesmas) if puskesmas else UNKNOWN_DESA
