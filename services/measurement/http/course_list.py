"""`/v1/interventions:import`: a puskesmas' list of feeding courses as CSV."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final

from fastapi import APIRouter, Request, Response
from pydantic import ValidationError

from services.measurement.domain.entry_problems import EntryProblem
from services.measurement.formats.course_file import CourseLine, read_courses
from services.measurement.formats.table import FileRefusedError
from services.measurement.http.answers import entry_of, vault_of
from services.measurement.use_cases.record_measurements import add_count
from services.measurement.use_cases.take_courses import CourseRow, TakenCourse, count_of_courses, take_courses
from shared import metrics
from shared.auth.dependency import require
from shared.auth.tokens import Caller
from shared.contracts.intervention import SupplementaryFeeding
from shared.http.answer import Answer, json_answer
from shared.http.bodies import raw_body
from shared.http.transaction import write_once
from shared.postgres.pool import Connection
from shared.problems import ProblemKind

router = APIRouter(prefix="/v1/interventions", tags=["interventions"])
FILE_LIMIT_BYTES: Final = 5_000_000
OUTCOMES: Final = ("accepted", "ended", "unchanged", "rejected")
NOT_COURSES: Final = ProblemKind(
    code="not_a_list_of_courses",
    status=422,
    title_id="Berkas bukan daftar PMT, atau lebih dari 5.000 baris",
    title_en="The file is no list of feeding courses, or has more than 5,000 rows",
    remedy_id="Kirim CSV dengan kolom nik atau child_id, kelas, produk, dan mulai; yang selesai juga tanggalnya.",
    remedy_en="Send CSV with columns nik or child_id, feeding_class, product and started_on; ended ones with ended_on.",
)


@router.post(":import", summary="A list of feeding courses (CSV)")
async def post_list(
    request: Request,
    caller: Annotated[Caller, require("intake:write")],
    content: Annotated[bytes, raw_body(["text/csv"], limit_bytes=FILE_LIMIT_BYTES)],
) -> Response:
    """A report in the order of the rows. Sent again as it grows: a row with a last day ends the course it began."""
    try:
        rows = [_row(line) for line in read_courses(content)]
    except FileRefusedError as error:
        raise NOT_COURSES.problem(extra={"reason": error.code}) from None

    async def effect(connection: Connection) -> Answer:
        entry = entry_of(caller)
        taken = await take_courses(connection, rows, entry, vault_of(request))
        count = count_of_courses(taken)
        await add_count(connection, "batch", count, entry)
        for name in ("accepted", "unchanged", "rejected"):
            metrics.INTAKE_ROWS.labels(name, "batch").inc(getattr(count, name))
        return json_answer(200, _report(taken))

    return await write_once(request, effect)


def _row(line: CourseLine) -> CourseRow:
    if line.problem is not None:
        return CourseRow(line.line, line.child_id, line.nik, None, EntryProblem(line.problem, line.field))
    try:
        return CourseRow(line.line, line.child_id, line.nik, SupplementaryFeeding.model_validate(dict(line.values)))
    except ValidationError as error:
        wrong = str(error.errors(include_url=False, include_input=False)[0]["loc"][0])
        return CourseRow(line.line, line.child_id, line.nik, None, EntryProblem("course_cell_unreadable", wrong))


def _report(taken: Sequence[TakenCourse]) -> dict[str, Any]:
    outcomes = [row.outcome for row in taken]
    return {
        "received": len(taken),
        **{name: outcomes.count(name) for name in OUTCOMES},
        "rows": [
            {
                "line": row.line,
                "outcome": row.outcome,
                "intervention_id": None if row.fact is None else str(row.fact.fact_id),
                "problems": [problem.as_json() for problem in row.problems],
            }
            for row in taken
        ],
    }
