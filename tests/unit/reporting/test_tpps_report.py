"""The report of the TPPS: what it says, what it never says, and that it is the same for the same figures."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import orjson
import pytest

from services.reporting.domain.figures import derived
from services.reporting.domain.small_areas import standing_out, with_shrunk
from services.reporting.domain.tpps_advice import advise
from services.reporting.formats.tpps_pdf import draw_report, write_report
from services.reporting.formats.tpps_view import tpps_view
from shared.problems import Language
from tests.unit.reporting.made_figures import HOSTILE, district, hidden, row

pytestmark = pytest.mark.bare
HASH = "ab12" * 16


@cache
def report() -> bytes:
    return write_report(district(), "id", HASH)


def shown(data: dict[str, Any], language: Language = "id") -> str:
    return orjson.dumps(tpps_view(data, language, HASH)).decode()


def test_the_same_figures_are_the_same_bytes_with_fonts_and_pages() -> None:
    assert write_report(district(), "id", HASH) == report()
    assert report().startswith(b"%PDF-1.7")
    assert b"/FontFile" in report() or b"LibertinusSerif" in report()
    assert len(draw_report(district(), "en", HASH)) == 6


def test_the_one_number_is_called_by_its_coverage_and_never_prevalence() -> None:
    """B112: with numerator, denominator, coverage and interval; below 80 % among those measured only."""
    cover = tpps_view(district(), "id", HASH)["cover"]
    assert (cover["value"], cover["caution"]) == ("25,2\N{NO-BREAK SPACE}%", True)
    assert cover["basis"].startswith("63 dari 250 anak")
    assert "20,2–30,9" in cover["basis"]  # noqa: RUF001 - as people read it
    low = district()
    low["summary"] = low["summary"] | row("12.19", "Batu Bara", 1000, 250, 63) | {"path": []}
    assert "hanya berlaku di antara anak yang diukur" in tpps_view(low, "id", HASH)["cover"]["label"]
    languages: tuple[Language, ...] = ("id", "en")
    for language in languages:
        assert "prevalen" not in shown(low, language).lower()
        view = tpps_view(low, language, HASH) | {"t": None}
        assert not re.search(r"\{[a-z]+\}", orjson.dumps(view).decode()), "every text is filled in"


def test_a_hidden_number_is_neither_zero_nor_no_data() -> None:
    data = district(exact=False)
    data["summary"] = hidden(data["summary"], "stunted", "severely_stunted")
    cover = tpps_view(data, "id", HASH)["cover"]
    assert (cover["value"], cover["basis"]) == ("disembunyikan", "")
    assert write_report(data, "id", HASH).startswith(b"%PDF")


def test_an_area_without_data_is_grey_and_has_no_bar() -> None:
    view = tpps_view(district(), "en", HASH)
    assert 'fill="#d4d4d0"' in view["maps"][0]["svg"]
    empty = district()
    empty["levels"]["kecamatan"][1] |= derived({**empty["levels"]["kecamatan"][1], "haz_measured": 0, "stunted": 0})
    assert tpps_view(empty, "en", HASH)["areas"]["rows"][1]["bar"] is None


def test_names_are_text_for_the_typesetter_and_in_pictures() -> None:
    data = district()
    data["name"] = data["summary"]["name"] = '#panic("x") $1$ <a> & =HYPERLINK'
    data["levels"]["kecamatan"][0]["name"] = HOSTILE
    assert write_report(data, "id", HASH).startswith(b"%PDF")


def test_the_report_names_who_stands_out_by_the_rule_of_the_comparison() -> None:
    alike = [row(f"12.19.01.20{number:02d}", "d", 200, 190, 38) for number in range(1, 30)]
    assert standing_out(with_shrunk(alike))[:2] == ([], [])
    odd = row("12.19.01.2041", "tinggi", 200, 190, 80)
    thin = row("12.19.01.2042", "cakupan rendah", 400, 190, 80)
    told = with_shrunk([odd, *alike, thin])
    found = standing_out(told)
    assert ([area["code"] for area in found.higher], found.lower, found.compared) == (["12.19.01.2041"], [], 30)
    data = district()
    data["levels"]["desa"] = [{**area, "parent_code": "12.19.01", "parent_name": "Medang Deras"} for area in told]
    (name,) = tpps_view(data, "id", HASH)["stands_out"]["higher"]["rows"]
    assert name["name"] == "tinggi"
    hidden_one = with_shrunk([hidden(odd, "stunted"), *alike])
    assert standing_out(hidden_one).compared == 0


def test_what_to_do_follows_from_the_figures_and_hidden_ones_call_for_nothing() -> None:
    data = district()
    below = data["levels"]["kecamatan"]
    nobody = standing_out([])
    codes = [item.code for item in advise(data["summary"], below, nobody)]
    assert codes == ["lab", "remeasure", "coverage"]
    (low,) = [item for item in advise(data["summary"], below, nobody) if item.code == "coverage"]
    assert (low.counts, low.names) == ({"n": 1, "m": 2}, ("Sei Suka",))
    gone = hidden(data["summary"], "lab_complete", "remeasured", "suspected")
    assert [item.code for item in advise(gone, below[:1], nobody)] == ["nothing"]


@pytest.mark.parametrize(("registered", "code"), [(0, "nobody_registered"), (12, "nobody_measured")])
def test_an_area_of_which_nothing_is_known_is_not_told_to_go_on_as_before(registered: int, code: str) -> None:
    unseen = row("12.19", "Batu Bara", registered, 0, 0)
    assert [item.code for item in advise(unseen, [], standing_out([]))] == [code]
