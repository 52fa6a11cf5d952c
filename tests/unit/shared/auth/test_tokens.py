"""Tokens: only what the provider signed, for us, now, by an algorithm of the list."""

import base64
import hashlib
import hmac
import time
from collections.abc import Callable
from typing import Any

import jwt
import orjson
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from shared.auth.areas import AreaGrant
from shared.auth.keys import KeySet
from shared.auth.tokens import Caller, TokenVerifier
from shared.problems import Problem

ISSUER = "https://login.test"
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())
STRANGER = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def jwks(*names: str) -> bytes:
    every = {
        "rsa": {**RSAAlgorithm.to_jwk(RSA_KEY.public_key(), as_dict=True), "kid": "rsa", "use": "sig", "alg": "RS256"},
        "ec": {**ECAlgorithm.to_jwk(EC_KEY.public_key(), as_dict=True), "kid": "ec"},
        "encryption": {**RSAAlgorithm.to_jwk(RSA_KEY.public_key(), as_dict=True), "kid": "encryption", "use": "enc"},
        "broken": {"kty": "RSA", "kid": "broken", "n": "AQAB"},
    }
    return orjson.dumps({"keys": [every[name] for name in names]})


class Provider:
    """An identity provider: its present keys, how often it was asked, whether it is away."""

    def __init__(self, *names: str) -> None:
        self.names = names
        self.asked = 0
        self.away = False
        self.now = time.time()

    async def fetch(self) -> bytes:
        self.asked += 1
        if self.away:
            raise ConnectionRefusedError("away")
        return jwks(*self.names)

    def verifier(self) -> TokenVerifier:
        return TokenVerifier(
            KeySet(self.fetch, clock=lambda: self.now), issuer=ISSUER, audience="tumbuh", clock=lambda: self.now
        )


def token(key: Any = RSA_KEY, algorithm: str = "RS256", kid: str | None = "rsa", **changes: Any) -> str:
    claims: dict[str, Any] = {
        "iss": ISSUER,
        "aud": "tumbuh",
        "sub": "person-1",
        "client_id": "web",
        "exp": time.time() + 600,
        "scope": "children:read measurement:write openid",
        "role": "kader",
        "area": ["12.19.01.2003.P002"],
        **changes,
    }
    claims = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(claims, key, algorithm, {"kid": kid} if kid else {})


@pytest.fixture
def provider() -> Provider:
    return Provider("rsa", "ec", "encryption", "broken")


async def verified(provider: Provider, sent: str) -> Caller:
    return await provider.verifier().caller(f"Bearer {sent}")


async def refused(provider: Provider, authorization: str | None) -> str:
    with pytest.raises(Problem) as caught:
        await provider.verifier().caller(authorization)
    assert caught.value.kind.status == 401
    assert caught.value.headers["WWW-Authenticate"].startswith("Bearer ")
    return caught.value.code


@pytest.mark.parametrize(("key", "algorithm", "kid"), [(RSA_KEY, "RS256", "rsa"), (EC_KEY, "ES256", "ec")])
async def test_a_good_token_gives_the_caller(provider: Provider, key: Any, algorithm: str, kid: str) -> None:
    caller = await verified(provider, token(key, algorithm, kid))
    assert (caller.subject, caller.role, caller.client_id) == ("person-1", "kader", "web")
    assert caller.areas.codes == ("12.19.01.2003.P002",)
    assert caller.scopes == {"children:read", "measurement:write"}


async def test_a_token_never_gives_more_than_its_role_allows(provider: Provider) -> None:
    caller = await verified(provider, token(scope="children:read merge:write ops:write"))
    assert caller.scopes == {"children:read"}
    assert (await verified(provider, token(role="superuser"))).scopes == frozenset()
    assert (await verified(provider, token(scope=None))).scopes == frozenset()


@pytest.mark.parametrize("authorization", [None, "", "Bearer", "Bearer ", "Basic dXNlcjpwYXNz", "token"])
async def test_no_token_is_token_missing(provider: Provider, authorization: str | None) -> None:
    assert await refused(provider, authorization) == "token_missing"


async def test_an_expired_token_says_so(provider: Provider) -> None:
    assert await refused(provider, f"Bearer {token(exp=time.time() - 60)}") == "token_expired"


async def test_clocks_may_differ_by_half_a_minute(provider: Provider) -> None:
    assert (await verified(provider, token(exp=time.time() - 20))).role == "kader"


def part(value: dict[str, Any]) -> bytes:
    return base64.urlsafe_b64encode(orjson.dumps(value)).rstrip(b"=")


def forged_claims() -> bytes:
    return part({"iss": ISSUER, "aud": "tumbuh", "sub": "x", "exp": time.time() + 600})


def unsigned() -> str:
    return (part({"alg": "none", "kid": "rsa"}) + b"." + forged_claims() + b".").decode()


def signed_with_the_public_key() -> str:
    """The classic confusion: the public key used as an HMAC secret."""
    public = RSA_KEY.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    head = part({"alg": "HS256", "kid": "rsa", "typ": "JWT"}) + b"." + forged_claims()
    return (head + b"." + base64.urlsafe_b64encode(hmac.digest(public, head, hashlib.sha256)).rstrip(b"=")).decode()


@pytest.mark.parametrize(
    "make",
    [
        lambda: token(STRANGER),
        lambda: token(kid="unknown"),
        lambda: token(kid=None),
        lambda: token(kid="encryption"),
        lambda: token(kid="broken"),
        lambda: token(EC_KEY, "ES256", "rsa"),
        lambda: token(RSA_KEY, "RS512", "rsa"),
        lambda: token(iss="https://evil.test"),
        lambda: token(aud="other"),
        lambda: token(exp=None),
        lambda: token(sub=None),
        lambda: token(aud=None),
        lambda: token(nbf=time.time() + 600),
        lambda: token(area=["12.19,13"]),
        lambda: token(area=[f"12.{n}" for n in range(300)]),
        lambda: token()[:-4] + "AAAA",
        lambda: token() + "x" * 9000,
        unsigned,
        signed_with_the_public_key,
        lambda: "a.b.c",
    ],
)
async def test_anything_else_is_token_invalid(provider: Provider, make: Callable[[], str]) -> None:
    assert await refused(provider, f"Bearer {make()}") == "token_invalid"


async def test_keys_are_cached_and_an_unknown_key_is_looked_up_at_most_every_ten_seconds(provider: Provider) -> None:
    provider.names = ("rsa",)
    verifier = provider.verifier()
    for _ in range(3):
        await verifier.caller(f"Bearer {token()}")
    assert provider.asked == 1
    new_key = f"Bearer {token(EC_KEY, 'ES256', 'ec')}"
    provider.names = ("rsa", "ec")
    with pytest.raises(Problem, match="token_invalid"):
        await verifier.caller(new_key)
    assert provider.asked == 1, "asked again within the floor"
    provider.now += 10
    assert (await verifier.caller(new_key)).role == "kader"
    assert provider.asked == 2


async def test_a_withdrawn_key_stops_working_within_the_hour(provider: Provider) -> None:
    verifier = provider.verifier()
    await verifier.caller(f"Bearer {token()}")
    provider.names = ("ec",)
    provider.now += 3600
    with pytest.raises(Problem, match="token_invalid"):
        await verifier.caller(f"Bearer {token()}")


async def test_a_provider_away_is_a_503_only_when_no_key_is_known(provider: Provider) -> None:
    provider.away = True
    verifier = provider.verifier()
    with pytest.raises(Problem, match="identity_unavailable") as caught:
        await verifier.caller(f"Bearer {token()}")
    assert caught.value.kind.status == 503
    provider.away = False
    provider.now += 10
    await verifier.caller(f"Bearer {token()}")
    provider.away = True
    provider.now += 60
    assert (await verifier.caller(f"Bearer {token()}")).role == "kader"


async def test_a_token_seen_before_is_good_for_a_minute_and_never_beyond_its_expiry(provider: Provider) -> None:
    verifier = provider.verifier()
    short = f"Bearer {token(exp=provider.now + 5)}"
    long = f"Bearer {token()}"
    for sent in (short, long):
        first = await verifier.caller(sent)
        assert await verifier.caller(sent) is first
    known = await verifier.caller(long)
    provider.now += 6
    assert await verifier.caller(short) is not None, "the leeway still holds, so it was verified again"
    assert await verifier.caller(long) is known
    provider.now += 60
    assert await verifier.caller(long) is not known
    assert await verifier.caller(long.replace("Bearer ", "bearer  ")) is await verifier.caller(long)


def test_two_people_of_one_client_are_two_callers() -> None:
    first = Caller("person-1", "kader", frozenset(), AreaGrant(), "web")
    second = Caller("person-2", "kader", frozenset(), AreaGrant(), "web")
    assert first.key != second.key
