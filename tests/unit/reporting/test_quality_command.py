"""`quality IN.csv OUTDIR` on files."""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import pytest

from deploy.local.commands import quality
from deploy.local.errors import MissingError, RefusedError

pytestmark = pytest.mark.bare

GOLDEN = Path("tests/data/golden")
TABLES = ("dps", "dps_tables", "age_heaping", "age_sex_ratio", "distribution", "outliers", "smart_score")
HEADER = "row_id,team,sex,age_months,weight,height,muac_mm,haz,waz,whz"
# Ours and R's arithmetic differ in the last places; p-values far in a tail most: 9e-13 was the largest seen.
TOLERANCE = 1e-11


def run(source: Path, folder: Path) -> int:
    return quality.run(argparse.Namespace(input=source, folder=folder))


def judge(tmp_path: Path, *lines: str, header: str = HEADER) -> dict[str, list[dict[str, str]]]:
    source = tmp_path / "in.csv"
    source.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    assert run(source, tmp_path / "out") == 0
    return {name: _rows(tmp_path / "out" / f"{name}.csv") for name in TABLES}


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("table", TABLES)
def test_the_golden_input_gives_the_golden_tables(tmp_path_factory: pytest.TempPathFactory, table: str) -> None:
    """Every cell: text to the letter, numbers to 1e-11 of their size."""
    folder = tmp_path_factory.getbasetemp() / "quality_of_golden"
    if not folder.exists():
        assert run(GOLDEN / "dq_input.csv", folder) == 0
    ours, theirs = _rows(folder / f"{table}.csv"), _rows(GOLDEN / f"dq_out_{table}.csv")
    assert list(ours[0]) == list(theirs[0])
    for mine, golden in zip(ours, theirs, strict=True):
        for name, cell in golden.items():
            assert mine[name] == cell or float(mine[name]) == pytest.approx(float(cell), rel=TOLERANCE, abs=0)


def test_one_child_has_tables_without_figures_it_cannot_have(tmp_path: Path) -> None:
    tables = judge(tmp_path, "1,A,1,14,8.2,76.4,143,-1.2,-0.8,-0.1")
    assert [row["group"] for row in tables["smart_score"]] == ["overall", "teamA"]
    assert tables["distribution"][0]["mean"] == "-1.2"
    assert tables["distribution"][0]["sd"] == ""
    assert tables["smart_score"][0]["score_abs"] == ""


def test_equal_values_are_told_and_not_divided_by_zero(tmp_path: Path) -> None:
    tables = judge(tmp_path, *(f"{number},1,2,24,12,80,150,0,0,0" for number in range(30)))
    assert tables["dps"][0]["dps"] == "100"
    assert tables["outliers"][3]["n_outliers"] == "0"
    assert tables["distribution"][0]["skew"] == ""


def test_a_child_without_team_counts_in_overall_only(tmp_path: Path) -> None:
    tables = judge(
        tmp_path, "1,,1,14,8.2,76.4,143,-1,-1,0", '2,10,,"20,5","9,1",NA,,,-1,', "3,2,f,30,11.0,88,150,-1,-1,0"
    )
    assert [(row["group"], row["n"]) for row in tables["smart_score"]] == [
        ("overall", "3"),
        ("team2", "1"),
        ("team10", "1"),
    ]
    assert tables["age_sex_ratio"][1]["observed"] == "0.5"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "kolom tidak ada (missing columns): row_id, team"),
        (HEADER.replace("whz", "zwfl") + "\n1,1,1,14,8.2,76.4,143,-1,-1,0\n", "missing columns): whz"),
        (HEADER + "\n", "tidak berisi anak / no children"),
        (HEADER + "\n1,1,x,14,8.2,76.4,143,-1,-1,0\n", "baris 2: sex 'x'"),
        (HEADER + "\n1,1,1,14,eight,76.4,143,-1,-1,0\n", "baris 2: weight 'eight'"),
        (HEADER + "\n1,1,1,14,8.2,inf,143,-1,-1,0\n", "baris 2: height 'inf'"),
        (HEADER + "\n1,1,1,14,8.2\n", "baris 2: 5 kolom"),
    ],
)
def test_a_file_that_cannot_be_judged_is_refused_with_its_place_and_leaves_nothing(
    tmp_path: Path, text: str, told: str
) -> None:
    source = tmp_path / "in.csv"
    source.write_text(text, encoding="utf-8")
    with pytest.raises(RefusedError) as refused:
        run(source, tmp_path / "out")
    assert told in str(refused.value)
    assert refused.value.exit_code == 3
    assert [each.name for each in tmp_path.iterdir()] == ["in.csv"]


def test_a_file_or_folder_that_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    for source, folder in ((tmp_path / "none.csv", tmp_path), (GOLDEN / "dq_input.csv", tmp_path / "no" / "out")):
        with pytest.raises(MissingError):
            run(source, folder)
