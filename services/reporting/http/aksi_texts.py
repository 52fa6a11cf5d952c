"""What is said of entries, cells and acts of the board that cannot be taken, and the refusals of whole requests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from shared.problems import FieldProblem, ProblemKind

# Problem and remedy, in Bahasa Indonesia and English.
TEXTS: Final[Mapping[str, tuple[str, str, str, str]]] = {
    "unknown_indicator": (
        "indikator tidak ada pada program tahun itu", "the programme of that year has no such indicator",
        "Pakai kode dari GET /v1/aksi/programmes.", "Use a code of GET /v1/aksi/programmes."),
    "unknown_desa": (
        "desa tidak ada di register wilayah itu", "the register of that area has no such desa",
        "Pakai kode Kemendagri bertitik dari desa di wilayah Anda.", "Use a dotted code of a desa in your area."),
    "negative": (
        "bilangan negatif", "the number is negative",
        "Isi 0 atau bilangan bulat yang lebih besar.", "Give 0 or a larger whole number."),
    "too_large": (
        "bilangan terlalu besar untuk satu desa", "the number is too large for one desa",
        "Periksa apakah ada angka yang terketik dua kali.", "Check whether a digit was typed twice."),
    "stale": (
        "isian berubah sejak dibaca", "the value has changed since it was read",
        "Baca isian yang sekarang, putuskan, lalu kirim dengan `seen` yang baru.",
        "Read the present value, decide, and send it with the new `seen`."),
    "reason_for_nothing": (
        "isian dikosongkan tanpa alasan", "left without a value and without a reason",
        "Isi bilangannya, atau `reason`: mengapa tidak diketahui.",
        "Give the number, or in `reason` why it is not known."),
    "reason_against_facts": (
        "berbeda dari angka pengukuran tanpa alasan", "differs from what was measured, without a reason",
        "Isi `reason`: mengapa angka ini yang benar. Keduanya tetap disimpan.",
        "Give in `reason` why this number is right. Both are kept."),
    "said_twice": (
        "isian yang sama ada dua kali dalam kiriman", "the same cell stands twice in the request",
        "Kirim satu nilai untuk tiap desa dan indikator.", "Send one value for each desa and indicator."),
    "unit_closed": (
        "sudah dikirim ke provinsi", "has been sent to the province",
        "Minta kabupaten membukanya dengan `gates:reopen`.", "Ask the kabupaten to open it by `gates:reopen`."),
    "own_entry": (
        "isian dibuat oleh akun ini sendiri", "this very account made an entry of it",
        "Mintalah orang lain memverifikasi.", "Have another person verify it."),
    "unit_incomplete": (
        "isian belum lengkap", "it is not complete",
        "Lengkapi isian yang masih kosong pada papan.", "Fill in what the board shows as missing."),
    "unknown_unit": (
        "bukan desa atau kecamatan dari aksi ini", "no desa or kecamatan of this action",
        "Pakai kode dari `blocking` pada papan.", "Use a code of `blocking` on the board."),
    "unit_is_draft": (
        "masih draf", "is a draft", "Verifikasi dahulu.", "Have it verified first."),
    "unit_is_revised": (
        "sedang diperbaiki",
        "is being revised",
        "Perbaiki lalu verifikasi kembali.",
        "Correct it and verify it again."),
    "unit_is_verified": (
        "sudah diverifikasi", "is verified", "Tidak ada yang perlu dilakukan.", "Nothing has to be done."),
    "unit_is_submitted": (
        "sudah dikirim", "has been submitted", "Tunggu reviu, atau minta kabupaten membukanya.",
        "Wait for the review, or ask the kabupaten to open it."),
    "unit_is_reviewed": (
        "sudah direviu", "has been reviewed", "Minta kabupaten membukanya bila perlu diubah.",
        "Ask the kabupaten to open it if it must change."),
    "not_a_whole_number": (
        "bukan bilangan bulat", "is not a whole number",
        "Isi bilangan bulat tanpa koma, titik, satuan atau persen.",
        "Give a whole number without decimals, unit or per cent sign."),
    "formula_without_value": (
        "rumus tanpa hasil tersimpan", "a formula without a stored result",
        "Buka berkas di aplikasi lembar kerja, simpan, lalu unggah lagi; atau isi angkanya.",
        "Open the file in a spreadsheet, save and upload it again; or give the number."),
    "row_missing": (
        "desa tidak ada di lembar", "the sheet has no row of this desa",
        "Tambahkan baris desa dengan kodenya, atau isi lewat API.", "Add a row with its code, or send it to the API."),
    "row_twice": (
        "desa ada dua kali di lembar", "the sheet has this desa twice",
        "Hapus salah satu baris.", "Remove one of the rows."),
    "row_unknown": (
        "baris bukan desa di wilayah itu", "the row is no desa of that area",
        "Periksa kode desa pada baris ini.", "Check the code of the desa in this row."),
    "sheet_missing": (
        "lembar tidak ada", "there is no such sheet",
        "Pakai berkas dari GET workbook, atau petakan templat.", "Use the file of GET workbook, or map the template."),
    "column_missing": (
        "kolom indikator tidak ditemukan", "no column of the indicator was found",
        "Sebut kolomnya dengan PUT mapping.", "Name the column by PUT mapping."),
    "areas_missing": (
        "baris desa tidak ditemukan", "no rows of desa were found",
        "Sebut kolom kode atau nama desa dengan PUT mapping.",
        "Name the column with codes or names of desa by PUT mapping."),
    "name_twice": (
        "dua desa bernama sama", "two desa have the same name",
        "Pakai kolom kode desa dalam pemetaan.", "Map a column with codes of desa."),
    "cell_is_formula": (
        "sel berisi rumus templat", "the cell holds a formula of the template",
        "Petakan kolom yang memang diisi.", "Map the column that is meant to be filled."),
    "cell_is_merged": (
        "sel bagian dari gabungan", "the cell is inside a merged one",
        "Petakan sel kiri atas gabungan.", "Map the upper left cell of the merged ones."),
    "indicator_code_form": (
        "kode indikator salah bentuk", "the code of the indicator has a wrong form",
        "Pakai huruf besar, angka, titik, paling banyak 16 tanda.", "Use capitals, digits, points, 16 signs at most."),
    "indicator_code_twice": (
        "kode indikator ada dua kali",
        "the code of the indicator stands twice",
        "Pakai kode lain.",
        "Use another code."),
    "aksi_takes_no_values": (
        "aksi tidak dikenal atau tanpa isian angka", "unknown action, or one that takes no values",
        "Pakai kode aksi dengan `entry` = desa.", "Use the code of an action whose `entry` is desa."),
    "indicator_text_missing": (
        "nama atau satuan kosong atau terlalu panjang", "name or unit is empty or too long", "Isi 1-200 tanda.",
        "Give 1-200 signs."),
    "unknown_source": (
        "sumber tidak dikenal", "the source is not known",
        "Pakai `typed`, atau `facts:` dengan nama dari GET /v1/aksi/programmes.",
        "Use `typed`, or `facts:` with a name of GET /v1/aksi/programmes."),
    "unknown_denominator": (
        "penyebut bukan indikator lain dari program", "the denominator is no other indicator of the programme",
        "Pakai kode indikator lain, atau kosongkan.", "Use the code of another indicator, or leave it empty."),
    "confirmed_missing": (
        "kolom terkonfirmasi harus ya atau tidak",
        "confirmed must be ya or tidak",
        "Isi ya atau tidak.",
        "Give ya or tidak."),
    "wrong_number_of_indicators": (
        "jumlah indikator tidak masuk akal", "the number of indicators makes no sense",
        "Isi 1 sampai 200 indikator.", "Give 1 to 200 indicators."),
    "macros": (
        "berkas berisi makro",
        "the file holds macros",
        "Simpan sebagai .xlsx tanpa makro.",
        "Save it as .xlsx without macros."),
    "not_a_workbook": (
        "bukan berkas .xlsx yang utuh",
        "is no sound .xlsx file",
        "Simpan ulang sebagai .xlsx.",
        "Save it again as .xlsx."),
    "workbook_too_large": (
        "isi berkas terlalu besar", "the content of the file is too large",
        "Hapus lembar dan sel yang tidak perlu.", "Remove sheets and cells that are not needed."),
}  # fmt: skip
AKSI_REFUSED: Final = ProblemKind(
    "aksi_refused", 422, "Isian aksi tidak dapat diterima", "The entry cannot be taken",
    "Perbaiki isian yang disebut di `errors`, lalu kirim ulang.", "Correct what `errors` names and send it again.",
)  # fmt: skip
UNKNOWN_YEAR: Final = ProblemKind(
    "unknown_year", 404, "Tidak ada program untuk tahun itu", "No programme has begun in that year",
    "Pakai tahun dari GET /v1/aksi/programmes sampai tahun depan.",
    "Use a year of GET /v1/aksi/programmes, up to next year.",
)  # fmt: skip
UNKNOWN_AKSI: Final = ProblemKind(
    "unknown_aksi", 404, "Aksi tidak dikenal", "Unknown action",
    "Pakai kode aksi dari GET /v1/aksi/programmes.", "Use the code of an action of GET /v1/aksi/programmes.",
)  # fmt: skip
AREA_NEEDED: Final = ProblemKind(
    "area_needed", 422, "Wilayah harus disebut", "An area must be named",
    "Sebut `area`: kabupaten, kecamatan atau desa di wilayah Anda.",
    "Name in `area` a kabupaten, kecamatan or desa of yours.",
)  # fmt: skip
REASONS_MISSING: Final = (
    "tidak ada alasan", "there is no reason",
    "Sebut apa yang harus diperbaiki: `text_id`, dan bila perlu desa dan indikatornya.",
    "Say what must be revised: `text_id`, and the desa and indicator where it is about one.",
)  # fmt: skip
NO_KECAMATAN: Final = (
    "bukan kecamatan dari kabupaten itu", "is no kecamatan of that kabupaten",
    "Pakai kode kecamatan kabupaten yang mengirim.", "Use codes of kecamatan of the kabupaten that has sent.",
)  # fmt: skip
AKSI_BLOCKED: Final = ProblemKind(
    "aksi_blocked", 409, "Belum dapat dikirim", "It cannot be sent yet",
    "Lihat `gate.blocked_by`: siapa yang ditunggu dan sejak kapan. Berkas kecamatan yang sudah siap dapat diunduh.",
    "See `gate.blocked_by`: who is waited for and since when. The workbook of those who are ready can be made.",
)  # fmt: skip
AKSI_SENT: Final = ProblemKind(
    "aksi_already_submitted", 409, "Sudah dikirim, tidak ada yang berubah", "It has been sent, and nothing has changed",
    "Tidak perlu dikirim lagi; `last_submission` menyebut kiriman itu. Untuk mengubahnya minta kabupaten membukanya "
    "dengan `gates:reopen`, perbaiki, verifikasi, lalu kirim.",
    "It need not be sent again; `last_submission` names what was sent. To change it have the kabupaten open it by "
    "`gates:reopen`, correct it, have it verified, then send.",
)  # fmt: skip
NOTHING_TO_REVIEW: Final = ProblemKind(
    "nothing_to_review", 409, "Kiriman ini tidak menunggu reviu", "This submission waits for no review",
    "Reviu kiriman yang terakhir.", "Review what was sent last.",
)  # fmt: skip
TEMPLATE_REFUSED: Final = ProblemKind(
    "workbook_refused", 422, "Berkas tidak dapat dipakai", "The workbook cannot be used",
    "Perbaiki yang disebut di `errors`, lalu unggah lagi.", "Correct what `errors` names and upload it again.",
)  # fmt: skip

# The same findings, said to who sees a sheet and not a request.
OF_A_CELL: Final[Mapping[str, tuple[str, str, str, str]]] = {
    "stale": (
        "orang lain mengubah isian ini sesudah berkas Anda dibuat",
        "somebody has changed this value since your workbook was made",
        "Angkanya dibiarkan, lihat `now`. Unduh berkas baru, isi angka yang benar di situ, lalu unggah.",
        "Theirs was left, see `now`. Download a new workbook, enter the right number there, then upload it."),
    "reason_for_nothing": (
        "isian dikosongkan tanpa alasan", "left without a value and without a reason",
        "Isi bilangannya di sel ini; atau unggah lagi dengan alasan (`?reason=...`) mengapa tidak diketahui.",
        "Give the number in this cell; or upload again with the reason (`?reason=...`) why it is not known."),
    "reason_against_facts": (
        "berbeda dari angka pengukuran tanpa alasan", "differs from what was measured, without a reason",
        "Unggah lagi dengan alasan (`?reason=...`), keduanya disimpan; atau kembalikan sel ini ke angka pengukuran.",
        "Upload again with the reason (`?reason=...`), both are kept; or put back the measured number in this cell."),
}  # fmt: skip


def told(field: str, code: str, value: str | float | None = None) -> FieldProblem:
    """A field problem by its code."""
    return FieldProblem(field, code, *TEXTS[code], value=value)


def told_of_cell(field: str, code: str, value: str | float | None = None) -> FieldProblem:
    """A problem of a cell of a workbook, with what to do there."""
    return FieldProblem(field, code, *OF_A_CELL.get(code, TEXTS[code]), value=value)
