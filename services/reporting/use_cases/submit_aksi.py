"""Send an action of a kabupaten: its values frozen with a digest; then what the province and partners answer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from services.reporting.domain.aksi_board import CLOSED, Act, gate_of, moved, row_of
from services.reporting.domain.aksi_programme import Programme
from services.reporting.domain.aksi_submission import Change, Content, changes
from services.reporting.domain.aksi_values import CellKey
from services.reporting.store import aksi_submissions
from services.reporting.store.aksi_programmes import read_programme_version, template_for
from services.reporting.store.aksi_submissions import Answer, Sent
from services.reporting.store.aksi_units import Made, Step, make_steps
from services.reporting.store.aksi_values import hold_year
from services.reporting.use_cases.aksi_year import Standings, Year, read_standings
from shared.contracts.fact import new_fact_id
from shared.postgres.pool import Connection
from shared.refusals import UnknownFactError


class BlockedError(Exception):
    """The kabupaten cannot send it: `gate` says who blocks since when, or that nothing new is verified."""

    def __init__(self, gate: dict[str, Any]) -> None:
        super().__init__("blocked")
        self.gate = gate


class AlreadySentError(Exception):
    """Nothing waits to be sent: `sent` is what was sent last."""

    def __init__(self, gate: dict[str, Any], sent: Sent) -> None:
        super().__init__("already sent")
        self.gate = gate
        self.sent = sent


async def submit(connection: Connection, year: Year, aksi_code: str, today: date, made: Made) -> Sent:
    """Freeze what stands and move every verified unit. Raises UnknownAksiError, BlockedError, AlreadySentError."""
    await hold_year(connection, year.kabupaten_code, year.year)
    aksi = year.aksi(aksi_code)
    standings = await read_standings(connection, year, aksi_code)
    gate = gate_of_aksi(standings, aksi_code, today)
    before = await aksi_submissions.last_sent(connection, year.kabupaten_code, year.year, aksi_code)
    if before is not None and not gate["can_submit"] and not gate["blocked_by"]:
        raise AlreadySentError(gate, before)
    if not gate["can_submit"]:
        raise BlockedError(gate)
    content = _content(standings, aksi_code, 1 if before is None else before.version + 1, today)
    template = await template_for(connection, year.kabupaten_code, year.year, aksi_code)
    sent = Sent(
        kabupaten_code=year.kabupaten_code,
        submission_id=new_fact_id(),
        year=year.year,
        aksi_code=aksi_code,
        version=content.version,
        as_of=today,
        programme=content.programme,
        template_id=None if template is None else template.template_id,
        mapping=None if template is None else template.mapping,
        areas=year.areas,
        digest=content.digest(),
        submitted_by=made.account,
        submitted_at=made.at,
    )
    await aksi_submissions.insert_submission(connection, sent, content)
    steps = [
        Step(unit.area_code, aksi_code, "submit", unit.state, moved(unit.state, "submit"))
        for unit in standings.units(aksi)
        if unit.state not in CLOSED
    ]
    await make_steps(connection, year.year, steps, Made(made.account, made.at, made.reason, sent.submission_id))
    await aksi_submissions.tell_change(connection, sent, "submitted", None, made.at)
    return sent


def rows_of_aksi(standings: Standings, aksi_code: str, today: date) -> list[dict[str, Any]]:
    """One row a kecamatan, in official order."""
    units = standings.units(standings.year.aksi(aksi_code))
    return [
        {
            "kecamatan_code": code,
            "kecamatan_name": name,
            "aksi": aksi_code,
            **row_of([unit for unit in units if unit.kecamatan_code == code], today),
        }
        for code, name in standings.year.kecamatan.items()
    ]


def gate_of_aksi(standings: Standings, aksi_code: str, today: date) -> dict[str, Any]:
    """Who blocks the kabupaten in an action."""
    return {"aksi": aksi_code, **gate_of(rows_of_aksi(standings, aksi_code, today))}


def _content(standings: Standings, aksi_code: str, version: int, today: date) -> Content:
    year = standings.year
    wanted = {one.code for one in year.programme.of_aksi(aksi_code)}
    desa_codes = set(year.desa_codes)
    return Content(
        kabupaten_code=year.kabupaten_code,
        year=year.year,
        aksi_code=aksi_code,
        version=version,
        as_of=today,
        programme=(year.programme.code, year.programme.version),
        areas=year.areas,
        values={
            one.key: one.value
            for one in standings.values
            if one.indicator_code in wanted and one.desa_code in desa_codes
        },
        statements={
            one.area_code: (one.text, one.evidence) for one in standings.statements if one.aksi_code == aksi_code
        },
    )


@dataclass(frozen=True, slots=True)
class Submission:
    """What was sent, as far as the caller may see it, with what changed against the time before."""

    sent: Sent
    programme: Programme
    values: dict[CellKey, int | None]
    statements: dict[str, tuple[str, str]]
    changed: list[Change]
    is_first: bool


async def read_submission(connection: Connection, submission_id: UUID) -> Submission:
    """A submission. UnknownFactError."""
    sent = await aksi_submissions.find_submission(connection, submission_id)
    if sent is None:
        raise UnknownFactError
    programme = await read_programme_version(connection, sent.kabupaten_code, *sent.programme)
    if programme is None:
        raise UnknownFactError
    values = await aksi_submissions.submitted_values(connection, submission_id)
    before = await aksi_submissions.version_before(connection, sent)
    earlier = None if before is None else await aksi_submissions.submitted_values(connection, before.submission_id)
    statements = await aksi_submissions.submitted_statements(connection, submission_id)
    return Submission(sent, programme, values, statements, changes(earlier, values), before is None)


async def review(
    connection: Connection, sent: Sent, answer: Answer, revise: Iterable[str] | None, year: Year
) -> dict[str, list[str]]:
    """Keep the province's review and move the units: those to `revise` (None = none) are open again, the rest reviewed.

    BlockedError if it is not what was sent last, or nothing of it waits for a review.
    """
    await hold_year(connection, sent.kabupaten_code, sent.year)
    last = await aksi_submissions.last_sent(connection, sent.kabupaten_code, sent.year, sent.aksi_code)
    standings = await read_standings(connection, year, sent.aksi_code)
    waiting = [unit for unit in standings.units(year.aksi(sent.aksi_code)) if unit.state == "submitted"]
    if last is None or last.submission_id != sent.submission_id or not waiting:
        raise BlockedError({"aksi": sent.aksi_code, "waiting": len(waiting)})
    again = set(revise or ())
    steps = []
    for unit in waiting:
        act: Act = "ask_revision" if unit.kecamatan_code in again else "accept"
        steps.append(Step(unit.area_code, sent.aksi_code, act, unit.state, moved(unit.state, act)))
    await aksi_submissions.insert_answer(connection, sent.kabupaten_code, answer)
    reason = "; ".join(str(one["text_id"]) for one in answer.reasons) or None
    await make_steps(connection, sent.year, steps, Made(answer.account, answer.at, reason, sent.submission_id))
    await aksi_submissions.tell_change(connection, sent, "reviewed", answer.outcome, answer.at)
    return {
        "reviewed": [step.area_code for step in steps if step.act == "accept"],
        "revised": [step.area_code for step in steps if step.act == "ask_revision"],
    }


async def acknowledge(connection: Connection, sent: Sent, answer: Answer) -> None:
    """Keep what a partner says of a submission; units stay where they are, the board shows it."""
    await aksi_submissions.insert_answer(connection, sent.kabupaten_code, answer)
    await aksi_submissions.tell_change(connection, sent, "acknowledged", answer.outcome, answer.at)
