"""What routes that take or give workbooks have in common."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from fastapi import Response

from services.reporting.formats.aksi_mapping import MapProblem
from services.reporting.formats.office_package import WorkbookRefusedError
from services.reporting.http.aksi_texts import TEMPLATE_REFUSED, told
from shared.problems import FieldProblem

XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
WORKBOOK_TYPES: Final = (XLSX, "application/octet-stream")
LIMIT_BYTES: Final = 10_000_000


def workbook_response(content: bytes, name: str) -> Response:
    """A workbook to keep."""
    return Response(content, media_type=XLSX, headers={"content-disposition": f'attachment; filename="{name}.xlsx"'})


async def in_thread(work: Any, *arguments: Any) -> Any:
    """`work` beside the event loop; a workbook that cannot be used is a problem `workbook_refused`."""
    try:
        return await asyncio.to_thread(work, *arguments)
    except WorkbookRefusedError as error:
        raise TEMPLATE_REFUSED.problem(errors=[told("file", error.code)]) from None


def told_of(problem: MapProblem) -> FieldProblem:
    """As a field problem."""
    return told(problem.place or "file", problem.code, problem.value)
