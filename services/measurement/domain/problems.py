"""What may be wrong with a file or a row: stable codes with their texts in Bahasa Indonesia and English.

The entries stand in `row_problems.py` and `file_problems.py`; here is how they are put into words. No text quotes an
NIK, a name or an address: messages travel further than the file does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from services.measurement.domain.file_problems import FILE_PROBLEMS
from services.measurement.domain.file_row import Reason, Value
from services.measurement.domain.problem_kinds import Severity, Words
from services.measurement.domain.row_problems import ROW_PROBLEMS

PRIVATE_FIELDS: Final = frozenset({"nik", "name", "parent_name", "address"})
SHOWN_ROWS: Final = 5  # row numbers a message lists before it says "and so on"
LONGEST_SHOWN_VALUE: Final = 40

# The words of the ministry's own column heads: what the person at the spreadsheet sees.
LABELS: Final = {
    "nik": "NIK", "name": "Nama", "sex": "JK", "birth_date": "Tgl Lahir", "birth_weight_kg": "BB Lahir",
    "birth_length_cm": "TB Lahir", "parent_name": "Nama Ortu", "province_name": "Prov", "kabupaten_name": "Kab/Kota",
    "kecamatan_name": "Kec", "puskesmas_name": "Puskesmas", "desa_name": "Desa/Kel", "posyandu_name": "Posyandu",
    "rt": "RT", "rw": "RW", "address": "Alamat", "age_text": "Usia Saat Ukur", "measured_on": "Tanggal Pengukuran",
    "weight_kg": "Berat", "length_height_cm": "Tinggi", "muac_cm": "LiLA", "measurement_position": "Cara Ukur",
    "official_waz_class": "BB/U", "official_waz": "ZS BB/U", "official_haz_class": "TB/U", "official_haz": "ZS TB/U",
    "official_whz_class": "BB/TB", "official_whz": "ZS BB/TB", "reported_letter": "Naik Berat Badan",
    "pmt_kg": "PMT Diterima (kg)", "vitamin_a_doses": "Jml Vit A", "kpsp": "KPSP", "kia": "KIA",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Message:
    """One line of a diagnosis."""

    code: str
    severity: Severity
    text_id: str
    text_en: str

    def as_json(self) -> dict[str, str]:
        """The shape interfaces.md fixes."""
        return {"code": self.code, "severity": self.severity, "text_id": self.text_id, "text_en": self.text_en}


def file_message(code: str, **facts: Any) -> Message:
    """The message of a problem of the whole file; `facts` fill the places its text leaves open."""
    words = FILE_PROBLEMS[code]
    return Message(code, words.severity, words.full_id().format(**facts), words.full_en().format(**facts))


def listed(rows: Sequence[int | str]) -> str:
    """The first row numbers, and that there are more."""
    return ", ".join(str(row) for row in rows[:SHOWN_ROWS]) + (", …" if len(rows) > SHOWN_ROWS else "")


def rows_message(code: str, rows: Sequence[int | str]) -> Message:
    """One message for all rows that share a code, with the first row numbers."""
    words = ROW_PROBLEMS[code]
    shown = listed(rows)
    some = "row" if len(rows) == 1 else "rows"
    return Message(
        code,
        words.severity,
        f"{len(rows)} baris ({shown}): {words.full_id()}",
        f"{len(rows)} {some} ({shown}): {words.full_en()}",
    )


def reason_texts(reason: Reason) -> tuple[str, str]:
    """One remark on one row in words (Bahasa Indonesia, English): field, value, problem, proposal, remedy."""
    words = ROW_PROBLEMS[reason.code]
    label = LABELS.get(reason.field, reason.field)
    hidden = reason.value is None or reason.field in PRIVATE_FIELDS
    head_id = label if hidden else f"{label} {_shown(reason.value, ',')}"
    head_en = label if hidden else f"{label} {_shown(reason.value, '.')}"
    proposed_id = "; ".join(f"{LABELS[name]} {_shown(value, ',')}" for name, value in reason.proposed)
    proposed_en = "; ".join(f"{LABELS[name]} {_shown(value, '.')}" for name, value in reason.proposed)
    return (
        f"{head_id}: {words.text_id}." + (f" Usulan: {proposed_id}." if proposed_id else "") + f" {words.remedy_id}.",
        f"{head_en}: {words.text_en}." + (f" Proposed: {proposed_en}." if proposed_en else "") + f" {words.remedy_en}.",
    )


def is_note(code: str) -> bool:
    """Whether a row with this remark is taken all the same."""
    return ROW_PROBLEMS[code].severity == "info"


def words_of(code: str) -> Words:
    """The entry of a code. KeyError for a code nobody declared."""
    return ROW_PROBLEMS[code] if code in ROW_PROBLEMS else FILE_PROBLEMS[code]


def _shown(value: Value, decimal_mark: str) -> str:
    if isinstance(value, float):
        return f"{value:.10g}".replace(".", decimal_mark)
    if isinstance(value, date):
        return value.isoformat()
    text = str(value)
    return text if len(text) <= LONGEST_SHOWN_VALUE else f"{text[:LONGEST_SHOWN_VALUE]}…"
