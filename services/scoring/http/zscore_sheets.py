"""CSV sheets at the door: scored in chunks, so that others have their turn; a bad cell is named by its place."""

from __future__ import annotations

import asyncio
import csv
import io
import re
from typing import Final

from services.scoring.formats.zscore_sheet import BadCell, BadSheetError, score_sheet
from shared.http.kinds import TOO_LARGE, VALIDATION_FAILED
from shared.problems import FieldProblem, Problem, ProblemKind

CHUNK_ROWS: Final = 500
MAX_SHEET_ROWS: Final = 100_000
MAX_SHOWN_CELLS: Final = 200
HARMLESS_CELL: Final = re.compile(r"[-+]?\d{1,6}([.,]\d{1,4})?|[A-Za-z]{1,2}")
NOT_A_SHEET: Final = ProblemKind(
    code="not_a_sheet",
    status=422,
    title_id="Kiriman bukan tabel pengukuran",
    title_en="The request is no table of measurements",
    remedy_id=(
        "Kirim CSV (UTF-8) dengan kolom sex, age, weight, lenhei, measure, headc, armc, triskin, subskin, oedema, "
        "dan is_age_in_month bila umurnya dalam bulan."
    ),
    remedy_en=(
        "Send CSV (UTF-8) with columns sex, age, weight, lenhei, measure, headc, armc, triskin, subskin, oedema, "
        "and is_age_in_month where ages are in months."
    ),
)


async def scored_sheet(content: bytes) -> bytes:
    """The sheet with its scores. Problems 413, 422."""
    target = io.StringIO(newline="")
    try:
        source = io.StringIO(content.decode("utf-8-sig"), newline="")
        for done in score_sheet(source, target, CHUNK_ROWS):
            if done > MAX_SHEET_ROWS:
                raise TOO_LARGE.problem(
                    f"Batasnya {MAX_SHEET_ROWS} baris.",
                    f"The limit is {MAX_SHEET_ROWS} rows.",
                    extra={"limit_rows": MAX_SHEET_ROWS},
                )
            await asyncio.sleep(0)
    except (UnicodeDecodeError, csv.Error):
        raise NOT_A_SHEET.problem() from None
    except BadSheetError as error:
        raise _refusal(error) from None
    return target.getvalue().encode()


def _refusal(error: BadSheetError) -> Problem:
    if error.cells[0].code == "missing_column":
        names = ", ".join(cell.column for cell in error.cells)
        return NOT_A_SHEET.problem(f"Kolom yang tidak ada: {names}.", f"Missing columns: {names}.")
    return VALIDATION_FAILED.problem(errors=[_field_problem(cell) for cell in error.cells[:MAX_SHOWN_CELLS]])


def _field_problem(bad: BadCell) -> FieldProblem:
    """The cell by its place; what it holds is shown only where it cannot be a name."""
    texts = {
        "wrong_width": (
            f"baris ini berisi {bad.cell} sel, seharusnya {bad.allowed}",
            f"this line has {bad.cell} cells instead of {bad.allowed}",
            "Samakan jumlah sel dengan judul kolom; sel yang berisi pemisah perlu tanda kutip.",
            "Make the cells as many as the headings; a cell that holds the separator needs quotes.",
        ),
        "unknown_word": (
            "bukan salah satu pilihan",
            "is not one of the choices",
            f"Pakai salah satu dari: {bad.allowed}.",
            f"Use one of: {bad.allowed}.",
        ),
        "not_a_number": (
            "bukan angka",
            "is not a number",
            "Isi angka, misalnya 8.5 atau 8,5; kosong atau NA bila tidak diukur.",
            "Write a number, for instance 8.5 or 8,5; empty or NA where it was not measured.",
        ),
    }[bad.code]
    value = bad.cell if HARMLESS_CELL.fullmatch(bad.cell) else None
    place = f"line {bad.line}" if not bad.column else f"line {bad.line}.{bad.column}"
    return FieldProblem(place, bad.code, *texts, value=value)
