"""A laboratory's own table: what the whole file tells, and what each row then says."""

import uuid
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.lab.domain.reports import Reported
from services.lab.formats.csv_results import Line, read_lines
from services.lab.formats.csv_table import NotATableError, TooManyRowsError, read_table

ORDER = uuid.UUID(int=3)
HEADS = ("ID Permintaan", "Pemeriksaan", "Hasil", "Satuan", "Tanggal Pengambilan")
ROW = (str(ORDER), "Hb", "11,2", "g/dL", "14/03/2026")


def table(*rows: tuple[str, ...], heads: tuple[str, ...] = HEADS, sign: str = ";", end: str = "\r\n") -> bytes:
    return "".join(
        sign.join(f'"{cell}"' if sign in cell else cell for cell in row) + end for row in (heads, *rows)
    ).encode()


def lines(content: bytes) -> list[Line]:
    return read_lines(read_table(content))


def one(content: bytes) -> Reported:
    (line,) = lines(content)
    assert line.row is not None, line.problems
    return line.row


def told(content: bytes) -> list[tuple[int, str, str]]:
    return [(line.number, problem.field, problem.code) for line in lines(content) for problem in line.problems]


@pytest.mark.parametrize("sign", [";", ",", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_row_is_a_result_whatever_separates_its_cells(sign: str, end: str) -> None:
    row = one(table(ROW, sign=sign, end=end))
    assert (row.order_id, row.test, row.value, row.unit, row.drawn_on) == (ORDER, "Hb", 11.2, "g/dL", date(2026, 3, 14))
    assert (row.statement, row.places["value"], row.places[""]) == ("final", "Hasil", "2")


def test_heads_are_known_in_both_languages_in_any_order_below_a_title() -> None:
    heads = ("unit", "result", "TEST_CODE", "drawn_on", "child_id")
    content = b"RSUD Batu Bara\n\n" + table(
        ("g/dL", "11.2", "haemoglobin", "2026-03-14", str(ORDER)), heads=heads, sign=","
    )
    row = one(content)
    assert (row.child_id, row.test, row.value, row.drawn_on) == (ORDER, "haemoglobin", 11.2, date(2026, 3, 14))
    assert read_lines(read_table(content))[0].number == 4


@pytest.mark.parametrize(
    ("encoding", "named"),
    [("utf-8", "utf-8"), ("utf-8-sig", "utf-8"), ("cp1252", "cp1252"), ("utf-16", "utf-16")],
)
def test_the_encoding_is_found(encoding: str, named: str) -> None:
    """B044."""
    read = read_table(table((*ROW[:3], "µg/L", ROW[4])).decode().encode(encoding))
    assert (read.encoding, read.rows[0][1]["unit"]) == (named, "µg/L")


@pytest.mark.parametrize(
    ("days", "meant", "decided"),
    [
        (("03/04/2026", "14/04/2026"), date(2026, 4, 3), True),
        (("03/04/2026", "04/14/2026"), date(2026, 3, 4), True),
        (("03/04/2026", "04.05.26"), date(2026, 4, 3), False),
        (("2026-04-03", "2026-04-14"), date(2026, 4, 3), False),
    ],
)
def test_the_order_of_day_and_month_is_the_files(days: tuple[str, str], meant: date, decided: bool) -> None:  # noqa: FBT001
    read = read_table(table(*((*ROW[:4], day) for day in days)))
    row = read_lines(read)[0].row
    assert row is not None
    assert (row.drawn_on, read.date_order_told) == (meant, decided)


def test_a_file_with_both_orders_is_refused() -> None:
    with pytest.raises(NotATableError, match="date_order_mixed"):
        read_table(table((*ROW[:4], "14/03/2026"), (*ROW[:4], "03/14/2026")))


@pytest.mark.parametrize(
    ("drawn", "clock", "meant"),
    [
        ("14/03/2026 08.30", "", datetime(2026, 3, 14, 1, 30, tzinfo=UTC)),
        ("14/03/2026", "08:30:15", datetime(2026, 3, 14, 1, 30, 15, tzinfo=UTC)),
        ("14/03/2026 00:00", "08:30", datetime(2026, 3, 14, 1, 30, tzinfo=UTC)),
        ("2026-03-14T08:30:00+08:00", "", datetime(2026, 3, 14, 0, 30, tzinfo=UTC)),
    ],
)
def test_a_time_of_day_is_of_its_zone_else_of_jakarta(drawn: str, clock: str, meant: datetime) -> None:
    assert one(table((*ROW[:4], drawn, clock), heads=(*HEADS, "Jam"))).drawn_at == meant


@pytest.mark.parametrize(
    ("values", "meant"),
    [
        (("11,2",), (11.2, None)),
        (("11.2",), (11.2, None)),
        (("<5",), (5.0, "<")),
        (("> 200,5",), (200.5, ">")),
        (("1,200", "11,2"), (1.2, None)),
        (("1.200", "11,2"), (1200.0, None)),
        (("250.000", "4,5"), (250000.0, None)),
        (("1,200", "11.2"), (1200.0, None)),
        (("0.785",), (0.785, None)),
        (("positif",), (None, None)),
    ],
)
def test_numbers_are_read_by_the_decimal_sign_of_the_file(values: tuple[str, ...], meant: Any) -> None:
    """B046."""
    row = lines(table(*((*ROW[:2], value, *ROW[3:]) for value in values)))[0].row
    assert row is not None
    assert (row.value, row.comparator) == meant
    assert row.findings == ((values[0],),)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({2: "1.200"}, ("Hasil", "number_ambiguous")),
        ({4: "kemarin"}, ("Tanggal Pengambilan", "time_unreadable")),
        ({4: "01/01/0001"}, ("Tanggal Pengambilan", "time_unreadable")),
        ({4: "31/02/2026"}, ("Tanggal Pengambilan", "time_unreadable")),
        ({0: "1219015705240001"}, ("ID Permintaan", "id_unreadable")),
        ({1: ""}, ("Pemeriksaan", "test_missing")),
        ({5: "entah"}, ("Status", "status_unknown")),
    ],
)
def test_what_cannot_be_read_is_told_by_line_and_head(changed: dict[int, str], said: tuple[str, str]) -> None:
    cells = [changed.get(place, cell) for place, cell in enumerate((*ROW, "final"))]
    assert told(table((*ROW, "koreksi"), tuple(cells), heads=(*HEADS, "Status")).replace(b"11,2", b"11")) == [
        (3, *said)
    ]


def test_a_missing_unit_stays_missing() -> None:
    assert one(table((*ROW[:3], "", ROW[4]))).unit is None


def test_what_is_kept_has_only_the_columns_that_are_read() -> None:
    read = read_table(table((*ROW, "Siti Aminah", "1219015705240001"), heads=(*HEADS, "Nama", "NIK")))
    assert (read.columns["Nama"], read.columns["NIK"]) == (None, None)
    assert "Siti" not in read.kept()
    assert "1219015705240001" not in read.kept()
    assert str(ORDER) in read.kept()


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "column_missing"),
        (table(heads=HEADS), "table_empty"),
        (table(ROW[:3], heads=HEADS[:3]), "column_missing"),
        (b"\0\xff", "message_invalid"),
        (table(ROW) + b'"x', "message_invalid"),
    ],
)
def test_a_file_that_is_no_table_of_results_is_refused_as_a_whole(content: bytes, code: str) -> None:
    with pytest.raises(NotATableError) as caught:
        read_table(content)
    assert {problem.code for problem in caught.value.problems} == {code}


def test_too_many_rows_are_not_taken() -> None:
    with pytest.raises(TooManyRowsError):
        read_table(table(*[ROW] * 5001))


@settings(max_examples=30, deadline=None)
@given(st.binary(max_size=200), st.lists(st.tuples(*[st.text(max_size=12)] * 5), max_size=4))
def test_whatever_comes_is_read_or_refused(junk: bytes, rows: list[tuple[str, ...]]) -> None:
    for content in (junk, table(*rows) + junk):
        try:
            read = read_table(content)
            assert len(read_lines(read)) == len(read.rows)
            read.kept()
        except (NotATableError, TooManyRowsError):
            continue
