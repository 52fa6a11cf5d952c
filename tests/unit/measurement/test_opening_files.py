"""Files as bytes: encodings, delimiters, sheets, heads, and what must be refused without harm."""

from __future__ import annotations

import struct
import tracemalloc
import zipfile
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.measurement.domain.cells import Cell
from services.measurement.formats import table
from services.measurement.formats.profiles import build_catalogue, comparable, eppgbm
from services.measurement.formats.table import FileRefusedError
from services.measurement.formats.workbook_limits import measure_workbook
from tests.generators.eppgbm.containers import compound, ods, xls, xlsb, zipped
from tests.unit.measurement.eppgbm_files import HEADS_A, dates_written, examine, healthy_rows, text_file, workbook


def refused(data: bytes) -> str:
    """The code with which a file is refused; its diagnosis must still be whole."""
    diagnosis = examine(data).diagnosis
    assert diagnosis.stopped
    assert diagnosis.rows == 0
    assert sum(diagnosis.counts.values()) == 0
    assert len(diagnosis.messages) == 1
    assert diagnosis.messages[0].text_id != diagnosis.messages[0].text_en
    return diagnosis.stop_reasons[0]


def packed(parts: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def with_sheet(data: bytes, xml: bytes) -> bytes:
    """A good workbook whose sheet is replaced by other XML."""
    with zipfile.ZipFile(BytesIO(data)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    return packed(parts | {"xl/worksheets/sheet1.xml": xml})


def ods_row(rows: int, columns: int) -> str:
    """One row of one filled cell that is said to stand many times."""
    cell = f'<table:table-cell table:number-columns-repeated="{columns}" office:value-type="float" office:value="1"/>'
    return f'<table:table-row table:number-rows-repeated="{rows}">{cell}</table:table-row>'


def sheet_xml(rows: bytes) -> bytes:
    space = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    return b'<?xml version="1.0"?><worksheet xmlns="' + space + b'"><sheetData>' + rows + b"</sheetData></worksheet>"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "mac_roman", "utf-16"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
def test_encoding_and_delimiter_are_found(encoding: str, delimiter: str) -> None:
    rows = [row | {"Alamat": "DUSUN\xa0DUA", "Nama": "ANDR\xc9"} for row in healthy_rows(3)]
    diagnosis = examine(text_file(rows, delimiter=delimiter, encoding=encoding)).diagnosis
    assert diagnosis.encoding == encoding
    assert diagnosis.delimiter == delimiter
    assert diagnosis.counts["taken"] == 3


def test_b064_a_byte_order_mark_is_no_part_of_the_first_head() -> None:
    examination = examine(b"\xef\xbb\xbf" + text_file(healthy_rows(1), delimiter=";"))
    assert examination.diagnosis.columns["NIK"] == "nik"
    assert examination.judged[0].row is not None
    assert examination.judged[0].row.nik is not None


@given(
    st.permutations(HEADS_A), st.sampled_from([str.upper, str.lower, str.title]), st.sampled_from([" ", "_", "\xa0"])
)
@settings(max_examples=20, deadline=None)
def test_heads_are_known_in_any_order_case_and_spacing(order: list[str], case: Any, space: str) -> None:
    rows = healthy_rows(2)
    renamed = {head: case(head).replace(" ", space) for head in order}
    data = text_file([{renamed[h]: row[h] for h in order} for row in rows], [renamed[h] for h in order])
    examination = examine(data)
    assert examination.diagnosis.profile == "A"
    taken = [verdict.row for verdict in examination.judged]
    assert [row.weight_kg for row in taken if row is not None] == [row["Berat"] for row in rows]


def test_lower_snake_heads_are_known() -> None:
    assert comparable("zs_tb_u") == comparable("ZS TB/U")
    assert eppgbm().field_of("tanggal_pengukuran") == "measured_on"


@pytest.mark.parametrize("lines", [0, 1, 4])
def test_heads_are_found_on_lines_1_to_5(lines: int) -> None:
    before = [["LAPORAN GIZI", "FEBRUARI"]] * lines
    diagnosis = examine(workbook(healthy_rows(2), before=before)).diagnosis
    assert diagnosis.header_row == lines + 1
    assert diagnosis.counts["taken"] == 2


def test_heads_below_line_5_are_not_looked_for() -> None:
    assert refused(workbook(healthy_rows(2), before=[["LAPORAN"]] * 5)) == "header_not_found"


def test_the_same_head_twice_is_refused_because_nobody_knows_which_is_meant() -> None:
    assert refused(text_file(healthy_rows(1), [*HEADS_A, "Berat"])) == "duplicate_header"


def test_heads_that_nobody_knows_may_repeat() -> None:
    diagnosis = examine(text_file(healthy_rows(1), [*HEADS_A, "", "", "catatan", "catatan"])).diagnosis
    assert diagnosis.counts["taken"] == 1
    assert [head for head, ours in diagnosis.columns.items() if ours is None] == [
        "(kolom 33)",
        "(kolom 34)",
        "catatan",
        "catatan (2)",
    ]


def test_a_file_without_a_required_column_names_it() -> None:
    diagnosis = examine(text_file(healthy_rows(1), [h for h in HEADS_A if h != "Tgl Lahir"])).diagnosis
    assert diagnosis.stop_reasons == ["unknown_profile"]
    assert diagnosis.profile is None
    assert "Tgl Lahir" in diagnosis.messages[0].text_id


def test_hidden_sheets_are_not_read_and_named() -> None:
    def hide_another(book: Any) -> None:
        hidden = book.add_worksheet("Rahasia")
        hidden.write_row(0, 0, HEADS_A)
        hidden.write_row(1, 0, ["1"] * len(HEADS_A))
        hidden.hide()

    diagnosis = examine(workbook(healthy_rows(2), prepare=hide_another)).diagnosis
    assert diagnosis.sheet == "Data"
    assert diagnosis.rows == 2
    assert "Rahasia" in next(m.text_id for m in diagnosis.messages if m.code == "hidden_sheets")


def test_data_on_a_hidden_sheet_only_is_not_taken() -> None:
    def hide_data(book: Any) -> None:
        book.add_worksheet("Kosong").activate()
        book.worksheets()[0].hide()

    assert refused(workbook(healthy_rows(2), prepare=hide_data)) == "header_not_found"


def test_a_second_sheet_with_data_is_named_and_not_dropped_in_silence() -> None:
    def add_march(book: Any) -> None:
        book.add_worksheet("Maret").write_row(0, 0, HEADS_A)

    diagnosis = examine(workbook(healthy_rows(2), prepare=add_march)).diagnosis
    assert "Maret" in next(m.text_id for m in diagnosis.messages if m.code == "other_sheets")


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty_file"),
        (b" \r\n\r\n", "empty_file"),
        (b"PK\x03\x04 no zip at all", "not_a_workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "not_a_workbook"),
        (b"%PDF-1.7\n", "not_a_table"),
        (b"<html><table><tr><td>NIK</td></tr></table>", "not_a_table"),
        (b"NIK,Nama,JK\n1,\x00,L\n", "not_a_table"),
        (b"\xef\xbb\xbf\xff\xfe", "not_a_table"),
        (b"satu,dua,tiga\n1,2,3\n", "header_not_found"),
    ],
)
def test_what_is_no_table_is_refused_with_a_reason(data: bytes, code: str) -> None:
    assert refused(data) == code


def test_a_zip_that_is_no_workbook_is_refused() -> None:
    assert refused(packed({"hello.txt": b"no workbook"})) == "not_a_workbook"
    assert refused(with_sheet(workbook(healthy_rows(1)), b"<worksheet><sheetData><row><c")) in {
        "not_a_workbook",
        "header_not_found",
    }


def test_a_zip_that_lies_about_its_sizes_is_refused() -> None:
    data = bytearray(workbook(healthy_rows(30)))
    at = data.rindex(b"PK\x01\x02", 0, data.index(b"xl/worksheets/sheet1.xml", data.index(b"PK\x01\x02")) + 1)
    data[at + 24 : at + 28] = (100).to_bytes(4, "little")  # "unpacked, this part has 100 bytes"
    assert refused(bytes(data)) == "not_a_workbook"


def test_a_zip_whose_directory_points_before_its_beginning_is_refused() -> None:
    data = bytearray(workbook(healthy_rows(3)))
    at = data.rindex(b"PK\x05\x06")
    data[at + 18] += 1  # the directory "begins" 65,536 bytes later than it does, so every part before the file
    assert refused(bytes(data)) == "not_a_workbook"


def test_a_zip_bomb_is_refused_before_it_unpacks() -> None:
    bomb = packed({"xl/worksheets/sheet1.xml": bytes(60_000_000)})
    assert len(bomb) < 100_000
    tracemalloc.start()
    assert refused(bomb) == "compressed_too_much"
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10_000_000


def test_workbooks_of_other_formats_are_read_like_any_other() -> None:
    rows = healthy_rows(25)
    lines: list[list[Cell]] = [[*HEADS_A], *([row[head] for head in HEADS_A] for row in rows)]
    for written in (xls(lines), xlsb(lines), ods(lines)):
        diagnosis = examine(written).diagnosis
        assert (diagnosis.counts["taken"], diagnosis.rows, diagnosis.sheet) == (25, 25, "Data")
        assert diagnosis.recompute == examine(workbook(rows)).diagnosis.recompute


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (compound({"EncryptionInfo": b"", "EncryptedPackage": bytes(5000)}), "protected_workbook"),
        (xls([["NIK"]], protected=True), "protected_workbook"),
        (xls([["NIK"]], dimensions=(4_000_000_000, 60_000)), "too_many_rows"),
        (xls([["NIK"]], dimensions=(60_000, 256)), "too_many_cells"),
        (compound({"Lain": bytes(5000)}), "not_a_workbook"),
        (xlsb([["NIK"]], last_row=1_000_000, last_column=1), "too_many_rows"),
        (xlsb([["NIK"]], last_row=5, last_column=16_000), "too_many_columns"),
        (xlsb([["NIK"]], last_row=90_000, last_column=250), "too_many_cells"),
        (ods([["NIK"]], ods_row(1_000_000, 1)), "too_many_rows"),
        (ods([["NIK"]], ods_row(1, 16_000)), "too_many_columns"),
        (ods([["NIK"]], ods_row(90_000, 250)), "too_many_cells"),
        (ods([["NIK"]], "<table:table-row>"), "not_a_workbook"),
        (zipped({"content.xml": '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'}), "not_a_workbook"),
    ],
)
def test_other_workbooks_are_measured_before_they_are_opened(data: bytes, code: str) -> None:
    tracemalloc.start()
    assert refused(data) == code
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10_000_000


def test_a_small_stream_of_a_compound_file_is_read_from_small_sectors() -> None:
    # A workbook of few rows is shorter than 4,096 bytes; Excel then puts it among the small streams.
    data = bytearray(xls([["NIK"]], protected=True))
    at = data.index("Workbook".encode("utf-16-le"))
    root = data.index("Root Entry".encode("utf-16-le"))
    first, size = struct.unpack_from("<IQ", data, at + 116)
    struct.pack_into("<IQ", data, root + 116, first, size)  # the same sectors as the stream of small ones
    table = b"".join(struct.pack("<I", number + 1) for number in range(127)) + struct.pack("<I", 0xFFFFFFFE)
    struct.pack_into("<I", data, 60, len(data) // 512 - 1)
    data += table
    struct.pack_into("<IQ", data, at + 116, 0, 400)
    fat = struct.unpack_from("<I", data, 76)[0]
    struct.pack_into("<I", data, 512 + fat * 512 + 4 * (len(data) // 512 - 2), 0xFFFFFFFE)
    assert refused(bytes(data)) == "protected_workbook"


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_no_damage_to_another_workbook_breaks_the_diagnosis(data: st.DataObject) -> None:
    good = bytearray(data.draw(st.sampled_from(_OTHERS)))
    for _ in range(data.draw(st.integers(1, 6))):
        good[data.draw(st.integers(0, len(good) - 1))] = data.draw(st.integers(0, 255))
    diagnosis = examine(bytes(good)).diagnosis
    assert sum(diagnosis.counts.values()) == diagnosis.rows


def test_many_parts_that_are_small_each_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.measurement.formats.workbook_limits.MAX_UNPACKED_MB", 2)
    noise = {f"part{number}": bytes(range(256)) * 2500 for number in range(4)}
    assert refused(packed(noise)) in {"unpacked_too_large", "compressed_too_much"}


def test_a_file_above_the_size_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.measurement.formats.sniff.MAX_FILE_MB", 0)
    assert refused(text_file(healthy_rows(1))) == "file_too_large"


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        (b'<row r="1048576"><c r="A1048576" t="n"><v>1</v></c></row>', "too_many_rows"),
        (b'<row r="1"><c r = \'A1048576\' t="n"><v>1</v></c></row>', "too_many_rows"),
        (b'<row r="1"><c r="XFD1" t="n"><v>1</v></c></row>', "too_many_columns"),
        (b'<row r="99000"><c r="KN99000" t="n"><v>1</v></c></row>', "too_many_cells"),
        (b"<row>" + b"<c><v>1</v></c>" * 301 + b"</row>", "too_many_columns"),
        (b"<row/>" * 100_001, "too_many_rows"),
    ],
)
def test_a_tiny_sheet_that_would_need_endless_room_is_refused(rows: bytes, code: str) -> None:
    assert refused(with_sheet(workbook(healthy_rows(1)), sheet_xml(rows))) == code


@pytest.mark.parametrize("cut", range(1, 9))
def test_a_corner_that_lies_across_two_blocks_is_seen(cut: int) -> None:
    corner = b'r="XFD1"'
    before = sheet_xml(b"").partition(b"</sheetData>")[0] + b'<row r="1"><c '
    xml = before.ljust((1 << 20) - cut) + corner + b"><v>1</v></c></row></sheetData></worksheet>"
    with pytest.raises(FileRefusedError) as refusal:
        measure_workbook(packed({"xl/worksheets/sheet1.xml": xml}, zipfile.ZIP_STORED))
    assert refusal.value.code == "too_many_columns"


def test_heads_without_rows_are_an_error() -> None:
    diagnosis = examine(text_file([])).diagnosis
    assert diagnosis.stop_reasons == ["no_rows"]
    assert diagnosis.profile == "A"


def test_more_rows_than_any_kabupaten_has_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.measurement.formats.text_table.MAX_ROWS", 10)
    assert refused(text_file(healthy_rows(12))) == "too_many_rows"
    assert table.MAX_ROWS > 40_001, "40,000 rows must work"


def test_an_unclosed_quote_is_told_instead_of_swallowing_rows() -> None:
    lines = text_file(healthy_rows(30)).split(b"\r\n")
    lines[3] = lines[3].replace(b"DUSUN DUA", b'"DUSUN DUA')
    assert refused(b"\r\n".join(lines)) == "unclosed_quote"


def test_a_quoted_line_break_inside_a_cell_is_fine() -> None:
    rows = [row | {"Alamat": "DUSUN DUA\nRUMAH BIRU"} for row in healthy_rows(3)]
    examination = examine(text_file(rows))
    assert examination.diagnosis.counts["taken"] == 3
    assert [verdict.row_number for verdict in examination.judged] == [2, 3, 4]


def test_a_very_long_cell_holds_its_row_back_and_no_other() -> None:
    rows = healthy_rows(3)
    rows[1] = rows[1] | {"Alamat": "X" * 50_000}
    examination = examine(text_file(rows))
    assert [str(verdict.outcome) for verdict in examination.judged] == ["taken", "quarantined", "taken"]
    assert examination.diagnosis.reasons == {"cell_too_long": 1}


def test_formulas_count_by_their_stored_result() -> None:
    def add_formula(book: Any) -> None:
        book.worksheets()[0].write_formula(1, HEADS_A.index("Berat"), "=5+3", None, 8.0)
        book.worksheets()[0].write_formula(2, HEADS_A.index("Berat"), "=1/0", None, "#DIV/0!")

    judged = examine(workbook(healthy_rows(3), prepare=add_formula)).judged
    assert judged[0].row is not None
    assert judged[0].row.weight_kg == 8.0
    assert judged[1].row is not None
    assert judged[1].row.weight_kg is None, "an error is no weight"
    assert [note.code for note in judged[1].notes] == ["weight_missing"]


@given(st.binary(max_size=400))
@settings(max_examples=150, deadline=None)
def test_no_bytes_break_the_diagnosis(data: bytes) -> None:
    for head in (b"", b"PK\x03\x04", b"\xef\xbb\xbfNIK;Nama;JK;Tgl Lahir\n"):
        diagnosis = examine(head + data).diagnosis
        assert sum(diagnosis.counts.values()) == diagnosis.rows


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_no_damage_to_a_workbook_breaks_the_diagnosis(data: st.DataObject) -> None:
    good = bytearray(_GOOD)
    for _ in range(data.draw(st.integers(1, 8))):
        good[data.draw(st.integers(0, len(good) - 1))] = data.draw(st.integers(0, 255))
    diagnosis = examine(bytes(good)).diagnosis
    assert sum(diagnosis.counts.values()) == diagnosis.rows


_GOOD = workbook(healthy_rows(3))
_LINES: list[list[Cell]] = [[*HEADS_A], *([row[head] for head in HEADS_A] for row in healthy_rows(3))]
_OTHERS = (xls(_LINES), xlsb(_LINES), ods(_LINES))


def test_a_profile_is_added_as_configuration() -> None:
    source: dict[str, Any] = {
        "heads": {"sex": ["Kelamin"], "weight_kg": ["Massa"], "birth_date": ["Lahir"]},
        "words": {"sex": {"male": ["1"], "female": ["0"]}},
        "profiles": [{"code": "X", "name": "new", "needs": ["sex", "weight_kg"], "lacks": ["nik"]}],
    }
    catalogue = build_catalogue(source)
    profile = catalogue.profile_of(["sex", "weight_kg"])
    assert profile is not None
    assert profile.code == "X"
    assert catalogue.profile_of(["sex", "weight_kg", "nik"]) is None
    assert catalogue.missing_fields(["sex"]) == ["weight_kg"]


def test_a_catalogue_that_contradicts_itself_is_refused() -> None:
    empty: dict[str, Any] = {"words": {}, "profiles": []}
    with pytest.raises(ValueError, match="means both"):
        build_catalogue({**empty, "heads": {"sex": ["JK"], "name": ["j.k"], "weight_kg": ["j k"]}})
    with pytest.raises(ValueError, match="no row has"):
        build_catalogue({**empty, "heads": {"shoe_size": ["Sepatu"]}})


def test_day_month_order_of_a_text_file_is_decided_by_its_ages() -> None:
    for pattern, order in (("%d/%m/%Y", "D/M/Y"), ("%m/%d/%Y", "M/D/Y"), ("%d-%m-%y", "D/M/Y"), ("%Y-%m-%d", "ISO")):
        diagnosis = examine(text_file(healthy_rows(25), written=dates_written(pattern))).diagnosis
        assert diagnosis.date_order == order
        assert diagnosis.counts["taken"] == 25
        assert diagnosis.recompute["HAZ"] == {"checked": 25, "equal": 25}
