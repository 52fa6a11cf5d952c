"""Text that goes into a cell of a spreadsheet: what could be taken for a formula, and what the eye cannot see."""

from __future__ import annotations

import re
from typing import Final

NOT_TEXT: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\ufeff]")
_UNSEEN_START: Final = re.compile(rf"(?:\s|{NOT_TEXT.pattern})+")
_FORMULA_STARTS: Final = ("=", "+", "-", "@")
_SIGNED_NUMBER: Final = re.compile(r"[+-]?(\d+([.,]\d*)?)?")  # a lone sign is harmless too


def neutralised(text: str) -> str:
    """Text that no spreadsheet takes for a formula: an apostrophe before `=`, `+`, `-`, `@`, unless it is a number.

    Our own reader of files takes the apostrophe off again, so that what we wrote reads back the same.
    """
    unseen = _UNSEEN_START.match(text)
    start = text[unseen.end() :] if unseen else text
    if not start.startswith(_FORMULA_STARTS) or _SIGNED_NUMBER.fullmatch(start.rstrip()):
        return text
    return f"'{text}"
