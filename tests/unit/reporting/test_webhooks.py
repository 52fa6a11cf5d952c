"""Rules of sending: signatures, pauses, addresses, sealed secrets."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import uuid

import pytest
from cryptography.exceptions import InvalidTag

from services.reporting.domain.addresses import is_allowed, is_host_allowed
from services.reporting.domain.webhooks import LONGEST_PAUSE_SECONDS, pause_seconds, signature
from services.reporting.formats.webhook import SecretVault, new_secret

KEY = bytes(range(32))


def test_a_signature_is_of_this_body_at_this_time_with_this_secret() -> None:
    made = signature(b"secret", 1_760_000_000, b'{"a":1}')
    by_hand = hmac.new(b"secret", b'1760000000.{"a":1}', hashlib.sha256).hexdigest()
    assert made == f"v1={by_hand}"
    others = [(b"other", 1_760_000_000, b'{"a":1}'), (b"secret", 1_760_000_001, b'{"a":1}'), (b"secret", 176, b"{}")]
    assert made not in {signature(*other) for other in others}


def test_pauses_grow_to_an_hour_and_are_spread() -> None:
    pauses = [pause_seconds(attempts, 1.0) for attempts in range(1, 13)]
    assert pauses[:3] == [5.0, 10.0, 20.0]
    assert pauses == sorted(pauses)
    assert pauses[-1] == LONGEST_PAUSE_SECONDS
    assert pause_seconds(3, 0.0) == pauses[2] / 2


def test_a_secret_is_sealed_for_its_own_subscription() -> None:
    own, other, secret = uuid.uuid4(), uuid.uuid4(), new_secret()
    vault = SecretVault(KEY)
    sealed = vault.seal(own, secret)
    assert secret.encode() not in sealed
    assert vault.unseal(own, sealed) == secret.encode()
    for opened, subscription in ((vault, other), (SecretVault(bytes(32)), own)):
        with pytest.raises(InvalidTag):
            opened.unseal(subscription, sealed)


@pytest.mark.parametrize(
    ("address", "goes"),
    [
        ("127.0.0.1", False), ("::1", False), ("10.0.0.8", False), ("192.168.1.4", False), ("172.16.9.9", False),
        ("169.254.169.254", False), ("fe80::1%eth0", False), ("fd00::1", False), ("0.0.0.0", False),  # noqa: S104
        ("::ffff:127.0.0.1", False), ("224.0.0.1", False), ("100.64.0.1", False), ("2002:a00:1::", False),
        ("64:ff9b::7f00:1", False), ("64:ff9b::671c:c05", True),
        ("103.28.12.5", True), ("2606:4700::1111", True),
    ],
)  # fmt: skip
def test_nothing_is_sent_to_this_machine_or_a_private_network(address: str, goes: bool) -> None:  # noqa: FBT001
    assert is_allowed(address, ()) is goes
    assert is_allowed("10.0.0.8", (ipaddress.ip_network("10.0.0.0/16"),)), "unless the deployment says so"


@pytest.mark.parametrize(
    ("host", "goes"),
    [
        ("127.0.0.1", False), ("127.1", False), ("2130706433", False), ("0x7f000001", False), ("0177.0.0.1", False),
        ("10.1.2.3", False), ("169.254.169.254", False), ("::1", False), ("fc00::1", False), ("fe80::1%eth0", False),
        ("localhost", False), ("LOCALHOST.", False), ("a.localhost", False), ("kafka", False), ("db.internal", False),
        ("103.28.12.5", True), ("2606:4700::1111", True), ("dinkes.example", True), ("10.example.org", True),
    ],
)  # fmt: skip
def test_nobody_subscribes_with_a_local_address_however_it_is_written(host: str, goes: bool) -> None:  # noqa: FBT001
    assert is_host_allowed(host, ()) is goes
    assert is_host_allowed("127.1", (ipaddress.ip_network("127.0.0.0/8"),)), "unless the deployment says so"
