"""What a table of a file is: typed columns, and cells that say why they are empty. Every form of a file writes it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Final, Literal, Self

Sort = Literal["code", "text", "count", "share", "score", "date"]


class Hidden(Enum):
    """A cell that may not be seen: not zero, and not `no data` either."""

    HIDDEN = "hidden"


HIDDEN: Final = Hidden.HIDDEN


class Coded(str):
    """A cell that people read as words and machines as `code`."""

    __slots__ = ("code",)
    code: str

    def __new__(cls, code: str, words: str) -> Self:
        """`words` with their code beside them."""
        made = super().__new__(cls, words)
        made.code = code
        return made


Value = str | int | float | date | Hidden | None


@dataclass(frozen=True, slots=True)
class Column:
    """A column. Shares lie between 0 and 1; codes are text although they look like numbers."""

    key: str
    head: str
    sort: Sort


@dataclass(frozen=True, slots=True)
class Table:
    """A table in one language. `key` names it for machines, `title` for people."""

    key: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Value, ...], ...]
