"""The engine against the WHO's own software: equal in every cell but the 34 that rest on a value of zero or less."""

from __future__ import annotations

import csv
import gzip
from collections import Counter
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from shared.growth.anthro import Scores, score
from shared.growth.codes import BLANK_REASON_NAMES
from tests.unit.scoring.growth_examples import columns
from tests.unit.scoring.scalar_reference import Row

GOLDEN = Path("tests/data/golden/anthro_zscores.csv.gz")
INDICES = {"len": "haz", "wei": "waz", "wfl": "whz", "bmi": "baz", "hc": "hcz", "ac": "acz", "ts": "tsz", "ss": "ssz"}
DELIBERATELY_BLANK = {"wfl": 10, "bmi": 24}


@cache
def golden_rows() -> list[dict[str, str]]:
    with gzip.open(GOLDEN, "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def number(text: str) -> float | None:
    return float(text) if text else None


@cache
def golden_inputs() -> list[Row]:
    sexes = {"": 0, "1": 1, "m": 1, "M": 1, "2": 2, "f": 2, "F": 2}
    return [
        Row(
            sexes[r["sex"]],
            number(r["age"]),
            r["is_age_in_month"] == "1",
            number(r["weight"]),
            number(r["lenhei"]),
            r["measure"].lower(),
            r["oedema"] in {"y", "Y", "1"},
            *(number(r[name]) for name in ("headc", "armc", "triskin", "subskin")),
        )
        for r in golden_rows()
    ]


@cache
def engine() -> Scores:
    return score(columns(golden_inputs()))


def printed(value: float) -> str:
    return "" if np.isnan(value) else f"{value:.15g}"


@pytest.mark.parametrize("name", INDICES)
def test_every_score_and_flag_equals_the_golden_file_but_the_named_cells(name: str) -> None:
    index = getattr(engine(), INDICES[name])
    different = Counter[tuple[str, str]]()
    for row, z, flagged, code in zip(golden_rows(), index.z, index.flagged, index.reason, strict=True):
        ours = (printed(z), "" if np.isnan(z) else str(int(flagged)))
        if ours != (row[f"z{name}"], row[f"f{name}"]):
            assert ours == ("", "")
            different[row["grp"], BLANK_REASON_NAMES[code]] += 1
    assert sum(different.values()) == DELIBERATELY_BLANK.get(name, 0)
    assert all(grp == "nonpositive" and why.startswith("nonpositive_") for grp, why in different)


def test_corrected_length_position_and_bmi_equal_the_golden_file() -> None:
    scores = engine()
    for i, row in enumerate(golden_rows()):
        assert printed(scores.adjusted_length_height_cm[i]) == row["clenhei"]
        assert ("", "l", "h")[scores.position[i]] == row["cmeasure"]
        assert int(scores.position_implausible[i]) == int(row["c9mo_flag"])
        assert printed(scores.bmi[i]) == row["cbmi"].replace("Inf", "")


@pytest.mark.parametrize("name", INDICES)
def test_every_cell_has_a_score_or_a_reason_never_both_or_neither(name: str) -> None:
    """B016."""
    index = getattr(engine(), INDICES[name])
    assert np.array_equal(np.isnan(index.z), index.reason > 0)
    assert not index.flagged[np.isnan(index.z)].any()
