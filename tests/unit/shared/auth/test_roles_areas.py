"""Roles hold what the interface page grants; areas cover what lies below them and nothing beside."""

import pytest

from shared.auth.areas import AreaGrant
from shared.auth.dependency import require
from shared.auth.roles import ROLES, SCOPES, effective_scopes, scopes_of
from shared.problems import Problem

WRITES_ON_CHILDREN = {scope for scope in SCOPES if scope.endswith((":write", ":correct", ":register"))} - {"ops:write"}


def test_every_scope_of_a_role_exists_and_every_scope_has_a_role() -> None:
    granted = frozenset[str]().union(*ROLES.values())
    assert granted == set(SCOPES)


def test_each_role_builds_on_the_one_before_it() -> None:
    assert scopes_of("kader") < scopes_of("puskesmas") < scopes_of("clinician")


@pytest.mark.parametrize(
    ("role", "scope", "held"),
    [
        ("kader", "measurement:write", True),
        ("kader", "intake:write", False),
        ("kader", "identity:read", False),
        ("puskesmas", "intake:write", True),
        ("puskesmas", "merge:write", True),
        ("puskesmas", "cases:write", False),
        ("clinician", "cases:write", True),
        ("laboratory", "results:write", True),
        ("laboratory", "children:read", False),
        ("laboratory", "specimens:write", True),
        ("puskesmas", "specimens:write", True),
        ("puskesmas", "results:write", False),
        ("district", "laboratories:write", True),
        ("laboratory", "laboratories:write", False),
        ("kecamatan", "aksi:write", True),
        ("kecamatan", "aksi:verify", False),
        ("camat", "aksi:verify", True),
        ("camat", "aksi:write", False),
        ("district", "lists:read", True),
        ("district", "identity:read", False),
        ("district", "rules:write", True),
        ("auditor", "audit:read", True),
        ("auditor", "children:read", False),
    ],
)
def test_roles_may_what_their_row_says(role: str, scope: str, held: bool) -> None:  # noqa: FBT001
    assert (scope in scopes_of(role)) is held


def test_the_province_sees_suppressed_aggregates_only() -> None:
    province = scopes_of("province")
    assert "aggregates:read" in province
    assert "aggregates:exact" not in province
    assert not province & WRITES_ON_CHILDREN
    assert not province & {"children:read", "lists:read", "identity:read", "status:read", "cases:read"}


def test_operations_see_nothing_about_children() -> None:
    assert scopes_of("ops") == {"ops:read", "ops:write"}


def test_identity_is_for_those_who_treat_the_child() -> None:
    assert {role for role, scopes in ROLES.items() if "identity:read" in scopes} == {"puskesmas", "clinician"}


def test_granted_scopes_count_only_within_the_role() -> None:
    assert effective_scopes("partner", ["feed:read", "merge:write"]) == {"feed:read"}
    assert effective_scopes("nobody", ["feed:read"]) == frozenset()


def test_a_route_cannot_demand_a_scope_that_does_not_exist() -> None:
    with pytest.raises(KeyError):
        require("measurements:write")


@pytest.mark.parametrize(
    ("grant", "desa", "posyandu", "covered"),
    [
        ("12.19", "12.19.01.2003", None, True),
        ("12.19.01", "12.19.01.2003", "12.19.01.2003.P002", True),
        ("12.19.01.2003", "12.19.01.2003", None, True),
        ("12.19.01.2003.P002", "12.19.01.2003", "12.19.01.2003.P002", True),
        ("12.19.01.2003.P002", "12.19.01.2003", "12.19.01.2003.P003", False),
        ("12.19.01.2003.P002", "12.19.01.2003", None, False),
        ("12.19.01", "12.19.010", None, False),
        ("12.19.01.2003", "12.19.01.20031", None, False),
        ("12.19.01.2003", "12.19.01.2004", "12.19.01.2003.P002", False),
        ("12.19.01.2003", None, "12.19.01.2003.P002", False),
        ("12.20", "12.19.01.2003", None, False),
    ],
)
def test_an_area_covers_by_residence_and_a_posyandu_by_home_posyandu(
    grant: str,
    desa: str | None,
    posyandu: str | None,
    covered: bool,  # noqa: FBT001
) -> None:
    assert AreaGrant((grant,)).covers(desa, posyandu) is covered


def test_no_area_covers_nothing() -> None:
    assert not AreaGrant().covers("12.19.01.2003", "12.19.01.2003.P002")
    assert not AreaGrant().covers_area("12.19")


def test_figures_of_an_area_need_the_whole_area() -> None:
    grant = AreaGrant(("12.19.01", "12.19.05.2001"))
    assert grant.covers_area("12.19.01")
    assert grant.covers_area("12.19.01.2003.P002")
    assert not grant.covers_area("12.19")
    with pytest.raises(Problem, match="outside_area") as caught:
        grant.demand_area("12.19.05")
    assert caught.value.kind.status == 403


def test_ranges_hold_an_area_with_all_below_and_nothing_beside() -> None:
    """Python compares by code point, as collation C does."""
    ((low, high),) = AreaGrant(("12.19.01",)).ranges()
    inside = ["12.19.01", "12.19.01.2003", "12.19.01.2003.P002"]
    outside = ["12.19.010", "12.19.02", "12.19.0", "12.19", "12.19.011.2003"]
    assert all(low <= code < high for code in inside)
    assert not any(low <= code < high for code in outside)


@pytest.mark.parametrize("code", ["", "12,19", "12.19/", "12..19", "12.19.01.2003.P002.x", "' or 1=1"])
def test_what_is_no_code_is_no_grant(code: str) -> None:
    with pytest.raises(ValueError, match="area code"):
        AreaGrant((code,))
