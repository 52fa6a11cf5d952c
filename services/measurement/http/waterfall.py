"""`/v1/reconciliations/{id}/waterfall`: from the ministry's figure to ours, bar by bar, exact; as JSON and as CSV."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from services.measurement.domain.places import plain_name
from services.measurement.domain.waterfall import WORDS, Tally, Waterfall, by_group, from_published, of_json, together
from services.measurement.formats.waterfall_csv import waterfall_csv
from services.measurement.store import reconciliations
from services.measurement.store.reconciliations import StoredReconciliation
from services.measurement.store.register import area_names, puskesmas_by_desa
from services.measurement.use_cases.compare_aggregates import OF_PUSKESMAS
from shared.auth.dependency import require
from shared.auth.tokens import Caller
from shared.calendar import format_month
from shared.http.answer import json_response
from shared.http.kinds import NOT_FOUND
from shared.http.transaction import reading
from shared.postgres.pool import Connection
from shared.problems import ProblemKind

router = APIRouter(prefix="/v1/reconciliations", tags=["exports"])
By = Annotated[Literal["area", "puskesmas", "desa"], Query(description="One waterfall, or one for each of these")]
Published = Annotated[
    int | None, Query(ge=0, le=10_000_000, description="What they published of the area, where it is not their rows")
]
NOT_MADE: Final = ProblemKind(
    "waterfall_not_made", 409, "Jembatan angka belum ada", "There is no waterfall yet",
    "Tunggu sampai `state` menjadi `done`; untuk perbandingan lama, unggah lagi berkasnya.",
    "Wait until `state` is `done`; upload the file again if the comparison is an old one.",
)  # fmt: skip
PUBLISHED_UNCLEAR: Final = ProblemKind(
    "published_unclear", 422, "Angka terbitan mereka tidak lengkap", "Their published figure is not complete",
    "Isi `their_stunted` dan `their_measured` keduanya, hanya dengan `by=area`, dan pendek tidak lebih dari diukur.",
    "Give both `their_stunted` and `their_measured`, with `by=area` only, and no more stunted than measured.",
)  # fmt: skip


@router.get("/{reconciliation_id}/waterfall", summary="From their figure of stunted children to ours")
async def get_waterfall(
    request: Request,
    _caller: Annotated[Caller, require("reconciliation:write")],
    reconciliation_id: UUID,
    by: By = "area",
    their_stunted: Published = None,
    their_measured: Published = None,
) -> Response:
    """`theirs` + all bars = `ours`, in stunted and in measured children, for every area."""
    published = _published(by, their_stunted, their_measured)
    async with reading(request) as connection:
        found, groups = await _groups(connection, reconciliation_id, by, published)
    head = {"id": str(reconciliation_id), "area": found.area_code, "month": format_month(found.month), "by": by}
    outliers = (found.summary or {}).get("their_outliers")
    return json_response({**head, "indicator": "stunted", "their_outliers": outliers, "groups": groups})


@router.get("/{reconciliation_id}/waterfall.csv", summary="The same as a table")
async def get_waterfall_csv(
    request: Request,
    _caller: Annotated[Caller, require("reconciliation:write")],
    reconciliation_id: UUID,
    by: By = "area",
    their_stunted: Published = None,
    their_measured: Published = None,
) -> Response:
    """A line for each step of each area."""
    published = _published(by, their_stunted, their_measured)
    async with reading(request) as connection:
        _, groups = await _groups(connection, reconciliation_id, by, published)
    return Response(waterfall_csv(groups), media_type="text/csv; charset=utf-8")


def _published(by: str, stunted: int | None, measured: int | None) -> Tally | None:
    if stunted is None and measured is None:
        return None
    if stunted is None or measured is None or by != "area" or stunted > measured:
        raise PUBLISHED_UNCLEAR.problem()
    return Tally(stunted, measured)


async def _groups(
    connection: Connection, reconciliation_id: UUID, by: str, published: Tally | None
) -> tuple[StoredReconciliation, list[dict[str, Any]]]:
    found = await reconciliations.find(connection, reconciliation_id)
    if found is None:
        raise NOT_FOUND.problem()
    if found.summary is None or "waterfall" not in found.summary:
        raise NOT_MADE.problem()
    parts = {place: of_json(stored) for place, stored in found.summary["waterfall"].items()}
    names = await area_names(connection, [found.area_code, *parts])
    if by == "area":
        whole = together(parts.values())
        if published is not None:
            whole = from_published(published, whole)
        return found, [_group(found.area_code, names.get(found.area_code), whole)]
    if by == "desa":
        return found, [_group(_code(place), names.get(place), part) for place, part in parts.items()]
    puskesmas = await puskesmas_by_desa(connection)
    known = {OF_PUSKESMAS + plain_name("puskesmas", name): name for name in puskesmas.values()}
    served = by_group(parts, lambda place: known.get(place) or puskesmas.get(place, ""))
    return found, [_group(None, name or None, part) for name, part in served.items()]


def _code(place: str) -> str | None:
    """Of a desa; None for rows that name none that is known."""
    return place if place and not place.startswith(OF_PUSKESMAS) else None


def _group(code: str | None, name: str | None, part: Waterfall) -> dict[str, Any]:
    return {
        "code": code,
        "name": name,
        "theirs": part.theirs._asdict(),
        "bars": [_bar(bar, part.bars) for bar in WORDS if any(part.bars.get(bar, ()))],
        "ours": part.ours._asdict(),
    }


def _bar(bar: str, bars: Mapping[str, Tally]) -> dict[str, Any]:
    words = WORDS[bar]
    texts = {"text_id": words.text_id, "text_en": words.text_en}
    remedies = {"remedy_id": words.remedy_id, "remedy_en": words.remedy_en}
    return {"code": bar, **bars[bar]._asdict(), **texts, **remedies}
