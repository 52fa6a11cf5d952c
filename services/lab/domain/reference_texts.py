"""Texts of what may be wrong with reference ranges; see `result_problems`."""

from __future__ import annotations

from typing import Final

REFERENCE_TEXTS: Final[dict[str, tuple[str, str, str, str]]] = {
    "band_empty": (
        "kelompok umur ini kosong", "this band of ages is empty",
        "Isi `to_months` lebih besar dari `from_months`; batas atas tidak termasuk.",
        "Give `to_months` above `from_months`; the end itself is outside."),
    "band_open": (
        "rentang tanpa batas", "a range without a limit",
        "Isi `low`, `high`, atau keduanya.", "Give `low`, `high` or both."),
    "band_reversed": (
        "batas bawah tidak di bawah batas atas", "the lower limit is not below the upper one",
        "Periksa `low` dan `high`.", "Check `low` and `high`."),
    "band_sexes": (
        "rentang hanya untuk satu jenis kelamin, atau campuran dengan rentang untuk keduanya",
        "ranges for one sex only, or mixed with ranges for both",
        "Kirim rentang untuk `male` dan `female`, atau semuanya tanpa `sex`.",
        "Send ranges for `male` and for `female`, or all of them without `sex`."),
    "band_hole": (
        "tidak ada rentang antara umur {end} dan {start} bulan", "no range between {end} and {start} months of age",
        "Kelompok umur harus bersambung: mulai dari {end}.", "Bands of age must join: begin at {end}."),
    "band_overlap": (
        "dua rentang untuk umur {start} sampai {end} bulan", "two ranges for {start} to {end} months of age",
        "Kelompok umur harus bersambung: mulai dari {end}.", "Bands of age must join: begin at {end}."),
    "range_not_later": (
        "sudah ada rentang yang berlaku sejak {day}", "there are ranges that hold from {day} on",
        "Isi `valid_from` sesudah {day}: rentang lama tidak diubah.",
        "Give a later `valid_from`: ranges are never changed in place."),
}  # fmt: skip
