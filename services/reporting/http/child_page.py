"""The page of one child: no name, and what scoring says of it."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Request, Response

from services.reporting.formats.numbers import day_name
from services.reporting.http.asked import AskedPeriod
from services.reporting.http.children_view import child_link, short_form
from services.reporting.http.page_answers import Area, Lang, html, log_in_first, message
from services.reporting.http.page_session import reader_of
from services.reporting.http.page_texts import texts
from services.reporting.http.scoring_door import Explanation, NotExplainedError, ScoringDoor
from shared.problems import Language

PATH: Final = "/anak/{child_id}"
router = APIRouter(include_in_schema=False)


@router.get(PATH)
async def get_child(
    request: Request, child_id: UUID, wilayah: Area = None, periode: AskedPeriod = None, lang: Lang = "id"
) -> Response:
    """The explanation of a child; `wilayah` and `periode` are of the figures from which the reader came."""
    reader = await reader_of(request)
    if reader is None:
        return log_in_first(request, lang)
    door: ScoringDoor | None = request.app.state.scoring_door
    if door is None:
        return message("explanation_unavailable", lang, 503, reader=reader)
    try:
        explained = await door.explanation(child_id, lang, reader.access_token)
    except NotExplainedError as error:
        return message(error.message, lang, error.status, reader=reader)
    figures = {name: value for name, value in (("wilayah", wilayah), ("periode", periode)) if value is not None}
    return html("child.html", reader=reader, **_view(explained, figures, lang))


def _view(explained: Explanation, figures: dict[str, str], language: Language) -> dict[str, Any]:
    other: Language = "en" if language == "id" else "id"
    measured_on = explained.measured_on
    return {
        "t": texts(language),
        "lang": language,
        "short": short_form(explained.child_id),
        "explained": explained,
        "measured_on": day_name(measured_on, language) if measured_on is not None else "",
        "back": "/?" + urlencode({**figures, "lang": language}),
        "other_language": child_link(explained.child_id, figures, other),
    }
