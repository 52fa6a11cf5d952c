"""A maker for everything that concerns a file as a whole: what stops it, what is only said, what it is packed in."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, Final

from services.measurement.domain.cells import Cell
from tests.generators.eppgbm.containers import ods, xls, xlsb
from tests.generators.eppgbm.made import MadeFile, Maker
from tests.unit.measurement.eppgbm_files import (
    HEADS_A,
    HEADS_B,
    Row,
    healthy_rows,
    raw_text,
    raw_workbook,
    scored,
    text_file,
    workbook,
)

NO_INDEX: Final = {"checked": 0, "equal": 0}


def _number(row: Row, head: str) -> float:
    return float(str(row[head]))


def _lines(rows: list[Row], heads: list[str]) -> list[list[Cell]]:
    return [[*heads], *([row[head] for head in heads] for row in rows)]


def hand_typed_block(rng: random.Random) -> MadeFile:
    """A block under the export whose z-scores somebody wrote with one decimal and from memory."""
    rows = healthy_rows(90)
    for n in range(60, 90):
        rows[n] = {**rows[n], "ZS TB/U": -2.1 - round(rng.random(), 1), "Naik Berat Badan": "-"}
    facts = {"recompute": {"HAZ": {"checked": 90, "equal": 60}, "WAZ": {"checked": 90, "equal": 90}, **_whz(rows)}}
    return MadeFile(workbook(rows, HEADS_B), {"taken": 90}, stops=["does_not_recompute"], facts=facts)


def _whz(rows: list[Row]) -> dict[str, dict[str, int]]:
    count = sum(row["ZS BB/TB"] is not None for row in rows)
    return {"WHZ": {"checked": count, "equal": count}}


def sorted_apart(head: str) -> Maker:
    """One column sorted without its rows: each value plausible, none in its place."""

    def make(rng: random.Random) -> MadeFile:
        rows = healthy_rows(80)
        rng.shuffle(rows)
        values = sorted(_number(row, head) for row in rows)
        mixed = [{**row, head: value} for row, value in zip(rows, values, strict=True)]
        return MadeFile(
            workbook(mixed, HEADS_B),
            None,
            None,
            stops=None,
            says=frozenset({"columns_sorted_apart", "does_not_recompute"}),
        )

    return make


def moved_by_a_row(head: str) -> Maker:
    """A cell deleted in the middle of a column, so that all below it stand one row too high."""

    def make(rng: random.Random) -> MadeFile:
        rows = healthy_rows(90)
        rng.shuffle(rows)
        at = rng.randint(10, 30)
        values = [row[head] for row in rows]
        del values[at]
        moved = [{**row, head: value} for row, value in zip(rows, [*values, None], strict=True)]
        says = frozenset({"column_moved", "does_not_recompute"})
        return MadeFile(workbook(moved, HEADS_B), None, None, stops=None, says=says)

    return make


def sorted_apart_without_scores(rng: random.Random) -> MadeFile:
    """The raw dump with its weights sorted apart: no score to compare with, but no such children exist."""
    heads = [head for head in HEADS_A if not head.startswith("ZS ")]
    rows = healthy_rows(80)
    rng.shuffle(rows)
    values = sorted(_number(row, "Berat") for row in rows)
    mixed = [{**row, "Berat": value} for row, value in zip(rows, values, strict=True)]
    says = frozenset({"values_do_not_fit", "no_official_scores"})
    return MadeFile(workbook(mixed, heads), None, None, stops=["values_do_not_fit"], says=says, facts={"profile": "C"})


def some_rows_shifted(rng: random.Random) -> MadeFile:
    """A text file in which an address with the delimiter in it was not quoted, in two rows of sixty."""
    rows = healthy_rows(60)
    lines = _lines(rows, HEADS_B)
    at = HEADS_B.index("Alamat")
    for n in rng.sample(range(1, 61), 2):
        lines[n][at : at + 1] = ["DUSUN", " DUA"]
    return MadeFile(raw_text(lines), {"taken": 58, "quarantined": 2}, {"cells_shifted": 2})


def all_rows_shifted(rng: random.Random) -> MadeFile:
    """A head deleted without its column: every cell behind it stands under the next head."""
    rows = healthy_rows(rng.randint(25, 40))
    lines = _lines(rows, HEADS_B)
    at = HEADS_B.index("Nama Ortu")
    del lines[0][at]
    counts = {"quarantined": len(rows)}
    stops = ["columns_shifted", "nothing_taken"]
    return MadeFile(raw_workbook(lines), counts, {"cells_shifted": len(rows)}, stops=stops)


def many_rows_shifted(rng: random.Random) -> MadeFile:
    """A cell deleted in a quarter of the rows."""
    lines = _lines(healthy_rows(60), HEADS_B)
    for n in rng.sample(range(1, 61), 15):
        del lines[n][HEADS_B.index("Nama")]
    counts = {"taken": 45, "quarantined": 15}
    return MadeFile(raw_workbook(lines), counts, {"cells_shifted": 15}, stops=["columns_shifted"])


def only_stunted(heads: list[str]) -> Maker:
    """An extract that looks like a full export, every child of it stunted."""

    def make(rng: random.Random) -> MadeFile:
        short = [scored({**row, "Tinggi": round(_number(row, "Tinggi") * 0.86, 1)}) for row in healthy_rows(60)]
        rows = [row for row in short if -5.5 < _number(row, "ZS TB/U") < -2]
        assert len(rows) >= 20
        rng.shuffle(rows)
        return MadeFile(workbook(rows, heads), {"taken": len(rows)}, says=frozenset({"only_stunted"}))

    return make


def other_sheets(*, hidden: bool) -> Maker:
    """A second sheet with children: never read if hidden, named if not."""

    def make(rng: random.Random) -> MadeFile:
        rows = healthy_rows(rng.randint(5, 20))

        def add(book: Any) -> None:
            sheet = book.add_worksheet("Maret")
            sheet.write_row(0, 0, HEADS_A)
            sheet.write_row(1, 0, ["1"] * len(HEADS_A))
            if hidden:
                sheet.hide()

        says = frozenset({"hidden_sheets" if hidden else "other_sheets"})
        return MadeFile(workbook(rows, prepare=add), {"taken": len(rows)}, says=says, facts={"sheet": "Data"})

    return make


def a_title_sheet_first(rng: random.Random) -> MadeFile:
    """A cover sheet before the data: the sheet whose heads are known is read."""
    rows = healthy_rows(rng.randint(5, 20))

    def add(book: Any) -> None:
        cover = book.add_worksheet("Sampul")
        cover.write_row(0, 0, ["LAPORAN", "STATUS GIZI"])
        book.worksheets_objs.insert(0, book.worksheets_objs.pop())

    return MadeFile(workbook(rows, prepare=add), {"taken": len(rows)}, says=frozenset({"other_sheets"}))


def joined_cells(rng: random.Random) -> MadeFile:
    """Places joined over all their rows, as in tables made for print: the value is that of every row."""
    rows = healthy_rows(rng.randint(10, 30))

    def join(book: Any) -> None:
        for head in ("Kec", "Desa/Kel", "Posyandu", "Tanggal Pengukuran"):
            at = HEADS_A.index(head)
            book.worksheets()[0].merge_range(1, at, len(rows), at, "")
            if head == "Tanggal Pengukuran":
                day = book.add_format({"num_format": "yyyy-mm-dd"})
                book.worksheets()[0].write_datetime(1, at, rows[0][head], day)
            else:
                book.worksheets()[0].write(1, at, rows[0][head])

    first: list[Row] = [
        rows[0],
        *({**row, **dict.fromkeys(("Kec", "Desa/Kel", "Posyandu", "Tanggal Pengukuran"))} for row in rows[1:]),
    ]
    return MadeFile(workbook(first, prepare=join), {"taken": len(rows)}, notes={})


def two_hundred_columns(rng: random.Random) -> MadeFile:
    """The export with 168 columns added by hand: read, and those columns named."""
    heads = [*HEADS_A, *(f"Catatan {n}" for n in range(168))]
    rng.shuffle(heads)
    rows = healthy_rows(rng.randint(5, 20))
    return MadeFile(text_file(rows, heads), {"taken": len(rows)}, says=frozenset({"unknown_columns"}))


def formulas(rng: random.Random) -> MadeFile:
    """Ages and weights as formulas: their stored results count, errors are no value."""
    rows = healthy_rows(rng.randint(20, 30))

    def add(book: Any) -> None:
        sheet = book.worksheets()[0]
        for n, row in enumerate(rows, start=1):
            sheet.write_formula(n, HEADS_A.index("Berat"), f"=A{n}*1", None, row["Berat"])
            sheet.write_formula(n, HEADS_A.index("Usia Saat Ukur"), "=DATEDIF(1,2,3)", None, "#NUM!")
        sheet.write_formula(1, HEADS_A.index("Berat"), "=VLOOKUP(1,A1,2)", None, "#N/A")

    return MadeFile(workbook(rows, prepare=add), {"taken": len(rows)}, notes={"weight_missing": 1})


def in_container(write: Callable[[list[list[Cell]]], bytes]) -> Maker:
    """Healthy children in a workbook of another format."""

    def make(rng: random.Random) -> MadeFile:
        rows = healthy_rows(rng.randint(20, 40))
        facts: dict[str, Any] = {"profile": "B", "sheet": "Data"}
        return MadeFile(write(_lines(rows, HEADS_B)), {"taken": len(rows)}, notes={}, facts=facts)

    return make


def refused(data: bytes, code: str) -> Maker:
    """What is no table of children: one clear reason, nothing counted."""
    return lambda _: MadeFile(data, stops=[code], says=frozenset({code}))


def nothing_takes(rng: random.Random) -> MadeFile:
    """Every row with an unknown sex: nothing to take is an error."""
    rows: list[Row] = [{**row, "JK": "X"} for row in healthy_rows(rng.randint(5, 30))]
    counts = {"quarantined": len(rows)}
    return MadeFile(workbook(rows), counts, {"sex_unknown": len(rows)}, stops=["nothing_taken"])


WHOLE_FILES: Final[dict[str, Maker]] = {
    "block typed by hand": hand_typed_block,
    "weights sorted apart": sorted_apart("Berat"),
    "heights sorted apart": sorted_apart("Tinggi"),
    "weights sorted apart, no scores": sorted_apart_without_scores,
    "weights moved by a row": moved_by_a_row("Berat"),
    "heights moved by a row": moved_by_a_row("Tinggi"),
    "two rows shifted": some_rows_shifted,
    "a quarter of the rows shifted": many_rows_shifted,
    "all rows shifted": all_rows_shifted,
    "stunted only": only_stunted(HEADS_B),
    "stunted only, raw dump": only_stunted([head for head in HEADS_B if not head.startswith("ZS ")]),
    "a hidden sheet": other_sheets(hidden=True),
    "several visible sheets": other_sheets(hidden=False),
    "a title sheet first": a_title_sheet_first,
    "joined cells": joined_cells,
    "200 columns": two_hundred_columns,
    "formulas and their errors": formulas,
    ".xls": in_container(xls),
    ".xlsb": in_container(xlsb),
    ".ods": in_container(ods),
    "behind a password": refused(xls([["NIK"]], protected=True), "protected_workbook"),
    "empty": refused(b"", "empty_file"),
    "spaces only": refused(b" \r\n\r\n", "empty_file"),
    "a web page": refused(b"<html><table><tr><td>NIK</td></tr></table>", "not_a_table"),
    "a picture": refused(b"\x89PNG\r\n", "not_a_table"),
    "heads of something else": refused(b"satu;dua;tiga\n1;2;3\n", "header_not_found"),
    "the same head twice": refused(text_file(healthy_rows(1), [*HEADS_A, "Berat"]), "duplicate_header"),
    "no birth date": refused(text_file(healthy_rows(1), [h for h in HEADS_A if h != "Tgl Lahir"]), "unknown_profile"),
    "heads only": lambda _: MadeFile(text_file([]), stops=["no_rows"]),
    "nothing that can be taken": nothing_takes,
}
