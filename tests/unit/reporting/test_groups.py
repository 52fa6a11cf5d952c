"""Groups of sex and age."""

from __future__ import annotations

import pytest

from services.reporting.domain.groups import BANDS, FIRST_MONTHS, Group, group_of, groups_by

pytestmark = pytest.mark.bare


def test_a_group_is_named_in_both_languages_and_told_apart_by_its_code() -> None:
    assert group_of("female", 2, "sex,age") == Group("P", "12-23")
    assert Group("P", "12-23").code == "P,12-23"
    assert Group("L", "0-5").names() == {"name_id": "Laki-laki, 0-5 bulan", "name_en": "Boys, 0-5 months"}
    assert group_of(None, None, "age") == Group(None, "unknown")
    assert len({group.code for group in groups_by("sex,age")}) == 18
    assert [int(band.split("-")[0]) for band in BANDS] == list(FIRST_MONTHS)
