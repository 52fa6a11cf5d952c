"""Words of exported files, in Bahasa Indonesia and English."""
# ruff: noqa: RUF001 - people read these texts: a dash is a dash, a minus a minus

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

from shared.problems import Language

DEFINITIONS_FILE: Final = Path(__file__).parent / "definitions.toml"
_WORDS: Final[dict[str, tuple[str, str]]] = {
    # What a column or a row counts.
    "code": ("Kode", "Code"),
    "name": ("Wilayah", "Area"),
    "parent_name": ("Di dalam", "Within"),
    "level": ("Tingkat", "Level"),
    "period": ("Periode", "Period"),
    "official_target": ("Sasaran proyeksi", "Official target"),
    "target_children": ("Sasaran terdaftar (S)", "Registered target (S)"),
    "measured_children": ("Ditimbang (D)", "Weighed (D)"),
    "height_measured": ("Diukur panjang/tinggi", "Length/height measured"),
    "both_measured": ("Ditimbang dan diukur", "Weighed and measured"),
    "haz_measured": ("TB/U dinilai", "Height-for-age scored"),
    "stunted": ("Pendek", "Stunted"),
    "severely_stunted": ("Sangat pendek", "Severely stunted"),
    "haz_flagged": ("TB/U tak wajar", "Height-for-age flagged"),
    "waz_measured": ("BB/U dinilai", "Weight-for-age scored"),
    "underweight": ("Berat badan kurang", "Underweight"),
    "severely_underweight": ("Berat badan sangat kurang", "Severely underweight"),
    "waz_flagged": ("BB/U tak wajar", "Weight-for-age flagged"),
    "whz_measured": ("BB/TB dinilai", "Weight-for-height scored"),
    "wasted": ("Gizi kurang dan buruk", "Wasted"),
    "severely_wasted": ("Gizi buruk", "Severely wasted"),
    "overweight": ("Gizi lebih", "Overweight"),
    "whz_flagged": ("BB/TB tak wajar", "Weight-for-height flagged"),
    "oedema": ("Edema", "Oedema"),
    "gained": ("Naik (N)", "Gained (N)"),
    "not_gained": ("Tidak naik (T)", "Not gained (T)"),
    "not_weighed_before": ("Bulan lalu tidak ditimbang (O)", "Not weighed the month before (O)"),
    "first_weighing": ("Baru (B)", "First weighing (B)"),
    "gain_assessed": ("Kenaikan dinilai (D′)", "Gain assessed (D′)"),
    "twice_not_gained": ("Dua kali tidak naik (2T)", "Twice not gained (2T)"),
    "below_red_line": ("Bawah garis merah (BGM)", "Below the red line (BGM)"),
    "suspected": ("Terduga stunting", "Suspected of stunting"),
    "urgent": ("Perlu tindakan segera", "Need action at once"),
    "remeasured": ("Diukur ulang", "Measured again"),
    "lab_ordered": ("Lab diminta", "Laboratory ordered"),
    "lab_complete": ("Lab lengkap", "Laboratory complete"),
    "referred": ("Dirujuk", "Referred"),
    "in_care": ("Dalam tata laksana", "In care"),
    "recovered": ("Pulih", "Recovered"),
    "anaemia_known": ("Hemoglobin diketahui", "Haemoglobin known"),
    "anaemic": ("Anemia", "Anaemic"),
    "pending": ("Belum dinilai", "Not judged yet"),
    # What is told of a rate.
    "indicator": ("Indikator", "Indicator"),
    "numerator": ("Pembilang", "Numerator"),
    "denominator": ("Penyebut", "Denominator"),
    "share": ("Persentase", "Percentage"),
    "low": ("Batas bawah 95 %", "Lower bound 95%"),
    "high": ("Batas atas 95 %", "Upper bound 95%"),
    "interval_95": ("Rentang 95 %", "95% interval"),
    "coverage": ("Cakupan timbang (D/S)", "Coverage of weighing (D/S)"),
    "coverage_both": ("Cakupan timbang dan ukur", "Coverage of weight and height"),
    "label": ("Sebutan angka", "How it may be called"),
    "quality_grade": ("Mutu data", "Data quality"),
    "flagged_share": ("Nilai tak wajar", "Flagged scores"),
    "whole_cm_share": ("Tinggi bulat cm", "Whole-centimetre heights"),
    "stunted_shrunk": ("Pendek: ditarik ke angka bersama", "Stunted: drawn towards the common rate"),
    "stunted_standing": ("Pendek: kedudukan", "Stunted: standing"),
    "among_highest": ("termasuk yang tertinggi", "among the highest"),
    "among_lowest": ("termasuk yang terendah", "among the lowest"),
    "not_distinguishable": ("tidak dapat dibedakan", "not to be told from the others"),
    "suppressed": ("Disembunyikan", "Hidden"),
    "gained_share": ("N/D′", "N/D′"),
    # The cascade and lists of children.
    "step": ("Langkah", "Step"),
    "count": ("Anak", "Children"),
    "share_of_suspected": ("Dari terduga", "Of the suspected"),
    "median_days": ("Median hari", "Median days"),
    "child_id": ("Nomor anak", "Child's number"),
    "sex": ("Jenis kelamin", "Sex"),
    "age_months": ("Umur (bulan)", "Age (months)"),
    "desa_code": ("Kode desa", "Desa code"),
    "posyandu_code": ("Kode posyandu", "Posyandu code"),
    "tier": ("Status", "Status"),
    "priority": ("Prioritas", "Priority"),
    "reasons": ("Jumlah alasan", "Reasons"),
    "measured_on": ("Terakhir diukur", "Last measured on"),
    "haz": ("Z TB/U", "Height-for-age z"),
    "waz": ("Z BB/U", "Weight-for-age z"),
    "whz": ("Z BB/TB", "Weight-for-height z"),
    "baz": ("Z IMT/U", "BMI-for-age z"),
    "sex_male": ("laki-laki", "male"),
    "sex_female": ("perempuan", "female"),
    "tier_unknown": ("belum diketahui", "unknown"),
    "tier_low": ("rendah", "low"),
    "tier_watch": ("dipantau", "watch"),
    "tier_nutrition": ("gizi", "nutrition"),
    "tier_suspected": ("terduga", "suspected"),
    "tier_urgent": ("segera", "urgent"),
    "yes": ("ya", "yes"),
    "no": ("tidak", "no"),
    # Levels.
    "level_provinsi": ("provinsi", "province"),
    "level_kabupaten": ("kabupaten", "district"),
    "level_kecamatan": ("kecamatan", "kecamatan"),
    "level_desa": ("desa/kelurahan", "desa/kelurahan"),
    "level_kelurahan": ("kelurahan", "kelurahan"),
    "level_posyandu": ("posyandu", "posyandu"),
    "level_puskesmas": ("puskesmas", "puskesmas"),
    # Tables.
    "table_summary": ("Ringkasan", "Summary"),
    "table_provinsi": ("Provinsi", "Province"),
    "table_kabupaten": ("Kabupaten", "District"),
    "table_kecamatan": ("Kecamatan", "Kecamatan"),
    "table_desa": ("Desa", "Desa"),
    "table_posyandu": ("Posyandu", "Posyandu"),
    "table_puskesmas": ("Puskesmas", "Puskesmas"),
    "table_trend": ("Tren", "Trend"),
    "table_cascade": ("Kaskade", "Cascade"),
    "table_indicators": ("Indikator", "Indicators"),
    "table_doubts": ("Mutu data", "Data quality"),
    "table_definitions": ("Definisi", "Definitions"),
    "table_children": ("Daftar anak", "Children"),
    # Notes above a table.
    "as_known": ("Data yang diketahui sampai {day}", "Data known up to {day}"),
    "released": ("Angka rilis {day}, tetap untuk selamanya", "Figures as released on {day}, for good"),
    "data_hash": ("Sidik data {hash}", "Data fingerprint {hash}"),
    "page": ("Halaman", "Page"),
    "note_blank": (
        (
            "Kosong = tidak ada data, bukan nol. Abu-abu = disembunyikan: jumlahnya kecil, atau akan "
            "membuka jumlah kecil lain."
        ),
        "Empty = no data, not zero. Grey = hidden because the count is small, or would tell another small one.",
    ),
    "note_children": (
        "Tanpa nama dan NIK: petugas puskesmas menemukan anak dari nomornya.",
        "Without names and NIK: the staff of the puskesmas find a child by its number.",
    ),
    "reason": ("Mengapa tidak ada nilai", "Why there is no value"),
    "finding": ("Temuan", "Finding"),
    "posyandu": ("Posyandu", "Posyandu"),
    "next": ("Yang perlu dilakukan", "What to do"),
    "term": ("Istilah", "Term"),
    "meaning": ("Arti", "Meaning"),
}


class Definition(NamedTuple):
    """What a term of the files means."""

    term: str
    text_id: str
    text_en: str


@cache
def definitions() -> tuple[Definition, ...]:
    """Every definition, in the order of the file."""
    rows = tomllib.loads(DEFINITIONS_FILE.read_text(encoding="utf-8"))["definition"]
    return tuple(Definition(row["term"], row["id"], row["en"]) for row in rows)


def words(language: Language) -> dict[str, str]:
    """Every word in one language."""
    return {name: pair[0 if language == "id" else 1] for name, pair in _WORDS.items()}
