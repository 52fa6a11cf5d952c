"""The shape of an entry in the catalogue of problems."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "info"]


@dataclass(frozen=True, slots=True)
class Words:
    """What is wrong and what to do about it, in both languages, without a full stop at the end.

    Of a row: `error` holds it back, `warning` marks a repair or a duplicate, `info` is a note on a row that is taken.
    Of a file: `error` stops or refuses it, `warning` asks for a look, `info` tells.
    """

    severity: Severity
    text_id: str
    remedy_id: str
    text_en: str
    remedy_en: str

    def full_id(self) -> str:
        """Problem and remedy in Bahasa Indonesia."""
        return f"{self.text_id}. {self.remedy_id}."

    def full_en(self) -> str:
        """Problem and remedy in English."""
        return f"{self.text_en}. {self.remedy_en}."
