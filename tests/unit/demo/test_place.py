"""A demo begins with an empty district, and never in somebody's real one."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.demo.place import MARK, claim, make_room
from deploy.local import processes
from deploy.local.data_dir import DataDir, read_json
from deploy.local.errors import MissingError
from deploy.local.ports import settle_ports
from deploy.local.secret_store import load_secrets


@pytest.fixture
def data(tmp_path: Path) -> DataDir:
    """A data directory as a first start leaves it, with nothing running."""
    made = DataDir(tmp_path / "data")
    made.create()
    settle_ports(made, (), print)
    load_secrets(made)
    return made


def test_an_empty_district_is_marked_as_the_demo_s(data: DataDir) -> None:
    claim(data, {"seed": 7}, empty=True)
    assert read_json(data.root / MARK) == {"seed": 7}


def test_a_district_that_no_demo_made_is_refused_with_the_way_out(data: DataDir) -> None:
    with pytest.raises(MissingError, match=r"TUMBUH_DATA=.*down --purge") as caught:
        claim(data, {}, empty=False)
    assert caught.value.exit_code == 2
    assert not (data.root / MARK).exists()


def test_data_without_the_mark_stays(data: DataDir) -> None:
    assert make_room(data) is False
    assert data.secrets.exists()


def test_an_earlier_demo_is_removed(data: DataDir) -> None:
    claim(data, {}, empty=True)
    assert make_room(data) is True
    assert not data.root.exists()


def test_a_running_system_is_not_touched(data: DataDir) -> None:
    claim(data, {}, empty=True)
    sleeper = processes.start(data, "lab", ["sleep", "60"])
    try:
        with pytest.raises(MissingError, match=r"lab sedang berjalan.*tumbuh down"):
            make_room(data)
        assert (data.root / MARK).exists()
    finally:
        processes.kill(sleeper)
        processes.forget(data, "lab")
