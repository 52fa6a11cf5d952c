"""An order and its data → the bytes of the file, by kind and form."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final, NamedTuple

import orjson

from services.reporting.domain.exchange_codes import ExchangeCode, code_book
from services.reporting.domain.export_order import ExportOrder
from services.reporting.formats.exchange import write_adx, write_data_values
from services.reporting.formats.export_tables import children_table, figure_tables
from services.reporting.formats.export_words import words
from services.reporting.formats.numbers import day_name, period_name
from services.reporting.formats.open_data import write_open_data
from services.reporting.formats.table_text import write_archive, write_text
from services.reporting.formats.table_workbook import write_workbook
from services.reporting.formats.tables import Table
from services.reporting.formats.tpps_pdf import write_report

SHORT_HASH: Final = 16  # digits of a fingerprint that people compare


class Written(NamedTuple):
    """A file. `left_out` counts what could not be in it, by reason."""

    content: bytes
    rows: int
    left_out: Mapping[str, int]


def fingerprint(data: Any) -> str:
    """SHA-256 of the data itself, the same whatever file it goes into."""
    return hashlib.sha256(orjson.dumps(data, default=str, option=orjson.OPT_SORT_KEYS)).hexdigest()


def write_file(order: ExportOrder, data: Mapping[str, Any], digest: str) -> Written:
    """The file of `data`, whose fingerprint is `digest`. Takes seconds of a processor: not on an event loop."""
    if order.kind == "exchange":
        book = code_book(ExchangeCode(*code) for code in data["codes"])
        return Written(*(write_adx if order.form == "adx" else write_data_values)(data, book))
    if order.kind == "report":
        areas = sum(len(level) for level in data["levels"].values()) + 1
        return Written(write_report(data, order.language, digest), areas, {})
    if order.kind == "open-data":
        return Written(write_open_data(data, digest), sum(len(level) for level in data["levels"].values()) + 1, {})
    tables = (
        [children_table(data["children"], order.language)]
        if order.kind == "children"
        else figure_tables(data, order.language)
    )
    rows = sum(len(table.rows) for table in tables)
    return Written(_tables(order, tables, data, digest), rows, {})


def _tables(order: ExportOrder, tables: Sequence[Table], data: Mapping[str, Any], digest: str) -> bytes:
    if order.form == "xlsx":
        told = words(order.language)
        of_children = order.kind == "children"
        day = day_name(date.fromisoformat(data["known_on"]), order.language)
        known = told["released" if "released_on" in data else "as_known"].replace("{day}", day)
        about = known if of_children else f"{period_name(order.period, order.language)}. {known}"
        mark = told["data_hash"].replace("{hash}", digest[:SHORT_HASH])
        title = f"{data['name']} ({data['area']})"
        notes = (told["note_children" if of_children else "note_blank"], f"{about}. {mark}")
        return write_workbook(tables, title, notes, told["page"])
    machine = order.form == "csv-machine"
    written = [(f"{table.key}.csv", write_text(table, order.language, machine=machine)) for table in tables]
    return written[0][1] if order.kind == "children" else write_archive(written)
