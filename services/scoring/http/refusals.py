"""Moves and ends that are not possible, as problems with a remedy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from services.scoring.domain.case import IllegalMoveError
from services.scoring.use_cases.accept_hint import HintRefusedError
from services.scoring.use_cases.complete_follow_up import FollowUpRefusedError
from shared.problems import ProblemKind

CASE_CLOSED: Final = ProblemKind(
    code="case_closed",
    status=409,
    title_id="Kasus sudah ditutup",
    title_en="The case is closed",
    remedy_id="Kasus yang ditutup tidak diubah lagi; bila anak kembali diduga stunting, kasus baru terbuka sendiri.",
    remedy_en="A closed case is not changed any more; if the child is suspected again, a new case opens by itself.",
)
MOVE_NOT_ALLOWED: Final = ProblemKind(
    code="move_not_allowed",
    status=409,
    title_id="Langkah ini tidak mungkin dari keadaan kasus sekarang",
    title_en="This step is not possible from where the case stands",
    remedy_id=(
        "Urutannya: terbuka, lalu dikonfirmasi atau disebut penyebab lain, lalu dalam perawatan, lalu ditutup. "
        "Keputusan dapat ditarik (`take_back`) sebelum perawatan dimulai. Baca ulang kasusnya."
    ),
    remedy_en=(
        "The order is: open, then confirmed or other cause, then in care, then closed. A decision can be taken back "
        "(`take_back`) before care starts. Read the case again."
    ),
)
CLINICIAN_MISSING: Final = ProblemKind(
    code="clinician_missing",
    status=422,
    title_id="Nama akun dokter tidak ada",
    title_en="The clinician's account is missing",
    remedy_id="Masuk dengan akun pribadi dokter; keputusan selalu menyebut siapa yang membuatnya.",
    remedy_en="Log in with the clinician's own account; a decision always names who made it.",
)
CAUSE_MISSING: Final = ProblemKind(
    code="cause_missing",
    status=422,
    title_id="Penyebab lain tidak disebut, atau disebut pada langkah lain",
    title_en="The other cause is missing, or came with another step",
    remedy_id="Isi `cause` pada `name_other_cause`, misalnya endocrine; kosongkan pada langkah lain.",
    remedy_en="Give `cause` with `name_other_cause`, such as endocrine; leave it out with every other step.",
)
CLOSE_REASON_MISSING: Final = ProblemKind(
    code="close_reason_missing",
    status=422,
    title_id="Alasan penutupan tidak ada",
    title_en="The reason for closing is missing",
    remedy_id="Isi `reason`: recovered, cleared, declined, lost, aged_out, atau entered_in_error.",
    remedy_en="Give `reason`: recovered, cleared, declined, lost, aged_out or entered_in_error.",
)
CLOSE_REASON_NOT_ASKED: Final = ProblemKind(
    code="close_reason_not_asked",
    status=422,
    title_id="Langkah ini tidak memakai alasan",
    title_en="This step takes no reason",
    remedy_id="Hapus `reason`; alasan hanya untuk `close`.",
    remedy_en="Leave out `reason`; it belongs to `close` only.",
)
CLOSE_REASON_OF_REGISTER: Final = ProblemKind(
    code="close_reason_of_register",
    status=422,
    title_id="Alasan ini berasal dari data anak",
    title_en="This reason comes from the child's record",
    remedy_id="Catat kematian, kepindahan atau penggabungan pada data anak; kasusnya tertutup sendiri.",
    remedy_en="Record the death, departure or merge on the child; the case then closes by itself.",
)
MILESTONE_KNOWN: Final = ProblemKind(
    code="milestone_known",
    status=409,
    title_id="Rujukan pada hari itu sudah dicatat",
    title_en="The referral of that day is noted already",
    remedy_id="Tidak perlu dikirim lagi; untuk rujukan lain, pakai harinya sendiri.",
    remedy_en="Nothing needs to be sent; another referral has a day of its own.",
)
RECOVERY_NOT_SHOWN: Final = ProblemKind(
    code="recovery_not_shown",
    status=409,
    title_id="Pemulihan belum terbukti",
    title_en="Recovery is not shown yet",
    remedy_id=(
        "Ukur lagi berat dan tinggi: perlu dua pengukuran sah berjarak paling sedikit 28 hari, "
        "keduanya TB/U dan BB/TB −2 SD ke atas, dan tidak ada yang di bawahnya sesudah itu."  # noqa: RUF001
    ),
    remedy_en=(
        "Measure weight and height again: two valid measurements at least 28 days apart are needed, height for age "
        "and weight for height at −2 SD or above in both, and none below since."  # noqa: RUF001
    ),
)
NOT_AGED_OUT: Final = ProblemKind(
    code="not_aged_out",
    status=409,
    title_id="Anak belum berumur 60 bulan",
    title_en="The child is under 60 months",
    remedy_id="Pilih alasan lain, atau betulkan tanggal lahir pada data anak.",
    remedy_en="Choose another reason, or correct the date of birth on the child.",
)
BEFORE_OPENING: Final = ProblemKind(
    code="before_opening",
    status=422,
    title_id="Tanggal sebelum kasus dibuka",
    title_en="The day lies before the case was opened",
    remedy_id="Periksa tanggalnya; kasus menyebut hari pembukaannya di `opened_on`.",
    remedy_en="Check the day; the case tells when it was opened in `opened_on`.",
)
MOVE_IN_FUTURE: Final = ProblemKind(
    code="move_in_future",
    status=422,
    title_id="Tanggal belum tiba",
    title_en="The day has not come yet",
    remedy_id="Pakai hari ini atau hari yang sudah lewat (WIB).",
    remedy_en="Use today or a day gone by (Jakarta time).",
)
FOLLOW_UP_ENDED: Final = ProblemKind(
    code="follow_up_ended",
    status=409,
    title_id="Tugas ini sudah selesai dengan hasil lain",
    title_en="This task has ended in another way",
    remedy_id="Lihat `state` dan `done_on` yang tersimpan; tugas yang sudah berakhir tidak diubah.",
    remedy_en="See the stored `state` and `done_on`; a task that has ended is not changed.",
)
DONE_IN_FUTURE: Final = ProblemKind(
    code="done_in_future",
    status=422,
    title_id="Tanggal selesai belum tiba",
    title_en="The day of completion has not come yet",
    remedy_id="Pakai hari ini atau hari yang sudah lewat (WIB).",
    remedy_en="Use today or a day gone by (Jakarta time).",
)
DONE_BEFORE_REASON: Final = ProblemKind(
    code="done_before_reason",
    status=422,
    title_id="Tanggal selesai sebelum tugas ada alasannya",
    title_en="The day of completion lies before the task's reason",
    remedy_id="Periksa tanggalnya; tugas dimulai pada hari pengukuran yang memintanya.",
    remedy_en="Check the day; a task begins on the day of the measurement that asked for it.",
)
EVIDENCE_MISSING: Final = ProblemKind(
    code="evidence_missing",
    status=422,
    title_id="Tidak disebut apa yang menunjukkan bahwa tugas berakhir",
    title_en="Nothing shows that the task has ended",
    remedy_id="Isi `fact_id` (pengukuran, hasil laboratorium atau intervensi anak ini) atau `note` (keterangan).",
    remedy_en="Give `fact_id` (a measurement, laboratory result or intervention of this child) or `note` (a text).",
)
EVIDENCE_UNKNOWN: Final = ProblemKind(
    code="evidence_unknown",
    status=422,
    title_id="`fact_id` bukan pengukuran, hasil atau intervensi yang berlaku dari anak ini",
    title_en="`fact_id` is no valid measurement, result or intervention of this child",
    remedy_id="Ambil id dari riwayat anak; bila datanya baru dikirim, tunggu sebentar, atau isi `note`.",
    remedy_en="Take the id from the child's history; if it was sent just now, wait a moment, or give `note`.",
)
EVIDENCE_NOT_LATER: Final = ProblemKind(
    code="evidence_not_later",
    status=422,
    title_id="`fact_id` adalah penyebab tugas ini atau lebih lama darinya",
    title_en="`fact_id` is what asked for the task, or older than that",
    remedy_id="Sebut pengukuran atau hasil yang menjawab tugas, bukan yang menimbulkannya.",
    remedy_en="Name the measurement or result that answers the task, not the one it came from.",
)
EVIDENCE_AFTER_END: Final = ProblemKind(
    code="evidence_after_end",
    status=422,
    title_id="`fact_id` bertanggal sesudah `done_on`",
    title_en="`fact_id` dates from after `done_on`",
    remedy_id="Isi `done_on` dengan tanggal pengukuran atau pengambilan darah itu, atau sesudahnya.",
    remedy_en="Give as `done_on` the day of that measurement or draw, or a later one.",
)
SNOOZE_NOT_LATER: Final = ProblemKind(
    code="snooze_not_later",
    status=422,
    title_id="`until` tidak lebih lambat dari batas waktu sekarang, atau sudah lewat",
    title_en="`until` is not later than the present due date, or has passed",
    remedy_id="Pilih tanggal sesudah `due_on`, paling cepat hari ini.",
    remedy_en="Choose a day after `due_on`, today at the earliest.",
)
SNOOZE_TOO_LONG: Final = ProblemKind(
    code="snooze_too_long",
    status=422,
    title_id="Tugas tidak boleh ditunda sampai `until`",
    title_en="The task may not be put off until `until`",
    remedy_id="Pilih paling lambat `snooze_until_at_most` dari daftar; pemeriksaan segera tidak dapat ditunda.",
    remedy_en="Choose `snooze_until_at_most` of the list at the latest; an urgent assessment cannot be put off.",
)
SNOOZE_NOTE_MISSING: Final = ProblemKind(
    code="snooze_note_missing",
    status=422,
    title_id="Alasan `other` perlu keterangan",
    title_en="The reason `other` needs a text",
    remedy_id="Isi `note` dengan keterangan singkat tanpa nama anak, atau pilih alasan lain.",
    remedy_en="Give `note`, a short text without the child's name, or choose another reason.",
)
HINT_WITHDRAWN: Final = ProblemKind(
    code="hint_withdrawn",
    status=409,
    title_id="Tanda ini sudah tidak berlaku",
    title_en="This hint does not hold any more",
    remedy_id="Tidak perlu apa-apa: nilainya sudah dibetulkan, dibatalkan, atau tidak diragukan lagi.",
    remedy_en="Nothing has to be done: the value was corrected or voided, or is not doubted any more.",
)
KINDS: Final = {
    kind.code: kind
    for kind in (
        CASE_CLOSED,
        MOVE_NOT_ALLOWED,
        CLINICIAN_MISSING,
        CAUSE_MISSING,
        CLOSE_REASON_MISSING,
        CLOSE_REASON_NOT_ASKED,
        CLOSE_REASON_OF_REGISTER,
        MILESTONE_KNOWN,
        RECOVERY_NOT_SHOWN,
        NOT_AGED_OUT,
        BEFORE_OPENING,
        MOVE_IN_FUTURE,
        FOLLOW_UP_ENDED,
        DONE_IN_FUTURE,
        DONE_BEFORE_REASON,
        EVIDENCE_MISSING,
        EVIDENCE_UNKNOWN,
        EVIDENCE_NOT_LATER,
        EVIDENCE_AFTER_END,
        SNOOZE_NOT_LATER,
        SNOOZE_TOO_LONG,
        SNOOZE_NOTE_MISSING,
        HINT_WITHDRAWN,
    )
}


@contextmanager
def refusals() -> Iterator[None]:
    """Around a use case: its refusals as problems 409 and 422."""
    try:
        yield
    except FollowUpRefusedError as error:
        limit = error.limit
        details = () if limit is None else (f"Paling lambat {limit}.", f"{limit} at the latest.")
        raise KINDS[error.code].problem(*details) from None
    except (IllegalMoveError, HintRefusedError) as error:
        raise KINDS[error.code].problem() from None
