"""Lists about children as CSV: a head line in words we know, a row a child; encoding and delimiter are found out."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from typing import Final

from services.measurement.formats.table import FileRefusedError
from services.measurement.formats.text_table import decode

MAX_ROWS: Final = 5_000


def read_list(
    content: bytes, heads: Mapping[str, str], fits: Callable[[frozenset[str]], bool]
) -> list[tuple[int, dict[str, str]]]:
    """(line, cells by our names) of every row that is not empty; `heads`: words of a head in small letters → our name.

    FileRefusedError: `not_a_table`, `too_many_rows`, `no_column` where the names found do not fit.
    """
    text, _ = decode(content)
    first = text.split("\n", 1)[0]
    delimiter = max((",", ";", "\t"), key=first.count)
    try:
        table = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error:
        raise FileRefusedError("not_a_table") from None
    names = [heads.get(" ".join(cell.split()).casefold()) for cell in table[0]] if table else []
    if not fits(frozenset(name for name in names if name is not None)):
        raise FileRefusedError("no_column")
    rows = [(line, row) for line, row in enumerate(table[1:], start=2) if any(cell.strip() for cell in row)]
    if len(rows) > MAX_ROWS:
        raise FileRefusedError("too_many_rows", limit=MAX_ROWS)
    return [(line, {name: cell.strip() for name, cell in zip(names, row, strict=False) if name}) for line, row in rows]
