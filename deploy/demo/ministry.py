"""One puskesmas' weighings as the e-PPGBM export lays them out: its columns, words and classes (domain.md §7)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from deploy.demo import growth
from deploy.demo.children import date_parts
from deploy.demo.growth import Floats, Ints
from deploy.demo.visits import Visits
from deploy.demo.world import World

Cell = str | int | float | None
Columns = dict[str, list[Cell]]

#: Profile A, 32 columns; "Pukesmas" is how the export spells it.
PROFILE_A: Final = (
    "NIK", "Nama", "JK", "Tgl Lahir", "BB Lahir", "TB Lahir", "Nama Ortu", "Prov", "Kab/Kota", "Kec", "Pukesmas",
    "Desa/Kel", "Posyandu", "RT", "RW", "Alamat", "Usia Saat Ukur", "Tanggal Pengukuran", "Berat", "Tinggi", "LiLA",
    "BB/U", "ZS BB/U", "TB/U", "ZS TB/U", "BB/TB", "ZS BB/TB", "Naik Berat Badan", "PMT Diterima (kg)", "Jml Vit A",
    "KPSP", "KIA",
)  # fmt: skip
#: Profile B adds the position after the height.
PROFILE_B: Final = (*PROFILE_A[:20], "Cara Ukur", *PROFILE_A[20:])
DATE_COLUMNS: Final = ("Tgl Lahir", "Tanggal Pengukuran")
EXCEL_DAYS: Final = 25_569  # from 1899-12-30, where a spreadsheet starts to count, to 1970-01-01
DISTRICT_NAME: Final = "BATU BARA"
NOTHING: Final = "-"


@dataclass(frozen=True)
class Classes:
    """Cut-offs (a z below the n-th has the n-th label) and labels of one index, Permenkes 2/2020."""

    cuts: tuple[float, ...]
    labels: tuple[str, ...]

    def of(self, z: Floats) -> list[Cell]:
        """The label of each z, `-` without one. A z on a cut belongs above it below zero, below it above zero."""
        place = np.zeros(z.size, dtype=np.int64)
        for cut in self.cuts:
            place += (z >= cut) if cut < 0 else (z > cut)
        words = np.array((*self.labels, NOTHING))
        found: list[Cell] = words[np.where(np.isnan(z), len(self.labels), place)].tolist()
        return found


WEIGHT_FOR_AGE: Final = Classes(
    (-3, -2, 1), ("Sangat Kurang", "Kurang", "Berat Badan Normal", "Risiko Berat badan lebih")
)
LENGTH_FOR_AGE: Final = Classes((-3, -2, 3), ("Sangat Pendek", "Pendek", "Normal", "Tinggi"))
WEIGHT_FOR_LENGTH: Final = Classes(
    (-3, -2, 1, 2, 3), ("Gizi Buruk", "Gizi Kurang", "Gizi Baik", "Risiko Gizi Lebih", "Gizi Lebih", "Obesitas")
)


def age_texts(birth_day: Ints, measured_day: Ints) -> list[Cell]:
    """`4 Tahun - 2 Bulan - 6 Hari` by the calendar; `-` before birth."""
    birth_year, birth_month, birth_in_month = date_parts(birth_day)
    year, month, in_month = date_parts(measured_day)
    months = (year - birth_year) * 12 + month - birth_month - (in_month < birth_in_month)
    anchor_month = birth_day.astype("datetime64[D]").astype("datetime64[M]") + months
    length = ((anchor_month + 1).astype("datetime64[D]") - anchor_month.astype("datetime64[D]")).astype(np.int64)
    anchor = anchor_month.astype("datetime64[D]").astype(np.int64) + np.minimum(birth_in_month, length) - 1
    days = measured_day - anchor
    return [
        f"{whole // 12} Tahun - {whole % 12} Bulan - {rest} Hari" if whole >= 0 else NOTHING
        for whole, rest in zip(months.tolist(), days.tolist(), strict=True)
    ]


def rescored(world: World, visits: Visits) -> tuple[Floats, Floats, Floats]:
    """haz, waz and whz of the values as they now stand in `visits`."""
    people = world.children
    age = visits.measured_day - people.birth_day[visits.child]
    capped = np.clip(age, -1, growth.LAST_DAY + 1)
    scores = growth.official_scores(
        people.sex[visits.child], capped, visits.weight_kg, visits.length_height_cm, visits.standing
    )
    return scores.haz, scores.waz, scores.whz


def columns_of(world: World, visits: Visits) -> Columns:
    """Every column of profile B, one clean cell a weighing. Dates stay day numbers until the file's style is known."""
    people, district = world.children, world.district
    child = visits.child.tolist()
    posts = [district.posyandu[index] for index in visits.posyandu.tolist()]
    names = {area.code: area.name.upper() for area in district.areas}
    centres = {code: centre.name.upper() for centre in district.puskesmas for code in centre.desa_codes}
    columns: Columns = {
        "NIK": [people.nik[c] for c in child],
        "Nama": [people.name[c] for c in child],
        "JK": ["P" if female else "L" for female in people.sex[visits.child].tolist()],
        "Tgl Lahir": people.birth_day[visits.child].tolist(),
        "BB Lahir": people.birth_weight_kg[visits.child].tolist(),
        "TB Lahir": people.birth_length_cm[visits.child].tolist(),
        "Nama Ortu": [people.mother[c] for c in child],
        "Prov": [names["12"]] * visits.count,
        "Kab/Kota": [DISTRICT_NAME] * visits.count,
        "Kec": [names[post.desa_code[:8]] for post in posts],
        "Pukesmas": [centres[post.desa_code] for post in posts],
        "Desa/Kel": [names[post.desa_code] for post in posts],
        "Posyandu": [post.name.upper() for post in posts],
        "RT": [c % 7 + 1 for c in child],
        "RW": [c % 4 + 1 for c in child],
        "Alamat": [f"DUSUN {'I' * (c % 3 + 1)}" for c in child],
    }
    columns.update(_measured_columns(world, visits))
    return columns


def _measured_columns(world: World, visits: Visits) -> Columns:
    """The columns from `Usia Saat Ukur` on."""
    return {
        "Usia Saat Ukur": age_texts(world.children.birth_day[visits.child], visits.measured_day),
        "Tanggal Pengukuran": visits.measured_day.tolist(),
        "Berat": _numbers(visits.weight_kg),
        "Tinggi": _numbers(visits.length_height_cm),
        "Cara Ukur": ["Berdiri" if standing else "Terlentang" for standing in visits.standing.tolist()],
        "LiLA": _numbers(visits.muac_cm),
        "BB/U": WEIGHT_FOR_AGE.of(visits.waz),
        "ZS BB/U": _numbers(visits.waz),
        "TB/U": LENGTH_FOR_AGE.of(visits.haz),
        "ZS TB/U": _numbers(visits.haz),
        "BB/TB": WEIGHT_FOR_LENGTH.of(visits.whz),
        "ZS BB/TB": _numbers(visits.whz),
        "Naik Berat Badan": visits.letter.tolist(),
        "PMT Diterima (kg)": [kg or NOTHING for kg in visits.pmt_kg.tolist()],
        "Jml Vit A": visits.vitamin_a.tolist(),
        "KPSP": [NOTHING] * visits.count,
        "KIA": world.children.growth_card[visits.child].tolist(),
    }


def _numbers(values: NDArray[np.float64]) -> list[Cell]:
    """Floats as cells, an empty cell for NaN."""
    return [None if value != value else value for value in values.tolist()]  # noqa: PLR0124 - NaN is not itself


def rows_of(columns: Columns, order: Sequence[str]) -> list[tuple[Cell, ...]]:
    """The cells row by row, in the order of a profile's columns."""
    return list(zip(*(columns[name] for name in order), strict=True))
