"""How an export is told: its state, how far it is, what became of it and why, in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from services.reporting.domain.export_order import file_name
from services.reporting.store.exports import StoredExport
from shared.jobs.table import Job

CANCELLED: Final = "cancelled"  # the error code of a job that its asker called off
# Why there is no file: problem and remedy, in Bahasa Indonesia and English.
WHY_FAILED: Final[Mapping[str, tuple[str, str, str, str]]] = {
    CANCELLED: (
        "dibatalkan oleh yang meminta", "called off by who asked for it",
        "Minta ekspor baru bila tetap diperlukan.", "Ask for a new export if it is needed after all."),
    "unknown_area": (
        "wilayah tidak ada lagi di register pada periode itu", "the register of that period has no such area any more",
        "Periksa kode wilayah dan periodenya.", "Check the code of the area and the period."),
    "exchange_codes_doubled": (
        "dua kode kita menuju satu kode di sana", "two of our codes go to one of theirs",
        "Perbaiki dengan POST /v1/exchange-codes, lalu minta lagi.",
        "Correct it by POST /v1/exchange-codes, then ask again."),
    "attempts_exhausted": (
        "pembuatannya terhenti berkali-kali", "making it was broken off again and again",
        "Minta lagi nanti atau dengan wilayah yang lebih kecil; bila berulang, hubungi pengelola sistem.",
        "Ask again later or for a smaller area; if it happens again, tell who runs the system."),
}  # fmt: skip
OTHERWISE: Final = (
    "kesalahan di sistem", "a fault of the system",
    "Minta lagi; bila berulang, hubungi pengelola sistem dengan nomor ekspor ini.",
    "Ask again; if it happens again, tell who runs the system the number of this export.",
)  # fmt: skip


def state_of(job: Job, export: StoredExport, now: datetime) -> str:
    """`queued`, `running`, `done`, `expired`, `failed` or `cancelled`."""
    if export.expires_at is not None and export.expires_at <= now:
        return "expired"
    return CANCELLED if (job.state, job.error_code) == ("failed", CANCELLED) else job.state


def shown(job: Job, export: StoredExport, now: datetime) -> dict[str, Any]:
    """One export. `progress` counts areas read; `left_out` what could not be in the file, by reason."""
    order = export.order
    return {
        "id": str(export.export_id),
        "state": state_of(job, export, now),
        "error_code": job.error_code,
        "error": _why(job),
        "kind": order.kind,
        "area": order.area_code,
        "period": None if order.kind == "children" else str(order.period),
        "as_of": order.as_of,
        "language": order.language,
        "format": order.form,
        "suppressed": not order.exact,
        "progress": {"areas": job.rows, "done": job.done},
        "asked_at": job.created_at,
        "file_name": file_name(order),
        "rows": export.rows,
        "left_out": export.left_out,
        "size_bytes": export.size_bytes,
        "sha256": export.sha256,
        "data_sha256": export.data_sha256,
        "expires_at": export.expires_at,
    }


def _why(job: Job) -> dict[str, str] | None:
    if job.state != "failed":
        return None
    names = ("problem_id", "problem_en", "remedy_id", "remedy_en")
    return dict(zip(names, WHY_FAILED.get(str(job.error_code), OTHERWISE), strict=True))
