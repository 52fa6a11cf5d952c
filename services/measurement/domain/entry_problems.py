"""What may be wrong with what an API client enters: codes beside those of file rows, with their texts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

from services.measurement.domain.intervention_texts import INTERVENTION_TEXTS
from services.measurement.domain.problem_kinds import Severity, Words
from services.measurement.domain.row_problems import ROW_PROBLEMS

_ASK_ID = "Periksa kode anak dan wilayah akun Anda"
_ASK_EN = "Check the child's identifier and the area of your account"

_NIK_ID = "Salin 16 digit dari KK/KIA sebagai teks, atau kosongkan; jangan ditebak"
_NIK_EN = "Copy the 16 digits from the family card as text, or leave it out; never guess"

_TEXTS: Final[dict[str, tuple[str, str, str, str]]] = {
    "unknown_child": (
        "anak tidak terdaftar di wilayah Anda", _ASK_ID, "no such child is registered in your area", _ASK_EN),
    "child_merged": (
        "anak ini sudah digabung dengan anak lain", "Kirim dengan `survivor_id` sebagai `child_id`",
        "this child has been merged into another", "Send it with `survivor_id` as `child_id`"),
    "child_voided": (
        "anak ini dibatalkan karena salah entri", "Daftarkan anak yang benar",
        "this child was entered in error and voided", "Register the right child"),
    "zero_is_no_measurement": (
        "nol bukan hasil ukur", "Kosongkan bila tidak diukur, atau kirim nilai yang benar",
        "zero is no measurement", "Leave it out if it was not measured, or send the right value"),
    "implausible_head_circumference": (
        "lingkar kepala di luar batas 25 sampai 64 cm", "Ukur ulang atau kirim nilai yang benar",
        "head circumference is outside 25 to 64 cm", "Measure again or send the right value"),
    "implausible_temperature": (
        "suhu di luar batas 30 sampai 43 derajat Celsius", "Ukur ulang suhu ketiak atau kirim nilai yang benar",
        "temperature is outside 30 to 43 degrees Celsius", "Measure under the arm again or send the right value"),
    "temperature_in_fahrenheit": (
        "suhu tampaknya dalam Fahrenheit", "Terima usulan dalam Celsius, atau kirim nilai yang benar",
        "the temperature seems to be in Fahrenheit", "Accept the proposal in Celsius, or send the right value"),
    "value_conflict": (
        "anak ini sudah punya pengukuran pada hari itu dari sumber yang sama, dengan nilai lain",
        "Untuk membetulkan, kirim koreksi (PATCH) atas `measurement_id`; untuk ukur ulang, kirim `is_remeasurement`",
        "this child already has a measurement of that day from the same source, with other values",
        "To correct it, send a correction (PATCH) of `measurement_id`; for a second reading, send `is_remeasurement`"),
    "measurement_voided": (
        "pengukuran ini sudah dibatalkan", "Kirim pengukuran baru", "this measurement was voided",
        "Send a new measurement"),
    "unknown_desa": (
        "desa/kelurahan tidak ada di register", "Pakai kode Kemendagri desa, misalnya 12.19.01.2003",
        "the desa is not in the register", "Use the Kemendagri code of a desa, such as 12.19.01.2003"),
    "outside_area": (
        "di luar wilayah akun Anda", "Minta petugas wilayah itu melakukannya",
        "outside the area of your account", "Ask the staff of that area to do it"),
    "date_impossible": (
        "tanggal di masa depan atau sebelum lahir", "Kirim tanggal yang benar",
        "the date lies in the future or before birth", "Send the right date"),
    "unknown_posyandu": (
        "posyandu tidak ada di register desa itu", "Periksa kodenya, atau kosongkan bila belum terdaftar",
        "the posyandu is not in the register of that desa", "Check the code, or leave it out if it has none yet"),
    "moved_in_future": (
        "tanggal pindah di masa depan", "Kirim tanggal pindah yang sudah terjadi",
        "the date of the move lies in the future", "Send a move that has taken place"),
    "moved_before_birth": (
        "tanggal pindah sebelum tanggal lahir", "Periksa kedua tanggal",
        "the move lies before the birth date", "Check both dates"),
    "measured_before_new_birth_date": (
        "ada pengukuran atau intervensi sebelum tanggal lahir yang baru",
        "Periksa tanggal lahir, atau batalkan catatan itu",
        "a measurement or intervention lies before the new birth date", "Check the birth date, or void that record"),
    "measured_after_end": (
        "ada pengukuran atau intervensi setelah tanggal itu", "Periksa tanggalnya, atau batalkan catatan itu",
        "a measurement or intervention lies after that day", "Check the day, or void that record"),
    "dead_into_living": (
        "anak yang digabung tercatat meninggal, anak tujuannya tidak",
        "Catat kematiannya pada anak tujuan, atau gabungkan ke arah sebaliknya",
        "the child to be merged is recorded as dead, the survivor is not",
        "Record the death of the survivor, or merge the other way round"),
    "merge_with_itself": (
        "anak tidak dapat digabung dengan dirinya sendiri", "Kirim dua anak yang berbeda",
        "a child cannot be merged with itself", "Send two different children"),
    "not_merged": (
        "anak ini tidak sedang digabung", "Tidak perlu tindakan", "this child is not merged", "Nothing to do"),
    "unknown_area": (
        "kode wilayah induk tidak ada di register", "Muat wilayah induknya lebih dulu",
        "the area above is not in the register", "Load the area above first"),
    "wrong_code": (
        "kode tidak berbentuk kode Kemendagri bertitik", "Tulis seperti 12.19.01.2003, posyandu 12.19.01.2003.P002",
        "the code is no dotted Kemendagri code", "Write it as 12.19.01.2003, a posyandu as 12.19.01.2003.P002"),
    "nothing_proposed": (
        "tidak ada nilai usulan untuk baris ini", "Kirim nilai yang benar, atau tolak barisnya",
        "no value is proposed for this row", "Send the right values, or reject the row"),
    "field_not_of_row": (
        "baris ini tidak punya isian itu", "Kosongkan isian itu",
        "this row has no such field", "Leave the field out"),
    "child_of_another_area": (
        "NIK ini milik anak yang terdaftar di wilayah lain", "Minta petugas wilayah itu memindahkan anaknya dahulu",
        "a child registered in another area has this NIK", "Ask the staff of that area to relocate the child first"),
    "candidate_merged": (
        "kedua catatan sudah digabung", "Batalkan penggabungannya dulu (`/v1/merges:undo`)",
        "the two records have been merged", "Undo the merge first (`/v1/merges:undo`)"),
    "identity_erased": (
        "identitas anak ini sudah dihapus", "Daftarkan anaknya kembali bila perlu",
        "this child's identity has been erased", "Register the child again if need be"),
    "nik_length": (
        "NIK tidak terdiri atas 16 digit", _NIK_ID, "the NIK is not sixteen digits", _NIK_EN),
    "nik_province": (
        "dua digit pertama NIK bukan kode provinsi (11 sampai 96)", _NIK_ID,
        "the first two digits of the NIK are no province (11 to 96)", _NIK_EN),
    "nik_day": (
        "digit 7-8 NIK bukan tanggal (01-31, perempuan 41-71)", _NIK_ID,
        "digits 7-8 of the NIK are no day (01-31, of girls 41-71)", _NIK_EN),
    "nik_month": (
        "digit 9-10 NIK bukan bulan (01-12)", _NIK_ID, "digits 9-10 of the NIK are no month (01-12)", _NIK_EN),
    "nik_serial": (
        "empat digit terakhir NIK 0000, nomor yang tidak pernah diberikan", _NIK_ID,
        "the last four digits of the NIK are 0000, a number that is never given", _NIK_EN),
    "nik_in_text": (
        "keterangan berisi angka yang tampak seperti NIK", "Tulis alasannya tanpa NIK dan tanpa nama",
        "the text holds what looks like an NIK", "Give the reason without an NIK and without names"),
    "area_not_in_register": (
        "kode wilayah atau posyandu tidak ada di register", "Periksa kodenya di /v1/register",
        "the register has no area or posyandu of this code", "Look it up at /v1/register"),
    "period_unclear": (
        "masa tidak jelas: kirim `month` saja, atau `from_day` dan `to_day`", "Kirim salah satunya",
        "the period is not clear: send `month` alone, or `from_day` and `to_day`", "Send one of the two"),
    "period_too_long": (
        "hari terakhir sebelum hari pertama, atau masa lebih dari 366 hari", "Bagi menjadi beberapa masa",
        "the last day is before the first, or the period is longer than 366 days", "Ask for several periods"),
    "nik_unreadable": (
        "NIK kosong atau tidak dapat dibaca", _NIK_ID, "the NIK is empty or cannot be read", _NIK_EN),
    "nik_of_several": (
        "beberapa anak memakai NIK ini", "Tetapkan anaknya dengan `:assign`",
        "several children have this NIK", "Say which child it is with `:assign`"),
    "as_of_unreadable": (
        "tanggal verifikasi kosong atau tidak dapat dibaca", "Tulis seperti 2026-03-31 atau 31/03/2026",
        "the day of the verification is empty or cannot be read", "Write it as 2026-03-31 or 31/03/2026"),
    "answer_unreadable": (
        "jawaban tidak dikenal", "Tulis ya, tidak, atau tidak tahu; kosongkan bila tidak ditanyakan",
        "the answer is none we know", "Write ya, tidak or tidak tahu; leave it empty if nobody asked"),
    "nothing_answered": (
        "baris tidak berisi satu jawaban pun", "Isi paling sedikit satu risiko",
        "the row holds no answer at all", "Fill in one risk at least"),
    "household_stated": (
        "risiko ini sudah dinyatakan dengan sumber dan tanggal",
        "Ubah dengan `PUT /v1/children/{id}/household-risk`",
        "this risk was stated with its source and day", "Change it with `PUT /v1/children/{id}/household-risk`"),
    "wrong_row": (
        "isi baris tidak sah", "Periksa kolom yang disebut", "the row is not valid", "Check the field named"),
}  # fmt: skip
ENTRY_PROBLEMS: Final = {code: Words("error", *texts) for code, texts in (_TEXTS | INTERVENTION_TEXTS).items()}

Action = Literal["reject", "quarantine"]


@dataclass(frozen=True, slots=True)
class EntryProblem:
    """One thing wrong with one record: the field, a harmless value to show, what was probably meant."""

    code: str
    field: str
    action: Action = "reject"
    value: float | str | None = None
    proposed: tuple[tuple[str, float], ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Code, field and the texts in both languages."""
        words = words_of(self.code)
        shown: dict[str, Any] = {
            "code": self.code,
            "field": self.field,
            "problem_id": words.text_id,
            "problem_en": words.text_en,
            "remedy_id": words.remedy_id,
            "remedy_en": words.remedy_en,
        }
        if self.value is not None:
            shown["value"] = self.value
        if self.proposed:
            shown["proposed"] = dict(self.proposed)
        return shown


def words_of(code: str) -> Words:
    """The texts of a code of this page or of the file rows'. KeyError for a code nobody declared."""
    return ENTRY_PROBLEMS[code] if code in ENTRY_PROBLEMS else ROW_PROBLEMS[code]


def severity_of(code: str) -> Severity:
    """Whether a code holds a row back (`error`), marks it or only notes something."""
    return words_of(code).severity
