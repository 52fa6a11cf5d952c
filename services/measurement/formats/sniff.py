"""The first look at a file: workbook or text, within the limits or not."""

from __future__ import annotations

from services.measurement.formats.profiles import Catalogue
from services.measurement.formats.table import MAX_FILE_MB, MEGABYTE, FileRefusedError, Source
from services.measurement.formats.text_table import open_text
from services.measurement.formats.workbook import OLE_HEAD, ZIP_HEAD, open_workbook


def open_source(data: bytes, catalogue: Catalogue) -> Source:
    """The sheets of a file, decided by its bytes and never by its name. Raises FileRefusedError with the reason."""
    if not data.strip():
        raise FileRefusedError("empty_file")
    if len(data) > MAX_FILE_MB * MEGABYTE:
        raise FileRefusedError("file_too_large", limit_mb=MAX_FILE_MB)
    if data.startswith((ZIP_HEAD, OLE_HEAD)):
        return open_workbook(data)
    return open_text(data, catalogue)
