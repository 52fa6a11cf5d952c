"""Counts for other systems and for the world, held against the structure that those publish.

Checked of ADX (IHE QRPH, Aggregate Data Exchange, the part that every message has in common): namespace, `exported`,
groups with orgUnit and a period of ISO 8601 date and duration, data values with a decimal `value`, no value twice in a
group. Not checked: the message structure that a receiving system derives from its own data set definition.
Checked of DHIS2 dataValueSets: the fields of the JSON form and the written forms of periods. Not checked: whether the
other side knows the codes and has these period types in its data set.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from datetime import date, datetime
from typing import Any

import jsonschema
import orjson
import pytest

from services.reporting.domain.exchange_codes import (
    ELEMENTS,
    CodeBook,
    ExchangeCode,
    adx_period,
    code_book,
    dhis2_period,
    doubled,
)
from services.reporting.domain.periods import parse_period
from services.reporting.formats.exchange import write_adx, write_data_values
from services.reporting.formats.open_data import open_data_schema, write_open_data
from tests.unit.reporting.made_figures import district

pytestmark = pytest.mark.bare
ADX = "{urn:ihe:qrph:adx:2015}"
CODES = code_book(
    [
        ExchangeCode("orgUnit", "12.19.01.2003", "O6uvpzGd5pu", date(2026, 1, 1)),
        ExchangeCode("dataElement", "stunted", "fbfJHSPpUQD", date(2026, 1, 1)),
        ExchangeCode("dataSet", "tumbuh", "BfMAe6Itzgt", date(2026, 1, 1)),
    ]
)
DATA_VALUE_SETS: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["dataValues"],
    "properties": {
        "dataSet": {"type": "string"},
        "dataValues": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["dataElement", "period", "orgUnit", "value"],
                "properties": {
                    "dataElement": {"type": "string", "minLength": 1},
                    "orgUnit": {"type": "string", "minLength": 1},
                    "period": {"type": "string", "pattern": r"^\d{4}((0[1-9]|1[0-2])|Q[1-4]|S[12])?$"},
                    "value": {"type": "string", "pattern": r"^\d+$"},
                },
            },
        },
    },
}  # fmt: skip


def read_adx(content: bytes) -> dict[str, dict[str, int]]:
    """Values by orgUnit, after the checks that the docstring names."""
    root = ET.fromstring(content)  # noqa: S314 - what we have just written
    assert root.tag == f"{ADX}adx"
    assert datetime.fromisoformat(root.attrib["exported"]).utcoffset() is not None
    found: dict[str, dict[str, int]] = {}
    for group in root:
        assert group.tag == f"{ADX}group"
        assert re.fullmatch(r"\d{4}-\d{2}-\d{2}/P(\d+Y)?(\d+M)?(\d+D)?", group.attrib["period"])
        values = {}
        for value in group:
            assert (value.tag, set(value.attrib)) == (f"{ADX}dataValue", {"dataElement", "value"})
            assert value.attrib["dataElement"] not in values
            values[value.attrib["dataElement"]] = int(value.attrib["value"])
        assert values
        assert group.attrib["orgUnit"] not in found
        found[group.attrib["orgUnit"]] = values
    return found


def test_adx_has_a_group_for_each_area_with_its_whole_numbers() -> None:
    made = write_adx(district(), CodeBook())
    groups = read_adx(made.content)
    assert set(groups) == {"12.19", "12.19.01", "12.19.02", "12.19.01.2003", "12.19.01.2004", "12.19.02.2009"}
    assert (groups["12.19.01"]["stunted"], groups["12.19.01"]["haz_measured"]) == (60, 190)
    assert made.values == sum(map(len, groups.values())) == 6 * len(ELEMENTS)
    assert b"dataSet" not in made.content, "a set that nobody named is not made up"


def test_a_hidden_count_is_left_out_and_never_sent_as_zero() -> None:
    made = write_adx(district(exact=False), CodeBook())
    groups = read_adx(made.content)
    assert "stunted" not in groups["12.19.01.2004"]
    assert groups["12.19.02.2009"]["stunted"] == 0
    assert made.left_out == {"hidden": 4, "unmapped_areas": 0}
    sent = {(value["orgUnit"], value["dataElement"]) for value in orjson.loads(
        write_data_values(district(exact=False), CodeBook()).content)["dataValues"]}  # fmt: skip
    assert sent == {(unit, name) for unit, values in groups.items() for name in values}


def test_an_area_that_the_register_does_not_know_is_left_out_and_counted() -> None:
    data = district()
    data["levels"]["desa"].append({**data["levels"]["desa"][0], "code": "unmapped"})
    assert write_adx(data, CodeBook()).left_out["unmapped_areas"] == 1


def test_a_district_is_told_by_its_own_codes() -> None:
    groups = read_adx(write_adx(district(), CODES).content)
    assert groups["O6uvpzGd5pu"]["fbfJHSPpUQD"] == 58
    assert b'dataSet="BfMAe6Itzgt"' in write_adx(district(), CODES).content
    told = orjson.loads(write_data_values(district(), CODES).content)
    jsonschema.validate(told, DATA_VALUE_SETS)
    assert told["dataSet"] == "BfMAe6Itzgt"
    assert {"dataElement": "fbfJHSPpUQD", "period": "202604", "orgUnit": "O6uvpzGd5pu", "value": "58"} in told[
        "dataValues"
    ]
    assert doubled([("orgUnit", "a"), ("orgUnit", "a"), ("dataElement", "a"), ("orgUnit", None)]) == ["a"]


@pytest.mark.parametrize(
    ("period", "dhis2", "adx"),
    [
        ("2026-04", "202604", "2026-04-01/P1M"),
        ("2026-Q2", "2026Q2", "2026-04-01/P3M"),
        ("2026-S2", "2026S2", "2026-07-01/P6M"),
        ("2026", "2026", "2026-01-01/P1Y"),
    ],
)
def test_each_system_has_its_own_name_of_a_period(period: str, dhis2: str, adx: str) -> None:
    assert (dhis2_period(parse_period(period)), adx_period(parse_period(period))) == (dhis2, adx)


def test_open_data_keep_their_schema_and_show_nothing_hidden_and_nothing_below_the_desa() -> None:
    told = orjson.loads(write_open_data(district(exact=False), "0" * 64))
    schema = orjson.loads(open_data_schema())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(told, schema)
    desa = {area["code"]: area for area in told["areas"]}
    assert desa["12.19.01.2004"]["stunted"] is desa["12.19.01.2004"]["rates"]["stunted"]["share"] is None
    assert desa["12.19.01.2004"]["suppressed"] == ["stunted"]
    too_fine = {**told, "areas": [{**told["areas"][0], "code": "12.19.01.2003.P001"}]}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(too_fine, schema)


def test_open_data_are_never_written_of_figures_that_are_not_suppressed() -> None:
    with pytest.raises(ValueError, match="suppressed"):
        write_open_data(district(), "0" * 64)
