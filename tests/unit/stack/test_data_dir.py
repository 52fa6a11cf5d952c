"""Ports and secrets of a data directory: made once, remembered, kept to the owner."""

from __future__ import annotations

import json
import socket
import stat
from pathlib import Path

import pytest

from deploy.local import ports
from deploy.local.data_dir import DataDir, write_json
from deploy.local.ports import LOOPBACK, PORT_NAMES, load_ports, settle_ports
from deploy.local.secret_store import load_secrets


@pytest.fixture
def data(tmp_path: Path) -> DataDir:
    directory = DataDir(tmp_path / "data")
    directory.create()
    return directory


def test_ports_are_remembered(data: DataDir) -> None:
    told: list[str] = []
    first = settle_ports(data, (), told.append)
    assert set(first) == set(PORT_NAMES)
    assert len(set(first.values())) == len(PORT_NAMES)
    assert settle_ports(data, (), told.append) == first == load_ports(data)
    assert told == []


def test_a_port_that_another_program_took_is_told_and_replaced(data: DataDir) -> None:
    first = settle_ports(data, (), print)
    told: list[str] = []
    with socket.create_server((LOOPBACK, first["kafka"])):
        second = settle_ports(data, (), told.append)
    assert {name for name in PORT_NAMES if first[name] != second[name]} == {"kafka"}
    assert len(told) == 1
    assert str(first["kafka"]) in told[0]
    assert str(second["kafka"]) in told[0]


def test_the_port_of_a_part_that_runs_is_never_moved(data: DataDir) -> None:
    first = settle_ports(data, (), print)
    with socket.create_server((LOOPBACK, first["postgres"])):
        assert settle_ports(data, {"postgres"}, print) == first


def test_two_data_directories_get_different_ports(data: DataDir, tmp_path: Path) -> None:
    other = DataDir(tmp_path / "other")
    other.create()
    assert settle_ports(data, (), print) != settle_ports(other, (), print)


def test_ports_lie_below_those_of_outgoing_connections(data: DataDir) -> None:
    chosen = settle_ports(data, (), print).values()
    assert all(ports.FIRST_PORT <= port <= ports.LAST_PORT for port in chosen)


def test_secrets_are_random_per_directory_kept_and_for_the_owner_only(data: DataDir, tmp_path: Path) -> None:
    other = DataDir(tmp_path / "other")
    other.create()
    first = load_secrets(data)
    assert load_secrets(data) == first
    assert stat.S_IMODE(data.secrets.stat().st_mode) == 0o600
    everything = [*first.kafka.values(), *first.database.values(), *first.keys.values()]
    assert len(set(everything)) == len(everything)
    assert not set(everything) & {*load_secrets(other).kafka.values(), *load_secrets(other).database.values()}


def test_a_new_account_gets_a_password_and_the_others_keep_theirs(data: DataDir) -> None:
    first = load_secrets(data)
    stored = json.loads(data.secrets.read_text())
    del stored["kafka"]["lab"]
    write_json(data.secrets, stored, 0o600)
    second = load_secrets(data)
    assert second.kafka["lab"] != first.kafka["lab"]
    assert second.kafka["scoring"] == first.kafka["scoring"]
    assert second.cluster_id == first.cluster_id


def test_an_existing_directory_keeps_its_mode(tmp_path: Path) -> None:
    place = tmp_path / "mine"
    place.mkdir(mode=0o750)
    DataDir(place).create()
    assert stat.S_IMODE(place.stat().st_mode) == 0o750


def test_removing_leaves_what_is_not_ours(data: DataDir) -> None:
    foreign = data.root / "letters.txt"
    foreign.write_text("mine")
    load_secrets(data)
    data.remove()
    assert [path.name for path in data.root.iterdir()] == ["letters.txt"]
