"""How a wrongly written field is refused: its problem and how to write it, in both languages."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

import pytest
from pydantic import TypeAdapter, ValidationError

from services.reporting.http.aksi_requests import DesaCode, KecamatanCode
from services.reporting.http.asked import AsOf
from services.reporting.http.forms import DAY_IN_TIME, AreaText, EntryText, PeriodText
from services.reporting.http.reports import ReportIn
from services.reporting.http.subscriptions import Url
from shared.http.validation import field_problems
from shared.problems import FieldProblem


def refusal(shape: Any, text: Any) -> FieldProblem:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(shape).validate_python(text)
    (problem,) = field_problems(caught.value, ["it"])
    return problem


@pytest.mark.parametrize(
    "text", ["2026-13", "2026-Q5", "2026-S3", "2026-4", "202604", "2026-04-01", "april", "\uff12026-04"]
)
def test_what_is_no_period_is_told_how_periods_are_written(text: str) -> None:
    problem = refusal(PeriodText, text)
    assert problem.code == "wrong_form"
    assert all("2026-Q2" in remedy for remedy in (problem.remedy_id, problem.remedy_en))


def test_a_period_before_figures_could_be_says_from_when_on() -> None:
    problem = refusal(PeriodText, "1850-04")
    assert (problem.code, problem.remedy_en) == ("period_too_early", "Use a period from 1990 on.")


def test_a_day_before_figures_could_be_is_refused_wherever_a_past_day_is_asked() -> None:
    shapes: list[Any] = [AsOf, ReportIn.model_fields["as_of"].rebuild_annotation(), Annotated[date | None, DAY_IN_TIME]]
    for shape in shapes:
        problem = refusal(shape, date(1, 1, 1))
        assert (problem.code, problem.remedy_en) == ("day_too_early", "Use a day from 1990 on.")
        assert TypeAdapter(shape).validate_python(date(1990, 1, 1)) == date(1990, 1, 1)


@pytest.mark.parametrize(("text", "shown"), [("2026-13", "2026-13"), ("Budi-13", None), ("1219010102200001", None)])
def test_a_value_is_repeated_only_where_it_can_be_nobodys_name(text: str, shown: str | None) -> None:
    assert refusal(PeriodText, text).value == shown


@pytest.mark.parametrize(
    ("shape", "text", "example"),
    [
        (AreaText, "1219", "12.19.01.2003"),
        (AreaText, "12.19.01.2003.P001", "12.19.01.2003"),
        (DesaCode, "12.19.01", "12.19.01.2003"),
        (KecamatanCode, "12.19", "12.19.01"),
        (EntryText, "1" * 10_000, "12.19.01.2003.P001"),
    ],
)
def test_what_is_no_code_of_an_area_is_told_how_such_a_code_looks(shape: Any, text: str, example: str) -> None:
    problem = refusal(shape, text)
    assert problem.code == "wrong_form"
    assert example in problem.remedy_id
    assert example in problem.remedy_en


@pytest.mark.parametrize(
    "text", ["ftp://host.example/x", "https://user:word@host.example/x", "https://host.example/#x", "https://[::1/x-y"]
)
def test_an_address_that_cannot_be_sent_to_is_told_how_one_looks(text: str) -> None:
    assert "https://host/path" in refusal(Url, text).remedy_en
