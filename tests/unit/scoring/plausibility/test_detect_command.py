"""`detect IN.csv OUT.csv --mode stream|batch` on files."""

from __future__ import annotations

import argparse
import csv
import gzip
from pathlib import Path

import pytest

from deploy.local.commands import detect
from deploy.local.errors import MissingError, RefusedError
from tests.unit.scoring.plausibility.examples import SIMULATED

HEADER = "row_id,source,posyandu_id,child_id,visit_id,visit_date,birth_date,sex,age_days,param,value,position"
FIRST = "a,x,P1,C1,V1,2024-03-01,2022-10-01,M,517,weight_kg,10.1,"
TENFOLD = "b,x,P1,C1,V2,2024-04-01,2022-10-01,M,548,weight_kg,102,"


def run(source: Path, target: Path, mode: str = "batch") -> int:
    return detect.run(argparse.Namespace(input=source, output=target, mode=mode))


def judged(tmp_path: Path, *lines: str, header: str = HEADER, mode: str = "batch") -> list[dict[str, str]]:
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    assert run(source, target, mode) == 0
    with target.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("mode", ["batch", "stream"])
def test_one_line_per_input_row_in_input_order_with_kind_and_evidence(mode: str, tmp_path: Path) -> None:
    rows = judged(tmp_path, TENFOLD, FIRST, mode=mode)
    assert [(row["row_id"], row["flagged"], row["kind"]) for row in rows] == [
        ("b", "1", "decimal_shift"),
        ("a", "0", ""),
    ]
    assert rows[0]["evidence"].startswith("times_ten;expected=10.")
    assert rows[0]["evidence"].endswith("proposed=10.2")
    assert float(rows[0]["probability"]) > 0.9 > float(rows[1]["probability"])
    assert list(rows[0]) == ["row_id", "flagged", "kind", "probability", "evidence"]


def test_the_other_visit_is_told_by_its_own_id_and_dates_and_sexes_as_they_are_written(tmp_path: Path) -> None:
    others = [
        FIRST.replace("a,", f"{month},").replace("V1", f"W{month}").replace("-03-", f"-0{month}-") for month in (4, 5)
    ]
    twice = FIRST.replace("a,", "b,").replace("V1", "V2")
    wrong = (
        FIRST.replace("a,", "c,")
        .replace("V1", "V3")
        .replace("2024-03-01", "2024-06-01")
        .replace("2022-10-01,M", "2021-10-01,M")
    )
    rows = {row["row_id"]: row for row in judged(tmp_path, FIRST, twice, *others, wrong)}
    assert (rows["a"]["kind"], rows["b"]["kind"], rows["c"]["kind"]) == ("exact_duplicate",) * 2 + ("wrong_birth_date",)
    assert rows["a"]["evidence"].endswith("other_visit=V2")
    assert rows["c"]["evidence"].endswith("proposed=2022-10-01")


@pytest.mark.parametrize("mode", ["batch", "stream"])
def test_the_truth_columns_change_nothing(mode: str, tmp_path: Path) -> None:
    with gzip.open(SIMULATED, "rt", encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))[:1500]
    known = [place for place, name in enumerate(rows[0]) if name in detect.COLUMNS]
    answers = []
    for name, kept in (("with", range(len(rows[0]))), ("without", known)):
        source, target = tmp_path / f"{name}.csv", tmp_path / f"{name}.out.csv"
        with source.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([row[place] for place in kept] for row in rows)
        run(source, target, mode)
        answers.append(target.read_bytes())
    assert answers[0] == answers[1]


def test_decimal_commas_and_compressed_files_are_read(tmp_path: Path) -> None:
    comma = FIRST.replace("10.1", '"10,1"')
    source, target = tmp_path / "in.csv.gz", tmp_path / "out.csv.gz"
    with gzip.open(source, "wt", encoding="utf-8") as file:
        file.write(f"{HEADER}\n{comma}\n{TENFOLD}\n")
    assert run(source, target) == 0
    with gzip.open(target, "rt", encoding="utf-8") as file:
        assert len(file.readlines()) == 3


def test_a_file_without_rows_gives_a_header(tmp_path: Path) -> None:
    assert judged(tmp_path) == []


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (FIRST.replace(",M,", ",X,"), "baris 2: sex 'X'"),
        (FIRST.replace("2024-03-01", "01/03/2024"), "baris 2: visit_date '01/03/2024'"),
        (FIRST.replace("10.1", "ten"), "baris 2: value 'ten'"),
        (FIRST.replace("weight_kg", "weight"), "baris 2: param 'weight'"),
        (FIRST + ",more", "baris 2: 13 kolom, seharusnya 12"),
    ],
)
def test_what_cannot_be_read_is_refused_with_line_and_column(line: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match=told.replace("(", r"\(")):
        judged(tmp_path, line)
    assert not (tmp_path / "out.csv").exists()


def test_a_missing_file_and_missing_columns_are_named(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match=r"nowhere\.csv"):
        run(tmp_path / "nowhere.csv", tmp_path / "out.csv")
    with pytest.raises(RefusedError, match="visit_date"):
        judged(tmp_path, header="row_id,value")
