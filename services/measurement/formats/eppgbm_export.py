"""Rows → the ministry's export files, profiles A (32 columns) and B (33, with `Cara Ukur`): the reader's mirror image.

Workbook: NIK and every word as text cells, weights and scores as numbers, dates as dates.

Text file: UTF-8 with byte order mark, `;`, decimal commas, ISO dates, CRLF. So a spreadsheet in Indonesian settings
opens it rightly: with a decimal point it would make 8 February of 8.2 kg, without the mark it would garble accents. A
text that begins with a digit (NIK, an address such as `3/4`) carries the apostrophe that keeps it a text; a spreadsheet
in English settings shows the file in one column and damages nothing. Our reader takes either apostrophe off again.

In both a text that a spreadsheet could take for a formula is neutralised; negative numbers are numbers.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from io import BytesIO, StringIO
from typing import Final, Literal, Protocol

import xlsxwriter

from services.measurement.domain.cells import clean_text
from services.measurement.domain.file_row import FileRow, Value
from shared.spreadsheet_text import neutralised

ExportProfile = Literal["A", "B"]
ExportForm = Literal["xlsx", "csv"]
NOTHING: Final = "-"  # how the ministry writes that there is no value
SHEET: Final = "Data Balita"
_MADE_ON: Final = datetime(2000, 1, 1)  # noqa: DTZ001 - a fixed mark instead of a clock: same rows, same bytes

_COLUMNS: Final[tuple[tuple[str, str], ...]] = (
    ("NIK", "nik"),
    ("Nama", "name"),
    ("JK", "sex"),
    ("Tgl Lahir", "birth_date"),
    ("BB Lahir", "birth_weight_kg"),
    ("TB Lahir", "birth_length_cm"),
    ("Nama Ortu", "parent_name"),
    ("Prov", "province_name"),
    ("Kab/Kota", "kabupaten_name"),
    ("Kec", "kecamatan_name"),
    ("Pukesmas", "puskesmas_name"),  # as the ministry spells it
    ("Desa/Kel", "desa_name"),
    ("Posyandu", "posyandu_name"),
    ("RT", "rt"),
    ("RW", "rw"),
    ("Alamat", "address"),
    ("Usia Saat Ukur", "age_text"),
    ("Tanggal Pengukuran", "measured_on"),
    ("Berat", "weight_kg"),
    ("Tinggi", "length_height_cm"),
    ("Cara Ukur", "measurement_position"),
    ("LiLA", "muac_cm"),
    ("BB/U", "official_waz_class"),
    ("ZS BB/U", "official_waz"),
    ("TB/U", "official_haz_class"),
    ("ZS TB/U", "official_haz"),
    ("BB/TB", "official_whz_class"),
    ("ZS BB/TB", "official_whz"),
    ("Naik Berat Badan", "reported_letter"),
    ("PMT Diterima (kg)", "pmt_kg"),
    ("Jml Vit A", "vitamin_a_doses"),
    ("KPSP", "kpsp"),
    ("KIA", "kia"),
)
_ONLY_IN_B: Final = "measurement_position"
_WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "sex": {"male": "L", "female": "P"},
    "measurement_position": {"lying": "Terlentang", "standing": "Berdiri"},
    "official_waz_class": {
        "sangat_kurang": "Sangat Kurang",
        "kurang": "Kurang",
        "normal": "Berat Badan Normal",
        "risiko_lebih": "Risiko Lebih",
    },
    "official_haz_class": {
        "sangat_pendek": "Sangat Pendek",
        "pendek": "Pendek",
        "normal": "Normal",
        "tinggi": "Tinggi",
    },
    "official_whz_class": {
        "gizi_buruk": "Gizi Buruk",
        "gizi_kurang": "Gizi Kurang",
        "gizi_baik": "Gizi Baik",
        "risiko_gizi_lebih": "Risiko Gizi Lebih",
        "gizi_lebih": "Gizi Lebih",
        "obesitas": "Obesitas",
    },
    "kia": {"yes": "Ya", "no": "Tidak"},
}
_NORMAL_WEIGHT: Final[Mapping[ExportProfile, str]] = {"A": "Berat Badan Normal", "B": "Normal"}  # of real files
_UNPROTECTED: Final = frozenset({"rt", "rw", "age_text"})  # no spreadsheet changes `5` or `2 Tahun - 1 Bulan - 3 Hari`


class ExportFile(Protocol):
    """A file under way."""

    def add(self, rows: Iterable[FileRow]) -> None:
        """The next rows, in the order of the file."""

    def close(self) -> bytes:
        """The whole file; nothing can be added after."""


def export_file(profile: ExportProfile, form: ExportForm) -> ExportFile:
    """An empty file of this profile and form."""
    return _Workbook(profile) if form == "xlsx" else _TextFile(profile)


def heads_of(profile: ExportProfile) -> list[str]:
    """The column heads of a profile, in order."""
    return [head for head, _ in _columns_of(profile)]


class _Workbook:
    """In memory, since names never touch a disk: about 280 MB while 40,000 rows are written."""

    def __init__(self, profile: ExportProfile) -> None:
        self._columns = _value_readers(profile)
        self._buffer = BytesIO()
        self._book = xlsxwriter.Workbook(self._buffer, {"in_memory": True})
        self._book.set_properties({"created": _MADE_ON})
        self._text = self._book.add_format({"num_format": "@"})
        self._date = self._book.add_format({"num_format": "yyyy-mm-dd"})
        self._sheet = self._book.add_worksheet(SHEET)
        self._sheet.freeze_panes(1, 0)
        head = self._book.add_format({"bold": True, "num_format": "@"})
        for column, name in enumerate(heads_of(profile)):
            self._sheet.write_string(0, column, name, head)
        self._rows = 0

    def add(self, rows: Iterable[FileRow]) -> None:
        for row in rows:
            self._rows += 1
            for column, (_, read) in enumerate(self._columns):
                self._write(column, read(row))

    def _write(self, column: int, value: str | float | date) -> None:
        if isinstance(value, str):
            self._sheet.write_string(self._rows, column, neutralised(value), self._text)
        elif isinstance(value, date):
            self._sheet.write_datetime(self._rows, column, value, self._date)
        else:
            self._sheet.write_number(self._rows, column, value)

    def close(self) -> bytes:
        self._book.close()
        return self._buffer.getvalue()


class _TextFile:
    def __init__(self, profile: ExportProfile) -> None:
        self._columns = _value_readers(profile)
        self._pieces: list[bytes] = []
        self._write([heads_of(profile)])

    def add(self, rows: Iterable[FileRow]) -> None:
        self._write([[_as_text(field, read(row)) for field, read in self._columns] for row in rows])

    def _write(self, rows: Iterable[Iterable[str]]) -> None:
        out = StringIO()
        csv.writer(out, delimiter=";", lineterminator="\r\n").writerows(rows)
        self._pieces.append(out.getvalue().encode("utf-8" if self._pieces else "utf-8-sig"))

    def close(self) -> bytes:
        return b"".join(self._pieces)


def _columns_of(profile: ExportProfile) -> list[tuple[str, str]]:
    return [column for column in _COLUMNS if profile == "B" or column[1] != _ONLY_IN_B]


def _value_readers(profile: ExportProfile) -> list[tuple[str, Callable[[FileRow], str | float | date]]]:
    return [(field, _value_reader(field, profile)) for _, field in _columns_of(profile)]


def _value_reader(field: str, profile: ExportProfile) -> Callable[[FileRow], str | float | date]:
    at = FileRow._fields.index(field)
    words = dict(_WORDS.get(field, {}))
    if field == "official_waz_class":
        words["normal"] = _NORMAL_WEIGHT[profile]

    def read(row: FileRow) -> str | float | date:
        value: Value = row[at]
        if value is None:
            return NOTHING
        if isinstance(value, str):
            return words.get(value, value) if words else clean_text(value) or NOTHING
        return value

    return read


def _as_text(field: str, value: str | float | date) -> str:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str):
        return f"'{value}" if value[0].isdigit() and field not in _UNPROTECTED else neutralised(value)
    number = int(value) if float(value).is_integer() else value
    return str(number).replace(".", ",")
