"""HL7 v2 results: how a message is read, what is kept of it, and how it is answered.

The messages are our own, after the standard; that they are so is checked with hl7apy's tables of version 2.5. These do
not check the order of an ACK's segments, tables of values, or what an analyser's maker adds.
"""

import uuid
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hl7apy.consts import VALIDATION_LEVEL
from hl7apy.parser import parse_message
from hypothesis import given, settings
from hypothesis import strategies as st

from services.lab.domain.result_problems import ResultProblem
from services.lab.formats.hl7_ack import Stamp, acknowledge, encoded, refuse, remark_of
from services.lab.formats.hl7_kept import kept_of
from services.lab.formats.hl7_message import NotHl7Error, read_message
from services.lab.formats.hl7_results import OruRead, read_oru
from services.lab.formats.hl7_structure import structure_remarks

CHILD, ORDER = uuid.UUID(int=2), uuid.UUID(int=3)
STAMP = Stamp(datetime(2026, 3, 1, 2, tzinfo=UTC), uuid.UUID(int=9))
MSH = r"MSH|^~\&|LIS|RSUD|TUMBUH|DINKES|20260301090000+0700||ORU^R01^ORU_R01|MSG-1|P|2.5||||||UNICODE UTF-8"
PID = f"PID|1||{CHILD}^^^TUMBUH^PI~1219015705240001^^^ID^NI~RM-9981^^^RSUD^MR||Aminah^Siti"
ORC = f"ORC|RE|{ORDER}|LAB-77"
OBR = f"OBR|1|{ORDER}|LAB-77|58410-2^CBC^LN|||20260301083000+0700"
HB = "OBX|1|NM|718-7^Hemoglobin^LN||11.2|g/dL^^UCUM|||||F"


def text(*segments: str, end: str = "\r") -> bytes:
    return end.join((MSH, *(segments or (PID, ORC, OBR, HB)), "")).encode()


def read(*segments: str) -> OruRead:
    return read_oru(read_message(text(*segments)))


def obx(value: str = "11.2", kind: str = "NM", unit: str = "g/dL", status: str = "F", test: str = "718-7^Hb^LN") -> str:
    return f"OBX|1|{kind}|{test}||{value}|{unit}|||||{status}"


def told(found: OruRead) -> list[tuple[str, str, bool]]:
    return [(remark.problem.field, remark.problem.code, remark.warning) for remark in found.remarks]


def test_our_messages_and_answers_are_as_the_standards_structures_say() -> None:
    message = read_message(text())
    remarks = [remark_of(ResultProblem("unit_missing", "OBX[1]-6", facts={"units": "g/dL"}), warning=True)]
    for sent in (text().decode(), acknowledge(message, remarks, STAMP)):
        assert parse_message(sent, validation_level=VALIDATION_LEVEL.STRICT).validate()
    assert structure_remarks(message) == []


def test_an_observation_is_a_row_with_the_unit_the_draw_and_whose_it_is() -> None:
    (row,) = read().rows
    assert (row.test, row.loinc, row.value, row.comparator, row.unit) == ("718-7", True, 11.2, None, "g/dL")
    assert (row.order_id, row.child_id, row.statement) == (ORDER, CHILD, "final")
    assert (row.drawn_at, row.drawn_on) == (datetime(2026, 3, 1, 1, 30, tzinfo=UTC), None)
    assert row.stated_at == datetime(2026, 3, 1, 2, tzinfo=UTC)
    assert (row.places["value"], row.places["drawn_at"]) == ("OBX[1]-5", "OBR[1]-7")


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
def test_every_end_of_a_line_ends_a_segment(end: str) -> None:
    assert len(read_oru(read_message(text(PID, OBR, HB, obx(test="787-2^MCV^LN"), end=end))).rows) == 2


def test_separators_are_those_the_message_states() -> None:
    swapped = text().decode().translate(str.maketrans("|^~\\&", "#!@$%")).encode()
    (row,) = read_oru(read_message(swapped)).rows
    assert (row.test, row.value, row.unit, row.order_id, row.child_id) == ("718-7", 11.2, "g/dL", ORDER, CHILD)
    assert acknowledge(read_message(swapped), [], STAMP).startswith("MSH#!@$%#TUMBUH##LIS#RSUD#")


@pytest.mark.parametrize(
    ("value", "kind", "meant"),
    [
        ("11.2", "NM", (11.2, None)),
        ("<5", "ST", (5.0, "<")),
        ("&lt", "ST", (None, None)),
        ("< 5,2", "TX", (5.2, "<")),
        ("<^5", "SN", (5.0, "<")),
        (">=^200", "SN", (200.0, ">=")),
        ("^100", "SN", (100.0, None)),
        ("^1^:^128", "SN", (None, None)),
        ("^5^-^10", "SN", (None, None)),
        ("11.2~11.4", "NM", (None, None)),
        ("1,200", "ST", (None, None)),
        ("9" * 400, "NM", (None, None)),
        ("", "NM", (None, None)),
        ('""', "NM", (None, None)),
    ],
)
def test_a_value_is_a_number_a_bound_or_none_of_its_numbers(value: str, kind: str, meant: Any) -> None:
    """B046."""
    (row,) = read(OBR, obx(value, kind)).rows
    assert (row.value, row.comparator) == meant


@pytest.mark.parametrize(
    ("value", "kind", "findings"),
    [
        ("positif", "ST", (("positif",),)),
        ("1+", "ST", (("1+",),)),
        ("^2^+", "SN", (("2+",),)),
        ("", "ST", ()),
        ("260373001^Detected^SCT^P^Pos^L", "CWE", (("260373001", "Detected", "P", "Pos"),)),
        ("A^Ascaris~H^Hookworm", "CE", (("A", "Ascaris"), ("H", "Hookworm"))),
    ],
)
def test_words_are_findings_in_every_way_they_are_said(value: str, kind: str, findings: Any) -> None:
    """B048."""
    assert read(OBR, obx(value, kind)).rows[0].findings == findings


@pytest.mark.parametrize(
    ("written", "unit"),
    [
        ("g/dL", "g/dL"),
        ("ug/L^microgram^UCUM", "ug/L"),
        ("^g/dL", "g/dL"),
        ("μg/L", "μg/L"),
        (r"10\S\9/L", "10^9/L"),
        ("10^9/L", "10^9/L"),
        (r"\XCEBC\g/L", "μg/L"),
        ("", None),
    ],
)
def test_a_unit_is_as_it_is_written_and_never_assumed(written: str, unit: str | None) -> None:
    """B044."""
    assert read(OBR, obx(unit=written)).rows[0].unit == unit


@pytest.mark.parametrize(
    ("escaped", "plain"),
    [
        (r"a\F\b\S\c\R\d\T\e\E\f", "a|b^c~d&e\\f"),
        (r"\X4142\ \X00\x", "AB x"),
        (r"\H\Hb\N\ \.br\x", "Hb \nx"),
        ("\\Zq\\ \\X4G\\ 100\\", "\\Zq\\ \\X4G\\ 100\\"),
    ],
)
def test_escapes_are_undone_and_what_is_none_stays(escaped: str, plain: str) -> None:
    segment = read_message(text(OBR, obx(escaped, "ST"))).segments[-1]
    assert segment.value(segment.field(5)) == plain


@pytest.mark.parametrize(
    ("statuses", "statement"), [("F", "final"), ("C", "corrected"), ("PRSI", "preliminary"), ("XDW", "retracted")]
)
def test_a_status_of_the_standard_is_a_statement(statuses: str, statement: str) -> None:
    assert {read(OBR, obx(status=status)).rows[0].statement for status in statuses} == {statement}


def test_a_status_that_is_not_stated_is_the_orders_or_refused() -> None:
    of_order = "|".join([*OBR.split("|"), *[""] * 17, "C"])
    assert read(of_order, obx(status="")).rows[0].statement == "corrected"
    assert told(read(OBR, obx(status=""))) == [("OBR[1]-25", "status_unknown", False)]
    assert told(read(OBR, obx(status="U"))) == [("OBX[1]-11", "status_unknown", False)]


@pytest.mark.parametrize(
    ("sent", "drawn", "meant"),
    [
        ("20260301090000+0800", "202603010830", datetime(2026, 3, 1, 0, 30, tzinfo=UTC)),
        ("20260301090000", "202603010830", datetime(2026, 3, 1, 1, 30, tzinfo=UTC)),
        ("20260301090000", "20260301083000.5+0000", datetime(2026, 3, 1, 8, 30, tzinfo=UTC)),
        ("20260301090000", "20260301", date(2026, 3, 1)),
    ],
)
def test_a_time_without_zone_is_of_the_headers_zone_else_of_jakarta(sent: str, drawn: str, meant: Any) -> None:
    content = text(OBR.replace("20260301083000+0700", drawn), HB).replace(b"20260301090000+0700", sent.encode())
    (row,) = read_oru(read_message(content)).rows
    assert (row.drawn_at or row.drawn_on) == meant


def test_what_is_not_a_day_is_told_with_its_place() -> None:
    assert told(read(OBR, HB + "|||99991231235959-1200")) == [("OBX[1]-14", "time_without_zone", False)]
    assert told(read(OBR.replace("20260301083000+0700", "202603"), HB)) == [("OBR[1]-7", "time_without_zone", False)]
    later = HB + "|||20261301"
    assert told(read(OBR, later)) == [("OBX[1]-14", "time_without_zone", False)]


def test_several_patients_and_orders_keep_what_is_theirs() -> None:
    other, second = uuid.UUID(int=7), uuid.UUID(int=8)
    found = read(
        PID, ORC, OBR, HB, f"OBR|2|{second}|LAB-78|x|||20260302", HB,
        f"PID|2||{other}", "OBR|3||LAB-79|x|||20260303", HB, HB.replace("718-7", "787-2"),
    )  # fmt: skip
    assert [(row.child_id, row.order_id) for row in found.rows] == [
        (CHILD, ORDER), (CHILD, second), (other, None), (other, None)
    ]  # fmt: skip
    assert len({row.source_id(row.test) for row in found.rows}) == 4


def test_a_specimen_below_its_results_is_theirs_and_what_follows_describes_it() -> None:
    found = read(PID, OBR, HB, "SPM|1|||BLDC^capillary^HL70487", HB)
    assert [row.specimen for row in found.rows] == ["capillary"]
    assert told(found) == [("OBX[2]", "segment_of_tube", True)]


def test_a_code_of_the_laboratory_comes_with_its_words_and_an_alternate_loinc_is_found() -> None:
    first, second = read(OBR, obx(test="1023^Hb^99LAB"), obx(test="1023^Hb^99LAB^718-7^Hb^LN")).rows
    assert (first.test, first.loinc, second.test, second.loinc) == ("1023 Hb", False, "718-7", True)


def test_an_attachment_is_told_and_stops_nothing() -> None:
    found = read(OBR, "OBX|1|ED|PDF^Report||^AP^^Base64^QUJD||||||F", HB)
    assert (len(found.rows), told(found)) == (1, [("OBX[1]-2", "value_type_unread", True)])


def test_a_narrative_is_told_and_a_field_of_a_code_that_long_rejected() -> None:
    assert told(read(OBR, obx("a~" * 6000, "TX"))) == [("OBX[1]-2", "value_type_unread", True)]
    with pytest.raises(NotHl7Error, match="structure_invalid"):
        read(OBR, obx(test="^" * 10_001))


def test_an_observation_of_no_order_is_refused() -> None:
    found = read(HB, OBR, HB)
    assert (len(found.rows), told(found)) == (1, [("OBX[1]", "segment_misplaced", False)])


@pytest.mark.parametrize(
    ("was", "now", "code", "place"),
    [
        ("ORU^R01^ORU_R01", "ADT^A01", "200", "MSH-9"),
        ("ORU^R01^ORU_R01", "ORU^R30", "201", "MSH-9.2"),
        ("|P|2.5|", "|T|2.5|", "202", "MSH-11"),
        ("|P|2.5|", "|P|2.8|", "203", "MSH-12"),
        ("MSG-1", "", "101", "MSH-10"),
        ("UNICODE UTF-8", "UNICODE UTF-16", "103", "MSH-18"),
        ("MSH|^~", "MSH|^^", "207", "MSH-1"),
        ("MSH", "FHS", "207", "MSH-1"),
        ("OBX", "NTE", "100", "OBX"),
    ],
)
def test_a_message_of_another_kind_is_rejected_with_its_field(was: str, now: str, code: str, place: str) -> None:
    with pytest.raises(NotHl7Error) as caught:
        read_oru(read_message(text().replace(was.encode(), now.encode())))
    assert (caught.value.code, caught.value.problem.field) == (code, place)
    answer = refuse(caught.value, STAMP)
    assert "\rMSA|AR" in answer
    assert f"|{code}^^HL70357|E|" in answer


@pytest.mark.parametrize(("named", "encoding"), [("8859/1", "latin-1"), ("UNICODE UTF-8", "utf-8")])
def test_the_stated_character_set_is_used(named: str, encoding: str) -> None:
    content = text(OBR, obx(unit="µg/L")).decode().replace("UNICODE UTF-8", named).encode(encoding)
    assert read_oru(read_message(content)).rows[0].unit == "µg/L"


@pytest.mark.parametrize("named", ["", "ASCII", "UNICODE UTF-8"])
def test_content_that_is_not_in_the_stated_character_set_is_rejected(named: str) -> None:
    content = text(OBR, obx(unit="µg/L")).decode().replace("UNICODE UTF-8", named).encode("latin-1")
    with pytest.raises(NotHl7Error) as caught:
        read_message(content)
    assert caught.value.problem.code == "charset_unknown"
    assert encoded(refuse(caught.value, STAMP), caught.value.message).isascii()


def test_an_answer_names_the_place_and_the_remedy_in_both_languages() -> None:
    remark = remark_of(ResultProblem("unit_missing", "OBX[3]-6", facts={"units": "g/dL"}), warning=False)
    answer = acknowledge(read_message(text()), [remark], STAMP).split("\r")
    assert answer[1].startswith("MSA|AE|MSG-1|")
    assert answer[2].startswith("ERR||OBX^3^6|101^^HL70357|E|unit_missing^^99TUMBUH|||satuan tidak diisi")
    assert "the unit is missing" in answer[2]
    old = read_message(text().replace(b"|2.5|", b"|2.3.1|"))
    assert "\rERR|OBX^3^6^101|" in acknowledge(old, [remark], STAMP)


def test_hints_of_the_standards_tables_refuse_nothing() -> None:
    message = read_message(text(PID, "XYZ|1", "ZAB|1", OBR, HB.replace("718-7^Hemoglobin^LN", "a^b~c^d"), "OBX|2|NM"))
    assert [(remark.problem.field, remark.problem.code) for remark in structure_remarks(message)] == [
        ("XYZ[1]", "structure_invalid"),
        ("OBX[1]-3", "structure_invalid"),
        ("OBX[2]-3", "field_missing"),
        ("OBX[2]-11", "field_missing"),
    ]


def test_what_is_kept_does_not_say_who_the_child_is() -> None:
    extra = ("NK1|1|Ibu Siti", "NTE|1||Anak Siti", "OBX|2|ED|PDF||^AP^^Base64^QUJD||||||F|||||7^dr Siti", "ZPI|Siti")
    kept = kept_of(read_message(text(PID, ORC + "|||||||||Siti", OBR + "|||Siti^Kolektor", HB, *extra)))
    assert not [word for word in ("Siti", "Aminah", "1219015705240001", "RM-9981", "QUJD") if word in kept]
    assert [word for word in (str(CHILD), str(ORDER), "11.2", "g/dL", "MSG-1") if word not in kept] == []


SCRAPS = st.sampled_from(
    [MSH, PID, ORC, OBR, HB, "MSH", "OBX", "|", "^", "~", "\\", "&", "\r", "\n", "\0", "\\X", "\\X00\\", "SPM|1", "F"]
)  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(st.one_of(st.binary(max_size=300), st.lists(st.one_of(SCRAPS, st.text(max_size=8)), max_size=30).map(
    lambda parts: (MSH + "\r" + "".join(parts)).encode("utf-8", "surrogatepass"))))  # fmt: skip
def test_whatever_comes_is_answered(content: bytes) -> None:
    try:
        message = read_message(content)
        remarks = [*read_oru(message).remarks, *structure_remarks(message)]
        assert "\0" not in kept_of(message)
        answer = encoded(acknowledge(message, remarks, STAMP), message)
    except NotHl7Error as error:
        answer = encoded(refuse(error, STAMP), error.message)
    assert answer.startswith(b"MSH")
    assert b"\rMSA" in answer
