"""The size of an .xls workbook, taken before it is opened, and whether a password locks it.

The reader loads all sheets at once and believes what they say about their size. Layouts: [MS-CFB] for the container,
[MS-XLS] for the records. An .xlsx behind a password is such a container, too.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

from services.measurement.formats.sheet_room import Room
from services.measurement.formats.table import FileRefusedError

_ENTRY_BYTES: Final = 128
_STREAM, _ROOT = 2, 5  # kinds of entries
_SMALL_SECTOR_BYTES: Final = 64
_NO_SECTOR: Final = 0xFFFFFFFA  # this and above: end of a chain, free, and the like
_BEGIN, _LOCKED, _DIMENSIONS = 0x0809, 0x002F, 0x0200
_CELLS: Final = frozenset({0x0203, 0x00FD, 0x027E, 0x0201, 0x0006, 0x0204, 0x0205, 0x00D6})
_CELL_RUNS: Final = frozenset({0x00BD, 0x00BE})


def measure_old_workbook(data: bytes) -> None:
    """Raises FileRefusedError: `protected_workbook`, `not_a_workbook` or `too_many_…`."""
    try:
        streams = _Container(data).streams()
        if "EncryptedPackage" in streams or "EncryptionInfo" in streams:
            raise FileRefusedError("protected_workbook")
        stream = streams.get("Workbook", streams.get("Book"))
    except (struct.error, IndexError, UnicodeDecodeError):
        raise FileRefusedError("not_a_workbook") from None
    if stream is None:
        raise FileRefusedError("not_a_workbook")
    _measure(stream)


def _measure(stream: bytes) -> None:
    room = Room()
    for kind, content in _records(stream):
        if kind == _BEGIN:
            room.next_sheet()
        elif kind == _LOCKED:
            raise FileRefusedError("protected_workbook")
        elif kind == _DIMENSIONS and len(content) >= 12:
            _, rows, _, columns = struct.unpack_from("<IIHH", content)
            room.reach(rows, columns)
        elif kind in _CELLS and len(content) >= 4:
            row, column = struct.unpack_from("<HH", content)
            room.reach(row + 1, column + 1)
        elif kind in _CELL_RUNS and len(content) >= 6:
            room.reach(int.from_bytes(content[:2], "little") + 1, int.from_bytes(content[-2:], "little") + 1)


def _records(stream: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + 4 <= len(stream):
        kind, size = struct.unpack_from("<HH", stream, at)
        yield kind, stream[at + 4 : at + 4 + size]
        at += 4 + size


class _Container:
    """A compound file: streams in sectors chained by a table; small streams in small sectors of a stream."""

    def __init__(self, data: bytes) -> None:
        shift = struct.unpack_from("<H", data, 30)[0]
        if shift not in (9, 12):
            raise FileRefusedError("not_a_workbook")
        self._size = 1 << shift
        self._sectors = data[self._size :]
        self._directory = struct.unpack_from("<I", data, 48)[0]
        self._cutoff, self._small_table = struct.unpack_from("<II", data, 56)
        self._table = self._read_table(data)

    def streams(self) -> dict[str, bytes]:
        """Content by name."""
        directory = self._read(self._directory)
        named: dict[str, tuple[int, int]] = {}
        small = b""
        for at in range(0, len(directory), _ENTRY_BYTES):
            length, kind = struct.unpack_from("<HB", directory, at + 64)
            start, size = struct.unpack_from("<IQ", directory, at + 116)
            if kind == _ROOT and size:
                small = self._read(start)
            elif kind == _STREAM:
                named[directory[at : at + max(length - 2, 0)].decode("utf-16-le")] = (start, size)
        small_table = _numbers(self._read(self._small_table))
        return {
            name: (
                self._read(start) if size >= self._cutoff else _chain(small, start, small_table, _SMALL_SECTOR_BYTES)
            )[:size]
            for name, (start, size) in named.items()
        }

    def _read(self, start: int) -> bytes:
        return _chain(self._sectors, start, self._table, self._size)

    def _sector(self, number: int) -> bytes:
        return self._sectors[number * self._size : (number + 1) * self._size]

    def _read_table(self, data: bytes) -> list[int]:
        """The table of sectors, itself in sectors that the head lists, and a chain of lists behind it."""
        listed = list(struct.unpack_from("<109I", data, 76))
        more = struct.unpack_from("<I", data, 68)[0]
        most = len(data) // self._size
        while more < _NO_SECTOR and len(listed) <= most:
            *numbers, more = _numbers(self._sector(more))
            listed += numbers
        used = [number for number in listed if number < _NO_SECTOR][: most + 1]
        return _numbers(b"".join(map(self._sector, used)))


def _chain(content: bytes, start: int, table: list[int], size: int) -> bytes:
    parts: list[bytes] = []
    while start < _NO_SECTOR:
        parts.append(content[start * size : (start + 1) * size])
        start = table[start]
        if len(parts) > len(table):  # a ring
            raise FileRefusedError("not_a_workbook")
    return b"".join(parts)


def _numbers(content: bytes) -> list[int]:
    return list(struct.unpack(f"<{len(content) // 4}I", content[: len(content) // 4 * 4]))
