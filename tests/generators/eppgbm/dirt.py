"""A maker for every kind of dirt in cells (domain.md §7): healthy children, some of them planted with one kind.

A `Plant` changes one row and knows what must become of it; a file of one kind plants it in some rows, `mixed` plants
several kinds at once. Kinds that concern the whole file (encodings, dates, numbers as text) write healthy children.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final

from services.measurement.domain.cells import Cell
from services.measurement.domain.dates import EXCEL_DAY_ZERO
from tests.generators.eppgbm.made import MadeFile, Maker
from tests.unit.measurement.eppgbm_files import (
    HEADS_B,
    Row,
    at_noon,
    dates_written,
    healthy_rows,
    raw_workbook,
    stated_age,
    text_file,
    workbook,
)

NBSP: Final = "\xa0"
NO_SCORES: Final[Row] = {"ZS BB/U": None, "ZS TB/U": None, "ZS BB/TB": None}


@dataclass(frozen=True, slots=True)
class Plant:
    """`change` makes the row dirty; then it is `outcome`, for the reason `code`, with the `note`."""

    change: Callable[[Row, random.Random], Row]
    outcome: str = "taken"
    code: str | None = None
    note: str | None = None


def _number(row: Row, head: str) -> float:
    return float(str(row[head]))


def _set(**cells: list[Cell]) -> Callable[[Row, random.Random], Row]:
    """Put one of the given values into each column, named by its head or by a word of `_HEADS`."""
    return lambda row, rng: {**row, **{_HEADS.get(name, name): rng.choice(values) for name, values in cells.items()}}


_HEADS: Final = {
    "born": "Tgl Lahir", "seen": "Tanggal Pengukuran", "age": "Usia Saat Ukur", "birth_weight": "BB Lahir",
    "birth_length": "TB Lahir", "waz": "ZS BB/U", "waz_class": "BB/U", "letter": "Naik Berat Badan",
}  # fmt: skip


def _times(head: str, factor: float) -> Callable[[Row, random.Random], Row]:
    return lambda row, _: {**row, head: round(_number(row, head) * factor, 3)}


def _swap(row: Row, _: random.Random) -> Row:
    return {**row, "Berat": row["Tinggi"], "Tinggi": row["Berat"]}


def _over_sixty(row: Row, rng: random.Random) -> Row:
    seen = row["Tanggal Pengukuran"]
    assert isinstance(seen, date)
    born = seen - timedelta(days=rng.randint(1830, 2000))
    return {**row, **NO_SCORES, "NIK": None, "Tgl Lahir": born, "Usia Saat Ukur": stated_age(born, seen)}


def _day_of_birth(row: Row, rng: random.Random) -> Row:
    values: Row = {
        "Berat": 3.1,
        "Tinggi": 49.0,
        "ZS BB/U": rng.choice([1.99, -3.5]),
        "ZS TB/U": 2.2,
        "ZS BB/TB": 999.99,
    }
    born: Row = {"Tgl Lahir": row["Tanggal Pengukuran"], "Usia Saat Ukur": "0 Tahun - 0 Bulan - 0 Hari", "NIK": None}
    return {**row, **values, **born}


def _exchanged(row: Row, rng: random.Random) -> Row:
    seen = row["Tanggal Pengukuran"]
    assert isinstance(seen, date)
    born = date(2023, rng.randint(3, 6), rng.randint(8, 12))
    right = {**row, **NO_SCORES, "NIK": None, "Usia Saat Ukur": stated_age(born, seen)}
    return {**right, "Tgl Lahir": date(2023, born.day, born.month)}


def _damaged_nik(row: Row, rng: random.Random) -> Row:
    nik = str(row["NIK"])
    damaged: list[Cell] = ["6,11203E+15", "1.219E+15", nik[:15], f"{nik[:10]}000000"]
    return {**row, "NIK": rng.choice(damaged)}


def _readable_nik(row: Row, rng: random.Random) -> Row:
    nik = str(row["NIK"])
    return {
        **row,
        "NIK": rng.choice([f"'{nik}", f"{nik}{NBSP}{NBSP}", f"{nik[:6]} {nik[6:12]} {nik[12:]}", f"{NBSP}{nik}"]),
    }


PLANTS: Final[dict[str, Plant]] = {
    "grams among kilograms": Plant(_times("Berat", 1000), "quarantined", "weight_in_grams"),
    "weight without its decimal point": Plant(_times("Berat", 10), "quarantined", "weight_lost_decimal"),
    "height without its decimal point": Plant(_times("Tinggi", 10), "quarantined", "length_height_lost_decimal"),
    "height in metres": Plant(_times("Tinggi", 0.01), "quarantined", "length_height_in_metres"),
    "weight and height swapped": Plant(_swap, "quarantined", "weight_height_swapped"),
    "weight in words": Plant(_set(Berat=["delapan", "8 koma 5", "1.2.3"]), "quarantined", "weight_unreadable"),
    "no sex": Plant(_set(JK=[None, "-", ""]), "quarantined", "sex_missing"),
    "unknown sex": Plant(_set(JK=["X", "1", "pria?"]), "quarantined", "sex_unknown"),
    "birth date not in the calendar": Plant(
        _set(born=["31/02/2024", "2024-02-30"]), "quarantined", "birth_date_impossible"
    ),
    "birth date in words": Plant(_set(born=["kemarin", "?", "20240"]), "quarantined", "birth_date_unreadable"),
    "no measurement date": Plant(_set(seen=[None, "-", ""]), "quarantined", "measured_on_missing"),
    "day and month exchanged": Plant(_exchanged, "quarantined", "date_day_month_swapped"),
    "nothing measured": Plant(
        _set(Berat=[0, "-"], Tinggi=["-", None], LiLA=[0, ""]), "quarantined", "nothing_measured"
    ),
    "damaged NIK": Plant(_damaged_nik, "quarantined", "nik_damaged"),
    "NIK with apostrophe, NBSP, spaces": Plant(_readable_nik),
    "malformed NIK": Plant(_set(NIK=["1219014507230000", "12190", "9912190145072301"]), note="nik_malformed"),
    "neither NIK nor name": Plant(_set(NIK=["-", None], Nama=[None, "-"]), "quarantined", "no_identity"),
    "sentinels for a weight": Plant(_set(Berat=[0, "-", 8888, 999.99, "", "0,0"]), note="weight_missing"),
    "errors of formulas": Plant(_set(Berat=["#NUM!", "#N/A", "#VALUE!", "####"]), note="weight_missing"),
    "official z that is none": Plant(_set(waz=[5324.99, "8714,66", -75]), note="official_score_impossible"),
    "official sentinel": Plant(_set(waz=["-", 999.99, "#N/A"])),
    "class of another index": Plant(_set(waz_class=["Gizi Buruk", "Pendek"]), note="official_class_unknown"),
    "birth weight in grams": Plant(_set(birth_weight=[3000, "2850", 3150.0]), note="birth_weight_in_grams"),
    "birth weight without its point": Plant(_set(birth_weight=[32, "27"]), note="birth_weight_lost_decimal"),
    "birth length in decimetres": Plant(_set(birth_length=[4.9, "5,1"]), note="birth_length_decimal_shifted"),
    "arm in millimetres": Plant(_set(LiLA=[145, "138"]), note="muac_in_mm"),
    "RT and RW that are none": Plant(_set(RT=["O2", "0.9", "005/002"]), note="optional_unreadable"),
    "60 months and older": Plant(_over_sixty, note="over_sixty_months"),
    "day of birth": Plant(_day_of_birth),
    "quotes and line breaks in a cell": Plant(_set(Alamat=['DUSUN "DUA"', "JALAN SATU\nNO 3", 'a;b,c|d\t"e"'])),
    "letter that is none": Plant(_set(letter=["Y", "BGM"]), note="reported_letter_unknown"),
    "cell of 1,200 characters": Plant(_set(Alamat=["X" * 1200]), "quarantined", "cell_too_long"),
}


def planted(
    rows: list[Row], plants: dict[int, Plant], rng: random.Random, write: Callable[[list[Row]], bytes]
) -> MadeFile:
    """The rows with each plant in its row, written, with what must be said of it."""
    dirty = [plants[n].change(row, rng) if n in plants else row for n, row in enumerate(rows)]
    counts = Counter(plants[n].outcome if n in plants else "taken" for n in range(len(rows)))
    reasons = Counter(plant.code for plant in plants.values() if plant.code)
    return MadeFile(
        write(dirty), dict(counts), dict(reasons), says=frozenset(p.note for p in plants.values() if p.note)
    )


def one_kind(plant: Plant) -> Maker:
    """One kind of dirt in a fifth of the rows of a workbook."""

    def make(rng: random.Random) -> MadeFile:
        rows = healthy_rows(rng.randint(40, 60))
        chosen = rng.sample(range(len(rows)), len(rows) // 5)
        made = planted(rows, dict.fromkeys(chosen, plant), rng, lambda dirty: workbook(dirty, HEADS_B))
        return replace(made, facts={"profile": "B"})

    return make


def with_duplicates(rng: random.Random) -> MadeFile:
    """Some children twice, typed otherwise in what does not matter."""
    rows = healthy_rows(rng.randint(20, 40))
    again = [{**row, "Nama": f" {str(row['Nama']).lower()} ", "Alamat": "LAIN"} for row in rng.sample(rows, 5)]
    counts = {"taken": len(rows), "duplicate": 5}
    return MadeFile(workbook([*rows, *again], HEADS_B), counts, {"duplicate_row": 5})


def with_blank_rows(rng: random.Random) -> MadeFile:
    """Hundreds of rows without content among and below the children, some with a number prepared."""
    rows = healthy_rows(rng.randint(20, 30))
    empty: list[Row] = [dict.fromkeys(HEADS_B, NBSP), dict.fromkeys(HEADS_B), {**dict.fromkeys(HEADS_B), "No": 7}]
    mixed = [*rows[:10], *empty, *rows[10:], *empty * 60]
    return MadeFile(text_file(mixed, ["No", *HEADS_B]), {"taken": len(rows), "blank": 183})


def as_excel_date(weight: float) -> datetime:
    """What Excel makes of `8.2` in Indonesian locale."""
    day, month = str(weight).split(".")
    return datetime(2025, int(month), int(day))  # noqa: DTZ001 - a spreadsheet cell has no zone


def weights_as_dates(rng: random.Random, wrong_share: float = 0.0) -> MadeFile:
    """Weights that Excel turned into dates; `wrong_share` of them with an official z of another weight."""
    rows, dated, wrong = healthy_rows(80), 0, 0
    for n, row in enumerate(rows):
        if 1 <= round(_number(row, "Berat") % 1 * 10) <= 9 and rng.random() < 0.6:
            rows[n] = {**row, "Berat": as_excel_date(_number(row, "Berat"))}
            dated += 1
            if wrong < wrong_share * dated:
                rows[n]["ZS BB/U"] = -4.9
                wrong += 1
    if wrong_share:
        counts = {"taken": 80 - dated, "quarantined": dated}
        return MadeFile(workbook(rows, HEADS_B), counts, {"weight_is_date": dated})
    return MadeFile(workbook(rows, HEADS_B), {"taken": 80 - dated, "repaired": dated}, {"weight_from_date": dated})


def weights_as_dates_disproved(rng: random.Random) -> MadeFile:
    """The same where one in ten does not recompute: nothing is turned back."""
    return weights_as_dates(rng, 0.1)


def in_text(
    written: Callable[[Cell, random.Random], str], *, delimiter: str = ";", encoding: str = "utf-8", order: str = "ISO"
) -> Maker:
    """Healthy children in a text file whose cells are `written` so."""

    def make(rng: random.Random) -> MadeFile:
        rows = [{**row, "Alamat": "DUSUN\xa0DUA", "Nama Ortu": "ANDR\xc9"} for row in healthy_rows(rng.randint(25, 40))]
        data = text_file(rows, HEADS_B, delimiter=delimiter, encoding=encoding, written=lambda cell: written(cell, rng))
        facts = {"encoding": encoding, "delimiter": delimiter, "date_order": order, "recompute": _tally(rows)}
        return MadeFile(data, {"taken": len(rows)}, notes={}, facts=facts)

    return make


def plain(cell: Cell, _: random.Random) -> str:
    """As Python writes it."""
    return "" if cell is None else str(cell)


def dated(pattern: str) -> Callable[[Cell, random.Random], str]:
    """Dates by a pattern."""
    write = dates_written(pattern)
    return lambda cell, _: write(cell)


def serial_dates(cell: Cell, rng: random.Random) -> str:
    """Dates as Excel's day numbers."""
    return str((cell - EXCEL_DAY_ZERO).days) if isinstance(cell, date) else plain(cell, rng)


def mixed_marks(cell: Cell, rng: random.Random) -> str:
    """Decimal comma or dot, cell by cell, some with a unit or spaces."""
    if not isinstance(cell, float):
        return plain(cell, rng)
    text = str(cell) if rng.random() < 0.5 else str(cell).replace(".", ",")
    return rng.choice([text, f"{text}{NBSP}", f" {text} "])


def spaced(cell: Cell, rng: random.Random) -> str:
    """Non-breaking spaces behind every cell and for every space inside."""
    return f"{NBSP}{plain(cell, rng).replace(' ', NBSP)}{NBSP}{NBSP}"


def with_thousands(rng: random.Random) -> MadeFile:
    """`1.234,5` and `1,234.5` where grams were typed with a mark for thousands: read as one number, held back."""
    rows = healthy_rows(40)
    chosen = rng.sample(range(40), 8)
    for n in chosen:
        grams = f"{_number(rows[n], 'Berat') * 1000:,.1f}"
        rows[n] = {**rows[n], "Berat": rng.choice([grams, grams.replace(",", "_").replace(".", ",").replace("_", ".")])}
    counts = {"taken": 32, "quarantined": 8}
    return MadeFile(text_file(rows, HEADS_B, delimiter=";"), counts, {"weight_in_grams": 8})


def numbers_as_text_in_a_workbook(rng: random.Random) -> MadeFile:
    """Every number a text with comma and non-breaking space, as in the export of Timor Tengah Utara."""
    rows = healthy_rows(rng.randint(25, 40))
    lines: list[list[Cell]] = [[*HEADS_B]]
    for row in rows:
        cells = [row[head] for head in HEADS_B]
        lines.append([f"{str(c).replace('.', ',')}{NBSP}" if isinstance(c, (int, float)) else c for c in cells])
    return MadeFile(raw_workbook(lines), {"taken": len(rows)}, notes={}, facts={"date_order": "datetime"})


def datetimes_in_a_workbook(rng: random.Random) -> MadeFile:
    """Dates with a time of day: they do not move."""
    rows = healthy_rows(rng.randint(25, 40))
    moved = [
        {**r, **{h: at_noon(d) for h in ("Tgl Lahir", "Tanggal Pengukuran") if isinstance(d := r[h], date)}}
        for r in rows
    ]
    data = workbook(moved, HEADS_B)
    return MadeFile(data, {"taken": len(rows)}, notes={}, facts={"recompute": _tally(rows)})


def _tally(rows: Sequence[Row]) -> dict[str, dict[str, int]]:
    """What recomputes of healthy rows: heights beyond the tables have no WHZ."""
    found = {}
    for index, head in (("HAZ", "ZS TB/U"), ("WAZ", "ZS BB/U"), ("WHZ", "ZS BB/TB")):
        count = sum(row[head] is not None for row in rows)
        found[index] = {"checked": count, "equal": count}
    return found


def niks_as_numbers(rng: random.Random) -> MadeFile:
    """NIKs that a spreadsheet keeps as numbers: an end in 0 may be a lost digit, others are whole."""
    rows = healthy_rows(40)
    chosen = rng.sample(range(40), 8)
    for n in chosen:
        rows[n] = {**rows[n], "NIK": int(str(rows[n]["NIK"])) // 10 * 10}
    counts = {"taken": 32, "quarantined": 8}
    return MadeFile(workbook(rows, HEADS_B), counts, {"nik_damaged": 8})


def two_orders(rng: random.Random) -> MadeFile:
    """D/M/Y, and a block pasted in as M/D/Y: readable the other way only, or against the stated age."""
    rows = healthy_rows(40)
    other = set(rng.sample(range(40), 6))
    day_first, month_first = dates_written("%d/%m/%Y"), dates_written("%m/%d/%Y")
    lines = []
    held: Counter[str] = Counter()
    for n, row in enumerate(rows):
        lines.append({**row, "Tgl Lahir": (month_first if n in other else day_first)(row["Tgl Lahir"])})
        born = row["Tgl Lahir"]
        assert isinstance(born, date)
        if n in other and born.day != born.month:
            held["birth_date_order" if born.day > 12 else "date_day_month_swapped"] += 1
    counts = {"taken": 40 - held.total(), "quarantined": held.total()}
    data = text_file(lines, HEADS_B, written=day_first)
    return MadeFile(data, counts, dict(held), facts={"date_order": "D/M/Y"})


def mixed(rng: random.Random, names: Sequence[str], *, as_text: bool, extra_duplicates: int = 0) -> MadeFile:
    """One row of each named kind among healthy ones, as a workbook or as text, with some rows repeated."""
    rows = healthy_rows(len(names) + 30)
    places = rng.sample(range(len(rows)), len(names))
    plants = {place: PLANTS[name] for place, name in zip(places, names, strict=True)}
    healthy = [n for n in range(len(rows)) if n not in plants]
    again = rng.sample(healthy, extra_duplicates)

    def write(dirty: list[Row]) -> bytes:
        lines = [*dirty, *(dirty[n] for n in again)]
        return text_file(lines, HEADS_B, delimiter=rng.choice(";,|")) if as_text else workbook(lines, HEADS_B)

    made = planted(rows, plants, rng, write)
    counts = {**(made.counts or {}), "duplicate": extra_duplicates}
    reasons = {**(made.reasons or {}), **({"duplicate_row": extra_duplicates} if extra_duplicates else {})}
    return replace(made, counts=counts, reasons=reasons)


DIRT: Final[dict[str, Maker]] = {
    **{name: one_kind(plant) for name, plant in PLANTS.items()},
    "duplicates": with_duplicates,
    "blank rows": with_blank_rows,
    "NIKs as numbers": niks_as_numbers,
    "weights turned into dates": weights_as_dates,
    "weights turned into dates, disproved": weights_as_dates_disproved,
    "two orders of day and month": two_orders,
    "thousands marks": with_thousands,
    "numbers as text": numbers_as_text_in_a_workbook,
    "dates with a time of day": datetimes_in_a_workbook,
    "D/M/Y": in_text(dated("%d/%m/%Y"), order="D/M/Y"),
    "M/D/Y": in_text(dated("%m/%d/%Y"), order="M/D/Y"),
    "years of two digits": in_text(dated("%d-%m-%y"), order="D/M/Y"),
    "ISO dates": in_text(plain),
    "day numbers of Excel": in_text(serial_dates, order="serial"),
    "comma and dot in one file": in_text(mixed_marks),
    "non-breaking spaces": in_text(spaced),
    **{
        f"{encoding}, {name}": in_text(plain, delimiter=delimiter, encoding=encoding)
        for encoding in ("utf-8", "utf-8-sig", "utf-16", "cp1252", "mac_roman")
        for delimiter, name in ((";", "semicolon"), (",", "comma"), ("\t", "tab"), ("|", "bar"))
    },
}
