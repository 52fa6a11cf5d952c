"""`zscores IN.csv OUT.csv` on files."""

from __future__ import annotations

import argparse
import csv
import gzip
from pathlib import Path

import pytest

from deploy.local.commands import zscores
from deploy.local.errors import MissingError, RefusedError

GOLDEN = Path("tests/data/golden/anthro_zscores.csv.gz")
INPUTS = [
    "row_id",
    "grp",
    "sex",
    "age",
    "is_age_in_month",
    "weight",
    "lenhei",
    "measure",
    "headc",
    "armc",
    "triskin",
    "subskin",
    "oedema",
]
HEADER = "sex,age,is_age_in_month,weight,lenhei,measure,headc,armc,triskin,subskin,oedema,note"
GOOD = "1,466,0,8.2,76.4,L,44.7,13.8,6.0,3.8,n,hello"


def run(source: Path, target: Path) -> int:
    return zscores.run(argparse.Namespace(input=source, output=target))


def score(tmp_path: Path, *lines: str, header: str = HEADER) -> list[dict[str, str]]:
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    assert run(source, target) == 0
    with target.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_golden_inputs_give_the_golden_file_back_to_the_letter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zscores, "CHUNK_ROWS", 5_000)
    with gzip.open(GOLDEN, "rt", encoding="utf-8", newline="") as file:
        golden = list(csv.DictReader(file))
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    with source.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, INPUTS, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(golden)
    assert run(source, target) == 0
    with target.open(encoding="utf-8", newline="") as file:
        ours = list(csv.DictReader(file))
    assert list(ours[0]) == [*golden[0], "reasons"]
    different = 0
    for row, theirs in zip(ours, golden, strict=True):
        for name, cell in theirs.items():
            if row[name] != cell:
                different += name[0] == "z"
                assert row[name] == ""
                assert theirs["grp"] == "nonpositive"
    assert different == 34


def test_other_columns_and_the_order_of_the_rows_are_kept(tmp_path: Path) -> None:
    rows = score(tmp_path, GOOD, GOOD.replace("hello", '"a, b"'), "", GOOD.replace("hello", "last"))
    assert [row["note"] for row in rows] == ["hello", "a, b", "last"]
    assert rows[0]["zlen"] == "-1.21"


def test_every_blank_score_has_a_reason(tmp_path: Path) -> None:
    row = score(tmp_path, "2,400,0,-1,75,,,13,,,y,")[0]
    assert row["reasons"] == (
        "zwei:oedema;zwfl:oedema;zbmi:oedema;zhc:head_circumference_missing;"
        "zts:triceps_skinfold_missing;zss:subscapular_skinfold_missing"
    )


def test_decimal_commas_and_na_are_read(tmp_path: Path) -> None:
    row = score(tmp_path, 'NA,466,0,"8,2","76,4",NA,NA,13.8,6.0,3.8,NA,x')[0]
    assert (row["clenhei"], row["csex"]) == ("76.4", "")
    assert "zlen:sex_missing" in row["reasons"]


def test_a_scored_file_is_scored_anew(tmp_path: Path) -> None:
    row = score(tmp_path, GOOD + ",9.99,old", header=HEADER + ",zlen,reasons")[0]
    assert row["zlen"] == "-1.21"
    assert list(row).count("zlen") == 1


@pytest.mark.parametrize(
    ("header", "line", "told"),
    [
        (HEADER.replace("weight,", ""), GOOD, "weight"),
        (HEADER, GOOD.replace("1,466", "x,466", 1), "baris 3: sex 'x'"),
        (HEADER, GOOD.replace(",L,", ",lying,"), "baris 3: measure 'lying'"),
        (HEADER, GOOD.replace(",n,", ",maybe,"), "baris 3: oedema 'maybe'"),
        (HEADER, GOOD.replace("8.2", "eight"), "baris 3: weight 'eight'"),
        (HEADER, GOOD + ",more", "baris 3: 13 kolom"),
    ],
)
def test_a_file_that_cannot_be_scored_is_refused_with_its_place_and_leaves_nothing(
    tmp_path: Path, header: str, line: str, told: str
) -> None:
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text(f"{header}\n{GOOD}\n{line}\n", encoding="utf-8")
    with pytest.raises(RefusedError) as refused:
        run(source, target)
    assert told in str(refused.value)
    assert refused.value.exit_code == 3
    assert [each.name for each in tmp_path.iterdir()] == ["in.csv"]


def test_a_file_that_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(MissingError) as missing:
        run(tmp_path / "none.csv", tmp_path / "out.csv")
    assert missing.value.exit_code == 2


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_bytes(b"PK\x03\x04\xff\xfe")
    with pytest.raises(RefusedError):
        run(tmp_path / "in.csv", tmp_path / "out.csv")
