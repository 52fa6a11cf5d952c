"""What a local stack registers at its provider: the realm with its people, and a client for every machine.

All through Keycloak's administration API, as an administrator would.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, Self

import httpx

from deploy.local.errors import StartError
from deploy.oidc.distribution import SETUP_CLIENT
from deploy.oidc.people import people
from deploy.oidc.realm import CALLBACK, DASHBOARD, PAGE_ADDRESS, REALM, as_text, realm
from shared.auth.roles import scopes_of

WITHIN_S: Final = 120.0  # making the realm takes seconds, on a busy machine many
MACHINE_TOKEN_S: Final = 12 * 3600


class Registry:
    """The provider at `url`, as its administrator (`secret` = the setup client's) sees it."""

    def __init__(self, url: str, secret: str) -> None:
        self._client = httpx.Client(base_url=url, timeout=WITHIN_S, trust_env=False)
        self._secret = secret

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._client.close()

    def take_over(self, first_secret: str) -> None:
        """Replace the secret that the prepared database came with; repeatable."""
        if self._token("master", SETUP_CLIENT, self._secret) is not None:
            return
        client = self._client_of("master", SETUP_CLIENT, secret=first_secret)
        self.ask("PUT", f"master/clients/{client['id']}", client | {"secret": self._secret}, secret=first_secret)

    def settle_realm(self, page_url: str, passwords: Mapping[str, str]) -> None:
        """The realm with its people, made if it is not there; the page's address is what it is now."""
        if self._client.get(f"/realms/{REALM}").status_code == httpx.codes.NOT_FOUND:
            text = as_text().replace(PAGE_ADDRESS, page_url)
            users = [_user(person, passwords[person["username"]]) for person in people()]
            self.ask("POST", "", json.loads(text) | {"users": users})
            return
        self._add_scopes()
        client = self.dashboard()
        callback = page_url + CALLBACK
        if client["redirectUris"] != [callback]:
            client["redirectUris"] = [callback]
            client["attributes"]["post.logout.redirect.uris"] = page_url + "/"
            self.ask("PUT", f"{REALM}/clients/{client['id']}", client)

    def _add_scopes(self) -> None:
        """Scopes that our roles have learnt since the realm was made."""
        there = {scope["name"] for scope in self.ask("GET", f"{REALM}/client-scopes").json()}
        for scope in realm()["clientScopes"]:
            if scope["name"] not in there:
                self.ask("POST", f"{REALM}/client-scopes", scope)

    def dashboard(self) -> dict[str, Any]:
        """The page's client as it is registered."""
        return self._client_of(REALM, DASHBOARD)

    def machine_token(self, client_id: str, secret: str, role: str, areas: Sequence[str]) -> str:
        """A token of the machine `client_id` by client credentials; registered with its role if it is new."""
        token = self._token(REALM, client_id, secret)
        if token is None:
            self.ask("POST", f"{REALM}/clients", _machine(client_id, secret, role, areas))
            token = self._token(REALM, client_id, secret)
        if token is None:
            raise StartError(f"the identity provider refuses the client {client_id}")
        return token

    def _client_of(self, realm: str, client_id: str, *, secret: str | None = None) -> dict[str, Any]:
        found: list[dict[str, Any]] = self.ask("GET", f"{realm}/clients?clientId={client_id}", secret=secret).json()
        return found[0]

    def _token(self, realm: str, client_id: str, secret: str) -> str | None:
        """None if the provider does not know this client with this secret."""
        answer = self._client.post(
            f"/realms/{realm}/protocol/openid-connect/token",
            data={"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret},
        )
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            return None
        answer.raise_for_status()
        return str(answer.json()["access_token"])

    def ask(self, method: str, path: str, body: object = None, *, secret: str | None = None) -> httpx.Response:
        """One request as administrator, below /admin/realms. StartError if it is refused.

        A fresh token each time: rights on a new realm are not in an older one.
        """
        token = self._token("master", SETUP_CLIENT, secret or self._secret)
        url = f"/admin/realms/{path}".rstrip("/")
        answer = self._client.request(method, url, json=body, headers={"Authorization": f"Bearer {token}"})
        if answer.is_error and answer.status_code != httpx.codes.CONFLICT:  # somebody else made the same, just before
            raise StartError(f"the identity provider refused {method} {path}: {answer.status_code} {answer.text[:300]}")
        return answer


def _user(person: Mapping[str, Any], password: str) -> dict[str, Any]:
    return {
        "username": person["username"],
        "enabled": True,
        "firstName": person["name"],
        "attributes": {"role": [person["role"]], "area": person["area"]},
        "credentials": [{"type": "password", "value": password, "temporary": False}],
    }


def _claim(name: str, value: str) -> dict[str, Any]:
    return {
        "name": name,
        "protocol": "openid-connect",
        "protocolMapper": "oidc-hardcoded-claim-mapper",
        "config": {
            "claim.name": name,
            "claim.value": value,
            "jsonType.label": "String",
            "access.token.claim": "true",
        },
    }


def _machine(client_id: str, secret: str, role: str, areas: Sequence[str]) -> dict[str, Any]:
    """A client that may do what its role allows, in its areas: both are set at registration, not asked for."""
    return {
        "clientId": client_id,
        "secret": secret,
        "protocol": "openid-connect",
        "publicClient": False,
        "serviceAccountsEnabled": True,
        "standardFlowEnabled": False,
        "implicitFlowEnabled": False,
        "directAccessGrantsEnabled": False,
        "fullScopeAllowed": False,
        "attributes": {"access.token.lifespan": str(MACHINE_TOKEN_S)},
        "defaultClientScopes": ["tumbuh", *sorted(scopes_of(role))],
        "optionalClientScopes": [],
        "protocolMappers": [_claim("role", role), *([_claim("area", " ".join(areas))] if areas else [])],
    }
