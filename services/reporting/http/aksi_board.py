"""`/v1/aksi`: the gate board of a year, its programme, and the steps that people make."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request, Response

from services.reporting.domain.aksi_board import State, gate_of
from services.reporting.domain.aksi_facts import DEFINITIONS
from services.reporting.domain.aksi_programme import Programme, shipped
from services.reporting.http.aksi_asked import (
    AksiCode,
    Area,
    YearPath,
    YearQuery,
    aksi_refusals,
    area_asked,
    made_by,
    year_asked,
)
from services.reporting.http.aksi_requests import MoveIn, MoveWithReason
from services.reporting.http.aksi_texts import told
from services.reporting.store.aksi_programmes import read_programme
from services.reporting.store.aksi_submissions import last_sent, read_answers
from services.reporting.store.aksi_units import Made, read_steps
from services.reporting.use_cases.aksi_year import KABUPATEN_LENGTH, Standings, read_standings
from services.reporting.use_cases.move_aksi_units import PersonalAct, move_units
from services.reporting.use_cases.submit_aksi import rows_of_aksi
from shared.auth.dependency import require
from shared.auth.tokens import Caller
from shared.calendar import today_jakarta
from shared.http.answer import Answer, json_answer, json_response
from shared.http.bodies import json_body
from shared.http.cursor import PageRequest, page_request
from shared.http.transaction import reading, write_once
from shared.postgres.pool import Connection

router = APIRouter(prefix="/v1/aksi", tags=["aksi"])
# As users are told them: Bahasa Indonesia, English.
STATE_TEXTS: Final[dict[State, tuple[str, str]]] = {
    "draft": ("draf", "draft"),
    "revised": ("diperbaiki", "being revised"),
    "verified": ("diverifikasi camat", "verified by the camat"),
    "submitted": ("dikirim ke provinsi", "submitted to the province"),
    "reviewed": ("direviu provinsi", "reviewed by the province"),
}
TURN_TEXTS: Final = {
    "kecamatan": ("operator kecamatan melengkapi", "the kecamatan fills in"),
    "camat": ("camat memverifikasi", "the camat verifies"),
    "district": ("kabupaten mengirim", "the kabupaten submits"),
    "province": ("provinsi mereviu", "the province reviews"),
}


@router.get("", summary="Who is how far, who blocks whom, and since when")
async def get_board(
    request: Request,
    caller: Annotated[Caller, require("aksi:read")],
    year: YearQuery,
    area: Area = None,
    aksi: AksiCode = None,
) -> Response:
    """A row for each kecamatan and action; `gates` say of the area whether it can be sent and who is waited for."""
    today = today_jakarta()
    async with reading(request) as connection:
        asked = await year_asked(connection, caller, year, area, today)
        with aksi_refusals():
            wanted = asked.programme.aksi if aksi is None else (asked.aksi(aksi),)
        standings = await read_standings(connection, asked)
        sent = [await _sent(connection, standings, one.code) for one in wanted]
    rows = [row for one in wanted for row in rows_of_aksi(standings, one.code, today)]
    gates = [
        {"aksi": one.code, **gate_of([row for row in rows if row["aksi"] == one.code]), "last_submission": last}
        for one, last in zip(wanted, sent, strict=True)
    ]
    return json_response(
        {
            "year": year,
            "area": asked.area_code,
            "today": today,
            "programme": _head(asked.programme),
            "gates": gates,
            "rows": rows,
            "states": _texts(STATE_TEXTS),
            "turns": _texts(TURN_TEXTS),
        }
    )


def _texts(texts: Any) -> dict[str, dict[str, str]]:
    return {code: {"text_id": said[0], "text_en": said[1]} for code, said in texts.items()}


async def _sent(connection: Connection, standings: Standings, aksi_code: str) -> dict[str, Any] | None:
    sent = await last_sent(connection, standings.year.kabupaten_code, standings.year.year, aksi_code)
    if sent is None:
        return None
    answers = await read_answers(connection, sent.submission_id)
    newest = answers[-1] if answers else None
    return {
        "submission_id": sent.submission_id,
        "version": sent.version,
        "submitted_at": sent.submitted_at,
        "submitted_by": sent.submitted_by,
        "answer": None if newest is None else {"kind": newest.kind, "outcome": newest.outcome, "at": newest.at},
    }


@router.get("/programmes", summary="Actions and indicators of each programme")
async def get_programmes(
    request: Request, caller: Annotated[Caller, require("aksi:read")], area: Area = None
) -> Response:
    """As they hold for the kabupaten; `confirmed` false: not confirmed in the ministry's own text."""
    kabupaten_code = area_asked(caller, area)[:KABUPATEN_LENGTH]
    items = []
    async with reading(request) as connection:
        for one in shipped():
            ends = min((other.from_year for other in shipped() if other.from_year > one.from_year), default=None)
            newest = today_jakarta().year if ends is None else ends - 1
            items.append((await read_programme(connection, kabupaten_code, newest), ends))
    return json_response(
        {
            "items": [
                {**_whole(one), "to_year": None if ends is None else ends - 1} for one, ends in items if one is not None
            ],
            "facts": {name: {"text_id": said.text_id, "text_en": said.text_en} for name, said in DEFINITIONS.items()},
        }
    )


def _head(programme: Programme) -> dict[str, Any]:
    fields = ("code", "version", "name_id", "name_en", "from_year", "source", "confirmed")
    return {**{name: getattr(programme, name) for name in fields}, "aksi": programme.aksi}


def _whole(programme: Programme) -> dict[str, Any]:
    return {**_head(programme), "indicators": programme.indicators}


@router.get("/{year}/steps", summary="Every step of the units, who made it and when")
async def get_steps(
    request: Request,
    caller: Annotated[Caller, require("aksi:read")],
    year: YearPath,
    page: Annotated[PageRequest, Depends(page_request)],
    area: Area = None,
    aksi: AksiCode = None,
) -> Response:
    """The oldest first."""
    after = page.after(int)
    async with reading(request) as connection:
        rows = await read_steps(
            connection, year, area_asked(caller, area), aksi, after[0] if after else 0, page.limit + 1
        )
    return json_response(page.page(rows, "number"))


@router.post("/{year}/gates:verify", summary="The camat verifies entries that another person made")
async def post_verify(
    request: Request,
    caller: Annotated[Caller, require("aksi:verify")],
    year: YearPath,
    body: Annotated[MoveIn, json_body(MoveIn)],
    area: Area = None,
) -> Response:
    """Complete units become verified; the others stay and are told with the reason."""
    return await _move(request, caller, year, area, body, "verify", made_by(caller))


@router.post("/{year}/gates:return", summary="Give verified units back to the kecamatan")
async def post_return(
    request: Request,
    caller: Annotated[Caller, require("aksi:verify")],
    year: YearPath,
    body: Annotated[MoveWithReason, json_body(MoveWithReason)],
    area: Area = None,
) -> Response:
    """With the reason."""
    return await _move(request, caller, year, area, body, "return", made_by(caller, body.reason))


@router.post("/{year}/gates:reopen", summary="Open again what was sent, for a revision")
async def post_reopen(
    request: Request,
    caller: Annotated[Caller, require("aksi:submit")],
    year: YearPath,
    body: Annotated[MoveWithReason, json_body(MoveWithReason)],
    area: Area = None,
) -> Response:
    """With the reason; what was sent stays as it was sent."""
    return await _move(request, caller, year, area, body, "reopen", made_by(caller, body.reason))


async def _move(
    request: Request, caller: Caller, year: int, area: str | None, body: MoveIn, act: PersonalAct, made: Made
) -> Response:
    async def effect(connection: Connection) -> Answer:
        asked = await year_asked(connection, caller, year, area, today_jakarta())
        with aksi_refusals():
            outcome = await move_units(connection, asked, body.aksi, act, body.units, made)
        refused = [told(area_code, code).as_json() for area_code, code in outcome.refused.items()]
        return json_answer(200, {"aksi": body.aksi, "moved": outcome.moved, "refused": refused})

    return await write_once(request, effect)
