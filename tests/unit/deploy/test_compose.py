"""The compose file beyond its schema: nothing floats or listens to the world, no container may do more than it must."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from shared.contracts.topics import SERVICES as OURS
from shared.setting_groups import Door
from shared.settings import required_variables

CHECKOUT = Path(__file__).resolve().parents[3]
COMPOSE: dict[str, Any] = yaml.safe_load((CHECKOUT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OWN_USER = {"postgres", "kafka"}  # their images start as they must and drop to a user of their own


@pytest.mark.parametrize("name", SERVICES)
def test_every_image_of_others_has_a_tag_that_names_a_version(name: str) -> None:
    image = SERVICES[name]["image"]
    _, _, tag = image.partition(":")
    assert image == "tumbuh" or (tag != "latest" and any(letter.isdigit() for letter in tag))


@pytest.mark.parametrize("name", SERVICES)
def test_ports_are_open_on_this_machine_only(name: str) -> None:
    assert [port for port in SERVICES[name].get("ports", ()) if not port.startswith("127.0.0.1:")] == []


@pytest.mark.parametrize("name", sorted(set(SERVICES) - OWN_USER))
def test_a_container_has_no_capabilities_and_cannot_write_its_own_files(name: str) -> None:
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"]
    assert service["read_only"] is True
    assert service["security_opt"] == ["no-new-privileges:true"]


def test_every_file_that_is_mounted_is_there_and_cannot_be_changed() -> None:
    mounts = [volume for service in SERVICES.values() for volume in service.get("volumes", ())]
    ours = [mount.split(":") for mount in mounts if mount.startswith("./")]
    assert ours
    for source, _, *mode in ours:
        assert (CHECKOUT / source).exists()
        assert mode == ["ro"]


def test_every_volume_is_declared() -> None:
    mounts = [volume for service in SERVICES.values() for volume in service.get("volumes", ())]
    assert {mount.split(":")[0] for mount in mounts if not mount.startswith("./")} == set(COMPOSE["volumes"])


@pytest.mark.parametrize("name", OURS)
def test_a_service_is_given_what_it_needs_and_no_secret_beyond(name: str) -> None:
    given = SERVICES[name]["environment"]
    required = required_variables(name, Door.ALL, given)
    assert set(required) <= set(given)
    assert {key for key in given if key.endswith(("_PASSWORD", "_KEY"))} <= set(required)
