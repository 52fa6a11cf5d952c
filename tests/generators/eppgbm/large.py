"""A file of the size of a kabupaten: one child in ten with dirt of any kind, written quickly."""

from __future__ import annotations

import csv
import random
from datetime import date
from io import StringIO
from typing import Final
from xml.sax.saxutils import escape

from services.measurement.domain.cells import Cell
from services.measurement.domain.dates import EXCEL_DAY_ZERO
from tests.generators.eppgbm.containers import Lines, zipped
from tests.generators.eppgbm.dirt import PLANTS
from tests.unit.measurement.eppgbm_files import HEADS_B, Row, dates_written, healthy_rows

DIRTY_SHARE: Final = 0.1
_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006/relationships"


def many_children(rows: int, seed: int = 5) -> tuple[list[list[Cell]], int]:
    """Lines of profile B under their heads, and how many of them must be held back."""
    rng = random.Random(seed)
    names = sorted(PLANTS)
    base = healthy_rows(1000)
    lines: list[list[Cell]] = [[*HEADS_B]]
    held_back = 0
    for n in range(rows):
        source = base[n % 1000]
        row: Row = {**source, "Nama": f"{source['Nama']} {n}", "NIK": f"{str(source['NIK'])[:12]}{n % 9999 + 1:04d}"}
        if rng.random() < DIRTY_SHARE:
            plant = PLANTS[rng.choice(names)]
            row = plant.change(row, rng)
            held_back += plant.outcome == "quarantined"
        lines.append([row[head] for head in HEADS_B])
    return lines, held_back


def as_indonesian_text(lines: Lines) -> bytes:
    """`;`, comma decimals, D/M/Y, cp1252."""
    day = dates_written("%d/%m/%Y")
    buffer = StringIO()
    writer = csv.writer(buffer, delimiter=";")
    for line in lines:
        writer.writerow([str(cell).replace(".", ",") if isinstance(cell, float) else day(cell) for cell in line])
    return buffer.getvalue().encode("cp1252")


def as_workbook(lines: Lines) -> bytes:
    """An .xlsx with shared strings, real numbers and dates."""
    strings: dict[str, int] = {}
    rows = "".join(
        f'<row r="{number}">{"".join(_cell(cell, column, number, strings) for column, cell in enumerate(line))}</row>'
        for number, line in enumerate(lines, start=1)
    )
    shared = "".join(f'<si><t xml:space="preserve">{escape(text)}</t></si>' for text in strings)
    sheets = '<sheets><sheet name="Data" sheetId="1" r:id="rId1"/></sheets>'
    formats = '<cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs>'
    return zipped({
        "_rels/.rels": _related(("officeDocument", "xl/workbook.xml")),
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_RELATIONS}">{sheets}</workbook>',
        "xl/_rels/workbook.xml.rels": _related(
            ("worksheet", "worksheets/sheet1.xml"), ("sharedStrings", "sharedStrings.xml"), ("styles", "styles.xml")
        ),
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{_MAIN}"><sheetData>{rows}</sheetData></worksheet>',
        "xl/sharedStrings.xml": f'<sst xmlns="{_MAIN}">{shared}</sst>',
        "xl/styles.xml": f'<styleSheet xmlns="{_MAIN}">{formats}</styleSheet>',
    })  # fmt: skip


def _related(*parts: tuple[str, str]) -> str:
    links = (
        f'<Relationship Id="rId{number}" Type="{_RELATIONS}/{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(parts, start=1)
    )
    return f'<Relationships xmlns="{_PACKAGE}">{"".join(links)}</Relationships>'


def _cell(cell: Cell, column: int, row: int, strings: dict[str, int]) -> str:
    if cell is None or cell == "":
        return ""
    first, second = divmod(column, 26)
    place = f"{chr(64 + first) if first else ''}{chr(65 + second)}{row}"
    if isinstance(cell, date):
        return f'<c r="{place}" s="1"><v>{(cell - EXCEL_DAY_ZERO).days}</v></c>'
    if isinstance(cell, (int, float)):
        return f'<c r="{place}"><v>{cell}</v></c>'
    return f'<c r="{place}" t="s"><v>{strings.setdefault(str(cell), len(strings))}</v></c>'
