"""What may be wrong with a reported result or a specimen: stable codes with their texts."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Final

from services.lab.domain.catalogue_texts import CATALOGUE_TEXTS
from services.lab.domain.order_texts import ORDER_TEXTS
from services.lab.domain.reference_texts import REFERENCE_TEXTS


@dataclass(frozen=True, slots=True)
class ResultProblem:
    """One thing that is wrong with one field; `facts` fill the places its texts leave open."""

    code: str
    field: str
    value: str | float | None = None
    facts: dict[str, str] = dataclasses.field(default_factory=dict)

    def texts(self) -> tuple[str, str, str, str]:
        """Problem and remedy, each in Bahasa Indonesia and English."""
        problem_id, problem_en, remedy_id, remedy_en = (text.format(**self.facts) for text in TEXTS[self.code])
        return problem_id, problem_en, remedy_id, remedy_en


TEXTS: Final[dict[str, tuple[str, str, str, str]]] = {
    **CATALOGUE_TEXTS,
    **ORDER_TEXTS,
    **REFERENCE_TEXTS,
    "unknown_test": (
        "pemeriksaan tidak ada di katalog", "the test is not in the catalogue",
        "Pakai kode dari /v1/catalogue.", "Use a code of /v1/catalogue."),
    "unit_missing": (
        "satuan tidak diisi, dan tidak pernah ditebak", "the unit is missing, and is never assumed",
        "Kirim satuan seperti tertulis pada alat: {units}.", "Send the unit the analyser prints: {units}."),
    "unit_unknown": (
        "satuan ini bukan satuan pemeriksaan itu", "this is no unit of that test",
        "Pakai salah satu dari: {units}.", "Use one of: {units}."),
    "value_implausible": (
        "nilai tidak mungkin dalam satuan itu (batas {low} sampai {high} {unit})",
        "the value is impossible in that unit ({low} to {high} {unit})",
        "Periksa nilai dan satuannya; {hint_id}", "Check the value and its unit; {hint_en}"),
    "order_or_child_missing": (
        "tidak jelas untuk siapa hasil ini", "it is not clear whose result this is",
        "Kirim `order_id`, atau `child_id` bila tidak ada permintaan.",
        "Send `order_id`, or `child_id` where there is no order."),
    "unknown_order": (
        "permintaan tidak ada di laboratorium Anda", "there is no such order at your laboratory",
        "Periksa `order_id` pada daftar kerja.", "Check `order_id` on the work list."),
    "unknown_child": (
        "anak tidak dikenal di wilayah Anda", "no such child is known in your area",
        "Periksa `child_id`.", "Check `child_id`."),
    "order_of_another_child": (
        "permintaan ini untuk anak lain", "this order is for another child",
        "Periksa `order_id` dan `child_id`: hasil tidak boleh tertukar.",
        "Check `order_id` and `child_id`: results must not be mixed up."),
    "limit_in_the_past": (
        "batas tidak dapat berlaku surut", "limits cannot hold from a day in the past",
        "Isi `valid_from` dengan {day} atau sesudahnya.", "Give {day} or later as `valid_from`."),
    "limit_not_later": (
        "sudah ada batas yang berlaku sejak {day}", "there are limits that hold from {day} on",
        "Isi `valid_from` sesudah {day}: batas lama tidak diubah.",
        "Give a later `valid_from`: limits are never changed in place."),
    "limit_missing": (
        "tidak ada batas yang diisi", "no limit is given",
        "Isi `critical_below`, `critical_above`, atau keduanya.", "Give `critical_below`, `critical_above` or both."),
    "limits_reversed": (
        "batas bawah tidak di bawah batas atas", "the lower limit is not below the upper one",
        "Periksa `critical_below` dan `critical_above`.", "Check `critical_below` and `critical_above`."),
    "limit_implausible": (
        "batas tidak mungkin bagi pemeriksaan ini ({low} sampai {high} {unit})",
        "the limit is impossible for this test ({low} to {high} {unit})",
        "Isi batas dalam satuan {unit}.", "Give the limit in {unit}."),
    "no_laboratory": (
        "tidak jelas laboratorium mana yang memeriksa", "it is not clear which laboratory did the test",
        "Masuk dengan akun laboratorium, atau kirim hasil atas permintaan yang sudah punya laboratorium.",
        "Use a laboratory's account, or report to an order that has a laboratory."),
    "draw_missing": (
        "waktu pengambilan tidak diisi", "the time of the draw is missing",
        "Kirim `drawn_at` dengan zona waktu, atau `drawn_on` bila jamnya tidak diketahui.",
        "Send `drawn_at` with the time zone, or `drawn_on` where the time of day is not known."),
    "draw_differs": (
        "waktu pengambilan berbeda dari tanggalnya atau dari spesimennya",
        "the time of the draw differs from its date or from its specimen",
        "Kirim salah satu saja, sesuai label tabung.", "Send only one of them, as the tube's label says."),
    "date_impossible": (
        "tanggal pengambilan di masa depan atau sebelum lahir", "the draw lies in the future or before birth",
        "Kirim tanggal yang benar.", "Send the right date."),
    "unknown_specimen": (
        "spesimen ini bukan dari permintaan itu", "the specimen is not of that order",
        "Periksa `specimen_id`.", "Check `specimen_id`."),
    "specimen_rejected": (
        "spesimen ini sudah ditolak", "the specimen was rejected",
        "Ambil spesimen baru.", "Draw a new specimen."),
    "specimen_unfit": (
        "jenis spesimen tidak cocok untuk pemeriksaan ini", "the kind of specimen does not fit the test",
        "Pakai salah satu dari: {specimens}.", "Use one of: {specimens}."),
    "not_ordered": (
        "pemeriksaan ini tidak menunggu di permintaan itu", "this test does not wait on that order",
        "Kirim hanya yang masih menunggu pada daftar kerja.", "Send only what still waits on the work list."),
    "value_conflict": (
        "hasil pengambilan ini sudah ada dengan nilai lain", "this draw already has a result with another value",
        "Untuk membetulkan, kirim koreksi: PATCH atas `result_id`, atau status `corrected` (FHIR).",
        "To correct it, send a correction: PATCH of `result_id`, or status `corrected` (FHIR)."),
    "value_not_numeric": (
        "hasil tidak berisi angka, dan pemeriksaan ini diukur dengan angka",
        "the result holds no number, and this test is measured as one",
        "Kirim angka dengan satuannya.", "Send a number with its unit."),
    "value_missing": (
        "hasilnya tidak diisi", "the result itself is missing",
        "Kirim `value` dengan `unit`, atau `findings` bila pemeriksaannya kualitatif.",
        "Send `value` with `unit`, or `findings` where the test is qualitative."),
    "value_unexpected": (
        "pemeriksaan ini tidak diukur dengan angka", "this test is not measured as a number",
        "Kirim `findings` dengan salah satu dari: {findings}.", "Send `findings` with any of: {findings}."),
    "value_and_findings": (
        "angka dan temuan sekaligus: hanya satu yang benar", "a number and findings at once: only one can be true",
        "Kirim `value` atau `findings`, bukan keduanya.", "Send `value` or `findings`, not both."),
    "findings_unexpected": (
        "pemeriksaan ini diukur dengan angka, bukan temuan", "this test is measured as a number, not by findings",
        "Kirim `value` dalam salah satu satuan: {units}.", "Send `value` in one of: {units}."),
    "finding_unknown": (
        "temuan ini tidak ada di katalog pemeriksaan itu", "this is no finding of that test",
        "Pakai salah satu dari: {findings}.", "Use one of: {findings}."),
    "findings_contradict": (
        "temuan-temuan ini tidak mungkin benar bersama", "these findings cannot be true together",
        "Kirim hanya yang benar-benar ditemukan.", "Send only what was really found."),
    "administration_impossible": (
        "waktu penyuntikan sesudah pembacaan, atau tidak berlaku untuk pemeriksaan ini",
        "it was administered after it was read, or the test has no such time",
        "Kirim `administered_at` sebelum `drawn_at` (waktu pembacaan), hanya untuk uji kulit.",
        "Send `administered_at` before `drawn_at` (the reading), for skin tests only."),
    "laboratory_differs": (
        "laboratorium pemeriksa bukan laboratorium akun ini", "the performing laboratory is not the account's",
        "Kirim dengan akun laboratorium yang memeriksa.",
        "Send it with the account of the laboratory that did the test."),
    "status_unknown": (
        "status hasil tidak dikenal atau tidak diisi", "the status of the result is missing or not known",
        "Pakai salah satu dari: {statuses}.", "Use one of: {statuses}."),
    "test_missing": (
        "pemeriksaannya tidak disebut", "the test is not named",
        "Kirim kode LOINC, atau nama pemeriksaan.", "Send a LOINC code, or the name of the test."),
    "time_without_zone": (
        "waktu tanpa zona waktu, atau bukan waktu", "a time without its time zone, or none at all",
        "Tulis seperti {example}.", "Write it like {example}."),
    "reference_missing": (
        "rujukan ini tidak ada di dalam kiriman", "what this refers to is not in the message",
        "Sertakan sumber dayanya, atau pakai `identifier`.", "Send the resource along, or use an `identifier`."),
    "structure_invalid": (
        "bentuk isian ini tidak menurut standar", "this element is not as the standard says",
        "Periksa jenis dan nama isiannya.", "Check the type and the name of the element."),
    "message_invalid": (
        "kiriman ini bukan {expected}", "the message is not {expected}",
        "Kirim {expected}.", "Send {expected}."),
    "charset_unknown": (
        "susunan karakter tidak dikenal, atau isinya tidak menurut susunan itu",
        "the character set is not known, or the content is not in it",
        "Nyatakan salah satu dari: {charsets}.", "State one of: {charsets}."),
    "segment_misplaced": (
        "segmen ini tidak didahului {segment}", "no {segment} stands before this segment",
        "Kirim segmen menurut urutan standar.", "Send the segments in the order of the standard."),
    "segment_of_tube": (
        "keterangan tentang spesimen, tidak dibaca sebagai hasil",
        "an observation of the specimen, not read as a result",
        "Kirim hasil di atas SPM.", "Send results above SPM."),
    "value_type_unread": (
        "jenis nilai ini tidak dibaca", "this type of value is not read",
        "Kirim hasilnya sebagai salah satu dari: {types}.", "Send the result as one of: {types}."),
    "field_missing": (
        "isian ini wajib menurut standar", "the standard requires this field",
        "Isi bila dapat; hasilnya tetap dibaca.", "Fill it where you can; the result is read all the same."),
    "facility_unknown": (
        "fasilitas pengirim tidak terdaftar untuk pintu ini", "the sending facility is not registered at this door",
        "Minta petugas sistem mendaftarkan MSH-4 fasilitas Anda.", "Ask operations to register your facility's MSH-4."),
    "number_ambiguous": (
        "tidak jelas apakah titik atau koma ini tanda desimal atau ribuan",
        "it is not clear whether this sign marks decimals or thousands",
        "Tulis tanpa pemisah ribuan, atau dengan satu atau dua angka desimal.",
        "Write it without a sign for thousands, or with one or two decimals."),
    "time_unreadable": (
        "tanggal atau jam tidak terbaca", "the date or time cannot be read",
        "Tulis seperti {example}.", "Write it like {example}."),
    "date_order_mixed": (
        "sebagian tanggal mendahulukan hari, sebagian bulan", "some dates have the day first, some the month",
        "Tulis semua tanggal dengan urutan yang sama.", "Write all dates in one order."),
    "id_unreadable": (
        "nomor ini bukan nomor dari sistem ini", "this is no id of this system",
        "Salin nomor permintaan atau anak dari daftar kerja.", "Copy the id of the order or child from the work list."),
    "column_missing": (
        "kolom ini tidak ada", "this column is missing",
        "Tambahkan kolom dengan salah satu judul: {heads}.", "Add a column with one of the heads: {heads}."),
    "table_empty": (
        "tidak ada baris hasil di dalam berkas", "there is no row of results in the file",
        "Kirim berkas yang berisi hasil.", "Send a file with results."),
    "superseded": (
        "sudah ada pernyataan yang lebih baru atas hasil ini", "a later statement of this result is known",
        "Bila ini hasil lain, kirim dengan nomor pemeriksaan yang lain.",
        "If this is another result, send it under another number."),
    "message_id_reused": (
        "nomor pesan ini sudah dipakai untuk isi yang lain", "this message number was used for other content",
        "Kirim isi yang baru dengan nomor pesan yang baru.", "Send new content with a new message number."),
    "result_voided": (
        "hasil ini sudah ditarik", "this result was retracted",
        "Kirim hasil yang baru.", "Send a new result."),
    "unknown_replaced": (
        "hasil yang digantikan tidak ada di laboratorium Anda",
        "the result to be replaced is not of your laboratory",
        "Periksa `replaces`.", "Check `replaces`."),
    "replaces_same": (
        "hasil pengganti untuk anak dan permintaan yang sama", "the replacement is for the same child and order",
        "Kirim koreksi (PATCH) atas hasil itu.", "Send a correction (PATCH) of that result."),
    "outside_area": (
        "di luar wilayah akun Anda", "outside the area of your account",
        "Minta petugas wilayah itu melakukannya.", "Ask the staff of that area to do it."),
}  # fmt: skip
