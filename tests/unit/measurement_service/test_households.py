"""Statements about families: which word holds, and how a file of them is read."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.measurement.formats.household_file import read_households
from services.measurement.formats.table import FileRefusedError
from services.measurement.use_cases.state_households import with_answers
from shared.contracts.child import HouseholdAnswer

CHILD = "01939a3e-6c00-7a10-8b20-0123456789ab"

statements = st.builds(
    HouseholdAnswer,
    risk=st.sampled_from(["tb_contact", "no_proper_water", "mother_under_20"]),
    answer=st.sampled_from(["yes", "no", "unknown"]),
    as_of=st.sampled_from([date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1)]),
    source=st.sampled_from(["bkkbn", "puskesmas"]),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(statements, max_size=8))
def test_of_each_risk_the_latest_day_holds_and_of_one_day_the_last_word(said: list[HouseholdAnswer]) -> None:
    held = {answer.risk: answer for answer in with_answers((), said)}
    for risk, answer in held.items():
        of_risk = [each for each in said if each.risk == risk]
        latest = max(each.as_of for each in of_risk)
        assert answer == [each for each in of_risk if each.as_of == latest][-1]
    assert with_answers(tuple(held.values()), said) == with_answers((), said)


def test_a_file_is_read_by_codes_and_by_the_words_of_the_form() -> None:
    text = "\ufeffNIK;Tanggal Verifikasi;Jamban tidak  layak;Terlalu muda;Kontak TB;Catatan\n1219014507230003;31/03/2026;Ya;tidak;;apa saja\n;;;;;\n1219014507230004;2026-03-31;tidak tahu;T;0;\nchild\n"  # noqa: E501
    first, second, third = read_households(text.encode())
    assert (first.nik, first.as_of) == ("1219014507230003", date(2026, 3, 31))
    assert first.answers == (("no_proper_latrine", "yes"), ("mother_under_20", "no"))
    assert second.answers == (("no_proper_latrine", "unknown"), ("mother_under_20", "no"), ("tb_contact", "no"))
    assert (third.line, third.problem) == (5, "nik_unreadable")
    (by_id,) = read_households(f"child_id,as_of,tb_contact\n{CHILD},2026-03-31,yes\n".encode())
    assert by_id.child_id == UUID(CHILD)


@pytest.mark.parametrize(
    ("row", "problem", "field"),
    [
        ("12190145,2026-03-31,ya", "nik_unreadable", "nik"),
        ("1219014507230003,31 Foo,ya", "as_of_unreadable", "as_of"),
        ("1219014507230003,2026-03-31,mungkin", "answer_unreadable", "tb_contact"),
        ("1219014507230003,2026-03-31,", "nothing_answered", "answers"),
    ],
)
def test_a_row_that_cannot_be_read_names_its_field(row: str, problem: str, field: str) -> None:
    (line,) = read_households(f"nik,as_of,tb_contact\n{row}\n".encode())
    assert (line.problem, line.field) == (problem, field)


@pytest.mark.parametrize(
    "text",
    ["", "nama,as_of,tb_contact\n", "nik,tb_contact\n", "nik,as_of\n", "nik,as_of,tb_contact\n" + "1,2,3\n" * 5001],
)
def test_what_is_no_table_of_households_is_refused(text: str) -> None:
    with pytest.raises(FileRefusedError):
        read_households(text.encode())
