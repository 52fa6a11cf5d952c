"""A cell as a workbook or text file hands it over, and what a parser made of it."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime, time, timedelta
from typing import Final, Generic, NamedTuple, TypeVar

from shared.spreadsheet_text import NOT_TEXT

Cell = str | int | float | bool | date | datetime | time | timedelta | None
T = TypeVar("T")

LONGEST_CELL: Final = 1000  # characters; the longest address of the real files has 90
_SPACES: Final = re.compile(r"\s+")
# Excel shows an apostrophe typed before a value as "this is text"; other programs then keep it in the value.
_APOSTROPHE: Final = re.compile(r"^' ?(?=[=+\-@\d])")
# What a spreadsheet shows instead of a result, and `####` of a column that was too narrow when it was printed to text.
_SPREADSHEET_ERROR: Final = re.compile(r"#(N/A|NUM!|VALUE!|REF!|DIV/0!|NAME\?|NULL!|SPILL!|CALC!|#+)", re.IGNORECASE)


class Parsed(NamedTuple, Generic[T]):
    """A cell's value, or None with the code of what is wrong (`problems.py`); None without a code = no value given.

    `proposed` is what the writer most likely meant; it is shown, never taken.
    """

    value: T | None
    problem: str | None = None
    proposed: T | None = None


def clean_text(cell: Cell) -> str:
    """The text of a cell without what the eye cannot see: outer and double spaces (also NBSP), control characters."""
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    text = str(cell)  # dates and times: their ISO form
    if text.isascii() and text.isprintable() and not text.startswith("'"):
        return " ".join(text.split()) if " " in text else text
    text = NOT_TEXT.sub(" ", unicodedata.normalize("NFC", text))
    return _APOSTROPHE.sub("", _SPACES.sub(" ", text).strip())


def is_spreadsheet_error(cell: Cell) -> bool:
    """`#NUM!` and its kin in a text file; a workbook's reader gives nothing for them."""
    return isinstance(cell, str) and cell[:1] == "#" and _SPREADSHEET_ERROR.fullmatch(cell.strip()) is not None


def is_empty(cell: Cell) -> bool:
    """Nothing, or nothing but spaces."""
    return cell is None or cell == "" or (isinstance(cell, str) and not clean_text(cell))


def read_text(cell: Cell) -> Parsed[str]:
    """Free text: `-` and nothing are no value."""
    text = clean_text(cell)
    if len(text) > LONGEST_CELL:
        return Parsed(None, "cell_too_long")
    return Parsed(text) if text.strip("- ") else Parsed(None)
