"""What was sent, what was answered to it, and what happened to it in an order without holes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

import asyncpg
import orjson

from services.reporting.domain.aksi_submission import Area, Content
from services.reporting.domain.aksi_values import CellKey
from shared.postgres.pool import Connection

_SENT: Final = (
    "kabupaten_code, submission_id, year, aksi_code, version, as_of, programme_code, programme_version, template_id, "
    "mapping::text AS mapping, areas::text AS areas, digest, submitted_by, submitted_at"
)
_ANSWER: Final = "answer_id, submission_id, kind, outcome, reasons, reference, account, client, at"
_CHANGE: Final = "number, kabupaten_code, year, aksi_code, what, submission_id, version, outcome, at"


@dataclass(frozen=True, slots=True)
class Sent:
    """The head of a submission."""

    kabupaten_code: str
    submission_id: UUID
    year: int
    aksi_code: str
    version: int
    as_of: date
    programme: tuple[str, int]
    template_id: UUID | None
    mapping: Any
    areas: tuple[Area, ...]
    digest: str
    submitted_by: str
    submitted_at: datetime


@dataclass(frozen=True, slots=True)
class Answer:
    """A review of the province, or a partner's acknowledgement."""

    answer_id: UUID
    submission_id: UUID
    kind: str
    outcome: str
    reasons: list[dict[str, Any]]
    reference: str | None
    account: str
    client: str
    at: datetime


async def insert_submission(connection: Connection, sent: Sent, content: Content) -> None:
    """Keep a submission with all that it says."""
    await connection.execute(
        "INSERT INTO aksi_submission (kabupaten_code, submission_id, year, aksi_code, version, as_of, programme_code, "
        "programme_version, template_id, mapping, areas, digest, submitted_by, submitted_at) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11::text::jsonb, $12, $13, $14)",
        *(sent.kabupaten_code, sent.submission_id, sent.year, sent.aksi_code, sent.version, sent.as_of),
        *(*sent.programme, sent.template_id, sent.mapping, orjson.dumps([list(one) for one in sent.areas]).decode()),
        *(sent.digest, sent.submitted_by, sent.submitted_at),
    )
    await connection.executemany(
        "INSERT INTO aksi_submitted_value (submission_id, desa_code, indicator_code, value) VALUES ($1, $2, $3, $4)",
        [(sent.submission_id, *key, value) for key, value in sorted(content.values.items())],
    )
    await connection.executemany(
        "INSERT INTO aksi_submitted_statement (submission_id, area_code, statement, evidence) VALUES ($1, $2, $3, $4)",
        [(sent.submission_id, code, *said) for code, said in sorted(content.statements.items())],
    )


async def find_submission(connection: Connection, submission_id: UUID) -> Sent | None:
    """The head of a submission; None also where the caller may not see it."""
    row = await connection.fetchrow(f"SELECT {_SENT} FROM aksi_submission WHERE submission_id = $1", submission_id)
    return None if row is None else _sent(row)


async def version_before(connection: Connection, sent: Sent) -> Sent | None:
    """What was sent the time before; None for the first."""
    row = await connection.fetchrow(
        f"SELECT {_SENT} FROM aksi_submission WHERE (kabupaten_code, year, aksi_code, version) = ($1, $2, $3, $4)",
        *(sent.kabupaten_code, sent.year, sent.aksi_code, sent.version - 1),
    )
    return None if row is None else _sent(row)


async def last_sent(connection: Connection, kabupaten_code: str, year: int, aksi_code: str) -> Sent | None:
    """The newest submission of an action."""
    row = await connection.fetchrow(
        f"SELECT {_SENT} FROM aksi_submission WHERE (kabupaten_code, year, aksi_code) = ($1, $2, $3) "
        "ORDER BY version DESC LIMIT 1",
        *(kabupaten_code, year, aksi_code),
    )
    return None if row is None else _sent(row)


async def list_submissions(connection: Connection, year: int | None, after: UUID | None, limit: int) -> list[Sent]:
    """Submissions that the caller may see, in the order of their ids, which is that of time."""
    rows = await connection.fetch(
        f"SELECT {_SENT} FROM aksi_submission WHERE ($1::smallint IS NULL OR year = $1) "
        "AND ($2::uuid IS NULL OR submission_id > $2) ORDER BY submission_id LIMIT $3",
        *(year, after, limit),
    )
    return [_sent(row) for row in rows]


async def submitted_values(connection: Connection, submission_id: UUID) -> dict[CellKey, int | None]:
    """Values as they were sent, of the desa that the caller may see."""
    rows = await connection.fetch(
        "SELECT desa_code, indicator_code, value FROM aksi_submitted_value WHERE submission_id = $1 ORDER BY 1, 2",
        submission_id,
    )
    return {(row[0], row[1]): row[2] for row in rows}


async def submitted_statements(connection: Connection, submission_id: UUID) -> dict[str, tuple[str, str]]:
    """Statements as they were sent, of the kecamatan that the caller may see."""
    rows = await connection.fetch(
        "SELECT area_code, statement, evidence FROM aksi_submitted_statement WHERE submission_id = $1 ORDER BY 1",
        submission_id,
    )
    return {row[0]: (row[1], row[2]) for row in rows}


async def insert_answer(connection: Connection, kabupaten_code: str, answer: Answer) -> None:
    """Keep an answer; nothing changes or removes it."""
    await connection.execute(
        f"INSERT INTO aksi_answer (kabupaten_code, {_ANSWER}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        *(kabupaten_code, answer.answer_id, answer.submission_id, answer.kind, answer.outcome, answer.reasons),
        *(answer.reference, answer.account, answer.client, answer.at),
    )


async def read_answers(connection: Connection, submission_id: UUID) -> list[Answer]:
    """Answers to a submission, the oldest first."""
    rows = await connection.fetch(
        f"SELECT {_ANSWER} FROM aksi_answer WHERE submission_id = $1 ORDER BY at, answer_id", submission_id
    )
    return [Answer(*row) for row in rows]


async def tell_change(connection: Connection, sent: Sent, what: str, outcome: str | None, at: datetime) -> None:
    """Append to what partners follow. Numbers are given in the order of commits: alone from here to the commit."""
    await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended('reporting.aksi_change', 0))")
    await connection.execute(
        "INSERT INTO aksi_change (kabupaten_code, year, aksi_code, what, submission_id, version, outcome, at) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        *(sent.kabupaten_code, sent.year, sent.aksi_code, what, sent.submission_id, sent.version, outcome, at),
    )


async def read_changes(connection: Connection, after: int, limit: int) -> list[dict[str, Any]]:
    """What happened after a number, in order, of the areas that the caller may see."""
    rows = await connection.fetch(
        f"SELECT {_CHANGE} FROM aksi_change WHERE number > $1 ORDER BY number LIMIT $2", after, limit
    )
    return [dict(row) for row in rows]


def _sent(row: asyncpg.Record) -> Sent:
    return Sent(
        kabupaten_code=row["kabupaten_code"],
        submission_id=UUID(str(row["submission_id"])),
        year=row["year"],
        aksi_code=row["aksi_code"],
        version=row["version"],
        as_of=row["as_of"],
        programme=(row["programme_code"], row["programme_version"]),
        template_id=row["template_id"],
        mapping=None if row["mapping"] is None else orjson.loads(row["mapping"]),
        areas=tuple(Area(*area) for area in orjson.loads(row["areas"])),
        digest=row["digest"],
        submitted_by=row["submitted_by"],
        submitted_at=row["submitted_at"],
    )
