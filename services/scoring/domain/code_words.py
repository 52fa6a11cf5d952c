"""Codes of assessments in both languages, for documents that other systems and people read alike."""

from __future__ import annotations

from functools import cache
from typing import Any

from services.scoring.domain.assessment_codes import VELOCITY_REASON_NAMES, class_name
from services.scoring.domain.texts import Words
from shared.growth.codes import BLANK_REASON_NAMES

Json = dict[str, Any]


@cache
def class_in_words(kind: str, code: int) -> Json | None:
    """A class: its code, and its name in Bahasa Indonesia (Permenkes 2/2020) and English; None where there is none."""
    name = class_name(kind, code)
    if name is None:
        return None
    return {"code": name} | {f"name_{lang}": Words(lang).say(f"class_{kind}", name) for lang in ("id", "en")}


@cache
def reason_in_words(code: int) -> Json | None:
    """Why there is no score; None where there is one."""
    return _because(BLANK_REASON_NAMES[code]) if code else None


@cache
def velocity_reason_in_words(code: int) -> Json | None:
    """Why there is no velocity; None where there is one."""
    return _because(VELOCITY_REASON_NAMES[code]) if code else None


def _because(name: str) -> Json:
    return {"code": name} | {f"text_{lang}": Words(lang).say("because", name) for lang in ("id", "en")}
