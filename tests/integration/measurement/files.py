"""Small e-PPGBM files: profile A with the columns that matter, as CSV."""

from __future__ import annotations

import csv
import io
from typing import Any

HEADS = (
    *("NIK", "Nama", "JK", "Tgl Lahir", "BB Lahir", "TB Lahir", "Nama Ortu", "Prov", "Kab/Kota", "Kec", "Pukesmas"),
    *("Desa/Kel", "Posyandu", "RT", "RW", "Alamat", "Usia Saat Ukur", "Tanggal Pengukuran", "Berat", "Tinggi"),
    *("Cara Ukur", "LiLA", "BB/U", "ZS BB/U", "TB/U", "ZS TB/U", "BB/TB", "ZS BB/TB", "Naik Berat Badan"),
    *("PMT Diterima (kg)", "Jml Vit A", "KPSP", "KIA"),
)
PLAIN = {
    "NIK": "1219014507230003",
    "Nama": "Citra Lestari",
    "JK": "P",
    "Tgl Lahir": "2023-07-05",
    "Nama Ortu": "Siti Rahayu",
    "Prov": "SUMATERA UTARA",
    "Kab/Kota": "BATU BARA",
    "Kec": "MEDANG DERAS",
    "Pukesmas": "MEDANG DERAS",
    "Desa/Kel": "LALANG",
    "Posyandu": "MELATI",
    "Alamat": "Dusun Tiga Kenari",
    "Tanggal Pengukuran": "2025-07-05",
    "Berat": "10.4",
    "Tinggi": "81.5",
    "Cara Ukur": "Berdiri",
    "Naik Berat Badan": "N",
}


def row(**changes: Any) -> dict[str, Any]:
    """A plain row with other values: `nik`, `name`, `sex`, `born`, `day`, `kg`, `cm`, `desa`, `posyandu`, `kec`."""
    heads = {
        "nik": "NIK", "name": "Nama", "sex": "JK", "born": "Tgl Lahir", "day": "Tanggal Pengukuran", "kg": "Berat",
        "cm": "Tinggi", "desa": "Desa/Kel", "posyandu": "Posyandu", "kec": "Kec",
    }  # fmt: skip
    return {**PLAIN, **{heads[name]: value for name, value in changes.items()}}


def children(count: int, **changes: Any) -> list[dict[str, Any]]:
    """Rows of so many different children."""
    return [
        row(nik=f"12190145072300{n:02d}" if n else "1219014507239999", name=_name(n), **changes) for n in range(count)
    ]


def _name(number: int) -> str:
    letters = "abcdefghij"
    return "Anak " + "".join(letters[int(digit)] for digit in str(number))


def csv_file(rows: list[dict[str, Any]]) -> bytes:
    """The rows as a CSV export."""
    out = io.StringIO()
    writer = csv.DictWriter(out, HEADS, restval="", delimiter=";")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()
