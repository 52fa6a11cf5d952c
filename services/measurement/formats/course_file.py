"""Lists of supplementary feeding (PMT): CSV with one course a row, as a puskesmas keeps them.

Columns: `nik` or `child_id`, why it is given, what is given, first day; once it has ended the last day, the days given,
the class then and the reason. Heads and words may be our codes or those below; a column of another name is left alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final
from uuid import UUID

from services.measurement.domain.dates import read_date
from services.measurement.domain.nik import read_nik
from services.measurement.formats.list_file import read_list

HEADS: Final = {
    **dict.fromkeys(("nik", "nik anak", "nik balita"), "nik"),
    "child_id": "child_id",
    **dict.fromkeys(("feeding_class", "kelas", "sasaran pmt", "alasan pmt"), "feeding_class"),
    **dict.fromkeys(("product", "produk", "jenis pmt"), "product"),
    **dict.fromkeys(("started_on", "mulai", "tanggal mulai"), "started_on"),
    **dict.fromkeys(("ended_on", "selesai", "tanggal selesai"), "ended_on"),
    **dict.fromkeys(("days_given", "hari diberikan", "jumlah hari"), "days_given"),
    **dict.fromkeys(("end_class", "kelas akhir", "status akhir"), "end_class"),
    **dict.fromkeys(("end_reason", "alasan selesai"), "end_reason"),
}
NEEDED: Final = frozenset({"feeding_class", "product", "started_on"})
DAYS: Final = ("started_on", "ended_on")
_CLASSES: Final = {
    **dict.fromkeys(("wasted", "gizi kurang"), "wasted"),
    **dict.fromkeys(("underweight", "bb kurang", "berat badan kurang"), "underweight"),
    **dict.fromkeys(("not_gained", "t", "bb tidak naik", "berat badan tidak naik"), "not_gained"),
}
WORDS: Final[dict[str, dict[str, str]]] = {
    "feeding_class": _CLASSES,
    "product": {
        **dict.fromkeys(("local", "lokal"), "local"),
        **dict.fromkeys(("factory", "pabrik", "pabrikan"), "factory"),
    },
    "end_class": {
        **_CLASSES,
        **dict.fromkeys(("normal", "gizi baik", "baik"), "normal"),
        **dict.fromkeys(("severely_wasted", "gizi buruk"), "severely_wasted"),
    },
    "end_reason": {
        **dict.fromkeys(("completed", "selesai", "tuntas"), "completed"),
        **dict.fromkeys(("recovered", "sembuh", "membaik"), "recovered"),
        **dict.fromkeys(("referred", "dirujuk"), "referred"),
        **dict.fromkeys(("declined", "menolak"), "declined"),
        **dict.fromkeys(("moved_out", "pindah"), "moved_out"),
        **dict.fromkeys(("out_of_stock", "stok habis"), "out_of_stock"),
        **dict.fromkeys(("died", "meninggal"), "died"),
        **dict.fromkeys(("other", "lainnya"), "other"),
    },
}


@dataclass(frozen=True, slots=True)
class CourseLine:
    """One row: whose course, and its values by our names; `problem` and its `field` where it cannot be read."""

    line: int
    child_id: UUID | None = None
    nik: str | None = field(default=None, repr=False)
    values: Mapping[str, date | int | str] = field(default_factory=dict)
    problem: str | None = None
    field: str = ""


def read_courses(content: bytes) -> list[CourseLine]:
    """Every row that is not empty. FileRefusedError: `not_a_table`, `too_many_rows`, `no_column`."""
    return [_read_line(line, cells) for line, cells in read_list(content, HEADS, _fits)]


def _fits(names: frozenset[str]) -> bool:
    return names >= NEEDED and bool(names & {"nik", "child_id"})


def _read_line(line: int, cells: Mapping[str, str]) -> CourseLine:
    child_id, nik = None, None
    if cells.get("child_id"):
        try:
            child_id = UUID(cells["child_id"])
        except ValueError:
            return CourseLine(line, problem="unknown_child", field="child_id")
    else:
        nik = read_nik(cells.get("nik", "")).value
        if nik is None:
            return CourseLine(line, problem="nik_unreadable", field="nik")
    values: dict[str, date | int | str] = {}
    for name, cell in cells.items():
        if name in {"nik", "child_id"} or (not cell and name not in NEEDED):
            continue
        value = _value(name, cell)
        if value is None:
            return CourseLine(line, child_id, nik, problem="course_cell_unreadable", field=name)
        values[name] = value
    return CourseLine(line, child_id, nik, values)


def _value(name: str, cell: str) -> date | int | str | None:
    if name in DAYS:
        return read_date(cell).value
    if name == "days_given":
        return int(cell) if cell.isascii() and cell.isdigit() else None
    return WORDS[name].get(" ".join(cell.split()).casefold())
