"""Text files: which encoding, which delimiter, which rows."""

from __future__ import annotations

import codecs
import csv
from io import StringIO
from typing import Final

from services.measurement.domain.cells import LONGEST_CELL, Cell
from services.measurement.formats.profiles import Catalogue
from services.measurement.formats.table import MAX_COLUMNS, MAX_ROWS, FileRefusedError, Sheet, Source

DELIMITERS: Final = (";", ",", "\t", "|")
HEADER_WITHIN_ROWS: Final = 5

# Bytes that betray an 8-bit encoding in Indonesian files: non-breaking space, curly quotes, dashes, e and i with marks.
_CP1252_MARKS: Final = bytes((0xA0, 0x91, 0x92, 0x93, 0x94, 0x96, 0x97, 0xE9, 0xE8, 0xC9))
_MAC_ROMAN_MARKS: Final = bytes((0xCA, 0xD2, 0xD3, 0xD4, 0xD5, 0xD0, 0xD1, 0x8E, 0x8F, 0x83))
_BINARY_HEADS: Final = (b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b")


def open_text(data: bytes, catalogue: Catalogue) -> Source:
    """Raises FileRefusedError: `not_a_table`, `unclosed_quote`, `too_many_rows`, `too_many_columns`."""
    text, encoding = decode(data)
    delimiter = find_delimiter(text, catalogue)
    return Source([Sheet(_read_rows(text, delimiter))], encoding, delimiter)


def decode(data: bytes) -> tuple[str, str]:
    """The text and the name of its encoding. An 8-bit file is cp1252 or Mac Roman, by the bytes that differ."""
    if data.startswith(_BINARY_HEADS):
        raise FileRefusedError("not_a_table")
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _decode_strictly(data, "utf-16"), "utf-16"
    if b"\0" in data:  # no text encoding of these files uses it, PostgreSQL cannot store it
        raise FileRefusedError("not_a_table")
    if data.startswith(codecs.BOM_UTF8):
        return _decode_strictly(data, "utf-8-sig"), "utf-8-sig"
    try:
        return data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        encoding = _eight_bit_encoding(data)
        return data.decode(encoding), encoding


def find_delimiter(text: str, catalogue: Catalogue) -> str:
    """The delimiter that makes most known column heads in one of the first lines."""
    lines = text.split("\n", HEADER_WITHIN_ROWS)[:HEADER_WITHIN_ROWS]

    def heads(delimiter: str) -> int:
        return max(sum(catalogue.field_of(cell) is not None for cell in _split(line, delimiter)) for line in lines)

    return max(DELIMITERS, key=heads)


def _decode_strictly(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        raise FileRefusedError("not_a_table") from None


def _eight_bit_encoding(data: bytes) -> str:
    counts = [sum(map(data.count, (bytes((mark,)) for mark in marks))) for marks in (_CP1252_MARKS, _MAC_ROMAN_MARKS)]
    if counts[0] < counts[1]:
        return "mac_roman"
    try:
        data.decode("cp1252")
    except UnicodeDecodeError:  # five bytes have no meaning in cp1252; Mac Roman knows them all
        return "mac_roman"
    return "cp1252"


def _split(line: str, delimiter: str) -> list[str]:
    return [cell.strip('"') for cell in line.rstrip("\r").split(delimiter)]


def _read_rows(text: str, delimiter: str) -> list[list[Cell]]:
    if text.lstrip()[:1] == "<":
        raise FileRefusedError("not_a_table")
    rows: list[list[Cell]] = []
    try:
        for record in csv.reader(StringIO(text, newline=""), delimiter=delimiter):
            rows.append(list(record))
            _check_record(record, len(rows), delimiter)
    except csv.Error:  # a field beyond 131,072 characters: a quotation mark was opened and never closed
        raise FileRefusedError("unclosed_quote", row=len(rows) + 1) from None
    return rows


def _check_record(record: list[str], row: int, delimiter: str) -> None:
    if row > MAX_ROWS:
        raise FileRefusedError("too_many_rows", limit=MAX_ROWS)
    if len(record) > MAX_COLUMNS:
        raise FileRefusedError("too_many_columns", limit=MAX_COLUMNS)
    for cell in record:
        if "\n" in cell and (len(cell) > LONGEST_CELL or cell.count(delimiter) > len(record)):
            raise FileRefusedError("unclosed_quote", row=row)
