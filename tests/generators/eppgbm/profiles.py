"""A maker for every profile of domain.md §7 and every way its heads may stand."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any, Final

from services.measurement.domain.cells import Cell
from tests.generators.eppgbm.made import MadeFile, Maker
from tests.unit.measurement.eppgbm_files import (
    B_PRIME,
    HEADS_A,
    HEADS_B,
    HEADS_B_PRIME,
    Row,
    dates_written,
    healthy_rows,
    raw_text,
    raw_workbook,
    scored,
    text_file,
    workbook,
)

LONG_HEADS: Final = {
    "NIK": "NIK Balita", "Nama": "Nama Balita", "JK": "Jenis Kelamin", "Tgl Lahir": "Tanggal Lahir",
    "BB Lahir": "Berat Badan Lahir (kg)", "TB Lahir": "Panjang Badan Lahir (cm)", "Nama Ortu": "Nama Orang Tua",
    "Prov": "Provinsi", "Kab/Kota": "Kabupaten/Kota", "Kec": "Kecamatan", "Pukesmas": "Puskesmas",
    "Desa/Kel": "Desa/Kelurahan", "Berat": "Berat (kg)", "Tinggi": "Tinggi (cm)", "LiLA": "LiLA (cm)",
    "ZS BB/U": "Z-Score BB/U", "ZS TB/U": "Z-Score TB/U", "ZS BB/TB": "Z-Score BB/TB", "Jml Vit A": "Jumlah Vitamin A",
}  # fmt: skip
KEPT_ASIDE: Final = ("Nomor KK", "Kelas Ibu Balita", "MBG", "Lingkar Kepala (cm)")
# Made up: the export of 2026 has 47 columns, of which only some names are known.
NOT_KNOWN: Final = (
    "No HP Orang Tua", "Status Imunisasi", "ASI Eksklusif", "MP-ASI", "Obat Cacing", "Rujukan", "Pendidikan Ibu",
    "Jaminan Kesehatan", "Penyakit Penyerta", "Petugas",
)  # fmt: skip


def of_profile(heads: list[str], profile: str, stops: tuple[str, ...] = (), *, csv: bool = False) -> Maker:
    """A clean file of one profile."""

    def make(rng: random.Random) -> MadeFile:
        rows = healthy_rows(rng.randint(21, 40))
        data = text_file(rows, heads, delimiter=";") if csv else workbook(rows, heads)
        return MadeFile(data, {"taken": len(rows)}, stops=list(stops), facts={"profile": profile})

    return make


def profile_c(rng: random.Random) -> MadeFile:
    """The raw dump before z-scores, under a line that says what it is."""
    heads = [head for head in HEADS_A if not head.startswith("ZS ") and head not in {"BB/U", "TB/U", "BB/TB"}]
    rows = healthy_rows(rng.randint(21, 40))
    data = workbook(rows, heads, before=[["DATA PENIMBANGAN BALITA BULAN FEBRUARI 2025"]])
    facts = {"profile": "C", "header_row": 2}
    return MadeFile(data, {"taken": len(rows)}, says=frozenset({"no_official_scores"}), facts=facts)


def profile_d(rng: random.Random) -> MadeFile:
    """47 columns with longer names; what rows have no place for is named and kept with the file."""
    heads = [*(LONG_HEADS.get(head, head) for head in HEADS_B), *KEPT_ASIDE, *NOT_KNOWN]
    assert len(heads) == 47
    rng.shuffle(heads)
    short = {long: head for head, long in LONG_HEADS.items()}
    rows = healthy_rows(rng.randint(21, 40))
    extra: Row = dict.fromkeys((*KEPT_ASIDE, *NOT_KNOWN), "Ya")
    lines = [[({**row, **extra})[short.get(head, head)] for head in heads] for row in rows]
    says = frozenset({"kept_aside", "unknown_columns"})
    return MadeFile(raw_workbook([heads, *lines]), {"taken": len(rows)}, says=says, facts={"profile": "D"})


def with_heads(change: Any, *, shuffled: bool = False) -> Maker:
    """Profile B with its heads written in another way, columns in any order."""

    def make(rng: random.Random) -> MadeFile:
        order = list(HEADS_B)
        if shuffled:
            rng.shuffle(order)
        rows = healthy_rows(rng.randint(5, 30))
        lines: list[list[Cell]] = [[change(head) for head in order], *([row[head] for head in order] for row in rows)]
        return MadeFile(raw_workbook(lines), {"taken": len(rows)}, facts={"profile": "B"})

    return make


def under_a_preamble(rng: random.Random) -> MadeFile:
    """Heads on line 5 and an empty line among those above."""
    above = [["PEMERINTAH KABUPATEN BATU BARA"], ["DINAS KESEHATAN"], [], ["Bulan: Februari 2025", "", "Tahun: 2025"]]
    rows = healthy_rows(rng.randint(5, 30))
    data = workbook(rows, before=above)
    return MadeFile(data, {"taken": len(rows)}, facts={"profile": "A", "header_row": 5})


def put_together(rng: random.Random) -> MadeFile:
    """Exports of several puskesmas under one another, each with its heads and blank lines behind."""
    lines: list[list[Cell]] = []
    rows = healthy_rows(36)
    size = rng.randint(8, 12)
    parts = [rows[:size], rows[size : 2 * size], rows[2 * size :]]
    blanks = rng.randint(1, 5)
    for part in parts:
        lines += [["No", *HEADS_A], *([f"{n}.", *(row[head] for head in HEADS_A)] for n, row in enumerate(part, 1))]
        lines += [[None] * 33 for _ in range(blanks)]
    counts = {"taken": 36, "blank": 2 + 2 * blanks}  # a workbook ends with its last written cell
    return MadeFile(raw_workbook(lines), counts, says=frozenset({"header_repeated"}), facts={"profile": "A"})


def with_closing_lines(rng: random.Random) -> MadeFile:
    """Totals, a remark, a signature and blank lines below the last child."""
    rows = healthy_rows(rng.randint(5, 30))
    total: list[Cell] = [None] * 32
    total[1], total[18], total[19] = "JUMLAH", 10.2 * len(rows), 85.0 * len(rows)
    place: list[Cell] = [None] * 32
    place[17] = "Sei Balai, akhir bulan"
    signed: list[Cell] = [None] * 32
    signed[15], signed[17] = "Kepala Puskesmas", "Petugas Gizi"
    lines: list[list[Cell]] = [
        [*HEADS_A],
        *([row[head] for head in HEADS_A] for row in rows),
        [None] * 32,
        total,
        [None] * 32,
        place,
        signed,
    ]
    return MadeFile(raw_workbook(lines), {"taken": len(rows), "blank": 5}, says=frozenset({"closing_lines"}))


def aggregates(rng: random.Random, *, wrong: int = 0, csv: bool = False) -> MadeFile:
    """Profile E: children counted by class for each desa, outliers apart, a line of totals below."""
    buckets = {
        "BB_U": ("Sangat_Kurang", "Kurang", "Normal", "Risiko_Lebih", "Outlier"),
        "TB_U": ("Sangat_Pendek", "Pendek", "Normal", "Tinggi", "Outlier"),
        "BB_TB": ("Gizi_Buruk", "Gizi_Kurang", "Gizi_Baik", "Risiko_Gizi_Lebih", "Gizi_Lebih", "Obesitas", "Outlier"),
    }
    heads = ["Provinsi", "Kab_Kota", "Kecamatan", "Puskesmas", "Desa", "Jumlah_Sasaran", "Jumlah_Diukur"]
    heads += [f"{index}_{bucket}" for index, names in buckets.items() for bucket in names]
    lines: list[list[Cell]] = []
    areas = rng.randint(4, 12)
    for number in range(areas):
        measured = rng.randint(30, 90)
        line: list[Cell] = ["SUMATERA UTARA", "BATU BARA", "SEI BALAI", "SEI BALAI", f"DESA {number}", 100, measured]
        for names in buckets.values():
            rest = [rng.randint(0, 4) for _ in names]
            rest[2] += measured - sum(rest)
            line += rest
        lines.append(line)
    totals = [sum(int(str(line[column])) for line in lines) for column in range(5, len(heads))]
    for line in lines[:wrong]:
        line[12] = int(str(line[12])) + 1  # TB_U_Sangat_Pendek
    sheet: list[list[Cell]] = [list(heads), *lines, ["JUMLAH", None, None, None, None, *totals]]
    says = {"aggregate_file", "aggregate_totals"} | (
        {"aggregate_sums_differ", "aggregate_total_line_differs"} if wrong else set()
    )
    return MadeFile(
        raw_text(sheet) if csv else raw_workbook(sheet),
        stops=["aggregate_file"],
        says=frozenset(says),
        facts={"profile": "E", "header_row": 1},
    )


def aggregates_that_do_not_add_up(rng: random.Random) -> MadeFile:
    """The same with a class changed by hand in two areas."""
    return aggregates(rng, wrong=2)


def aggregates_as_text(rng: random.Random) -> MadeFile:
    """The same as a text file."""
    return aggregates(rng, csv=True)


CHILD_HEADS: Final = ("NIK", "Nama", "JK", "Tgl Lahir", "Nama Ortu", "Desa/Kel", "Posyandu")
MONTHS: Final = ("Januari 2025", "Februari 2025", "Maret 2025")


def visits(rng: random.Random) -> tuple[list[Row], list[list[Row | None]], int]:
    """Children, their visits in three months (None: did not come), and how many visits there were."""
    children = healthy_rows(rng.randint(8, 20), measured_on=date(2025, 1, 14))
    came = [[_visit(child, month) if rng.random() < 0.8 else None for month in range(3)] for child in children]
    return children, came, sum(visit is not None for child in came for visit in child)


def _visit(child: Row, month: int) -> Row:
    day = date(2025, 1, 14) + timedelta(days=28 * month)
    weight, height = float(str(child["Berat"])) + 0.2 * month, float(str(child["Tinggi"])) + 0.6 * month
    return scored({**child, "Tanggal Pengukuran": day, "Berat": round(weight, 1), "Tinggi": round(height, 1)})


def wide_under_months(rng: random.Random) -> MadeFile:
    """Months in a joined cell above `Tgl Ukur, BB, TB`; the heads of the child are joined downwards."""
    children, came, count = visits(rng)
    above: list[Cell] = [*CHILD_HEADS]
    heads: list[Cell] = [None] * len(CHILD_HEADS)
    for month in MONTHS:
        above += [month, None, None]
        heads += ["Tgl Ukur", "BB", "TB"]
    lines: list[list[Cell]] = [["REGISTER POSYANDU MAWAR"], above, heads]
    for child, days in zip(children, came, strict=True):
        line = [child[head] for head in CHILD_HEADS]
        for day in days:
            line += [day["Tanggal Pengukuran"], day["Berat"], day["Tinggi"]] if day else [None, "-", "-"]
        lines.append(line)
    return MadeFile(
        raw_workbook(lines),
        {"taken": count, "blank": 3 * len(children) - count},
        says=frozenset({"wide_workbook"}),
        facts={"header_row": 3, "profile": "C"},
    )


def wide_under_dates(rng: random.Random) -> MadeFile:
    """The day of the posyandu above each block, no date column: that day is the visit's."""
    children, came, count = visits(rng)
    above: list[Cell] = [None] * len(CHILD_HEADS)
    heads: list[Cell] = [*CHILD_HEADS]
    for month in range(3):
        above += [date(2025, 1, 14) + timedelta(days=28 * month), None, None]
        heads += ["BB (kg)", "TB (cm)", "LiLA (cm)"]
    lines: list[list[Cell]] = [above, heads]
    for child, days in zip(children, came, strict=True):
        line = [child[head] for head in CHILD_HEADS]
        for day in days:
            line += [day["Berat"], day["Tinggi"], 14.5] if day else [None, None, 0]
        lines.append(line)
    return MadeFile(
        raw_workbook(lines),
        {"taken": count, "blank": 3 * len(children) - count},
        says=frozenset({"wide_workbook"}),
        facts={"header_row": 2, "date_order": "datetime"},
    )


def wide_by_suffix(rng: random.Random) -> MadeFile:
    """One line of heads: `Tgl Ukur Jan 2025`, `BB Jan 2025`, `TB Jan 2025` …, with the ministry's scores."""
    children, came, count = visits(rng)
    fields = {"Tgl Ukur": "Tanggal Pengukuran", "BB": "Berat", "TB": "Tinggi", "ZS BB/U": "ZS BB/U"}
    months = ("Jan 2025", "Feb 2025", "Mar 2025")
    lines: list[list[Cell]] = [[*CHILD_HEADS, *(f"{head} {month}" for month in months for head in fields)]]
    for child, days in zip(children, came, strict=True):
        line = [child[head] for head in CHILD_HEADS]
        for day in days:
            line += [day[ours] for ours in fields.values()] if day else [None] * 4
        lines.append(line)
    tally = {"checked": count, "equal": count}
    facts = {
        "profile": "A",
        "recompute": {"HAZ": {"checked": 0, "equal": 0}, "WAZ": tally, "WHZ": {"checked": 0, "equal": 0}},
    }
    blank = 3 * len(children) - count
    return MadeFile(raw_text(lines), {"taken": count, "blank": blank}, says=frozenset({"wide_workbook"}), facts=facts)


def wide_numbered(rng: random.Random) -> MadeFile:
    """The same heads again and again, each block with its own date."""
    children, came, count = visits(rng)
    lines: list[list[Cell]] = [[*CHILD_HEADS, *("Tanggal Ukur", "Berat", "Tinggi") * 3]]
    for child, days in zip(children, came, strict=True):
        line = [child[head] for head in CHILD_HEADS]
        for day in days:
            line += [day["Tanggal Pengukuran"], day["Berat"], day["Tinggi"]] if day else [None, 0, 0]
        lines.append(line)
    return MadeFile(
        raw_workbook(lines), {"taken": count, "blank": 3 * len(children) - count}, says=frozenset({"wide_workbook"})
    )


def wide_without_dates(rng: random.Random) -> MadeFile:
    """Months above, but no day anywhere: nothing is made up, nothing is taken, every visit is held back."""
    children, came, count = visits(rng)
    above: list[Cell] = [None] * len(CHILD_HEADS)
    for month in MONTHS:
        above += [month, None]
    lines: list[list[Cell]] = [above, [*CHILD_HEADS, *("BB", "TB") * 3]]
    for child, days in zip(children, came, strict=True):
        line = [child[head] for head in CHILD_HEADS]
        for day in days:
            line += [day["Berat"], day["Tinggi"]] if day else [None, None]
        lines.append(line)
    return MadeFile(
        raw_workbook(lines),
        {"quarantined": count, "blank": 3 * len(children) - count},
        reasons={"measured_on_missing": count},
        stops=["nothing_taken"],
        says=frozenset({"wide_workbook", "blocks_without_date"}),
    )


def b_in_text(rng: random.Random) -> MadeFile:
    """Profile B as a text file of an Indonesian spreadsheet: `;`, comma decimals, D/M/Y."""
    rows = healthy_rows(rng.randint(21, 40))
    day = dates_written("%d/%m/%Y")

    def written(cell: Cell) -> str:
        return str(cell).replace(".", ",") if isinstance(cell, float) else day(cell)

    facts = {"profile": "B", "delimiter": ";", "date_order": "D/M/Y"}
    return MadeFile(text_file(rows, HEADS_B, delimiter=";", written=written), {"taken": len(rows)}, facts=facts)


PROFILES: Final[dict[str, Maker]] = {
    "A, 32 columns": of_profile(HEADS_A, "A"),
    "A with No": of_profile(["No", *HEADS_A], "A"),
    "A with Detail": of_profile([*HEADS_A, "Detail"], "A", csv=True),
    "B, 33 columns": of_profile(HEADS_B, "B"),
    "B as Indonesian text": b_in_text,
    "B', without identity": of_profile(HEADS_B_PRIME, B_PRIME, ("no_identity",)),
    "C, raw dump": profile_c,
    "D, 47 columns": profile_d,
    "E, aggregates": aggregates,
    "E as text": aggregates_as_text,
    "E that does not add up": aggregates_that_do_not_add_up,
    "wide, months above": wide_under_months,
    "wide, dates above": wide_under_dates,
    "wide, months in the heads": wide_by_suffix,
    "wide, heads again": wide_numbered,
    "wide without dates": wide_without_dates,
    "lower snake heads": with_heads(lambda head: head.lower().replace(" ", "_").replace("/", "_")),
    "upper case heads in any order": with_heads(str.upper, shuffled=True),
    "heads with line breaks and NBSP": with_heads(lambda head: f" {head.replace(' ', chr(10))}\xa0"),
    "preamble of four lines": under_a_preamble,
    "exports put together": put_together,
    "closing lines": with_closing_lines,
}
