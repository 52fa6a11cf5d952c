"""Which child a row is about."""

import pytest

from services.measurement.domain.same_child import AmbiguousChildError, ChildIndex, Claim, KnownChild

DESA, OTHER = "12.19.01.2003", "12.19.01.2004"
P1, P2 = f"{DESA}.P001", f"{DESA}.P002"


def known(
    child_id: str, nik: bytes | None, name: bytes | None, posyandu: str | None = P1, desa: str = DESA
) -> KnownChild[str]:
    return KnownChild(child_id, {nik} if nik else set(), {name} if name else set(), desa, posyandu)


def found(index: ChildIndex[str], claim: Claim) -> str | None:
    child = index.find(claim)
    return None if child is None else child.child_id


def test_an_nik_with_its_birth_date_and_sex_decides_wherever_the_child_is() -> None:
    index = ChildIndex([known("a", b"n1", b"x")])
    assert found(index, Claim(b"n1", b"other name", OTHER, None)) == "a"


def test_without_an_nik_the_name_decides_only_at_its_own_posyandu() -> None:
    index = ChildIndex([known("a", None, b"x")])
    assert found(index, Claim(None, b"x", DESA, P1)) == "a"
    assert found(index, Claim(None, b"x", DESA, P2)) is None
    assert found(index, Claim(None, b"x", OTHER, None)) is None
    assert found(index, Claim(None, b"x", DESA, None)) == "a"


def test_a_wrong_nik_does_not_hide_a_name_that_fits() -> None:
    assert found(ChildIndex([known("a", b"n1", b"x")]), Claim(b"n2", b"x", DESA, P1)) == "a"


def test_two_children_of_one_nik_are_told_apart_by_name_then_by_home() -> None:
    """B080: twins entered with one NIK."""
    index = ChildIndex(
        [known("a", b"n", b"x"), known("b", b"n", b"y"), known("c", b"n", b"z", desa=OTHER, posyandu=None)]
    )
    assert found(index, Claim(b"n", b"y", DESA, P1)) == "b"
    assert found(index, Claim(b"n", b"unknown", OTHER, None)) == "c"
    with pytest.raises(AmbiguousChildError):
        index.find(Claim(b"n", b"unknown", DESA, P1))


def test_two_children_of_one_name_are_for_a_person_to_tell_apart() -> None:
    index = ChildIndex([known("a", None, b"x"), known("b", None, b"x")])
    with pytest.raises(AmbiguousChildError):
        index.find(Claim(None, b"x", DESA, P1))


def test_nothing_in_common_is_a_new_child() -> None:
    index = ChildIndex([known("a", b"n", b"x")])
    assert found(index, Claim(None, None, DESA, P1)) is None
    assert found(index, Claim(b"m", b"y", DESA, P1)) is None


def test_a_child_that_was_just_registered_is_found_by_the_next_row() -> None:
    index: ChildIndex[str] = ChildIndex([])
    child = known("a", None, b"x")
    index.add(child)
    index.learn_nik(child, b"n")
    assert found(index, Claim(b"n", None, OTHER, None)) == "a"
