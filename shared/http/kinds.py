"""The refusals of the shell itself; each service declares its own beside the rule it belongs to."""

from __future__ import annotations

from typing import Final

from shared.problems import ProblemKind

NOT_JSON: Final = ProblemKind(
    code="not_json",
    status=400,
    title_id="Isi kiriman bukan JSON",
    title_en="The body is not JSON",
    remedy_id="Kirim JSON yang sah dengan pengodean UTF-8.",
    remedy_en="Send valid JSON in UTF-8.",
)
VALIDATION_FAILED: Final = ProblemKind(
    code="validation_failed",
    status=422,
    title_id="Ada isian yang salah",
    title_en="Some fields are wrong",
    remedy_id="Perbaiki isian yang disebut di `errors`, lalu kirim ulang.",
    remedy_en="Correct the fields listed in `errors` and send again.",
)
TOO_LARGE: Final = ProblemKind(
    code="too_large",
    status=413,
    title_id="Kiriman terlalu besar",
    title_en="The request is too large",
    remedy_id="Bagi kiriman menjadi beberapa bagian di bawah batas yang disebut.",
    remedy_en="Split the request into parts below the limit named.",
)
WRONG_MEDIA_TYPE: Final = ProblemKind(
    code="wrong_media_type",
    status=415,
    title_id="Jenis isi tidak diterima",
    title_en="The content type is not accepted",
    remedy_id="Pakai header `Content-Type` dengan salah satu jenis yang disebut, tanpa kompresi.",
    remedy_en="Use a `Content-Type` out of those named, without compression.",
)
NOT_FOUND: Final = ProblemKind(
    code="not_found",
    status=404,
    title_id="Tidak ditemukan",
    title_en="Not found",
    remedy_id="Periksa alamat atau kodenya; yang di luar wilayah Anda juga tidak terlihat.",
    remedy_en="Check the address or code; what lies outside your area is not visible either.",
)
METHOD_NOT_ALLOWED: Final = ProblemKind(
    code="method_not_allowed",
    status=405,
    title_id="Metode tidak diizinkan",
    title_en="The method is not allowed",
    remedy_id="Pakai salah satu metode di header `Allow`.",
    remedy_en="Use one of the methods in the `Allow` header.",
)
BAD_REQUEST: Final = ProblemKind(
    code="bad_request",
    status=400,
    title_id="Permintaan tidak dapat dibaca",
    title_en="The request cannot be read",
    remedy_id="Periksa alamat, header dan isi permintaan.",
    remedy_en="Check the address, headers and body of the request.",
)
INTERNAL_ERROR: Final = ProblemKind(
    code="internal_error",
    status=500,
    title_id="Terjadi kesalahan di pihak kami",
    title_en="Something went wrong on our side",
    remedy_id="Coba lagi; bila berulang, laporkan `request_id` ini kepada petugas.",
    remedy_en="Try again; if it happens again, report this `request_id`.",
)
NOT_NOW: Final = ProblemKind(
    code="not_now",
    status=503,
    title_id="Layanan sedang tidak dapat memproses",
    title_en="The service cannot do this right now",
    remedy_id="Kirim ulang sebentar lagi dengan `Idempotency-Key` yang sama.",
    remedy_en="Send again in a moment with the same `Idempotency-Key`.",
)
TOO_MANY_REQUESTS: Final = ProblemKind(
    code="too_many_requests",
    status=429,
    title_id="Terlalu banyak permintaan",
    title_en="Too many requests",
    remedy_id="Tunggu selama detik di header `Retry-After`; kirim banyak baris sekaligus, bukan satu per satu.",
    remedy_en="Wait for the seconds in `Retry-After`; send many rows at once instead of one by one.",
)
IDEMPOTENCY_KEY_MISSING: Final = ProblemKind(
    code="idempotency_key_missing",
    status=400,
    title_id="Header `Idempotency-Key` tidak ada",
    title_en="The header `Idempotency-Key` is missing",
    remedy_id="Kirim header `Idempotency-Key` berisi UUID baru untuk tiap kiriman, dan yang sama saat mengirim ulang.",
    remedy_en="Send `Idempotency-Key` with a new UUID for each request, and the same one when you send it again.",
)
IDEMPOTENCY_KEY_INVALID: Final = ProblemKind(
    code="idempotency_key_invalid",
    status=400,
    title_id="Isi `Idempotency-Key` tidak sah",
    title_en="The `Idempotency-Key` is not valid",
    remedy_id="Pakai UUID, atau 8 sampai 128 huruf, angka, titik, garis bawah, titik dua dan tanda hubung.",
    remedy_en="Use a UUID, or 8 to 128 letters, digits, dots, underscores, colons and hyphens.",
)
IDEMPOTENCY_CONFLICT: Final = ProblemKind(
    code="idempotency_conflict",
    status=409,
    title_id="Kunci yang sama dengan isi yang berbeda",
    title_en="The same key with other content",
    remedy_id="Isi yang berbeda perlu kunci baru; untuk membetulkan data yang sudah terkirim, kirim koreksi (PATCH).",
    remedy_en="Other content needs a new key; to change what was sent, send a correction (PATCH).",
)
IF_MATCH_MISSING: Final = ProblemKind(
    code="if_match_missing",
    status=428,
    title_id="Header `If-Match` tidak ada",
    title_en="The header `If-Match` is missing",
    remedy_id="Baca datanya dulu, lalu kirim `ETag` yang diterima sebagai `If-Match`.",
    remedy_en="Read the record first and send the `ETag` you got as `If-Match`.",
)
IF_MATCH_INVALID: Final = ProblemKind(
    code="if_match_invalid",
    status=400,
    title_id="Isi `If-Match` tidak sah",
    title_en="The `If-Match` is not valid",
    remedy_id="Kirim `ETag` persis seperti diterima, satu saja, bukan `*`.",
    remedy_en="Send the `ETag` exactly as received, only one, not `*`.",
)
REVISION_STALE: Final = ProblemKind(
    code="revision_stale",
    status=412,
    title_id="Data sudah diubah orang lain",
    title_en="Somebody else has changed the record",
    remedy_id="Baca ulang datanya, periksa perubahannya, lalu kirim koreksi dengan `ETag` yang baru.",
    remedy_en="Read the record again, look at the change, and send the correction with the new `ETag`.",
)
CURSOR_INVALID: Final = ProblemKind(
    code="cursor_invalid",
    status=400,
    title_id="Penanda halaman tidak sah",
    title_en="The cursor is not valid",
    remedy_id="Pakai `next_cursor` persis seperti diterima, atau mulai dari awal tanpa penanda.",
    remedy_en="Use `next_cursor` exactly as received, or start at the beginning without a cursor.",
)
CALENDAR_TOO_LARGE: Final = ProblemKind(
    code="calendar_too_large",
    status=413,
    title_id="Terlalu banyak untuk satu kalender",
    title_en="Too much for one calendar",
    remedy_id="Pilih `area` yang lebih kecil atau satu `owner`; paling banyak 5.000 tanggal.",
    remedy_en="Choose a smaller `area` or one `owner`; 5,000 dates at most.",
)
