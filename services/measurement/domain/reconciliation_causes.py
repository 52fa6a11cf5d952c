"""Why a row of the ministry's file and our measurement differ, or stand alone: every row has exactly one cause."""

from __future__ import annotations

from typing import Final

from services.measurement.domain.problem_kinds import Words

SAME: Final = "same"
AGE: Final = "age"
POSITION: Final = "position"
LOST_POSITION: Final = "lost_position"
ROUNDING: Final = "rounding"
SEX: Final = "sex"
MONTH_TABLE: Final = "month_table"
SHIFTED_COLUMN: Final = "shifted_column"
EDITED: Final = "edited"
DUPLICATE: Final = "duplicate"
MISSING_HERE: Final = "missing_here"
MISSING_THERE: Final = "missing_there"
NOT_COMPARED: Final = "not_compared"

CAUSES: Final = {
    SAME: Words("info", "sama", "Tidak perlu tindakan", "the same", "Nothing to do"),
    AGE: Words(
        "warning", "umur berbeda: tanggal lahir atau tanggal ukur tidak sama", "Periksa tanggal di KMS/buku KIA",
        "another age: birth date or day of the visit is not the same", "Check the dates on the card"),
    POSITION: Words(
        "warning", "selisih 0,7 cm: cara ukur dihitung lain (terlentang atau berdiri)", "Periksa cara ukurnya",
        "0.7 cm: the position was reckoned otherwise (lying or standing)", "Check how the child was measured"),
    LOST_POSITION: Words(
        "warning", "cara ukur hanya ada di satu sisi", "Lengkapi cara ukur di sisi yang kosong",
        "only one side knows the position", "Add the position where it is missing"),
    ROUNDING: Words(
        "info", "hanya pembulatan", "Tidak perlu tindakan", "rounding only", "Nothing to do"),
    SEX: Words(
        "warning", "jenis kelamin berbeda", "Periksa jenis kelamin anak", "another sex", "Check the child's sex"),
    MONTH_TABLE: Words(
        "info", "z-score mereka dari tabel bulan kartu, bukan umur dalam hari", "Tidak perlu tindakan",
        "their z is of the card's month table, not of the age in days", "Nothing to do"),
    SHIFTED_COLUMN: Words(
        "error", "kolom tertukar atau bergeser dari barisnya", "Periksa kolom berkas itu; jangan dipakai begitu saja",
        "columns are exchanged or shifted against their rows", "Check the columns of that file before using it"),
    EDITED: Words(
        "warning", "nilai diubah di salah satu sisi", "Bandingkan dengan KMS/buku KIA, lalu koreksi yang salah",
        "a value was changed on one side", "Compare with the card and correct the wrong one"),
    DUPLICATE: Words(
        "warning", "anak dan hari yang sama sudah ada di berkas itu", "Hapus salah satunya di e-PPGBM",
        "the file has this child and day already", "Remove one of them in e-PPGBM"),
    MISSING_HERE: Words(
        "warning", "ada di e-PPGBM, tidak ada di sini", "Unggah berkasnya, atau daftarkan anaknya",
        "in e-PPGBM, not here", "Upload the file, or register the child"),
    MISSING_THERE: Words(
        "warning", "ada di sini, tidak ada di e-PPGBM", "Masukkan ke e-PPGBM dengan ekspor",
        "here, not in e-PPGBM", "Enter it into e-PPGBM from an export"),
    NOT_COMPARED: Words(
        "info", "tidak dapat dibandingkan; alasannya di `reasons`", "Lihat alasannya",
        "cannot be compared; `reasons` say why", "Look at the reasons"),
}  # fmt: skip
