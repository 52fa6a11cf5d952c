"""The compose file beyond its schema: nothing floats or listens to the world, no container may do more than it must."""

import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import yaml

from deploy.oidc.distribution import POM
from deploy.oidc.realm import PAGE_ADDRESS, REALM, REALM_FILE
from shared.contracts.topics import SERVICES as OURS
from shared.setting_groups import Door
from shared.settings import required_variables

CHECKOUT = Path(__file__).resolve().parents[3]
COMPOSE: dict[str, Any] = yaml.safe_load((CHECKOUT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OWN_USER = {"postgres", "kafka"}  # their images start as they must and drop to a user of their own
BUILDS_ITSELF = {"keycloak"}  # settles its build options at each start, among its own files
KEYCLOAK = SERVICES["keycloak"]


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
    assert service.get("read_only", False) is (name not in BUILDS_ITSELF)
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


def test_the_provider_is_the_one_of_the_local_stack() -> None:
    """Same version, same realm; the version stands in two places."""
    pom = ET.parse(POM)  # noqa: S314 - our own file
    version = pom.findtext(".//{*}keycloak.version")
    assert KEYCLOAK["image"] == f"quay.io/keycloak/keycloak:{version}"
    realm = f"./{REALM_FILE.relative_to(CHECKOUT)}:/opt/keycloak/data/import/realm.json:ro"
    assert realm in KEYCLOAK["volumes"]
    assert "--import-realm" in KEYCLOAK["command"]
    assert PAGE_ADDRESS.strip("${}") in KEYCLOAK["environment"]


def test_the_provider_has_a_database_of_its_own_and_no_other_role_than_its_own() -> None:
    """The statements themselves are tried on a real database by the tests of the setup jobs."""
    given, made_by = KEYCLOAK["environment"], SERVICES["keycloak-database"]
    assert (given["KC_DB_URL"], given["KC_DB_USERNAME"]) == ("jdbc:postgresql://postgres:5432/keycloak", "keycloak")
    assert given["KC_DB_PASSWORD"] == made_by["environment"]["KEYCLOAK_DATABASE_PASSWORD"]
    assert KEYCLOAK["depends_on"] == {"keycloak-database": {"condition": "service_completed_successfully"}}
    assert made_by["image"] == SERVICES["postgres"]["image"]


@pytest.mark.parametrize("name", OURS)
def test_a_service_accepts_the_tokens_of_that_provider_and_no_others(name: str) -> None:
    """`iss` is what the provider calls itself before browsers; its keys come over the network of the containers."""
    given = SERVICES[name]["environment"]
    assert given["TUMBUH_TOKEN_ISSUER"] == f"{KEYCLOAK['environment']['KC_HOSTNAME']}/realms/{REALM}"
    assert given["TUMBUH_JWKS_URL"] == f"http://keycloak:8080/realms/{REALM}/protocol/openid-connect/certs"
    assert set(SERVICES[name]["networks"]) & set(KEYCLOAK["networks"])
    assert SERVICES[name]["depends_on"]["keycloak"] == {"condition": "service_healthy"}


def test_people_are_sent_to_that_provider_and_back_to_the_page() -> None:
    given = SERVICES["reporting"]["environment"]
    assert given["TUMBUH_PROVIDER_URL"] == f"http://keycloak:8080/realms/{REALM}"
    assert given["TUMBUH_PAGE_URL"] == KEYCLOAK["environment"]["TUMBUH_PAGE_URL"]
    example = (CHECKOUT / "deploy" / "compose.env.example").read_text(encoding="utf-8")
    for service in ("keycloak", "reporting"):
        (port,) = SERVICES[service]["ports"]
        assert re.search(rf"http://{port.removesuffix(':8080')}\b", example), f"where {service} answers"
