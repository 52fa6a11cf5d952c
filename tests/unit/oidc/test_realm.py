"""The realm as data: what it allows nobody, and that it knows what our roles know."""

from __future__ import annotations

import json
from typing import Any

from deploy.oidc.people import people
from deploy.oidc.realm import PAGE_ADDRESS, REALM_FILE, as_text, realm
from shared.auth.areas import AreaGrant
from shared.auth.roles import ROLES, SCOPES


def test_the_file_that_compose_mounts_is_the_one_this_code_makes() -> None:
    assert REALM_FILE.read_text(encoding="utf-8") == as_text(), "write it again: python -m deploy.oidc.realm"


def test_the_provider_knows_every_scope_that_a_route_may_ask_for() -> None:
    told = {
        scope["name"] for scope in realm()["clientScopes"] if scope["attributes"]["include.in.token.scope"] == "true"
    }
    assert told == set(SCOPES)


def test_people_log_in_by_code_with_pkce_at_one_exact_address_and_in_no_other_way() -> None:
    clients: list[dict[str, Any]] = realm()["clients"]
    assert [client["clientId"] for client in clients] == ["dashboard"]
    dashboard = clients[0]
    assert dashboard["standardFlowEnabled"]
    assert dashboard["attributes"]["pkce.code.challenge.method"] == "S256"
    assert not any(
        dashboard[flow] for flow in ("implicitFlowEnabled", "directAccessGrantsEnabled", "serviceAccountsEnabled")
    )
    assert dashboard["redirectUris"] == [f"{PAGE_ADDRESS}/masuk/kembali"]
    assert "*" not in json.dumps(dashboard)


def test_nobody_gives_themselves_a_role_or_an_area() -> None:
    profile = realm()["components"]["org.keycloak.userprofile.UserProfileProvider"][0]["config"]
    attributes = json.loads(profile["kc.user.profile.config"][0])["attributes"]
    editors = {attribute["name"]: attribute["permissions"]["edit"] for attribute in attributes}
    assert editors["role"] == editors["area"] == ["admin"]


def test_the_people_of_a_local_stack_have_roles_that_exist_and_areas_that_are_codes() -> None:
    for person in people():
        assert person["role"] in ROLES
        assert AreaGrant(tuple(person["area"])).codes
    assert len({person["username"] for person in people()}) == len(people())
