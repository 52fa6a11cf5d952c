"""The provider itself: a person's whole way in and out, whom it refuses, and whose tokens the services take."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from typing import Any

import httpx
import pytest

from deploy.local import oidc, services
from deploy.local.stack import Stack
from deploy.local.tokens import AUDIENCE, mint, token_for
from deploy.local.trial import Trial
from services.reporting.http.page_session import SESSION_COOKIE
from shared.auth.keys import KeySet, from_url
from shared.auth.tokens import TokenVerifier
from shared.postgres.pool import open_pool
from shared.problems import Problem
from tests.integration.oidc.browser import LOGIN_FORM, Browser, query_of
from tests.integration.reporting.ground import deliver
from tests.unit.reporting.history import register

pytestmark = pytest.mark.timeout(240)  # a provider starts here: a quarter of a minute on an idle machine
KEY_PROVIDER = "org.keycloak.keys.KeyProvider"
SUMMARY = "/v1/areas/12.19/summary?period=2025-11"


@pytest.fixture(scope="module")
def house(system: Trial) -> Iterator[Stack]:
    """A provider, and a reporting process that takes its tokens and nobody else's; the register is there."""
    stack = replace(system.stack, has_provider=True)
    oidc.start(stack.data, stack.ports, tethered=True)
    try:
        oidc.settle(stack.data, stack.ports, stack.secrets, stack.url("reporting"))
        services.start(stack, ["reporting"], tethered=True)
        services.wait_ready(stack, ["reporting"])
        asyncio.run(_register(stack))
        yield stack
    finally:
        oidc.stop(stack.data)


async def _register(stack: Stack) -> None:
    async with open_pool(stack.address("reporting_worker")) as pool:
        await deliver(pool, register())


@pytest.fixture
def browser(house: Stack) -> Iterator[Browser]:
    with Browser(house.url("reporting")) as one:
        yield one


def authorization(house: Stack, **changes: str | None) -> httpx.Response:
    """A request for a code as the page would make it, but for `changes`."""
    asked: dict[str, str | None] = {
        "response_type": "code",
        "client_id": "dashboard",
        "redirect_uri": house.url("reporting") + "/masuk/kembali",
        "scope": "openid",
        "state": "s" * 43,
        "nonce": "n" * 43,
        "code_challenge": "c" * 43,
        "code_challenge_method": "S256",
        **changes,
    }
    told = {name: value for name, value in asked.items() if value is not None}
    return httpx.get(oidc.issuer(house.ports) + "/protocol/openid-connect/auth", params=told, trust_env=False)


def exchange(house: Stack, code: str, **form: str) -> httpx.Response:
    """A code for tokens, asked for by the client itself."""
    told = {"grant_type": "authorization_code", "client_id": "dashboard", "code": code}
    told["redirect_uri"] = house.url("reporting") + "/masuk/kembali"
    return httpx.post(oidc.issuer(house.ports) + "/protocol/openid-connect/token", data=told | form, trust_env=False)


def status_with(house: Stack, token: str) -> int:
    headers = {"authorization": f"Bearer {token}"}
    return httpx.get(house.url("reporting") + SUMMARY, headers=headers, trust_env=False).status_code


def test_a_person_logs_in_sees_the_figures_and_logs_out_at_both_sides(house: Stack, browser: Browser) -> None:
    assert browser.get("/").status_code == 401
    form = browser.provider_form("/masuk?back=/%3Fperiode%3D2025-11")
    assert "Kata sandi" in form.text, "in Bahasa Indonesia"
    answer = browser.fill_in(form, "kabupaten", house.secrets.people["kabupaten"])
    entered = browser.get(answer.headers["location"])
    assert (entered.status_code, entered.headers["location"]) == (303, "/?periode=2025-11")
    cookie = next(word for word in entered.headers.get_list("set-cookie") if word.startswith(SESSION_COOKIE)).lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    page = browser.get(entered.headers["location"])
    assert page.status_code == 200
    assert "Petugas Kabupaten <small>kabupaten 12.19</small>" in page.text

    session = browser.client.cookies[SESSION_COOKIE]
    left = browser.client.post("/keluar")
    target = re.search(r'content="0; url=([^"]+)"', left.text)
    assert target is not None
    out = browser.get(unescape(target.group(1)))
    assert (out.status_code, out.headers["location"]) == (302, house.url("reporting") + "/")
    assert browser.get("/").status_code == 401
    browser.client.cookies.set(SESSION_COOKIE, session, domain="127.0.0.1", path="/")
    assert browser.get("/?periode=2025-11").status_code == 303, "a copy of the cookie opens nothing"
    assert LOGIN_FORM.search(browser.provider_form().text), "the provider has forgotten the person, too"


def test_what_a_person_sees_ends_at_their_area(house: Stack, browser: Browser) -> None:
    browser.log_in("kecamatan", house.secrets.people["kecamatan"])
    assert browser.get("/?periode=2025-11").status_code == 200
    assert browser.get("/?wilayah=12.19&periode=2025-11").status_code == 403


def test_a_role_without_figures_gets_no_session_and_can_leave(house: Stack, browser: Browser) -> None:
    answer = browser.log_in("lab", house.secrets.people["lab"])
    assert answer.status_code == 403
    assert SESSION_COOKIE not in browser.client.cookies
    way_out = re.search(r'<a href="([^"]+)">Keluar</a>', answer.text)
    assert way_out is not None
    assert browser.get(unescape(way_out.group(1))).status_code == 302
    assert LOGIN_FORM.search(browser.provider_form().text)


def test_whoever_the_provider_still_knows_comes_back_without_a_password(house: Stack, browser: Browser) -> None:
    """So a session of the page may be short: a changed role or area is in force when it is renewed."""
    browser.log_in("puskesmas", house.secrets.people["puskesmas"])
    again = browser.provider_form()
    assert again.status_code == 302
    assert browser.get(again.headers["location"]).status_code == 303


@pytest.mark.parametrize(
    "redirect", ["https://evil.test/masuk/kembali", "{page}/", "{page}/masuk/kembali/x", "{page}/masuk/kembali?x=1"]
)
def test_a_code_is_sent_to_the_exact_address_of_the_page_only(house: Stack, redirect: str) -> None:
    answer = authorization(house, redirect_uri=redirect.format(page=house.url("reporting")))
    assert answer.status_code == 400
    assert "location" not in answer.headers


@pytest.mark.parametrize(
    "changes",
    [
        {"code_challenge": None, "code_challenge_method": None},
        {"code_challenge_method": "plain"},
        {"response_type": "token"},
        {"response_type": "id_token token"},
    ],
    ids=["no PKCE", "plain PKCE", "implicit", "implicit with identity"],
)
def test_there_is_no_way_but_a_code_with_pkce(house: Stack, changes: dict[str, str | None]) -> None:
    answer = authorization(house, **changes)
    assert answer.status_code == 302
    assert re.search(r"[?#&]error=(invalid_request|unauthorized_client|unsupported_response_type)", str(answer.headers))
    assert authorization(house).status_code == 200


def test_a_password_cannot_be_exchanged_for_a_token(house: Stack) -> None:
    form = {"grant_type": "password", "username": "kabupaten", "password": house.secrets.people["kabupaten"]}
    assert exchange(house, "", **form).status_code in {400, 401}


def test_a_code_is_worth_nothing_a_second_time_or_without_its_verifier(house: Stack, browser: Browser) -> None:
    form = browser.provider_form()
    answer = browser.fill_in(form, "kabupaten", house.secrets.people["kabupaten"])
    attempt = browser.client.cookies["tumbuh_login"]
    assert browser.get(answer.headers["location"]).status_code == 303
    browser.client.cookies.set("tumbuh_login", attempt, domain="127.0.0.1", path="/")
    again = browser.get(answer.headers["location"])
    assert again.status_code == 400
    assert "set-cookie" not in again.headers
    fresh = browser.provider_form().headers["location"]
    assert exchange(house, query_of(fresh)["code"]).json()["error"] == "invalid_grant"
    fresh = browser.provider_form().headers["location"]
    assert exchange(house, query_of(fresh)["code"], code_verifier="v" * 43).json()["error"] == "invalid_grant"


def test_a_code_brought_by_another_browser_opens_nothing(house: Stack, browser: Browser) -> None:
    form = browser.provider_form()
    answer = browser.fill_in(form, "kabupaten", house.secrets.people["kabupaten"])
    with Browser(house.url("reporting")) as victim:
        assert victim.get(answer.headers["location"]).status_code == 400
        victim.provider_form()
        assert victim.get(answer.headers["location"]).status_code == 400, "an attempt, but not this one"
        assert SESSION_COOKIE not in victim.client.cookies


def test_after_five_wrong_passwords_the_right_one_has_to_wait(house: Stack, browser: Browser) -> None:
    form = browser.provider_form()
    for _ in range(5):
        form = browser.fill_in(form, "camat", "salah-salah-salah")
        assert form.status_code == 200
    refused = browser.fill_in(form, "camat", house.secrets.people["camat"])
    assert refused.status_code == 200
    assert LOGIN_FORM.search(refused.text)


def test_a_machine_gets_its_token_by_client_credentials_with_role_and_area(house: Stack) -> None:
    assert status_with(house, token_for(house, "district")) == 200
    assert status_with(house, token_for(house, "kecamatan", ["12.19.01"])) == 403, "another area"
    assert status_with(house, token_for(house, "ops")) == 403, "another scope"
    form = {"grant_type": "client_credentials", "client_id": "local-nobody", "client_secret": "x"}
    assert exchange(house, "", **form).status_code == 401


def test_tokens_of_anybody_else_are_refused(house: Stack) -> None:
    assert status_with(house, mint(house.data, "district")) == 401, "the key file of a stack without a provider"
    master = httpx.post(
        oidc.url(house.ports) + "/realms/master/protocol/openid-connect/token",
        data={"grant_type": "client_credentials", "client_id": "tumbuh-setup", "client_secret": house.secrets.oidc},
        trust_env=False,
    ).json()["access_token"]
    assert status_with(house, master) == 401, "the same provider, another realm"


async def test_an_old_key_is_good_beside_its_successor_until_it_is_removed(house: Stack) -> None:
    now = [0.0]
    keys = KeySet(from_url(oidc.jwks_url(house.ports)), clock=lambda: now[0])
    verifier = TokenVerifier(keys, issuer=oidc.issuer(house.ports), audience=AUDIENCE, clock=lambda: now[0])
    old = token_for(house, "district")
    assert (await verifier.caller(f"Bearer {old}")).role == "district"
    with oidc.registry(house.ports, house.secrets) as provider:
        listed = provider.ask("GET", f"tumbuh/components?type={KEY_PROVIDER}").json()
        config = {"priority": ["200"], "algorithm": ["RS256"]}
        key = {"name": "next", "providerId": "rsa-generated", "providerType": KEY_PROVIDER, "config": config}
        provider.ask("POST", "tumbuh/components", key)
        new = token_for(house, "district")
        now[0] += 11  # past the floor between two looks at the provider's keys
        for token in (old, new):
            assert (await verifier.caller(f"Bearer {token}")).role == "district"
        for old_key in (each["id"] for each in listed if each["providerId"] == "rsa-generated"):
            provider.ask("DELETE", f"tumbuh/components/{old_key}")
    now[0] += 3_601  # keys are read again within the hour
    assert (await verifier.caller(f"Bearer {new}")).role == "district"
    with pytest.raises(Problem) as refused:
        await verifier.caller(f"Bearer {old}")
    assert refused.value.kind.code == "token_invalid"


def test_a_second_settling_changes_nothing_but_the_address_of_the_page(house: Stack) -> None:
    def dashboard() -> dict[str, Any]:
        """As the provider keeps it, which lists what is a set in any order."""
        with oidc.registry(house.ports, house.secrets) as provider:
            kept = provider.dashboard()
        return {name: sorted(value, key=str) if isinstance(value, list) else value for name, value in kept.items()}

    before = dashboard()
    oidc.settle(house.data, house.ports, house.secrets, "http://127.0.0.1:1")
    moved = dashboard()
    assert moved["redirectUris"] == ["http://127.0.0.1:1/masuk/kembali"]
    oidc.settle(house.data, house.ports, house.secrets, house.url("reporting"))
    assert dashboard() == before
