"""The catalogue of what may be wrong with a whole file (texts: Bahasa Indonesia, then English).

`{names}` in a text is filled in by the caller of `problems.file_message`.
"""

from __future__ import annotations

from typing import Final

from services.measurement.domain.problem_kinds import Severity, Words


def _entries(severity: Severity, texts: dict[str, tuple[str, str, str, str]]) -> dict[str, Words]:
    return {code: Words(severity, *words) for code, words in texts.items()}


_SAVE_AS_ID = "Buka di Excel lalu simpan sebagai .xlsx atau CSV"
_SAVE_AS_EN = "Open it in Excel and save it as .xlsx or CSV"
_CONFIRM_ID = "Periksa, lalu konfirmasi bila memang benar"
_CONFIRM_EN = "Check, then confirm if it is right after all"
_SOURCE_ID = "Periksa rekap itu pada sumbernya"
_SOURCE_EN = "Check these aggregates at their source"
_SPLIT_ID = "Pecah menjadi beberapa berkas"
_SPLIT_EN = "Split it into several files"

_STOPS: Final = _entries(
    "error",
    {
        "empty_file": (
            "Berkas kosong", "Unggah berkas ekspor yang berisi data", "The file is empty", "Send an export with data"),
        "file_too_large": (
            "Berkas lebih besar dari {limit_mb} MB", _SPLIT_ID, "The file is larger than {limit_mb} MB", _SPLIT_EN),
        "unpacked_too_large": (
            "Isi berkas setelah dibuka lebih besar dari {limit_mb} MB", _SPLIT_ID,
            "The unpacked file is larger than {limit_mb} MB", _SPLIT_EN),
        "compressed_too_much": (
            "Berkas mengembang lebih dari {limit} kali saat dibuka, tidak wajar untuk sebuah ekspor", _SAVE_AS_ID,
            "The file grows more than {limit} times when unpacked, which no export does", _SAVE_AS_EN),
        "too_many_rows": (
            "Lembar berisi lebih dari {limit} baris", _SPLIT_ID, "The sheet has more than {limit} rows", _SPLIT_EN),
        "too_many_columns": (
            "Lembar berisi lebih dari {limit} kolom", "Hapus kolom kosong di kanan lalu simpan lagi",
            "The sheet has more than {limit} columns", "Delete the empty columns on the right and save again"),
        "too_many_cells": (
            "Buku kerja berisi lebih dari {limit} sel", "Hapus lembar dan kolom yang tidak diperlukan, lalu simpan",
            "The workbook has more than {limit} cells", "Delete sheets and columns that are not needed, then save"),
        "not_a_workbook": (
            "Berkas tidak dapat dibaca sebagai buku kerja Excel", _SAVE_AS_ID,
            "The file cannot be read as an Excel workbook", _SAVE_AS_EN),
        "protected_workbook": (
            "Buku kerja dilindungi kata sandi", "Hapus kata sandinya di Excel, lalu simpan dan unggah lagi",
            "The workbook is protected by a password", "Remove the password in Excel, then save and send it again"),
        "not_a_table": (
            "Berkas bukan tabel (halaman web, PDF, atau gambar)", _SAVE_AS_ID,
            "The file is no table (a web page, PDF or picture)", _SAVE_AS_EN),
        "unclosed_quote": (
            "Tanda kutip yang tidak ditutup menelan baris-baris setelah baris {row}", "Hapus tanda kutip di baris itu",
            "An unclosed quotation mark swallows the rows after row {row}", "Delete the quotation mark in that row"),
        "no_visible_sheet": (
            "Semua lembar tersembunyi", "Tampilkan lembar yang berisi data, lalu simpan",
            "All sheets are hidden", "Show the sheet with the data, then save"),
        "header_not_found": (
            "Baris judul kolom tidak ditemukan pada baris 1 sampai 5", "Pastikan judul kolom e-PPGBM ada di atas data",
            "No header row was found in rows 1 to 5", "Make sure that the e-PPGBM column heads stand above the data"),
        "aggregate_file": (
            "Berkas ini rekap bulanan untuk {count} wilayah, bukan data per anak: tidak ada yang diambil",
            "Unggah ekspor e-PPGBM per anak; angka wilayah dihitung dari anak-anaknya",
            "The file holds monthly aggregates of {count} areas, no children: nothing of it is taken",
            "Send the per-child export of e-PPGBM; figures of areas follow from their children"),
        "unknown_profile": (
            "Kolom wajib tidak ada: {missing}", "Gunakan ekspor e-PPGBM per anak yang lengkap",
            "Required columns are missing: {missing}", "Use the complete per-child export of e-PPGBM"),
        "duplicate_header": (
            "Judul kolom ganda: {columns}", "Hapus atau ganti nama salah satunya",
            "Column heads occur twice: {columns}", "Delete or rename one of them"),
        "no_rows": (
            "Tidak ada satu baris pun di bawah judul kolom", "Unggah berkas ekspor yang berisi data",
            "There is no row below the column heads", "Send an export with data"),
        "nothing_taken": (
            "Tidak ada baris yang dapat diambil", "Perbaiki baris pada berkas kesalahan lalu unggah lagi",
            "No row can be taken", "Mend the rows of the error file and send it again"),
        "no_identity": (
            "Berkas tanpa NIK dan tanpa nama: hanya didiagnosis, tidak diimpor",
            "Unggah ekspor yang memuat NIK atau Nama",
            "The file has neither NIK nor name: it is diagnosed only, not imported",
            "Send an export with NIK or name"),
        "does_not_recompute": (
            ("{index}: {failed} dari {checked} z-score resmi ({percent} %) tidak sesuai dengan nilai barisnya, "
            "antara baris {first} dan {last}"), _CONFIRM_ID,
            ("{index}: {failed} of {checked} official z-scores ({percent} %) do not follow from the values of their "
            "row, between rows {first} and {last}"), _CONFIRM_EN),
        "columns_sorted_apart": (
            ("Kolom {columns} berurutan naik/turun sedangkan z-score tidak cocok: kolom tampaknya diurutkan terpisah "
            "dari barisnya"), "Batalkan pengurutan, atau ekspor ulang dari e-PPGBM",
            ("Column {columns} is sorted while the z-scores do not fit: it seems to have been sorted apart from its "
            "rows"), "Undo the sorting, or export again from e-PPGBM"),
        "columns_shifted": (
            "Pada {count} dari {rows} baris sel-selnya bergeser terhadap judul kolom",
            "Luruskan sel dengan judulnya, atau ekspor ulang dari e-PPGBM",
            "In {count} of {rows} rows the cells stand beside their column heads",
            "Line up cells and heads, or export again from e-PPGBM"),
        "column_moved": (
            ("Kolom {column} tampaknya bergeser satu baris antara baris {first} dan {last}: digeser kembali, z-score "
            "cocok"),
            "Geser kembali kolom itu, atau ekspor ulang dari e-PPGBM",
            ("Column {column} seems to have moved by one row between rows {first} and {last}: moved back, the z-scores "
            "fit"),
            "Move the column back, or export again from e-PPGBM"),
        "values_do_not_fit": (
            ("{percent} % dari {checked} baris tidak mungkin ada pada seorang anak: berat, tinggi, dan usia tampaknya "
            "bukan dari baris yang sama"), _CONFIRM_ID,
            ("{percent} % of {checked} rows are possible for no child: weight, height and age do not seem to be of the "
            "same rows"), _CONFIRM_EN),
        "date_order_unproven": (
            "Urutan hari dan bulan tidak dapat dipastikan dari berkas ini; dibaca hari/bulan/tahun", _CONFIRM_ID,
            "Nothing in this file tells day from month; read as day/month/year", _CONFIRM_EN),
    },
)  # fmt: skip

_WARNINGS: Final = _entries(
    "warning",
    {
        "only_stunted": (
            ("Semua {count} anak berstatus pendek: ini cuplikan anak stunting, bukan seluruh sasaran; cakupan tidak "
            "diketahui"), "Jangan dipakai untuk menghitung persentase; unggah juga ekspor seluruh anak yang diukur",
            ("All {count} children are stunted: this is an extract of stunted children, not the whole target; coverage "
            "is unknown"), "Do not compute shares from it; send the export of all measured children, too"),
        "no_official_scores": (
            "Berkas tidak memuat z-score resmi, sehingga nilainya tidak dapat diuji",
            "Bila ada, gunakan ekspor yang memuat kolom ZS",
            "The file states no official z-scores, so its values cannot be tested",
            "Use an export with the ZS columns if there is one"),
        "hidden_sheets": (
            "Lembar tersembunyi tidak dibaca: {sheets}", "Tampilkan bila berisi data yang diperlukan",
            "Hidden sheets are not read: {sheets}", "Show them if they hold data that is needed"),
        "other_sheets": (
            "Lembar lain tidak dibaca: {sheets}", "Unggah sebagai berkas terpisah bila berisi data",
            "Other sheets are not read: {sheets}", "Send them as files of their own if they hold data"),
        "header_repeated": (
            "{count} baris judul kolom berulang di tengah data; dihitung sebagai baris kosong",
            "Tidak perlu tindakan",
            "{count} header rows repeated among the data; counted as blank", "Nothing to do"),
        "blocks_without_date": (
            "Blok bulan tidak memuat tanggal pengukuran, dan tanggal tidak pernah dikarang",
            "Tambahkan kolom Tgl Ukur pada setiap blok, atau tulis tanggal lengkap di atas blok",
            "The month blocks state no measurement date, and dates are never made up",
            "Add a column Tgl Ukur to every block, or write the whole date above the block"),
        "aggregate_sums_differ": (
            "{index}: jumlah kategori tidak sama dengan totalnya pada baris {lines}", _SOURCE_ID,
            "{index}: the classes do not add up to their total in rows {lines}", _SOURCE_EN),
        "aggregate_total_line_differs": (
            "{index}: baris jumlah di akhir tabel tidak sama dengan jumlah baris-baris di atasnya",
            _SOURCE_ID,
            "{index}: the closing line of totals is not the sum of the rows above", _SOURCE_EN),
        "aggregate_unreadable": (
            "{count} sel jumlah bukan bilangan bulat, pada baris {lines}", _SOURCE_ID,
            "{count} counts are no whole numbers, in rows {lines}", _SOURCE_EN),
        "closing_lines": (
            ("Baris {lines} di bawah anak terakhir berisi jumlah, catatan, atau tanda tangan; dihitung sebagai baris "
            "kosong"),
            "Bila sebenarnya anak, lengkapi JK, tanggal lahir, dan tanggal pengukurannya",
            "Rows {lines} below the last child hold totals, remarks or signatures; counted as blank",
            "If one is a child after all, fill in its sex, birth date and measurement date"),
    },
)  # fmt: skip

_INFO: Final = _entries(
    "info",
    {
        "summary": (
            ("{taken} baris akan diambil, {repaired} diperbaiki, {quarantined} ditahan, {duplicate} ganda, "
            "{blank} kosong, dari {rows} baris"), "Belum ada yang disimpan",
            ("{taken} rows will be taken, {repaired} repaired, {quarantined} held back, {duplicate} duplicate, "
            "{blank} blank, of {rows} rows"), "Nothing has been stored yet"),
        "unknown_columns": (
            "Kolom tidak dikenal, tidak dibaca dan tetap tersimpan dalam berkas: {columns}", "Tidak perlu tindakan",
            "Unknown columns, not read and kept with the file: {columns}", "Nothing to do"),
        "aggregate_totals": (
            "{index}: {buckets}; jumlah {children} anak, diuji pada {checked} baris", "Tidak perlu tindakan",
            "{index}: {buckets}; {children} children in all, checked in {checked} rows", "Nothing to do"),
        "wide_workbook": (
            "Buku kerja melebar dengan {count} blok bulan ({blocks}): setiap anak dan bulan dibaca sebagai satu baris",
            "Tidak perlu tindakan",
            "A wide workbook with {count} month blocks ({blocks}): every child and month is read as one row",
            "Nothing to do"),
        "kept_aside": (
            "Kolom dikenal yang belum dipakai, tetap tersimpan dalam berkas: {columns}", "Tidak perlu tindakan",
            "Known columns that are not used yet, kept with the file: {columns}", "Nothing to do"),
    },
)  # fmt: skip

FILE_PROBLEMS: Final = {**_STOPS, **_WARNINGS, **_INFO}

# What a person may overrule by confirming; everything else that stops a file has to be mended in the file.
CONFIRMABLE: Final = frozenset({
    "does_not_recompute", "columns_sorted_apart", "columns_shifted", "column_moved", "values_do_not_fit",
    "date_order_unproven",
})  # fmt: skip
