"""The catalogue of what may be wrong with one row (texts: Bahasa Indonesia, then English)."""

from __future__ import annotations

from typing import Final

from services.measurement.domain.problem_kinds import Severity, Words


def _entries(severity: Severity, texts: dict[str, tuple[str, str, str, str]]) -> dict[str, Words]:
    return {code: Words(severity, *words) for code, words in texts.items()}


_CLICK_ID = "Terima usulan bila benar, atau ketik nilai dari KMS/buku KIA"
_CLICK_EN = "Accept the proposal if it is right, or type the value from the card"
_LOOK_ID = "Baris tetap diambil; periksa bila perlu"
_LOOK_EN = "The row is taken all the same; look at it if need be"
_EMPTIED_ID = "Baris tetap diambil dengan kolom ini dikosongkan"
_EMPTIED_EN = "The row is taken with this cell left empty"
_WRONG_VALUE_ID = "Ketik nilai dari KMS/buku KIA"
_WRONG_VALUE_EN = "Type the value from the card"

_HELD_BACK: Final = _entries(
    "error",
    {
        "no_identity": (
            "tidak ada NIK yang sah maupun nama", "Isi nama atau NIK 16 digit",
            "neither a valid NIK nor a name", "Fill in the name or the 16 digits of the NIK"),
        "nik_damaged": (
            "NIK rusak oleh spreadsheet (digit terakhir menjadi 0, 15 digit, atau bentuk 1,2E+15)",
            "Ketik ulang NIK 16 digit sebagai teks",
            "the NIK was damaged by a spreadsheet (last digits 0, 15 digits, or 1.2E+15)",
            "Type the 16 digits again, as text"),
        "sex_missing": (
            "jenis kelamin kosong", "Isi L atau P", "sex is missing", "Fill in L (male) or P (female)"),
        "sex_unknown": (
            "jenis kelamin tidak dikenal", "Isi L atau P", "sex is not understood", "Fill in L (male) or P (female)"),
        "birth_date_missing": (
            "tanggal lahir kosong", "Isi tanggal lahir", "birth date is missing", "Fill in the birth date"),
        "birth_date_unreadable": (
            "tanggal lahir tidak terbaca", "Tulis sebagai tahun-bulan-hari, misalnya 2024-03-31",
            "birth date cannot be read", "Write it as year-month-day, such as 2024-03-31"),
        "birth_date_impossible": (
            "tanggal lahir tidak ada di kalender", "Tulis tanggal yang benar",
            "birth date does not exist in the calendar", "Write the right date"),
        "birth_date_order": (
            "urutan hari/bulan tanggal lahir berbeda dari baris lain", _CLICK_ID,
            "day/month order of the birth date differs from the rest of the file", _CLICK_EN),
        "birth_in_future": (
            "tanggal lahir di masa depan", "Tulis tanggal lahir yang benar",
            "birth date lies in the future", "Write the right birth date"),
        "measured_on_missing": (
            "tanggal pengukuran kosong", "Isi tanggal pengukuran",
            "measurement date is missing", "Fill in the measurement date"),
        "measured_on_unreadable": (
            "tanggal pengukuran tidak terbaca", "Tulis sebagai tahun-bulan-hari, misalnya 2024-03-31",
            "measurement date cannot be read", "Write it as year-month-day, such as 2024-03-31"),
        "measured_on_impossible": (
            "tanggal pengukuran tidak ada di kalender", "Tulis tanggal yang benar",
            "measurement date does not exist in the calendar", "Write the right date"),
        "measured_on_order": (
            "urutan hari/bulan tanggal pengukuran berbeda dari baris lain", _CLICK_ID,
            "day/month order of the measurement date differs from the rest of the file", _CLICK_EN),
        "measured_in_future": (
            "tanggal pengukuran di masa depan", "Tulis tanggal pengukuran yang benar",
            "measurement date lies in the future", "Write the right measurement date"),
        "visit_after_death": (
            "pengukuran setelah anak tercatat meninggal", "Periksa kedua tanggal; yang salah dibetulkan",
            "the visit lies after the child's recorded death", "Check both dates and correct the wrong one"),
        "visit_after_departure": (
            "pengukuran setelah anak tercatat pindah keluar", "Bila anak kembali, hapus tanggal keluarnya lalu terima",
            "the visit lies after the child's recorded departure", "If the child is back, remove the departure"),
        "visit_before_birth": (
            "tanggal pengukuran sebelum tanggal lahir", "Periksa kedua tanggal",
            "measured before birth", "Check both dates"),
        "date_day_month_swapped": (
            "hari dan bulan tertukar: setelah ditukar, usia sesuai dengan Usia Saat Ukur", _CLICK_ID,
            "day and month are exchanged: the other way the age equals the stated age", _CLICK_EN),
        "nothing_measured": (
            "berat, tinggi, dan LiLA semuanya kosong", "Isi hasil ukur, atau hapus baris bila anak tidak diukur",
            "weight, height and arm circumference are all empty",
            "Fill in what was measured, or delete the row if nothing was"),
        "weight_unreadable": (
            "berat bukan angka", _WRONG_VALUE_ID, "weight is no number", _WRONG_VALUE_EN),
        "weight_in_grams": (
            "berat tampaknya dalam gram", _CLICK_ID, "weight seems to be in grams", _CLICK_EN),
        "weight_lost_decimal": (
            "koma desimal berat tampaknya hilang", _CLICK_ID,
            "the decimal point of the weight seems to be lost", _CLICK_EN),
        "weight_decimal_shifted": (
            "koma desimal berat tampaknya bergeser", _CLICK_ID,
            "the decimal point of the weight seems to have moved", _CLICK_EN),
        "weight_is_date": (
            "Excel mengubah berat menjadi tanggal, dan z-score resmi tidak membuktikan nilai asalnya", _CLICK_ID,
            "Excel turned the weight into a date, and the official z does not prove what it was", _CLICK_EN),
        "implausible_weight": (
            "berat di luar batas 0,9 sampai 58 kg", "Timbang ulang atau ketik nilai dari KMS/buku KIA",
            "weight is outside 0.9 to 58 kg", "Weigh again or type the value from the card"),
        "length_height_unreadable": (
            "tinggi bukan angka", _WRONG_VALUE_ID, "height is no number", _WRONG_VALUE_EN),
        "length_height_lost_decimal": (
            "koma desimal tinggi tampaknya hilang", _CLICK_ID,
            "the decimal point of the height seems to be lost", _CLICK_EN),
        "length_height_decimal_shifted": (
            "koma desimal tinggi tampaknya bergeser", _CLICK_ID,
            "the decimal point of the height seems to have moved", _CLICK_EN),
        "length_height_in_metres": (
            "tinggi tampaknya dalam meter", _CLICK_ID, "height seems to be in metres", _CLICK_EN),
        "implausible_length_height": (
            "tinggi di luar batas 38 sampai 150 cm", "Ukur ulang atau ketik nilai dari KMS/buku KIA",
            "height is outside 38 to 150 cm", "Measure again or type the value from the card"),
        "weight_height_swapped": (
            "berat dan tinggi tampaknya tertukar", _CLICK_ID, "weight and height seem to be swapped", _CLICK_EN),
        "cells_shifted": (
            "sel-sel baris ini tampaknya bergeser mulai kolom ini",
            "Geser kembali ke kolomnya; teks yang memuat pemisah harus diapit tanda kutip",
            "the cells of this row seem to stand beside their columns from here on",
            "Move them back; text with a delimiter in it needs quotation marks"),
        "unknown_desa": (
            "desa/kelurahan tidak ditemukan di register",
            "Periksa nama kecamatan dan desa, atau tentukan di daftar pemetaan",
            "the desa is not found in the register",
            "Check the names of kecamatan and desa, or decide it in the mapping list"),
        "ambiguous_desa": (
            "nama desa/kelurahan ini milik lebih dari satu desa", "Tulis Desa atau Kel. di depan namanya",
            "more than one desa has this name", "Write Desa or Kel. before the name"),
        "outside_area": (
            "desa di luar wilayah akun pengunggah", "Minta petugas wilayah itu mengunggahnya",
            "the desa is outside the area of the account", "Ask the staff of that area to send it"),
        "ambiguous_child": (
            "lebih dari satu anak terdaftar cocok dengan baris ini", "Isi NIK, atau gabungkan anak yang ganda",
            "more than one registered child fits this row", "Fill in the NIK, or merge the children that are one"),
        "cell_too_long": (
            "isi sel lebih dari 1.000 huruf", "Persingkat isi sel",
            "the cell holds more than 1,000 characters", "Shorten the cell"),
    },
)  # fmt: skip

_MARKED: Final = _entries(
    "warning",
    {
        "weight_from_date": (
            "Excel mengubah berat menjadi tanggal; dikembalikan dan z-score resminya cocok",
            "Simpan kolom Berat sebagai angka lain kali",
            "Excel turned the weight into a date; turned back, and its official z agrees",
            "Keep the weight column as numbers next time"),
        "duplicate_row": (
            "anak yang sama, hari yang sama, nilai yang sama dengan baris sebelumnya",
            "Tidak perlu tindakan; satu saja yang diambil",
            "same child, same day, same values as an earlier row", "Nothing to do; one of them is taken"),
    },
)  # fmt: skip

_NOTES: Final = _entries(
    "info",
    {
        "nik_malformed": (
            "NIK tidak sah; anak dikenali dari nama", "Baris tetap diambil tanpa NIK; lengkapi NIK bila ada",
            "the NIK is not valid; the child is known by name", "The row is taken without it; add the NIK if known"),
        "nik_birth_date_differs": (
            "tanggal di dalam NIK berbeda dari tanggal lahir", _LOOK_ID,
            "the date inside the NIK differs from the birth date", _LOOK_EN),
        "nik_parent_birth_date": (
            "NIK tampaknya milik orang tua", _LOOK_ID, "the NIK seems to be a parent's", _LOOK_EN),
        "nik_sex_differs": (
            "jenis kelamin di dalam NIK berbeda", _LOOK_ID, "the sex inside the NIK differs", _LOOK_EN),
        "nik_foreign_region": (
            "kode wilayah NIK dari daerah lain", _LOOK_ID, "the NIK was issued in another region", _LOOK_EN),
        "nik_repeated_digits": (
            "NIK berisi deret angka yang sama", _LOOK_ID, "the NIK repeats one digit many times", _LOOK_EN),
        "nik_shared": (
            "NIK yang sama dipakai anak lain di berkas ini", _LOOK_ID,
            "another child of this file has the same NIK", _LOOK_EN),
        "weight_missing": (
            "berat tidak ada", _LOOK_ID, "weight is missing", _LOOK_EN),
        "length_height_missing": (
            "tinggi tidak ada", _LOOK_ID, "height is missing", _LOOK_EN),
        "position_unknown": (
            "cara ukur tidak dikenal", _EMPTIED_ID, "the measurement position is not understood", _EMPTIED_EN),
        "muac_in_mm": (
            "LiLA tampaknya dalam milimeter", _EMPTIED_ID,
            "the arm circumference seems to be in millimetres", _EMPTIED_EN),
        "implausible_muac": (
            "LiLA di luar batas 6 sampai 35 cm", _EMPTIED_ID, "arm circumference is outside 6 to 35 cm", _EMPTIED_EN),
        "birth_weight_in_grams": (
            "berat lahir tampaknya dalam gram", _EMPTIED_ID, "birth weight seems to be in grams", _EMPTIED_EN),
        "birth_weight_lost_decimal": (
            "koma desimal berat lahir tampaknya hilang", _EMPTIED_ID,
            "the decimal point of the birth weight seems to be lost", _EMPTIED_EN),
        "implausible_birth_weight": (
            "berat lahir di luar batas 0,4 sampai 6,5 kg", _EMPTIED_ID,
            "birth weight is outside 0.4 to 6.5 kg", _EMPTIED_EN),
        "birth_length_decimal_shifted": (
            "koma desimal panjang lahir tampaknya bergeser", _EMPTIED_ID,
            "the decimal point of the birth length seems to have moved", _EMPTIED_EN),
        "implausible_birth_length": (
            "panjang lahir di luar batas 25 sampai 65 cm", _EMPTIED_ID,
            "birth length is outside 25 to 65 cm", _EMPTIED_EN),
        "optional_unreadable": (
            "isi kolom tidak terbaca", _EMPTIED_ID, "the cell cannot be read", _EMPTIED_EN),
        "official_score_impossible": (
            "z-score resmi melebihi ±20: bukan skor, periksa beratnya", _EMPTIED_ID,
            "the official z is beyond ±20: no score, look at the weight", _EMPTIED_EN),
        "official_class_unknown": (
            "status gizi resmi bukan istilah kolom ini", _EMPTIED_ID,
            "the official class is no word of this column", _EMPTIED_EN),
        "reported_letter_unknown": (
            "huruf kenaikan berat bukan N, T, O, atau B", _EMPTIED_ID,
            "the weight-gain letter is none of N, T, O, B", _EMPTIED_EN),
        "unmapped_posyandu": (
            "posyandu tidak ada di register desa itu",
            "Baris tetap diambil tanpa posyandu; tentukan di daftar pemetaan",
            "the posyandu is not in the register of that desa",
            "The row is taken without one; decide it in the mapping list"),
        "voided_before": (
            "pengukuran ini pernah dibatalkan", "Tetap batal; kirim koreksi bila ternyata benar",
            "this measurement was voided before", "It stays so; send a correction if it was right after all"),
        "over_sixty_months": (
            "usia 60 bulan atau lebih", "Baris tetap diambil, tanpa skor dan di luar angka",
            "60 months or older", "The row is taken, unscored and outside all figures"),
        "age_text_differs": (
            "Usia Saat Ukur tidak sesuai dengan kedua tanggal", _LOOK_ID,
            "the stated age does not follow from the two dates", _LOOK_EN),
        "recompute_differs": (
            "z-score resmi tidak sesuai dengan berat, tinggi, dan usia baris ini", _LOOK_ID,
            "the official z does not follow from the weight, height and age of the row", _LOOK_EN),
        "same_day_other_values": (
            "anak yang sama pada hari yang sama dengan nilai lain", "Keduanya diambil dan masuk daftar tinjau",
            "same child on the same day with other values", "Both are taken and go to the review list"),
    },
)  # fmt: skip

ROW_PROBLEMS: Final = {**_HELD_BACK, **_MARKED, **_NOTES}
