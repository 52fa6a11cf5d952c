"""Workbooks (.xlsx) as packages of parts: opened within bounds, written with the same bytes for the same content.

Parts that nobody touches keep their bytes, so whatever an official template holds (formulas, protection, hidden sheets,
pictures, validation) survives being filled.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from io import BytesIO
from typing import Final

MOST_UNPACKED_BYTES: Final = 60_000_000
MOST_GROWTH: Final = 100  # packed to unpacked; judged beyond a megabyte, since a few equal cells pack very well
MOST_CELLS: Final = 400_000
SMALL_BYTES: Final = 1_000_000
_BLOCK_BYTES: Final = 1 << 20
_MADE_AT: Final = (2000, 1, 1, 0, 0, 0)  # a fixed mark instead of a clock
_CELL: Final = re.compile(rb"<(?:\w+:)?c[ />]")
_MACROS: Final = (b"macroEnabled", b"vbaProject")
CONTENT_TYPES: Final = "[Content_Types].xml"
WORKBOOK: Final = "xl/workbook.xml"


class WorkbookRefusedError(ValueError):
    """The file cannot be used; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def open_package(data: bytes) -> dict[str, bytes]:
    """Parts by name, in their order. WorkbookRefusedError: `not_a_workbook`, `workbook_too_large`, `macros`."""
    parts: dict[str, bytes] = {}
    room = min(MOST_UNPACKED_BYTES, max(MOST_GROWTH * len(data), SMALL_BYTES))
    cells = 0
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            for info in archive.infolist():
                if info.is_dir():
                    continue
                with archive.open(info) as stream:
                    blocks = []
                    while block := stream.read(_BLOCK_BYTES):
                        room -= len(block)
                        if room < 0:
                            raise WorkbookRefusedError("workbook_too_large")
                        blocks.append(block)
                part = b"".join(blocks)
                if info.filename.startswith("xl/worksheets/"):
                    cells += len(_CELL.findall(part))
                parts[info.filename] = part
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError):
        raise WorkbookRefusedError("not_a_workbook") from None
    if cells > MOST_CELLS:
        raise WorkbookRefusedError("workbook_too_large")
    if WORKBOOK not in parts or CONTENT_TYPES not in parts:
        raise WorkbookRefusedError("not_a_workbook")
    if "xl/vbaProject.bin" in parts or any(word in parts[CONTENT_TYPES] for word in _MACROS):
        raise WorkbookRefusedError("macros")
    return parts


def close_package(parts: dict[str, bytes]) -> bytes:
    """The file: same parts, same bytes."""
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            info = zipfile.ZipInfo(name, _MADE_AT)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system = 0
            archive.writestr(info, part, compresslevel=6)
    return buffer.getvalue()
