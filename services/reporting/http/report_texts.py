"""Why a report cannot be published, or not yet."""

from __future__ import annotations

from typing import Final

from shared.problems import ProblemKind

DAY_NOT_OVER: Final = ProblemKind(
    "day_not_over", 422, "Hari itu belum selesai", "That day is not over",
    "Terbitkan menurut keadaan pada hari yang sudah lewat.", "Publish as of a day that is over.",
)  # fmt: skip
BEFORE_PUBLISHED: Final = ProblemKind(
    "before_published", 422, "Hari itu sebelum laporan yang direvisi", "That day is before the report that is revised",
    "Pakai `as_of` yang sama dengan laporan itu atau sesudahnya.",
    "Use the `as_of` of that report or a later one.",
)  # fmt: skip
NOT_SETTLED: Final = ProblemKind(
    "not_settled", 409, "Data hari itu belum lengkap", "The data of that day are not complete yet",
    "Tunggu beberapa menit lalu kirim lagi; lihat `reason` dan `./tumbuh ledger`.",
    "Wait some minutes and send again; see `reason` and `./tumbuh ledger`.",
)  # fmt: skip
NOTHING_KNOWN: Final = ProblemKind(
    "nothing_known", 422, "Pada hari itu belum ada data periode ini", "On that day nothing of the period was known yet",
    "Pilih `as_of` yang lebih baru: mulai hari `known_from` bila disebut; jika tidak, terbitkan setelah data periode "
    "itu masuk.",
    "Choose a later `as_of`: from the day `known_from` on where it is told; else publish once data of the period have "
    "come in.",
)  # fmt: skip
ALREADY_PUBLISHED: Final = ProblemKind(
    "already_published", 409, "Periode ini sudah diterbitkan", "This period has been published",
    "Terbitkan revisi dari laporan terbarunya.", "Publish a revision of its newest report.",
)  # fmt: skip
REASONS: Final = {
    "cut_off_unknown": (
        "Batas hari itu tidak tercatat: layanan tidak berjalan sejak hari itu selesai.",
        "Where that day ended is not on record: no worker has run since it was over.",
    ),
    "behind_cut_off": (
        "Ada partisi yang belum melewati batas hari itu.",
        "Some partitions are not yet past where that day ended.",
    ),
    "measurements_wait": (
        "Ada pengukuran periode ini yang belum dinilai.",
        "Measurements of this period wait for their assessment.",
    ),
    "quality_waits": (
        "Mutu pengukuran periode ini belum selesai dinilai.",
        "The quality of this period's measuring is still being judged.",
    ),
}
