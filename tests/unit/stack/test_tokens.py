"""Development tokens are accepted by the services' own verifier, and by nobody else's."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.local.data_dir import DataDir
from deploy.local.errors import MissingError
from deploy.local.tokens import AUDIENCE, ISSUER, jwks_file, mint
from shared.auth.keys import KeySet, from_file
from shared.auth.roles import ROLES, scopes_of
from shared.auth.tokens import TokenVerifier
from shared.problems import Problem


def _directory(path: Path) -> DataDir:
    data = DataDir(path)
    data.create()
    return data


def _verifier(data: DataDir) -> TokenVerifier:
    return TokenVerifier(KeySet(from_file(jwks_file(data))), issuer=ISSUER, audience=AUDIENCE)


@pytest.mark.parametrize("role", sorted(ROLES))
async def test_a_token_carries_the_role_with_all_its_scopes(tmp_path: Path, role: str) -> None:
    data = _directory(tmp_path / "data")
    caller = await _verifier(data).caller(f"Bearer {mint(data, role)}")
    assert (caller.role, caller.scopes) == (role, scopes_of(role))


async def test_the_area_is_the_one_asked_for_else_the_district(tmp_path: Path) -> None:
    data = _directory(tmp_path / "data")
    verifier = _verifier(data)
    kader = await verifier.caller(f"Bearer {mint(data, 'kader', ['12.19.01.2003.P002'])}")
    district = await verifier.caller(f"Bearer {mint(data, 'district')}")
    ops = await verifier.caller(f"Bearer {mint(data, 'ops')}")
    assert kader.areas.codes == ("12.19.01.2003.P002",)
    assert district.areas.codes == ("12.19",)
    assert ops.areas.codes == ()


async def test_a_token_of_another_data_directory_is_refused(tmp_path: Path) -> None:
    here, there = _directory(tmp_path / "here"), _directory(tmp_path / "there")
    with pytest.raises(Problem):
        await _verifier(here).caller(f"Bearer {mint(there, 'district')}")


def test_a_role_that_does_not_exist_is_named_with_those_that_do(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="kader"):
        mint(_directory(tmp_path / "data"), "bupati")
