"""The catalogue of problems: complete, in both languages, and used."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from services.measurement.domain.file_problems import CONFIRMABLE, FILE_PROBLEMS
from services.measurement.domain.file_row import Reason
from services.measurement.domain.problems import LABELS, file_message, reason_texts, rows_message, words_of
from services.measurement.domain.row_problems import ROW_PROBLEMS
from services.measurement.formats.columns import ROW_FIELDS

FOLDER = Path(__file__).parents[3] / "services" / "measurement"
SOURCES = {
    path: path.read_text(encoding="utf-8")
    for room in ("domain", "formats", "use_cases")
    for path in (FOLDER / room).glob("*.py")
    if path.name not in {"row_problems.py", "file_problems.py"}
}


@pytest.mark.parametrize("code", [*ROW_PROBLEMS, *FILE_PROBLEMS])
def test_every_problem_says_what_is_wrong_and_what_to_do_in_both_languages(code: str) -> None:
    words = words_of(code)
    for text in (words.text_id, words.remedy_id, words.text_en, words.remedy_en):
        assert len(text) > 5
        assert not text.endswith("."), "the sentence is closed where it is put together"
    assert words.text_id != words.text_en
    assert set(re.findall(r"{\w+}", words.text_id)) == set(re.findall(r"{\w+}", words.text_en))


def test_no_code_stands_for_two_things() -> None:
    assert not set(ROW_PROBLEMS) & set(FILE_PROBLEMS) - {"no_identity"}
    assert set(FILE_PROBLEMS) >= CONFIRMABLE


@pytest.mark.parametrize("code", [*ROW_PROBLEMS, *FILE_PROBLEMS])
def test_every_problem_is_raised_somewhere(code: str) -> None:
    # Some codes are put together from a field and a suffix.
    composed = re.fullmatch(r"(birth_date|measured_on|sex)_(missing|unreadable|impossible|order)", code)
    assert composed or any(f'"{code}"' in source for source in SOURCES.values())


def test_every_field_has_the_ministrys_label() -> None:
    assert set(LABELS) == set(ROW_FIELDS)


def test_a_reason_names_field_value_problem_proposal_and_remedy() -> None:
    text_id, text_en = reason_texts(Reason("weight_in_grams", "weight_kg", 9855.0, (("weight_kg", 9.855),)))
    assert text_id.startswith("Berat 9855: berat tampaknya dalam gram. Usulan: Berat 9,855. Terima usulan")
    assert "Proposed: Berat 9.855." in text_en


def test_a_reason_never_quotes_who_the_child_is() -> None:
    for field in ("nik", "name", "parent_name", "address"):
        assert "RAHASIA" not in "".join(reason_texts(Reason("cell_too_long", field, "RAHASIA")))


def test_a_long_value_is_cut_and_a_date_is_written_plainly() -> None:
    assert len(reason_texts(Reason("optional_unreadable", "rt", "9" * 900))[0]) < 200
    assert "2024-03-05" in reason_texts(Reason("measured_in_future", "measured_on", date(2024, 3, 5)))[0]


def test_a_message_for_many_rows_lists_the_first_five() -> None:
    message = rows_message("sex_missing", list(range(2, 12)))
    assert message.text_id.startswith("10 baris (2, 3, 4, 5, 6, …)")
    assert rows_message("sex_missing", [7]).text_en.startswith("1 row (7)")


def test_a_message_is_filled_with_its_facts() -> None:
    assert "50 MB" in file_message("file_too_large", limit_mb=50).text_id
    with pytest.raises(KeyError):
        file_message("file_too_large")
