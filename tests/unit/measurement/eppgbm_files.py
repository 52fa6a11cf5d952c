"""Small e-PPGBM files made for a test: healthy rows with the official z-scores the ministry would give them."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from functools import cache
from io import BytesIO, StringIO
from typing import Any, Final

import numpy as np
import xlsxwriter

from services.measurement.domain.cells import Cell
from services.measurement.domain.recompute import ScoreInputs
from services.measurement.formats import diagnose
from services.measurement.formats.diagnose import Examination
from services.measurement.jobs.growth import recompute

TODAY: Final = date(2025, 6, 30)
HEADS_A: Final = [
    *("NIK", "Nama", "JK", "Tgl Lahir", "BB Lahir", "TB Lahir", "Nama Ortu", "Prov", "Kab/Kota", "Kec", "Pukesmas"),
    *("Desa/Kel", "Posyandu", "RT", "RW", "Alamat", "Usia Saat Ukur", "Tanggal Pengukuran", "Berat", "Tinggi", "LiLA"),
    *("BB/U", "ZS BB/U", "TB/U", "ZS TB/U", "BB/TB", "ZS BB/TB", "Naik Berat Badan", "PMT Diterima (kg)"),
    *("Jml Vit A", "KPSP", "KIA"),
]
HEADS_B: Final = [*HEADS_A[:20], "Cara Ukur", *HEADS_A[20:]]
HEADS_B_PRIME: Final = [head for head in HEADS_B[:28] if head not in {"NIK", "Nama", "Nama Ortu", "LiLA"}]

B_PRIME: Final = "B\u2032"

Row = dict[str, Cell]


def healthy_rows(count: int, *, measured_on: date = date(2025, 2, 14)) -> list[Row]:
    """Children of different age, sex and size, measured lying below 731 days and standing from there on."""
    return [dict(_healthy(number, measured_on)) for number in range(count)]


def scored(row: Row) -> Row:
    """The row with official z-scores that follow from its weight, height, dates, sex and position."""
    born, seen = row["Tgl Lahir"], row["Tanggal Pengukuran"]
    assert isinstance(born, date)
    assert isinstance(seen, date)
    position = {"Terlentang": 1, "Berdiri": 2}[str(row["Cara Ukur"])]
    scores = recompute(
        ScoreInputs(
            sex=np.array([1 if row["JK"] == "L" else 2], dtype=np.int8),
            age_days=np.array([(seen - born).days], dtype=np.float64),
            weight_kg=np.array([row["Berat"]], dtype=np.float64),
            length_height_cm=np.array([row["Tinggi"]], dtype=np.float64),
            position=np.array([position], dtype=np.int8),
        )
    )
    z = {"ZS BB/U": scores.waz[0], "ZS TB/U": scores.haz[0], "ZS BB/TB": scores.whz[0]}
    return {**row, **{head: None if np.isnan(value) else float(value) for head, value in z.items()}}


def changed(row: Row, changes: Row) -> Row:
    """The row with some cells replaced, its official z-scores left as they were."""
    assert set(changes) <= set(HEADS_B), "a test that changes an unknown column tests nothing"
    return {**row, **changes}


def workbook(
    rows: Sequence[Row],
    heads: Sequence[str] = HEADS_A,
    *,
    before: Sequence[Sequence[str]] = (),
    prepare: Callable[[Any], None] | None = None,
) -> bytes:
    """An .xlsx of the rows; `before` are lines above the heads, `prepare` may do more to the workbook."""
    return raw_workbook([*before, heads, *([row.get(head) for head in heads] for row in rows)], prepare=prepare)


def raw_workbook(lines: Sequence[Sequence[Cell]], *, prepare: Callable[[Any], None] | None = None) -> bytes:
    """An .xlsx of these lines."""
    buffer = BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_formulas": False, "strings_to_numbers": False})
    sheet = book.add_worksheet("Data")
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    for number, line in enumerate(lines):
        for column, cell in enumerate(line):
            if isinstance(cell, date):
                sheet.write_datetime(number, column, cell, day)
            elif cell is not None:
                sheet.write(number, column, cell)
    if prepare is not None:
        prepare(book)
    book.close()
    return buffer.getvalue()


def text_file(
    rows: Sequence[Row],
    heads: Sequence[str] = HEADS_A,
    *,
    delimiter: str = ",",
    encoding: str = "utf-8",
    written: Callable[[Cell], str] | None = None,
) -> bytes:
    """A text file of the rows; `written` says how a cell is put into text (ISO dates otherwise)."""
    buffer = StringIO()
    writer = csv.writer(buffer, delimiter=delimiter)
    writer.writerow(heads)
    write = written or (lambda cell: "" if cell is None else str(cell))
    writer.writerows([write(row.get(head)) for head in heads] for row in rows)
    return buffer.getvalue().encode(encoding)


def raw_text(lines: Sequence[Sequence[Cell]], *, delimiter: str = ",") -> bytes:
    """A text file of these lines."""
    buffer = StringIO()
    csv.writer(buffer, delimiter=delimiter).writerows(
        ["" if cell is None else str(cell) for cell in line] for line in lines
    )
    return buffer.getvalue().encode()


def dates_written(pattern: str) -> Callable[[Cell], str]:
    """How a file writes its dates, such as `%d/%m/%Y`."""

    def write(cell: Cell) -> str:
        if isinstance(cell, date):
            return cell.strftime(pattern)
        return "" if cell is None else str(cell)

    return write


def examine(data: bytes, *, today: date = TODAY) -> Examination:
    """The file judged with the growth engine."""
    return diagnose.examine("berkas", data, recompute=recompute, today=today)


def stated_age(born: date, seen: date) -> str:
    """The age as the ministry writes it, counted month by month."""
    months = (seen.year - born.year) * 12 + seen.month - born.month - (seen.day < born.day)
    reached = _month_later(born, months)
    return f"{months // 12} Tahun - {months % 12} Bulan - {(seen - reached).days} Hari"


@cache
def _healthy(number: int, measured_on: date) -> Row:
    born = measured_on - timedelta(days=40 + 61 * (number % 28) + number // 28)
    days = (measured_on - born).days
    girl = number % 2 == 1
    months = days / 30.4375
    height = round(52 + 2.2 * months - 0.016 * months * months + number % 5 * 0.7, 1)
    weight = round(3.6 + 0.42 * months - 0.0035 * months * months + number % 7 * 0.1, 1)
    nik_day = born.day + (40 if girl else 0)
    return scored(
        {
            "NIK": f"121907{nik_day:02d}{born:%m%y}{number + 1:04d}",
            "Nama": f"ANAK {_letters(number)}",
            "JK": "P" if girl else "L",
            "Tgl Lahir": born,
            "BB Lahir": 3.1,
            "TB Lahir": 49,
            "Nama Ortu": f"IBU {_letters(number)}",
            "Prov": "SUMATERA UTARA",
            "Kab/Kota": "BATU BARA",
            "Kec": "SEI BALAI",
            "Pukesmas": "SEI BALAI",
            "Desa/Kel": "DESA SATU",
            "Posyandu": "MAWAR",
            "RT": 3,
            "RW": 1,
            "Alamat": "DUSUN DUA",
            "Usia Saat Ukur": stated_age(born, measured_on),
            "Tanggal Pengukuran": measured_on,
            "Berat": weight,
            "Tinggi": height,
            "Cara Ukur": "Terlentang" if days < 731 else "Berdiri",
            "LiLA": 14.5,
            "BB/U": "Normal",
            "TB/U": "Normal",
            "BB/TB": "Gizi Baik",
            "Naik Berat Badan": "N",
            "PMT Diterima (kg)": 0,
            "Jml Vit A": 1,
            "KPSP": "-",
            "KIA": "-",
        }
    )


def _letters(number: int) -> str:
    return "".join("ABCDEFGHIJ"[int(digit)] for digit in f"{number:03d}")


def _month_later(day: date, months: int) -> date:
    index = day.year * 12 + day.month - 1 + months
    for last in range(day.day, 27, -1):
        try:
            return date(index // 12, index % 12 + 1, last)
        except ValueError:
            continue
    return date(index // 12, index % 12 + 1, min(day.day, 28))


def at_noon(day: date) -> datetime:
    """The date as a real Excel datetime with a time of day."""
    return datetime(day.year, day.month, day.day, 6, 30)  # noqa: DTZ001 - a spreadsheet cell has no zone
