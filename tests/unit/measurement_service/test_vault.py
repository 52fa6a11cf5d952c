"""Sealed means: unreadable without the key, useless in another row, gone when its key is gone."""

from datetime import date
from uuid import UUID, uuid4

import pytest

from services.measurement.store.vault import SealBrokenError, Sealed, Vault

MASTER, MATCH = bytes(range(32)), bytes(range(32, 64))
BORN = date(2023, 7, 5)


@pytest.fixture
def vault() -> Vault:
    return Vault(MASTER, MATCH)


def test_what_is_sealed_opens_for_its_own_row_only(vault: Vault) -> None:
    owner = uuid4()
    sealed = vault.seal_identity(owner, {"name": "Citra", "nik": "1219014507230003"})
    assert vault.open_identity(owner, sealed) == {"name": "Citra", "nik": "1219014507230003"}
    with pytest.raises(SealBrokenError):
        vault.open_identity(uuid4(), sealed)


def test_nothing_readable_is_left_and_the_same_content_never_looks_the_same(vault: Vault) -> None:
    owner = UUID(int=1)
    first, second = vault.seal(owner, b"Citra Lestari"), vault.seal(owner, b"Citra Lestari")
    assert b"Citra" not in first.sealed + first.wrapped_key
    assert first != second


@pytest.mark.parametrize("position", [0, 15, -1])
def test_a_changed_byte_is_noticed(vault: Vault, position: int) -> None:
    owner = uuid4()
    sealed = vault.seal(owner, b"content of a row")
    changed = bytearray(sealed.sealed)
    changed[position] ^= 1
    with pytest.raises(SealBrokenError):
        vault.open(owner, Sealed(sealed.wrapped_key, bytes(changed)))


def test_another_master_key_opens_nothing(vault: Vault) -> None:
    owner = uuid4()
    with pytest.raises(SealBrokenError):
        Vault(bytes(32), MATCH).open(owner, vault.seal(owner, b"x"))


def test_a_row_is_sealed_anew_with_the_key_it_has(vault: Vault) -> None:
    owner = uuid4()
    first = vault.seal(owner, b"old")
    second = vault.seal(owner, b"new", first.wrapped_key)
    assert second.wrapped_key == first.wrapped_key
    assert vault.open(owner, second) == b"new"


def test_hashes_meet_where_matching_wants_them_to_and_nowhere_else(vault: Vault) -> None:
    same = vault.name_hash("An. SITI  Aisyah", BORN, "female"), vault.name_hash("siti aisyah", BORN, "female")
    assert same[0] == same[1]
    others = [
        vault.name_hash("siti aisya", BORN, "female"),
        vault.name_hash("siti aisyah", BORN, "male"),
        vault.name_hash("siti aisyah", date(2023, 7, 6), "female"),
        Vault(MASTER, bytes(32)).name_hash("siti aisyah", BORN, "female"),
        vault.nik_hash("siti aisyah", BORN, "female"),
    ]
    assert same[0] not in others
    assert (vault.nik_hash(None, BORN, "male"), vault.name_hash(" - ", BORN, "male")) == (None, None)
