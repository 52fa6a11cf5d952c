"""`prevalence IN.csv OUT.csv`: the survey estimator against the WHO's own package, and what that package gets wrong."""

from __future__ import annotations

import argparse
import csv
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from deploy.local.commands import prevalence
from deploy.local.errors import MissingError, RefusedError

pytestmark = pytest.mark.bare

GOLDEN = Path("tests/data/golden")
Row = dict[str, str]
DESIGNS = {
    "simple": {},
    "sw": {"weights": "sw"},
    "cluster": {"cluster": "cluster"},
    "strata_sw": {"weights": "sw", "strata": "strata"},
    "cluster_strata_sw": {"weights": "sw", "strata": "strata", "cluster": "cluster"},
    "lonely_psu_na_sw": {"weights": "sw", "strata": "strata", "cluster": "cluster"},
}
# Of the limits of shares, in percent points: R finds them by an iteration that stops early (10.0000004697 for 10).
LIMITS_WITHIN = 5e-7
TOLERANCE = 1e-12
HEADER = "sex,age,weight,lenhei,measure,oedema,typeres,mothered,sw,cluster,strata"


def run(source: Path, target: Path, **design: str) -> int:
    asked = {"weights": None, "strata": None, "cluster": None} | design
    return prevalence.run(argparse.Namespace(input=source, output=target, **asked))


def read(path: Path) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write(path: Path, rows: Sequence[Row]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def estimate(tmp_path: Path, rows: Sequence[Row], **design: str) -> dict[str, Row]:
    assert run(write(tmp_path / "in.csv", rows), tmp_path / "out.csv", **design) == 0
    return {row["Group"]: row for row in read(tmp_path / "out.csv")}


def lonely(row: Row) -> Row | None:
    """Strata 1 and 2, one cluster of the third; three weights missing."""
    if row["strata"] == "3" and row["cluster"] != "32":
        return None
    return row | {"sw": ""} if row["row_id"] in {"5", "50", "500"} else row


@pytest.mark.parametrize("name", DESIGNS)
def test_the_golden_input_gives_the_golden_table(tmp_path: Path, name: str) -> None:
    """Rows, order, labels and 135 columns; numbers to 1e-12 of their size, limits of shares to 5e-7 percent points."""
    rows = read(GOLDEN / "prevalence_input.csv")
    if name == "lonely_psu_na_sw":
        rows = [kept for row in rows if (kept := lonely(row)) is not None]
    source, target = write(tmp_path / "in.csv", rows), tmp_path / "out.csv"
    assert run(source, target, **DESIGNS[name]) == 0
    golden_path = GOLDEN / f"prevalence_out_{name}.csv"
    assert target.read_text("utf-8").partition("\n")[0] == golden_path.read_text("utf-8").partition("\n")[0]
    ours, theirs = read(target), read(golden_path)
    assert [row["Group"] for row in ours] == [row["Group"] for row in theirs]
    for mine, golden in zip(ours, theirs, strict=True):
        for column, cell in golden.items():
            if mine[column] != cell:
                within = LIMITS_WITHIN if column.endswith(("_ll", "_ul")) else TOLERANCE * max(1.0, abs(float(cell)))
                assert abs(float(mine[column]) - float(cell)) <= within, (golden["Group"], column)


def child(height: str = "87", **changed: str) -> Row:
    return dict.fromkeys(HEADER.split(","), "") | {
        "sex": "1", "age": "800", "weight": "12", "lenhei": height, "measure": "h", "oedema": "n", "sw": "2", **changed,
    }  # fmt: skip


def test_exactly_one_percent_has_the_right_limits_where_the_reference_says_one_to_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the reference a test for 100 % looks at percentages, so with weights 1.0 % gets the limits [1, 1]."""
    rows = [child("76"), *(child() for _ in range(99))]
    weighted = estimate(tmp_path, rows, weights="sw")["All"]
    assert "exactly 1 % in All" in capsys.readouterr().err
    assert (weighted["HA_2_r"], weighted["HAZ_unwpop"]) == ("1", "100")
    assert [float(weighted[name]) for name in ("HA_2_ll", "HA_2_ul")] == pytest.approx([0.136, 6.973], abs=0.0005)
    simple = estimate(tmp_path, rows)["All"]
    assert [simple["HA_2_ll"], simple["HA_2_ul"]] == [weighted["HA_2_ll"], weighted["HA_2_ul"]]
    assert capsys.readouterr().err == ""


def test_none_and_all_have_themselves_as_limits(tmp_path: Path) -> None:
    rows = [child("76") for _ in range(30)]
    found = estimate(tmp_path, rows, weights="sw")["All"]
    assert [found[f"HA_2_{part}"] for part in ("r", "se", "ll", "ul")] == ["100", "0", "100", "100"]
    assert [found[f"HA2_{part}"] for part in ("r", "se", "ll", "ul")] == ["0", "0", "0", "0"]


def test_a_child_with_oedema_counts_as_wasted_and_in_no_mean(tmp_path: Path) -> None:
    found = estimate(tmp_path, [child(oedema="y"), child(), child(), child()])["All"]
    assert (found["WH_3_r"], found["WA_3_r"], found["HA_3_r"], found["WHZ_unwpop"]) == ("25", "25", "0", "4")
    assert found["WH_stdev"] == "0"


def test_a_missing_weight_counts_nobody_and_none_is_a_word(tmp_path: Path) -> None:
    rows = [
        child("76", sw="", mothered="None"),
        child(mothered="None"),
        child(mothered="Primary"),
        child(mothered="NA"),
    ]
    found = estimate(tmp_path, rows, weights="sw")
    assert [name for name in found if name.startswith("Maternal")] == [
        "Maternal education: None", "Maternal education: Primary", "Maternal education: NA",
    ]  # fmt: skip
    assert (found["All"]["HAZ_pop"], found["All"]["HAZ_unwpop"], found["All"]["HA_2_r"]) == ("6", "4", "0")
    assert found["Maternal education: NA"]["HA_2_r"] == ""


def test_a_file_without_groups_has_none(tmp_path: Path) -> None:
    rows = [{name: cell for name, cell in child().items() if name in {"sex", "age", "weight", "lenhei"}}] * 3
    assert next(iter(estimate(tmp_path, rows))) == "All"
    assert len(estimate(tmp_path, rows)) == 21


def test_rows_without_stratum_or_cluster_and_children_past_their_fifth_birthday_are_left_out(tmp_path: Path) -> None:
    rows = [child(strata=s, cluster=c) for s in "12" for c in "abc" for _ in range(2)]
    more = [child(strata="", cluster="a"), child(strata="1", cluster="NA"), child(strata="1", cluster="a", age="1827")]
    design = {"strata": "strata", "cluster": "cluster"}
    assert estimate(tmp_path, [*rows, *more], **design) == estimate(tmp_path, rows, **design)


def test_a_design_of_one_stratum_and_one_cluster_is_none(tmp_path: Path) -> None:
    rows = [child(str(76 + number), strata="1", cluster="1") for number in range(12)]
    assert estimate(tmp_path, rows, strata="strata", cluster="cluster") == estimate(tmp_path, rows)


def test_one_unit_only_has_a_figure_and_no_limits(tmp_path: Path) -> None:
    found = estimate(tmp_path, [child()])["All"]
    assert (found["HA_2_r"], found["HA_r"] != "", found["HA_ll"], found["HA_stdev"]) == ("0", True, "", "")


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda text: text[:0], "missing columns): sex, age, weight, lenhei"),
        (lambda text: text.partition("\n")[0] + "\n", "tidak berisi anak / no children"),
        (lambda text: text.replace("lenhei", "height"), "missing columns): lenhei"),
        (lambda text: text.replace("sw", "w8"), "missing columns): sw"),
        (lambda text: text.replace(",800,", ",-1,"), "baris 2: age '-1' negatif"),
        (lambda text: text.replace(",2,", ",-2,"), "baris 2: sw '-2' negatif"),
        (lambda text: text.replace(",12,", ",dua belas,"), "baris 2: weight 'dua belas' bukan angka"),
        (lambda text: text.replace(",h,", ",berdiri,"), "baris 2: measure 'berdiri' tidak dikenal"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_its_place_and_leaves_nothing(
    tmp_path: Path, spoil: Callable[[str], str], told: str
) -> None:
    source = write(tmp_path / "in.csv", [child()])
    source.write_text(spoil(source.read_text("utf-8")), encoding="utf-8")
    with pytest.raises(RefusedError) as refused:
        run(source, tmp_path / "out.csv", weights="sw")
    assert told in str(refused.value)
    assert [each.name for each in tmp_path.iterdir()] == ["in.csv"]


def test_a_file_that_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(MissingError):
        run(tmp_path / "none.csv", tmp_path / "out.csv")
