"""`early-warning IN.csv OUT.csv` on files."""

from __future__ import annotations

import argparse
import csv
import gzip
import random
from pathlib import Path

import pytest

from deploy.local.commands import early_warning
from deploy.local.errors import MissingError, RefusedError

HEADER = "visit_id,child_id,age_days,haz,waz,eligible,label"
ROWS = [
    "1,A,200,-1.2,-1.0,1,0",
    "2,A,231,-1.9,-1.6,1,1",
    "3,A,262,-2.3,-1.6,0,",
    "4,B,183,-2,,1,0",
    "5,B,100,-1.0,-0.5,0,",
]


def run(source: Path, target: Path) -> int:
    return early_warning.run(argparse.Namespace(input=source, output=target))


def answers(folder: Path, *rows: str, header: str = HEADER) -> dict[str, tuple[str, str]]:
    source, target = folder / "in.csv", folder / "out.csv"
    source.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    assert run(source, target) == 0
    with target.open(encoding="utf-8", newline="") as file:
        assert next(csv.reader([file.readline()])) == ["visit_id", "risk", "reasons"]
        return {visit: (risk, reasons) for visit, risk, reasons in csv.reader(file)}


def without_eligible(rows: list[str]) -> list[str]:
    return [",".join(row.split(",")[:5]) for row in rows]


def test_rows_with_eligible_one_are_answered_in_their_order(tmp_path: Path) -> None:
    found = answers(tmp_path, *ROWS)
    assert list(found) == ["1", "2", "4"]
    assert all(0 < float(risk) < 1 for risk, _ in found.values())


def test_each_reason_has_its_number(tmp_path: Path) -> None:
    codes = dict(part.split(":") for part in answers(tmp_path, *ROWS)["2"][1].split(";"))
    assert {"near_limit", "age_loss", "low_weight", "expected", "spread"} <= set(codes)
    assert float(codes["near_limit"]) < -1.0


def test_without_the_column_each_visit_of_the_age_is_answered_or_says_why_not(tmp_path: Path) -> None:
    rows = [*without_eligible(ROWS), "6,C,300,,-1.0", "7,C,330,-6.5,-1.0", "8,C,609,-1.0,-1.0"]
    found = answers(tmp_path, *rows, header="visit_id,child_id,age_days,haz,waz")
    assert list(found) == ["1", "2", "3", "4", "6", "7"]
    assert [found[visit][1] for visit in "367"] == ["no_risk:stunted", "no_risk:no_haz", "no_risk:haz_implausible"]
    assert all(found[visit][0] == "" for visit in "367")


def test_outcome_columns_are_ignored(tmp_path: Path) -> None:
    other = [row.rsplit(",", 1)[0] + ",1" for row in ROWS]
    assert answers(tmp_path, *ROWS) == answers(tmp_path, *other)


def test_the_order_of_the_file_does_not_matter(tmp_path: Path) -> None:
    rows = [*ROWS, "6,A,231,-1.1,-1.6,1,1", "10,A,231,-1.4,,1,1"]  # three entries of one day
    first = answers(tmp_path, *rows)
    for seed in range(5):
        mixed = random.Random(seed).sample(rows, len(rows))
        assert answers(tmp_path, *mixed) == first


def test_a_decimal_comma_is_read(tmp_path: Path) -> None:
    assert answers(tmp_path, '1,A,200,"-1,2",-1.0,1,0')["1"] == answers(tmp_path, "1,A,200,-1.2,-1.0,1,0")["1"]


def test_a_compressed_file_gives_the_same(tmp_path: Path) -> None:
    plain = answers(tmp_path, *ROWS)
    source, target = tmp_path / "in.csv.gz", tmp_path / "out.csv.gz"
    source.write_bytes(gzip.compress(("\n".join([HEADER, *ROWS]) + "\n").encode()))
    assert run(source, target) == 0
    with gzip.open(target, "rt", encoding="utf-8", newline="") as file:
        assert {row["visit_id"]: (row["risk"], row["reasons"]) for row in csv.DictReader(file)} == plain


@pytest.mark.parametrize(
    ("row", "named"),
    [
        ("1,A,abc,-1.2,-1.0,1,0", "age_days"),
        ("1,A,200.5,-1.2,-1.0,1,0", "age_days"),
        ("1,A,200,inf,-1.0,1,0", "haz"),
        ("1,A,200,-1.2,x,1,0", "waz"),
        ("1,A,200,-1.2,-1.0,maybe,0", "eligible"),
        ("1,A,200,-1.2", "baris 2"),
    ],
)
def test_what_cannot_be_read_is_named_with_its_line(tmp_path: Path, row: str, named: str) -> None:
    with pytest.raises(RefusedError, match=named) as refused:
        answers(tmp_path, row)
    assert "baris 2" in str(refused.value)
    assert not list(tmp_path.glob("out*"))


def test_a_missing_column_or_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="waz"):
        answers(tmp_path, "1,A,200,-1.2", header="visit_id,child_id,age_days,haz")
    with pytest.raises(MissingError):
        run(tmp_path / "none.csv", tmp_path / "out.csv")


def test_an_empty_file_of_visits_gives_an_empty_answer(tmp_path: Path) -> None:
    assert answers(tmp_path) == {}
