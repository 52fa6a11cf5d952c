"""Development tokens: signed with a key of the data directory, whose public half the services read as a file.

Only a stack in local mode trusts this key; elsewhere a real identity provider signs.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from deploy.local.data_dir import OWNER_ONLY, DataDir, write_json
from deploy.local.errors import MissingError
from shared.auth.roles import AREALESS_ROLES, ROLES, scopes_of

ISSUER: Final = "tumbuh-local"
AUDIENCE: Final = "tumbuh"
ALGORITHM: Final = "ES256"
LIFETIME_S: Final = 12 * 3600
DISTRICT_CODE: Final = "12.19"  # Batu Bara
PROVINCE_CODE: Final = "12"


def jwks_file(data: DataDir) -> Path:
    """The public key set that services verify with; made with its key if this is the first time."""
    path = data.keys / "jwks.json"
    if not path.exists():
        _make_key(data, path)
    return path


def mint(data: DataDir, role: str, areas: Sequence[str] | None = None, *, subject: str | None = None) -> str:
    """A token for `role`; without `areas` the district's (province: the province's, ops: none).

    MissingError names the roles if there is no such role.
    """
    if role not in ROLES:
        raise MissingError(f"there is no role {role!r}; roles are {', '.join(sorted(ROLES))}")
    key_set = json.loads(jwks_file(data).read_text(encoding="utf-8"))
    now = int(time.time())
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": subject or f"local-{role}",
        "client_id": "local-launcher",
        "iat": now,
        "exp": now + LIFETIME_S,
        "scope": " ".join(sorted(scopes_of(role))),
        "role": role,
        "area": list(areas) if areas is not None else _usual_areas(role),
    }
    private = _key_file(data).read_text(encoding="ascii")
    return jwt.encode(claims, private, ALGORITHM, headers={"kid": key_set["keys"][0]["kid"]})


def _usual_areas(role: str) -> list[str]:
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
