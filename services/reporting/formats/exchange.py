"""Counts for another system: ADX (IHE QRPH, `urn:ihe:qrph:adx:2015`) and DHIS2's dataValueSets as JSON.

Whole numbers only: shares are theirs to compute. A hidden count is left out, never sent as zero. The area itself and
all below it down to the desa, except what the register does not know: a code of nobody would be refused.

ADX wants to know when it was exported; here that is the day of the data, so that the same figures are the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple
from xml.sax.saxutils import quoteattr

import orjson

from services.reporting.domain.areas import UNMAPPED
from services.reporting.domain.exchange_codes import ELEMENTS, CodeBook, adx_period, dhis2_period
from services.reporting.domain.periods import parse_period

NAMESPACE: Final = "urn:ihe:qrph:adx:2015"
Row = Mapping[str, Any]


class Exchanged(NamedTuple):
    """A file for another system, how many values are in it and how many could not be."""

    content: bytes
    values: int
    left_out: dict[str, int]


class _Group(NamedTuple):
    org_unit: str
    values: list[tuple[str, int]]


def write_adx(data: Row, book: CodeBook) -> Exchanged:
    """One group for each area."""
    groups, left_out = _groups(data, book)
    period = adx_period(parse_period(data["period"]))
    of_set = f" dataSet={quoteattr(book.data_set)}" if book.data_set is not None else ""
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<adx xmlns="{NAMESPACE}" exported="{data["known_on"]}T00:00:00+07:00">',
    ]
    for group in groups:
        lines.append(f'  <group orgUnit={quoteattr(group.org_unit)} period="{period}"{of_set}>')
        lines += [f'    <dataValue dataElement={quoteattr(name)} value="{value}"/>' for name, value in group.values]
        lines.append("  </group>")
    lines.append("</adx>\n")
    return Exchanged("\n".join(lines).encode(), sum(len(group.values) for group in groups), left_out)


def write_data_values(data: Row, book: CodeBook) -> Exchanged:
    """One value for each area and count; category and attribute option combinations are the other side's defaults."""
    groups, left_out = _groups(data, book)
    period = dhis2_period(parse_period(data["period"]))
    values = [
        {"dataElement": name, "period": period, "orgUnit": group.org_unit, "value": str(value)}
        for group in groups
        for name, value in group.values
    ]
    told = {"dataValues": values} if book.data_set is None else {"dataSet": book.data_set, "dataValues": values}
    return Exchanged(orjson.dumps(told, option=orjson.OPT_INDENT_2), len(values), left_out)


def _groups(data: Row, book: CodeBook) -> tuple[list[_Group], dict[str, int]]:
    groups: list[_Group] = []
    unmapped = hidden = 0
    for row in _areas(data):
        if row["code"] == UNMAPPED:
            unmapped += 1
            continue
        known = [(name, row[name]) for name in ELEMENTS if row[name] is not None]
        hidden += len(ELEMENTS) - len(known)
        if known:
            values = [(book.of("dataElement", name), value) for name, value in known]
            groups.append(_Group(book.of("orgUnit", row["code"]), values))
    return groups, {"hidden": hidden, "unmapped_areas": unmapped}


def _areas(data: Row) -> Iterator[Row]:
    yield {**data["summary"], "code": data["area"]}
    for rows in data["levels"].values():
        yield from rows
