"""`./tumbuh intake FILE --dry-run`: exit codes and answers."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from deploy.local.cli import main

FOLDER = Path(__file__).parents[2] / "data" / "eppgbm"
TTU = FOLDER / "01-ttu-2022-export32.xlsx"
BEKASI = FOLDER / "04-bekasi-2023-cp1252-ddmmyyyy.csv"


def test_a_good_file_ends_with_0_and_speaks_bahasa_indonesia(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["intake", str(TTU), "--dry-run"]) == 0
    shown = capsys.readouterr().out
    assert "DAPAT DIAMBIL" in shown
    assert "310 dari 311 cocok (99,7 %)" in shown
    assert "NIK rusak" in shown


def test_a_stopped_file_ends_with_3(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["intake", str(BEKASI), "--dry-run"]) == 3
    assert "DIHENTIKAN sampai dikonfirmasi" in capsys.readouterr().out


def test_a_refused_file_ends_with_3(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    empty = tmp_path / "kosong.csv"
    empty.touch()
    assert main(["intake", str(empty), "--dry-run", "--json"]) == 3
    answer = json.loads(capsys.readouterr().out)
    assert answer["stop_reasons"] == ["empty_file"]
    assert answer["rows"] == 0


def test_json_is_one_answer_with_the_file_name_and_its_digest(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["intake", str(TTU), "--dry-run", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["file"] == TTU.name
    assert answer["taken"] + answer["repaired"] + answer["quarantined"] + answer["duplicate"] + answer["blank"] == 311


def test_the_bytes_decide_and_not_the_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    misnamed = tmp_path / "ekspor.csv"
    shutil.copyfile(TTU, misnamed)
    assert main(["intake", str(misnamed), "--dry-run"]) == 0
    assert "Sheet1" in capsys.readouterr().out


def test_a_missing_file_ends_with_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["intake", str(tmp_path / "tidak-ada.xlsx"), "--dry-run"]) == 2
    assert "tidak-ada.xlsx" in capsys.readouterr().err


def test_a_dry_run_is_the_default(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["intake", str(TTU)]) == 0
    assert "Belum ada yang disimpan" in capsys.readouterr().out


def test_an_unknown_option_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["intake", str(TTU), "--simpan"])
    assert ended.value.code == 2
    assert "--simpan" in capsys.readouterr().err
