"""Files of families at risk (keluarga berisiko stunting): CSV with one child a row, as BKKBN's verification gives it.

Columns: `nik` or `child_id`, `as_of` (day of the verification), and one a risk with ya / tidak / tidak tahu; an empty
cell says that nobody asked. Heads may be our codes or the words below; a column of another name is left alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from services.measurement.domain.dates import read_date
from services.measurement.domain.nik import read_nik
from services.measurement.formats.list_file import read_list

HEADS: Final = {
    "nik": "nik",
    "nik anak": "nik",
    "nik balita": "nik",
    "child_id": "child_id",
    "as_of": "as_of",
    "tanggal verifikasi": "as_of",
    "tanggal pendataan": "as_of",
    "no_proper_water": "no_proper_water",
    "air minum tidak layak": "no_proper_water",
    "no_proper_latrine": "no_proper_latrine",
    "jamban tidak layak": "no_proper_latrine",
    "mother_under_20": "mother_under_20",
    "terlalu muda": "mother_under_20",
    "mother_35_or_more": "mother_35_or_more",
    "terlalu tua": "mother_35_or_more",
    "spacing_under_2_years": "spacing_under_2_years",
    "terlalu dekat": "spacing_under_2_years",
    "more_than_3_children": "more_than_3_children",
    "terlalu banyak": "more_than_3_children",
    "mother_muac_under_23_5_cm": "mother_muac_under_23_5_cm",
    "lila ibu < 23,5": "mother_muac_under_23_5_cm",
    "stunted_sibling": "stunted_sibling",
    "kakak stunting": "stunted_sibling",
    "tb_contact": "tb_contact",
    "kontak tb": "tb_contact",
}
WHO_AND_WHEN: Final = ("nik", "child_id", "as_of")
ANSWERS: Final = {
    **dict.fromkeys(("ya", "y", "yes", "1"), "yes"),
    **dict.fromkeys(("tidak", "t", "no", "n", "0"), "no"),
    **dict.fromkeys(("tidak tahu", "unknown", "?", "tt"), "unknown"),
}


@dataclass(frozen=True, slots=True)
class HouseholdLine:
    """One row: whose family, when, what; `problem` and its `field` where it cannot be read as it stands."""

    line: int
    cells: Mapping[str, str]
    child_id: UUID | None = None
    nik: str | None = None
    as_of: date | None = None
    answers: tuple[tuple[str, str], ...] = ()  # (risk, answer)
    problem: str | None = None
    field: str = ""


def read_households(content: bytes) -> list[HouseholdLine]:
    """Every row that is not empty. FileRefusedError: `not_a_table`, `too_many_rows`, `no_column`."""
    return [read_line(line, cells) for line, cells in read_list(content, HEADS, _fits)]


def _fits(names: frozenset[str]) -> bool:
    return "as_of" in names and bool(names & {"nik", "child_id"}) and not names <= set(WHO_AND_WHEN)


def read_line(line: int, cells: Mapping[str, str]) -> HouseholdLine:
    """One row by our names of its columns."""

    def wrong(problem: str, field: str) -> HouseholdLine:
        return HouseholdLine(line, cells, problem=problem, field=field)

    child_id, nik = None, None
    if cells.get("child_id"):
        try:
            child_id = UUID(cells["child_id"])
        except ValueError:
            return wrong("unknown_child", "child_id")
    else:
        nik = read_nik(cells.get("nik", ""))[0]
        if nik is None:
            return wrong("nik_unreadable", "nik")
    as_of = read_date(cells.get("as_of", "")).value
    if as_of is None:
        return wrong("as_of_unreadable", "as_of")
    answers = []
    for head, cell in cells.items():
        if head in WHO_AND_WHEN or not cell:
            continue
        answer = ANSWERS.get(" ".join(cell.split()).casefold())
        if answer is None:
            return wrong("answer_unreadable", head)
        answers.append((head, answer))
    if not answers:
        return wrong("nothing_answered", "answers")
    return HouseholdLine(line, cells, child_id, nik, as_of, tuple(answers))
