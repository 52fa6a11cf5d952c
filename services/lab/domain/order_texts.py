"""Texts of what may be wrong with a step of a specimen or an added test; see `result_problems`."""

from __future__ import annotations

from typing import Final

ORDER_TEXTS: Final[dict[str, tuple[str, str, str, str]]] = {
    "step_time_impossible": (
        "waktu langkah ini di masa depan, sebelum pengambilan, atau tidak urut",
        "the time of this step lies in the future, before the draw, or out of turn",
        "Urutannya: diambil, dikirim ({sent}), diterima laboratorium ({received}). Periksa jam dan zona waktu.",
        "The order is: drawn, sent ({sent}), received by the laboratory ({received}). Check time and zone."),
    "unknown_orderable": (
        "pemeriksaan ini tidak dapat diminta", "this test cannot be ordered",
        "Pakai kode `orderables` dari /v1/catalogue.", "Use a code of `orderables` in /v1/catalogue."),
    "unknown_sign": (
        "tanda klinis ini tidak ada dalam daftar panel", "this sign is not in the list of panels",
        "Pakai kode dari /v1/panels, atau sebut pemeriksaan dan alasannya.",
        "Use a code of /v1/panels, or name the tests and the reason."),
    "nothing_added": (
        "tidak ada tanda maupun pemeriksaan yang disebut", "neither a sign nor a test is named",
        "Isi `sign`, atau `orderables` bersama `reason_text`.", "Give `sign`, or `orderables` with `reason_text`."),
    "reason_missing": (
        "pemeriksaan tambahan tanpa alasan", "added tests without a reason",
        "Isi `reason_text`: mengapa pemeriksaan ini perlu, tanpa nama atau NIK.",
        "Give `reason_text`: why the tests are needed, without names or numbers of persons."),
    "confidential_test": (
        "pemeriksaan ini rahasia", "this test is confidential",
        "Minta dokter yang merawat anak ini memintanya.", "Have the doctor who treats the child ask for it."),
    "case_closed": (
        "kasus permintaan ini sudah ditutup", "the case of this order is closed",
        "Buka kembali kasusnya lebih dahulu, atau kirim hasil tanpa permintaan (`child_id`).",
        "Open the case again first, or report results without an order (`child_id`)."),
    "already_drawn": (
        "spesimen untuk pemeriksaan ini sudah diambil", "the specimen for this test is drawn",
        "Tolak dahulu spesimennya (`:reject`), atau tunggu hasilnya.",
        "Reject the specimen first (`:reject`), or wait for the result."),
    "already_resulted": (
        "pemeriksaan ini sudah ada hasilnya pada permintaan ini", "this test is resulted on this order",
        "Tidak perlu diminta lagi: pengambilan baru dapat langsung dilaporkan ke permintaan ini.",
        "It need not be asked for again: a new draw can be reported to this order at once."),
}  # fmt: skip
