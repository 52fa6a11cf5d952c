"""`/v1/results:file`: a laboratory's own table of results."""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Query, Request, Response

from services.lab.domain.result_problems import ResultProblem
from services.lab.formats.csv_results import Line, read_lines
from services.lab.formats.csv_table import MOST_ROWS, NotATableError, Table, TooManyRowsError, read_table
from services.lab.http.answers import RESULT_REFUSED, entry_of, field_problems, refusals
from services.lab.use_cases.take_message import Inbound, take_message, try_message
from services.lab.use_cases.take_reports import Taken
from shared.auth.dependency import require
from shared.auth.tokens import Caller
from shared.contracts.fact import new_fact_id
from shared.http.answer import Answer
from shared.http.bodies import JSON_LIMIT_BYTES, raw_body
from shared.http.kinds import TOO_LARGE
from shared.http.transaction import write_once
from shared.postgres.pool import Connection

router = APIRouter(prefix="/v1/results", tags=["results"])
TABLE_TYPES: Final = ("text/csv", "text/plain", "text/tab-separated-values", "application/octet-stream")


@router.post(":file", summary="Report results as a table (CSV) of up to 5,000 rows")
async def post_file(
    request: Request,
    caller: Annotated[Caller, require("results:write")],
    content: Annotated[bytes, raw_body(TABLE_TYPES, limit_bytes=JSON_LIMIT_BYTES)],
    dry_run: Annotated[bool, Query(description="say what would become of the rows, and take none")] = False,  # noqa: FBT002
) -> Response:
    """How the file was read, and what became of each row; good rows are taken even when others are not."""
    try:
        table, lines = await asyncio.to_thread(_read, content)
    except TooManyRowsError:
        text = (f"Batasnya {MOST_ROWS} baris.", f"The limit is {MOST_ROWS} rows.")
        raise TOO_LARGE.problem(*text, extra={"limit_rows": MOST_ROWS}) from None
    except NotATableError as error:
        raise RESULT_REFUSED.problem(errors=field_problems(error.problems)) from None
    rows = [line.row for line in lines if line.row is not None]

    def text_of(taken: Sequence[Taken]) -> str:
        return orjson.dumps(_report(table, lines, taken, dry_run=dry_run)).decode()

    async def effect(connection: Connection) -> Answer:
        with refusals():
            if dry_run:
                text = text_of(await try_message(connection, rows, entry_of(caller)))
            else:
                inbound = Inbound(
                    message_id=new_fact_id(),
                    door="csv",
                    sha256=hashlib.sha256(content).digest(),
                    kept=table.kept(),
                    rows=rows,
                    unread=[_placed(line, problem) for line in lines for problem in line.problems],
                )
                text = await take_message(connection, inbound, entry_of(caller), text_of)
        return Answer(200, text.encode(), {"content-type": "application/json"})

    return await write_once(request, effect)


def _read(content: bytes) -> tuple[Table, list[Line]]:
    table = read_table(content)
    return table, read_lines(table)


def _placed(line: Line, problem: ResultProblem) -> ResultProblem:
    return ResultProblem(problem.code, str(line.number), problem.value, problem.facts)


def _report(table: Table, lines: Sequence[Line], taken: Sequence[Taken], *, dry_run: bool) -> dict[str, Any]:
    rest = iter(taken)
    rows = [_row(line, None if line.row is None else next(rest), dry_run=dry_run) for line in lines]
    return {
        "dry_run": dry_run,
        "encoding": table.encoding,
        "delimiter": table.delimiter,
        "date_order": "DMY" if table.day_first else "MDY",
        "date_order_told": table.date_order_told,
        "decimal_sign": table.decimal_sign,
        "columns": dict(table.columns),
        "received": len(lines),
        "counts": dict(Counter(row["outcome"] for row in rows)),
        "rows": rows,
    }


def _row(line: Line, taken: Taken | None, *, dry_run: bool) -> dict[str, Any]:
    shown: dict[str, Any] = {"line": line.number, "outcome": "rejected" if taken is None else taken.outcome}
    problems = list(line.problems)
    if taken is not None and line.row is not None:
        if taken.fact is not None and not (dry_run and taken.fact.revision == 1 and taken.outcome != "unchanged"):
            shown["result_id"] = str(taken.fact.fact_id)
        if taken.held_id is not None:
            shown["held_id"] = str(taken.held_id)
        places = line.row.places
        problems += [
            ResultProblem(problem.code, places.get(problem.field, problem.field), problem.value, problem.facts)
            for problem in taken.problems
        ]
    if problems:
        shown["problems"] = [problem.as_json() for problem in field_problems(problems)]
    return shown
