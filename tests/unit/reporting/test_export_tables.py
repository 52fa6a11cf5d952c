"""Workbooks and text files of figures, read back by other programs than those that wrote them."""

from __future__ import annotations

import csv
from datetime import date
from functools import cache
from io import BytesIO, StringIO
from typing import Any
from zipfile import ZipFile

import openpyxl
import pytest
from python_calamine import CalamineWorkbook

from services.reporting.domain.export_order import FORMS, ExportOrder, Form, Kind, Language, file_name
from services.reporting.domain.figures import COUNTS
from services.reporting.domain.periods import parse_period
from services.reporting.formats.export_file import fingerprint, write_file
from services.reporting.formats.export_tables import figure_tables
from tests.unit.reporting.made_figures import HOSTILE, children, district

pytestmark = pytest.mark.bare


def order(kind: Kind = "figures", form: Form = "xlsx", language: Language = "id", **changes: Any) -> ExportOrder:
    asked: dict[str, Any] = {"period": parse_period("2026-04"), "as_of": None, "exact": True} | changes
    return ExportOrder(kind, form, language, "12.19", asked_on=date(2026, 5, 3), **asked)


def written(data: dict[str, Any], **asked: Any) -> bytes:
    return write_file(order(**asked), data, fingerprint(data)).content


@cache
def workbook(*, exact: bool = True) -> bytes:
    return written(district(exact=exact), exact=exact)


def sheet(content: bytes, name: str) -> list[list[Any]]:
    """Rows below the head; the head first."""
    rows = CalamineWorkbook.from_filelike(BytesIO(content)).get_sheet_by_name(name).to_python(skip_empty_area=False)
    head = next(number for number, row in enumerate(rows) if number and row[1:2] and row[1])
    return rows[head:]


def records(content: bytes, name: str) -> list[dict[str, Any]]:
    head, *rows = sheet(content, name)
    return [dict(zip(head, row, strict=True)) for row in rows]


def text(content: bytes, name: str) -> str:
    return ZipFile(BytesIO(content)).read(name).decode("utf-8")


def test_a_rate_stands_with_numerator_denominator_interval_coverage_label_and_grade() -> None:
    """B112: never a figure alone, and never called prevalence."""
    summary = {row["Indikator"]: row for row in records(workbook(), "Ringkasan")}
    stunted = summary["Pendek"]
    assert (stunted["Pembilang"], stunted["Penyebut"], stunted["Persentase"]) == (63, 250, pytest.approx(0.252))
    assert stunted["Batas bawah 95 %"] < 0.252 < stunted["Batas atas 95 %"]
    assert (stunted["Cakupan timbang dan ukur"], stunted["Mutu data"]) == (pytest.approx(250 / 300), "B")
    assert stunted["Sebutan angka"] == "tafsirkan dengan hati-hati"
    archive = ZipFile(BytesIO(workbook()))
    assert not any(b"prevalen" in archive.read(name).lower() for name in archive.namelist())


def test_numbers_are_numbers_codes_are_text_and_a_formula_is_neutralised() -> None:
    """B116, and a desa called like a negative number stays what it is called."""
    book = openpyxl.load_workbook(BytesIO(workbook()))
    desa = book["Desa"]
    cells = {cell.value: cell for row in desa.iter_rows() for cell in row if cell.value is not None}
    assert cells[f"'{HOSTILE}"].data_type == "s"
    assert (cells["-2.31"].data_type, cells["12.19.01.2003"].data_type) == ("s", "s")
    assert all(cell.data_type != "f" for sheet in book for row in sheet.iter_rows() for cell in row)
    head = [cell.value for cell in desa[5]]
    share = desa.cell(6, head.index("Pendek: Persentase") + 1)
    assert (share.data_type, share.number_format) == ("n", "0.0%")


def test_for_machines_words_are_their_codes_whatever_the_language() -> None:
    archives = [
        written(district(exact=False), form="csv-machine", language=language, exact=False) for language in ("id", "en")
    ]
    for name in ("summary.csv", "desa.csv", "trend.csv", "cascade.csv"):
        assert len({text(archive, name) for archive in archives}) == 1
    (desa, *_) = csv.DictReader(StringIO(text(archives[0], "desa.csv")))
    assert desa["label"] in {"no_data", "among_measured", "with_caution", "comparable", ""}
    assert set(desa["suppressed"].split()) <= set(COUNTS)
    steps = [step["step"] for step in csv.DictReader(StringIO(text(archives[0], "cascade.csv")))]
    assert "lab_complete" in steps


def test_an_indicator_that_is_a_count_is_written_as_one_and_a_mean_with_its_part() -> None:
    readable = text(written(district(), form="csv"), "indicators.csv")
    assert ";10,50;20;52,5;" in readable


def test_a_hidden_cell_is_blank_and_marked_and_no_data_is_blank() -> None:
    shown = openpyxl.load_workbook(BytesIO(workbook(exact=False)))["Desa"]
    head = [cell.value for cell in shown[5]]
    at = head.index("Pendek") + 1
    hidden, empty = shown.cell(7, at), shown.cell(8, head.index("Pendek: Persentase") + 1)
    assert (hidden.value, hidden.fill.fgColor.rgb) == (None, "FFD9D9D9")
    assert (empty.value, empty.fill.fgColor.rgb) == (None, "00000000")
    assert "Pendek" in str(shown.cell(7, len(head)).value)
    assert shown.cell(8, at).value == 0, "nobody measured, nobody stunted; the share is empty"
    rows = list(csv.DictReader(StringIO(text(written(district(exact=False), form="csv-machine"), "desa.csv"))))
    assert [row["stunted"] for row in rows[1:]] == ["", "0"]
    assert rows[1]["severely_stunted_share"] == "0.0"


def test_every_sheet_prints_on_a4_with_its_head_on_each_page() -> None:
    for shown in openpyxl.load_workbook(BytesIO(workbook())):
        assert (shown.page_setup.paperSize, shown.page_setup.orientation) == (9, "landscape")
        assert (shown.page_setup.fitToHeight, shown.print_title_rows) == (0, "$5:$5")
        assert str(shown.freeze_panes).endswith("6")
        assert "Sidik data" in str(shown["A3"].value)


def test_a_text_file_is_written_as_spreadsheets_of_its_language_read_it() -> None:
    languages: tuple[Language, ...] = ("id", "en")
    files = {language: written(district(), form="csv", language=language) for language in languages}
    indonesian, english = (text(content, "kecamatan.csv") for content in files.values())
    assert indonesian.startswith("\ufeffKode;Wilayah;")
    assert "\r\n'12.19.01;Medang Deras;" in indonesian
    assert ";31,6;" in indonesian
    assert english.startswith("\ufeffCode,Area,")
    assert ",31.6," in english
    names = [row["Wilayah"] for row in csv.DictReader(
        StringIO(text(files["id"], "desa.csv").lstrip("\ufeff")), delimiter=";")]  # fmt: skip
    assert names == [f"'{HOSTILE}", "-2.31", "Kosong"]


def test_a_file_for_machines_has_keys_points_and_bare_codes() -> None:
    rows = list(csv.DictReader(StringIO(text(written(district(), form="csv-machine"), "kecamatan.csv"))))
    assert (rows[0]["code"], rows[0]["stunted"], rows[0]["haz_measured"]) == ("12.19.01", "60", "190")
    assert float(rows[0]["stunted_share"]) == 60 / 190


def test_a_list_of_children_has_scores_dates_and_no_identity() -> None:
    (first, second) = records(written(children(), kind="children"), "Daftar anak")
    assert (first["Nomor anak"], first["Z TB/U"], first["Status"]) == (children()["children"][0]["child_id"], -2.31,
                                                                       "terduga")  # fmt: skip
    assert (second["Z TB/U"], second["Umur (bulan)"]) == ("", 15)
    assert not {"Nama", "NIK", "Tanggal lahir"} & set(first)
    plain = written(children(), kind="children", form="csv").decode("utf-8-sig")
    assert ";-2,31;-0,50;" in plain


def test_indicators_and_what_is_doubtful_stand_beside_the_figures() -> None:
    measured, gone = records(workbook(), "Indikator")
    assert (measured["Pembilang"], measured["Persentase"], gone["Persentase"]) == (10.5, 0.525, "")
    assert gone["Mengapa tidak ada nilai"] == "disembunyikan"
    rounded, few = records(workbook(), "Mutu data")
    assert (rounded["Temuan"], rounded["Posyandu"], few["Posyandu"]) == ("Tinggi dibulatkan.", 7, "")


def test_puskesmas_have_a_table_of_their_own_where_exact_figures_are_seen() -> None:
    (served,) = records(workbook(), "Puskesmas")
    assert (served["Kode"], served["Wilayah"], served["Di dalam"]) == (
        "PKM-12.19-1", "Puskesmas Medang Deras", "Batu Bara",
    )  # fmt: skip
    assert "puskesmas" not in {table.key for table in figure_tables(district(exact=False), "id")}


@pytest.mark.parametrize(("kind", "form"), [("figures", form) for form in FORMS["figures"]])
def test_the_same_figures_give_the_same_bytes(kind: Kind, form: Form) -> None:
    assert written(district(), kind=kind, form=form) == written(district(), kind=kind, form=form)


def test_a_file_is_called_by_what_is_in_it() -> None:
    assert file_name(order()) == "tumbuh-figures-12.19-2026-04-id.xlsx"
    assert file_name(order(form="csv-machine")) == "tumbuh-figures-machine-12.19-2026-04-id.zip"
    asked = order(kind="exchange", form="adx", as_of=date(2026, 5, 1), period=parse_period("2026-Q2"))
    assert file_name(asked) == "tumbuh-exchange-adx-12.19-2026-Q2-as-of-2026-05-01-id.xml"
    assert file_name(order(kind="children")) == "tumbuh-children-12.19-2026-05-03-id.xlsx"
