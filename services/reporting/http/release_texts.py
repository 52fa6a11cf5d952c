"""What is said to who releases, and why something cannot be released."""

from __future__ import annotations

from typing import Final

from shared.problems import ProblemKind

FOR_GOOD: Final = {
    "warning_id": "Rilis berlaku untuk selamanya: di luar kabupaten angka periode ini tetap seperti yang diketahui "
    "saat dirilis, apa pun yang masuk atau diperbaiki kemudian.",
    "warning_en": "A release is for good: outside the district the figures of these periods stay as they are known "
    "when they are released, whatever comes in or is corrected later.",
}
NOT_TOLD_YET: Final = ProblemKind(
    "not_told_yet", 422, "Bulan itu belum waktunya dirilis", "It is not yet time to release that month",
    "Pakai bulan yang tanggal 11 sesudahnya sudah lewat; lihat `findings_told_from`.",
    "Use a month after which the eleventh day has come; see `findings_told_from`.",
)  # fmt: skip
NOTHING_TO_RELEASE: Final = ProblemKind(
    "nothing_to_release", 409, "Tidak ada yang perlu dirilis", "There is nothing to release",
    "Semua periode kabupaten ini yang sudah waktunya telah dirilis, atau belum ada anak yang tercatat di dalamnya. "
    "Periode berikutnya: lihat `next_findings_told_from`; yang sudah dirilis: GET /v1/releases.",
    "All periods of this kabupaten whose day has come are released, or nobody counts in them yet. The next ones: see "
    "`next_findings_told_from`; what is released: GET /v1/releases.",
)  # fmt: skip
