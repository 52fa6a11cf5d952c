"""Texts of what may be wrong with a row of the catalogue, shipped or the district's own; see `result_problems`."""

from __future__ import annotations

from typing import Final

CATALOGUE_TEXTS: Final[dict[str, tuple[str, str, str, str]]] = {
    "field_missing": (
        "`{name}` tidak diisi", "`{name}` is missing",
        "Pemeriksaan baru memerlukan semua isian wajib.", "A new test needs every required field."),
    "kind_unknown": (
        "jenis bukan quantity atau findings", "kind is not quantity or findings",
        "Pakai `quantity` (angka bersatuan) atau `findings` (temuan).",
        "Use `quantity` (a number with its unit) or `findings`."),
    "findings_without_unit": (
        "pemeriksaan temuan memerlukan daftar temuan dan tidak punya satuan",
        "a findings test needs findings, and has no unit",
        "Isi `findings` dan hapus `units`.", "Give `findings` and leave `units` out."),
    "findings_alike": (
        "dua temuan ditulis sama", "two findings are written alike",
        "Setiap nama dan alias hanya milik satu temuan.", "Every name and alias belongs to one finding."),
    "findings_one_code": (
        "dua temuan berkode sama", "two findings have one code",
        "Beri setiap temuan kodenya sendiri.", "Give every finding a code of its own."),
    "canonical_not_among": (
        "satuan baku tidak ada di antara satuan, dengan faktor 1",
        "the canonical unit is not among the units, with factor 1",
        "Sertakan satuan baku di `units`, tanpa `times` dan `over`.",
        "Have the canonical unit in `units`, without `times` and `over`."),
    "unit_factor": (
        "faktor satuan {unit} bukan angka positif", "the factor of the unit {unit} is no positive number",
        "Nilai baku = nilai laporan * `times` / `over`.", "Canonical value = reported value * `times` / `over`."),
    "unit_factor_wrong": (
        "faktor satuan {unit} tidak mungkin: awalan satuannya berarti {factor}",
        "the factor of the unit {unit} cannot be: its prefixes say {factor}",
        "Periksa `times` dan `over`: semua jalan antara dua satuan harus memberi faktor yang sama.",
        "Check `times` and `over`: every way between two units must give the same factor."),
    "units_alike": (
        "dua satuan ditulis sama", "two units are written alike",
        "Setiap nama dan alias hanya milik satu satuan.", "Every name and alias belongs to one unit."),
    "loinc_invalid": (
        "kode LOINC ini salah angka pemeriksanya", "this LOINC code has a wrong check digit",
        "Salin kodenya dari LOINC, misalnya 718-7.", "Copy the code from LOINC, for example 718-7."),
    "loinc_of_two_kinds": (
        "satu kode LOINC untuk kadar massa dan kadar zat", "one LOINC code for a mass and a substance concentration",
        "Keduanya pemeriksaan yang berbeda menurut LOINC: beri kode masing-masing.",
        "LOINC has them as different tests: give each its own code."),
    "loinc_taken": (
        "kode LOINC ini milik pemeriksaan {test_code}", "this LOINC code is that of the test {test_code}",
        "Pakai kode lain, atau ubah pemeriksaan itu.", "Use another code, or change that test."),
    "plausible_empty": (
        "rentang yang mungkin kosong", "the plausible range is empty",
        "Isi [terendah, tertinggi] dalam satuan baku.", "Give [lowest, highest] in the canonical unit."),
    "decimals_impossible": (
        "jumlah desimal bukan 0 sampai 6", "decimals are not 0 to 6",
        "Isi jumlah desimal sesuai ketelitian alat.", "Give the decimals of the analyser's precision."),
    "needs_unknown": (
        "memerlukan sesuatu yang tidak dapat diisi", "needs something that nobody can give",
        "Pakai: {known}.", "Use: {known}."),
    "evidence_status_unknown": (
        "status bukan S, S2, atau P", "status is not S, S2 or P",
        "S = dibaca di sumbernya, S2 = sumber kedua, P = sementara.",
        "S = read in the source, S2 = in a secondary one, P = provisional."),
    "specimens_unknown": (
        "jenis spesimen tidak diisi atau tidak dikenal", "no specimen, or one that is not known",
        "Pakai: {known}.", "Use: {known}."),
    "leader_unknown": (
        "pemeriksaan yang didahulukan tidak ada di katalog", "the leading test is not in the catalogue",
        "Isi kode pemeriksaan lain, atau kosongkan.", "Give the code of another test, or none."),
    "kind_fixed": (
        "jenis dan satuan baku pemeriksaan tidak dapat diganti", "kind and canonical unit of a test cannot change",
        "Aturan, batas, dan rentang memakai satuan baku itu: tambahkan pemeriksaan baru dengan kode lain.",
        "Rules, limits and ranges are written in it: add a new test with another code."),
    "nothing_changed": (
        "tidak ada yang berubah", "nothing changes",
        "Kirim hanya isian yang berubah.", "Send the fields that change."),
    "version_in_the_past": (
        "versi tidak dapat berlaku hari ini atau surut", "a version cannot hold from today or a day in the past",
        "Isi `valid_from` dengan {day} atau sesudahnya: hasil yang sudah ada tidak dibaca ulang.",
        "Give {day} or later as `valid_from`: results that are there are not read again."),
    "version_not_later": (
        "sudah ada versi yang berlaku sejak {day}", "there is a version that holds from {day} on",
        "Isi `valid_from` sesudah {day}: versi lama tidak diubah.",
        "Give a later `valid_from`: versions are never changed in place."),
}  # fmt: skip
