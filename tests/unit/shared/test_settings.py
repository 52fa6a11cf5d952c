"""Settings: everything that is wrong is told at once, and no secret has a default."""

import base64
import os
import secrets
from collections.abc import Callable
from pathlib import Path

import pytest

from shared.setting_groups import Door, Mode
from shared.setting_problems import PREFIX, SettingProblem, SettingsError
from shared.settings import load_or_exit, load_settings

Put = Callable[..., None]


def key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


COMPLETE = {
    "TUMBUH_MODE": "local",
    "TUMBUH_HTTP_PORT": "8101",
    "TUMBUH_DATABASE_HOST": "127.0.0.1",
    "TUMBUH_DATABASE_PORT": "5433",
    "TUMBUH_DATABASE_WORKER_PASSWORD": "worker-secret",
    "TUMBUH_DATABASE_API_PASSWORD": "api-secret",
    "TUMBUH_KAFKA_BOOTSTRAP": "127.0.0.1:9092",
    "TUMBUH_KAFKA_USERNAME": "measurement",
    "TUMBUH_KAFKA_PASSWORD": "kafka-secret",
    "TUMBUH_JWKS_URL": "http://127.0.0.1:8180/keys",
    "TUMBUH_TOKEN_ISSUER": "https://login.test",
    "TUMBUH_MASTER_KEY": key(),
    "TUMBUH_MATCH_KEY": key(),
}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Put:
    for name in list(os.environ):
        if name.startswith(PREFIX):
            monkeypatch.delenv(name)

    def put(**changes: str | None) -> None:
        for name, value in {**COMPLETE, **changes}.items():
            if value is None:
                monkeypatch.delenv(name, raising=False)
            else:
                monkeypatch.setenv(name, value)

    put()
    return put


def problems_of(service: str = "measurement", door: Door = Door.ALL) -> tuple[dict[str, SettingProblem], str]:
    with pytest.raises(SettingsError) as caught:
        load_settings(service, door)
    return {item.variable: item for item in caught.value.problems}, str(caught.value)


@pytest.mark.usefixtures("environment")
def test_a_complete_environment_gives_typed_settings() -> None:
    settings = load_settings("measurement", Door.ALL)
    assert settings.mode is Mode.LOCAL
    assert settings.http.port == 8101
    address = settings.database_address("worker")
    assert (address.user, address.port, address.password) == ("measurement_worker", 5433, "worker-secret")
    assert len(settings.key("master")) == 32
    assert settings.kafka_security_protocol == "SASL_PLAINTEXT"


def test_every_problem_is_told_at_once_with_its_remedy(environment: Put) -> None:
    environment(
        TUMBUH_DATABASE_HOST=None, TUMBUH_HTTP_PORT="ninety", TUMBUH_MASTER_KEY="c2hvcnQ=", TUMBUH_KAFKA_PASSWORD=""
    )
    problems, text = problems_of()
    assert set(problems) == {
        "TUMBUH_DATABASE_HOST",
        "TUMBUH_HTTP_PORT",
        "TUMBUH_MASTER_KEY",
        "TUMBUH_KAFKA_PASSWORD",
    }
    assert all(item.remedy and item.remedy in text for item in problems.values())


def test_the_message_never_shows_a_secret(environment: Put) -> None:
    environment(TUMBUH_MASTER_KEY="hunter2-hunter2", TUMBUH_HTTP_PORT="70000")
    assert "hunter2" not in problems_of()[1]
    environment()
    assert "worker-secret" not in repr(load_settings("measurement", Door.ALL))


@pytest.mark.parametrize("missing", ["TUMBUH_DATABASE_API_PASSWORD", "TUMBUH_KAFKA_PASSWORD", "TUMBUH_MASTER_KEY"])
@pytest.mark.parametrize("mode", ["local", "production"])
def test_no_secret_has_a_default_in_any_mode(environment: Put, missing: str, mode: str) -> None:
    environment(**{missing: None, "TUMBUH_MODE": mode})
    assert missing in problems_of()[0]


def test_production_is_the_default_mode_and_refuses_placeholders(environment: Put) -> None:
    environment(TUMBUH_MODE=None, TUMBUH_JWKS_URL="http://login.test/keys", TUMBUH_DATABASE_API_PASSWORD="changeme")  # noqa: S106
    problems, _ = problems_of()
    assert "TUMBUH_DATABASE_API_PASSWORD" in problems
    assert "https" in problems["TUMBUH_JWKS_URL"].problem


def test_a_key_nobody_drew_at_random_is_refused(environment: Put) -> None:
    environment(TUMBUH_MATCH_KEY=base64.b64encode(b"A" * 32).decode())
    assert problems_of()[0]["TUMBUH_MATCH_KEY"].problem == "is not random"


def test_each_door_needs_only_what_it_uses(environment: Put) -> None:
    environment(**{**dict.fromkeys(COMPLETE), "TUMBUH_DATABASE_HOST": "db", "TUMBUH_DATABASE_OWNER_PASSWORD": "o" * 16})
    assert load_settings("lab", Door.MIGRATE).database_address("owner").user == "lab_owner"
    missing_for_worker = set(problems_of("lab", Door.WORKER)[0])
    missing_for_api = set(problems_of("lab", Door.API)[0])
    assert "TUMBUH_TOKEN_ISSUER" not in missing_for_worker
    assert "TUMBUH_KAFKA_PASSWORD" not in missing_for_api
    assert "TUMBUH_PAGE_KEY" in problems_of("reporting", Door.API)[0]
    assert "TUMBUH_PAGE_KEY" not in problems_of("reporting", Door.WORKER)[0]


def test_the_page_of_a_stack_with_a_provider_must_know_it_and_its_own_address(environment: Put) -> None:
    environment(TUMBUH_PAGE_KEY=key(), TUMBUH_FEED_KEY=key())
    assert set(problems_of("reporting", Door.API)[0]) == {"TUMBUH_PROVIDER_URL", "TUMBUH_PAGE_URL"}
    told = {"TUMBUH_PROVIDER_URL": "http://127.0.0.1:8180/realms/tumbuh", "TUMBUH_PAGE_URL": "http://127.0.0.1:8104"}
    environment(TUMBUH_PAGE_KEY=key(), TUMBUH_FEED_KEY=key(), **told)
    assert load_settings("reporting", Door.API).login.page_url == "http://127.0.0.1:8104"
    environment(TUMBUH_PAGE_KEY=key(), TUMBUH_FEED_KEY=key(), TUMBUH_MODE=None, **told)
    assert "https" in problems_of("reporting", Door.API)[0]["TUMBUH_PAGE_URL"].problem


def test_the_page_may_do_without_scoring_but_an_address_of_it_must_be_one(environment: Put) -> None:
    told = {"TUMBUH_PROVIDER_URL": "http://127.0.0.1:8180/realms/tumbuh", "TUMBUH_PAGE_URL": "http://127.0.0.1:8104"}
    environment(TUMBUH_PAGE_KEY=key(), TUMBUH_FEED_KEY=key(), **told)
    assert load_settings("reporting", Door.API).login.scoring_url is None
    environment(TUMBUH_PAGE_KEY=key(), TUMBUH_FEED_KEY=key(), TUMBUH_SCORING_URL="scoring:8080", **told)
    assert set(problems_of("reporting", Door.API)[0]) == {"TUMBUH_SCORING_URL"}


@pytest.mark.usefixtures("environment")
def test_a_role_without_password_cannot_connect() -> None:
    with pytest.raises(SettingsError, match="TUMBUH_DATABASE_OWNER_PASSWORD"):
        load_settings("measurement", Door.ALL).database_address("owner")


def test_only_one_source_of_keys_may_be_named(environment: Put, tmp_path: Path) -> None:
    environment(TUMBUH_JWKS_FILE=str(tmp_path / "absent.json"))
    problems, text = problems_of()
    assert {"TUMBUH_JWKS_FILE", "TUMBUH_JWKS_URL"} <= set(problems)
    assert "names no file" in text


def test_a_wrong_environment_ends_the_process_with_code_2(environment: Put, capsys: pytest.CaptureFixture[str]) -> None:
    environment(TUMBUH_MATCH_KEY=None)
    with pytest.raises(SystemExit) as stopped:
        load_or_exit("measurement", Door.ALL)
    assert stopped.value.code == 2
    assert "TUMBUH_MATCH_KEY" in capsys.readouterr().err


@pytest.mark.parametrize("facilities", ["", "RSUD=LAB.1", '{"RSUD": "12.19"}', "[]"])
def test_a_door_without_tokens_names_who_may_send(environment: Put, facilities: str) -> None:
    environment(TUMBUH_LAB_MLLP_PORT="2575", TUMBUH_LAB_MLLP_FACILITIES=facilities)
    assert any("MLLP_FACILITIES" in variable for variable in problems_of("lab")[0])


def test_the_door_for_analysers_is_off_and_on_this_machine_unless_told_otherwise(environment: Put) -> None:
    assert load_settings("lab", Door.ALL).lab.mllp_port is None
    environment(TUMBUH_LAB_MLLP_PORT="2575", TUMBUH_LAB_MLLP_FACILITIES='{"RSUD": "LAB.12.19.RSUD"}')
    found = load_settings("lab", Door.ALL).lab
    assert (found.mllp_host, found.mllp_port, found.mllp_facilities) == ("127.0.0.1", 2575, {"RSUD": "LAB.12.19.RSUD"})
