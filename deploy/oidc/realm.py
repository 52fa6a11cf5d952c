"""The realm `tumbuh` as data: what Keycloak imports. `realm.json` is this module's output, kept for compose.

    python -m deploy.oidc.realm        writes realm.json

People log in through the client `dashboard` by authorisation code with PKCE (S256). Machines get clients of their own
(client credentials). No client may use the implicit or the password flow. Role and area of a person are attributes
that only an administrator may read or change; the services read them as the claims `role` and `area`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from shared.auth.roles import SCOPES

REALM: Final = "tumbuh"
AUDIENCE: Final = "tumbuh"
DASHBOARD: Final = "dashboard"
REALM_FILE: Final = Path(__file__).with_name("realm.json")
PAGE_ADDRESS: Final = "${TUMBUH_PAGE_URL}"  # Keycloak replaces it from its environment when it imports
CALLBACK: Final = "/masuk/kembali"
# What the page may do in a person's name; the services cut it down to the person's role.
DASHBOARD_SCOPES: Final = ("aggregates:read", "aggregates:exact", "children:read", "lists:read", "status:read")
TOKEN_S: Final = 15 * 60  # so long does a change of role or area take to reach a page that is open
DAY_OF_WORK_S: Final = 12 * 3600
CODE_S: Final = 60
WRONG_PASSWORDS: Final = 5


def _mapper(name: str, kind: str, **config: str) -> dict[str, Any]:
    told = {"access.token.claim": "true", "id.token.claim": "true", "introspection.token.claim": "true"}
    return {"name": name, "protocol": "openid-connect", "protocolMapper": kind, "config": {**told, **config}}


def _attribute(name: str, *, several: bool) -> dict[str, Any]:
    return _mapper(
        name,
        "oidc-usermodel-attribute-mapper",
        **{"user.attribute": name, "claim.name": name, "jsonType.label": "String", "multivalued": str(several).lower()},
    )


def _scope(name: str, description: str, mappers: list[dict[str, Any]], *, told: bool) -> dict[str, Any]:
    return {
        "name": name,
        "description": description,
        "protocol": "openid-connect",
        "attributes": {"include.in.token.scope": str(told).lower(), "display.on.consent.screen": "false"},
        "protocolMappers": mappers,
    }


def _client_scopes() -> list[dict[str, Any]]:
    audience = _mapper("audience", "oidc-audience-mapper", **{"included.custom.audience": AUDIENCE})
    audience["config"]["id.token.claim"] = "false"  # an ID token is for the client alone
    subject = _mapper("subject", "oidc-sub-mapper")
    name = _mapper("name", "oidc-full-name-mapper")
    user = _mapper(
        "username",
        "oidc-usermodel-property-mapper",
        **{"user.attribute": "username", "claim.name": "preferred_username", "jsonType.label": "String"},
    )
    return [
        _scope("tumbuh", "who calls, for the services of Tumbuh", [subject, audience], told=False),
        _scope(
            "person",
            "name, role and area of a person",
            [name, user, _attribute("role", several=False), _attribute("area", several=True)],
            told=False,
        ),
        *(_scope(scope, description, [], told=True) for scope, description in SCOPES.items()),
    ]


def _dashboard() -> dict[str, Any]:
    """A public client: PKCE ties the code to the browser that asked for it, and there is no secret to keep."""
    return {
        "clientId": DASHBOARD,
        "name": "Dasbor Tumbuh",
        "protocol": "openid-connect",
        "publicClient": True,
        "standardFlowEnabled": True,
        "implicitFlowEnabled": False,
        "directAccessGrantsEnabled": False,
        "serviceAccountsEnabled": False,
        "fullScopeAllowed": False,
        "redirectUris": [PAGE_ADDRESS + CALLBACK],
        "webOrigins": [],
        "attributes": {
            "pkce.code.challenge.method": "S256",
            "post.logout.redirect.uris": PAGE_ADDRESS + "/",
        },
        "defaultClientScopes": ["tumbuh", "person", *DASHBOARD_SCOPES],
        "optionalClientScopes": [],
    }


def _profile() -> dict[str, Any]:
    """What is kept of a user. Nobody can give themselves a role or an area: those are the administrator's."""
    own = {"view": ["admin", "user"], "edit": ["admin"]}
    ours = {"view": ["admin"], "edit": ["admin"]}
    return {
        "attributes": [
            {"name": "username", "permissions": own, "validations": {"length": {"min": 3, "max": 60}}},
            {"name": "firstName", "permissions": own, "validations": {"length": {"max": 120}}},
            {"name": "lastName", "permissions": own, "validations": {"length": {"max": 120}}},
            {"name": "email", "permissions": own, "validations": {"email": {}}},
            {"name": "role", "permissions": ours},
            {"name": "area", "permissions": ours, "multivalued": True},
        ]
    }


def realm() -> dict[str, Any]:
    """The whole realm, without people and machines."""
    return {
        "realm": REALM,
        "displayName": "Tumbuh",
        "enabled": True,
        "sslRequired": "external",
        "internationalizationEnabled": True,
        "supportedLocales": ["id", "en"],
        "defaultLocale": "id",
        "registrationAllowed": False,
        "resetPasswordAllowed": False,
        "rememberMe": False,
        "passwordPolicy": "length(12) and notUsername",
        "bruteForceProtected": True,
        "permanentLockout": False,
        "failureFactor": WRONG_PASSWORDS,
        "waitIncrementSeconds": 60,
        "maxFailureWaitSeconds": 900,
        "minimumQuickLoginWaitSeconds": 60,
        "quickLoginCheckMilliSeconds": 200,
        "accessTokenLifespan": TOKEN_S,
        "accessCodeLifespan": CODE_S,
        "ssoSessionIdleTimeout": DAY_OF_WORK_S,
        "ssoSessionMaxLifespan": DAY_OF_WORK_S,
        "defaultSignatureAlgorithm": "RS256",
        "clientScopes": _client_scopes(),
        "defaultDefaultClientScopes": ["tumbuh"],
        "defaultOptionalClientScopes": [],
        "clients": [_dashboard()],
        "components": {
            "org.keycloak.userprofile.UserProfileProvider": [
                {
                    "providerId": "declarative-user-profile",
                    "config": {"kc.user.profile.config": [json.dumps(_profile())]},
                }
            ]
        },
    }


def as_text() -> str:
    """The content of realm.json."""
    return json.dumps(realm(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    REALM_FILE.write_text(as_text(), encoding="utf-8")
