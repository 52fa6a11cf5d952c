"""Texts of what may be wrong with an intervention: problem and remedy in Bahasa Indonesia, then in English."""

from __future__ import annotations

from typing import Final

INTERVENTION_TEXTS: Final[dict[str, tuple[str, str, str, str]]] = {
    "intervention_before_birth": (
        "tanggal intervensi sebelum anak lahir", "Periksa tanggal itu dan tanggal lahir anak",
        "the intervention lies before the child's birth", "Check that day and the child's birth date"),
    "intervention_in_future": (
        "tanggal intervensi di masa depan", "Kirim setelah intervensi itu terjadi",
        "the intervention lies in the future", "Send it once it has taken place"),
    "intervention_after_death": (
        "intervensi setelah tanggal anak meninggal", "Periksa tanggal itu, atau betulkan tanggal meninggal anak",
        "the intervention lies after the child's death", "Check that day, or correct the child's date of death"),
    "intervention_after_departure": (
        "intervensi setelah anak pindah keluar", "Periksa tanggal itu, atau betulkan tanggal pindah anak",
        "the intervention lies after the child's departure", "Check that day, or correct the child's departure"),
    "ended_before_start": (
        "tanggal selesai sebelum tanggal mulai", "Kirim hari terakhir yang sama dengan hari mulai atau sesudahnya",
        "the end lies before the start", "Send a last day on or after the first"),
    "ended_in_future": (
        "tanggal selesai di masa depan", "Kosongkan selama masih berjalan",
        "the end lies in the future", "Leave it out while it goes on"),
    "end_without_day": (
        "kelas akhir atau alasan selesai tanpa tanggal selesai", "Kirim juga `ended_on`, atau kosongkan keduanya",
        "an end class or reason without the day of the end", "Send `ended_on` as well, or leave both out"),
    "end_reason_missing": (
        "alasan selesai belum diisi", "Pilih satu kode `end_reason`, misalnya completed",
        "the reason of the end is missing", "Choose a code of `end_reason`, such as completed"),
    "more_days_than_course": (
        "jumlah hari pemberian melebihi lama kursus sampai kini", "Periksa jumlah harinya dan tanggal mulainya",
        "food was given on more days than the course has had", "Check the number of days and the first day"),
    "vitamin_a_without_colour": (
        "warna kapsul vitamin A belum diisi", "Kirim blue_100000_iu (biru) atau red_200000_iu (merah)",
        "the colour of the vitamin A capsule is missing", "Send blue_100000_iu or red_200000_iu"),
    "vitamin_a_not_for_age": (
        "warna kapsul vitamin A tidak sesuai umur anak pada hari itu",
        "Biru untuk 6-11 bulan, merah untuk 12-59 bulan; periksa warnanya, tanggalnya dan tanggal lahir anak",
        "the vitamin A capsule is not that of the child's age on that day",
        "Blue from 6 to 11 months, red from 12 to 59; check the colour, the day and the birth date"),
    "recall_not_for_age": (
        "ASI eksklusif hanya ditanyakan sampai bayi berumur 6 bulan", "Periksa tanggal itu dan tanggal lahir anak",
        "exclusive breastfeeding is asked about until the infant is 6 months old",
        "Check that day and the child's birth date"),
    "dose_of_another_supplement": (
        "dosis itu bukan dari suplemen ini", "Pilih dosis suplemennya, atau kosongkan bila tidak diketahui",
        "the dose is of another supplement", "Choose a dose of this supplement, or leave it out if it is not known"),
    "intervention_conflict": (
        "anak ini sudah punya catatan yang sama pada masa itu dengan isi lain, atau yang masih berjalan",
        "Akhiri atau betulkan catatan `intervention_id` lebih dahulu",
        "the child has the same thing at that time already with other content, or one that still goes on",
        "End or correct the record `intervention_id` first"),
    "intervention_voided": (
        "catatan ini sudah dibatalkan", "Kirim intervensi baru", "this intervention was voided",
        "Send a new intervention"),
    "other_type": (
        "jenis sebuah intervensi tidak dapat diubah", "Batalkan catatan ini dan kirim yang baru",
        "the type of an intervention never changes", "Void this record and send a new one"),
    "not_a_course": (
        "hanya PMT dan bapak/bunda asuh yang diakhiri", "Untuk rujukan pakai :reply; tindakan sekali tidak diakhiri",
        "only feeding and sponsorship are ended", "Use :reply for a referral; a single act has no end"),
    "not_of_this_course": (
        "isian ini hanya untuk PMT", "Kosongkan isian itu",
        "this field belongs to supplementary feeding", "Leave the field out"),
    "course_ended": (
        "kursus ini sudah diakhiri dengan isi lain", "Untuk membetulkan, kirim koreksi (PATCH)",
        "this course has been ended otherwise", "To correct it, send a correction (PATCH)"),
    "course_cell_unreadable": (
        "isi kolom ini kosong atau tidak dikenal",
        "Tulis tanggal seperti 2026-03-31 atau 31/03/2026, jumlah hari sebagai bilangan, dan kata yang dikenal",
        "the cell is empty or not understood",
        "Write days as 2026-03-31 or 31/03/2026, the number of days as a number, and a word that is known"),
    "course_nik_of_several": (
        "beberapa anak memakai NIK ini", "Kirim baris ini dengan `child_id`",
        "several children have this NIK", "Send this row with `child_id`"),
    "not_a_referral": (
        "catatan ini bukan rujukan", "Kirim balasan ke catatan rujukannya",
        "this is no referral", "Send the reply to the referral"),
}  # fmt: skip
