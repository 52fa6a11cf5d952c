"""Tokens for the machines of a local stack.

A stack with an identity provider accepts only that one's tokens: each role and area is a client of its own there and
gets its token by client credentials. Throw-away stacks of tests have none, since it takes seconds to start: they sign
with a key of the data directory, whose public half the services read as a file.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import httpx
import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from deploy.local import oidc
from deploy.local.data_dir import OWNER_ONLY, DataDir, write_json
from deploy.local.errors import MissingError
from deploy.local.stack import Stack
from shared.auth.roles import AREALESS_ROLES, ROLES, scopes_of

ISSUER: Final = "tumbuh-local"
AUDIENCE: Final = "tumbuh"
ALGORITHM: Final = "ES256"
LIFETIME_S: Final = 12 * 3600
DISTRICT_CODE: Final = "12.19"  # Batu Bara
PROVINCE_CODE: Final = "12"


def identity(stack: Stack) -> dict[str, str]:
    """Whose tokens the services accept, as their variables say it."""
    if stack.has_provider:
        return {"TUMBUH_JWKS_URL": oidc.jwks_url(stack.ports), "TUMBUH_TOKEN_ISSUER": oidc.issuer(stack.ports)}
    return {"TUMBUH_JWKS_FILE": str(jwks_file(stack.data)), "TUMBUH_TOKEN_ISSUER": ISSUER}


def token_for(stack: Stack, role: str, areas: Sequence[str] | None = None) -> str:
    """A token for `role`; without `areas` the district's (province: the province's, ops: none).

    MissingError names the roles if there is no such role, or says that the provider does not run.
    """
    if not stack.has_provider:
        return mint(stack.data, role, areas)
    wanted = _areas(role, areas)
    # What a client may do is settled when it is registered: a role that has learnt something is another client.
    told = " ".join([*wanted, *sorted(scopes_of(role))])
    client_id = f"local-{role}-{hashlib.sha256(told.encode()).hexdigest()[:12]}"
    secret = hmac.digest(stack.secrets.oidc.encode(), client_id.encode(), hashlib.sha256).hex()
    try:
        with oidc.registry(stack.ports, stack.secrets) as provider:
            return provider.machine_token(client_id, secret, role, wanted)
    except httpx.TransportError:
        raise MissingError("the identity provider does not answer: ./tumbuh up, then ./tumbuh status") from None


def jwks_file(data: DataDir) -> Path:
    """The public key set that services verify with; made with its key if this is the first time."""
    path = data.keys / "jwks.json"
    if not path.exists():
        _make_key(data, path)
    return path


def mint(data: DataDir, role: str, areas: Sequence[str] | None = None) -> str:
    """A token signed with the key of `data`, for stacks without a provider; otherwise as `token_for`."""
    wanted = _areas(role, areas)
    key_set = json.loads(jwks_file(data).read_text(encoding="utf-8"))
    now = int(time.time())
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": f"local-{role}",
        "client_id": "local-launcher",
        "iat": now,
        "exp": now + LIFETIME_S,
        "scope": " ".join(sorted(scopes_of(role))),
        "role": role,
        "area": wanted,
    }
    private = _key_file(data).read_text(encoding="ascii")
    return jwt.encode(claims, private, ALGORITHM, headers={"kid": key_set["keys"][0]["kid"]})


def _areas(role: str, areas: Sequence[str] | None) -> list[str]:
    if role not in ROLES:
        raise MissingError(f"there is no role {role!r}; roles are {', '.join(sorted(ROLES))}")
    if areas is not None:
        return sorted(set(areas))
    if role in AREALESS_ROLES:
        return []
    return [PROVINCE_CODE if role == "province" else DISTRICT_CODE]


def _key_file(data: DataDir) -> Path:
    return data.keys / "signing-key.pem"


def _make_key(data: DataDir, path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    descriptor = os.open(_key_file(data), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, OWNER_ONLY)
    with os.fdopen(descriptor, "wb") as file:
        file.write(pem)
    public = ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
    key_id = hashlib.sha256(json.dumps(public, sort_keys=True).encode()).hexdigest()[:16]
    # Last, and in one step: whoever finds the key set finds the key.
    write_json(path, {"keys": [{**public, "kid": key_id, "use": "sig", "alg": ALGORITHM}]})
