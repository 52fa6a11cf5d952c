"""Names in a file are codes of the register, or a question for a person."""

import pytest

from services.measurement.domain.places import MappingKey, NamedEntry, NamedPlace, Place, PlaceBook, plain_name

KAB, KEC, DESA = "12.19", "12.19.01", "12.19.01.2003"
ENTRIES = [
    NamedEntry("kabupaten", KAB, "Batu Bara", "12"),
    NamedEntry("kecamatan", KEC, "Medang Deras", KAB),
    NamedEntry("kecamatan", "12.19.02", "Sei Suka", KAB),
    NamedEntry("desa", DESA, "Lalang", KEC),
    NamedEntry("desa", "12.19.01.2014", "Pakam", KEC),
    NamedEntry("desa", "12.19.01.1006", "Pakam", KEC),
    NamedEntry("desa", "12.19.02.2001", "Lalang", "12.19.02"),
    NamedEntry("posyandu", f"{DESA}.P001", "Posyandu Melati I", DESA),
    NamedEntry("posyandu", f"{DESA}.P002", "Posyandu Mawar", DESA),
]


def find(
    desa: str | None, posyandu: str | None = None, kec: str | None = "MEDANG DERAS", kab: str | None = "BATUBARA"
) -> Place:
    return PlaceBook(ENTRIES, {}).find(NamedPlace(kab, kec, desa, posyandu))


@pytest.mark.parametrize("kec", ["MEDANG DERAS", "Kec. Medang  Deras", "medangderas", "Kecamatan Médang Deras"])
@pytest.mark.parametrize("desa", ["LALANG", "Desa Lalang", "ds. lalang"])
def test_a_name_is_known_however_it_is_written(kec: str, desa: str) -> None:
    assert find(desa, kec=kec).desa_code == DESA


@pytest.mark.parametrize("kab", ["Kab. Batu Bara", "KABUPATEN BATU BARA", "Batubara", None])
def test_a_kabupaten_may_be_left_out_but_not_be_another(kab: str | None) -> None:
    assert find("Lalang", kab=kab).desa_code == DESA
    assert find("Lalang", kab="Asahan").problem == "unknown_desa"


def test_the_same_name_in_another_kecamatan_is_another_desa() -> None:
    assert find("Lalang", kec="Sei Suka").desa_code == "12.19.02.2001"


def test_a_desa_and_a_kelurahan_of_one_name_are_told_apart_by_their_word_or_by_a_person() -> None:
    """B104."""
    assert find("Pakam").problem == "ambiguous_desa"
    assert find("Desa Pakam").desa_code == "12.19.01.2014"
    assert find("Kel. Pakam").desa_code == "12.19.01.1006"
    key: MappingKey = ("desa", KEC, "pakam")
    decided = PlaceBook(ENTRIES, {key: "12.19.01.1006"})
    assert decided.find(NamedPlace(None, "Medang Deras", "Pakam", None)).desa_code == "12.19.01.1006"


@pytest.mark.parametrize(("desa", "kec"), [(None, "Medang Deras"), ("Lalang", None), ("Lalangg", "Medang Deras")])
def test_a_desa_is_never_guessed(desa: str | None, kec: str | None) -> None:
    assert find(desa, kec=kec).problem == "unknown_desa"


def test_an_unknown_posyandu_leaves_the_row_without_one_and_asks() -> None:
    place = find("Lalang", "Posy. Melati 1")
    assert (place.desa_code, place.posyandu_code, place.problem) == (DESA, None, None)
    assert place.unmapped == ("posyandu", DESA, "melati1")
    assert PlaceBook(ENTRIES, {}).suggest(("posyandu", DESA, "melati1")) == [f"{DESA}.P001"]


def test_what_a_person_decided_is_used() -> None:
    book = PlaceBook(ENTRIES, {("posyandu", DESA, "melati1"): f"{DESA}.P001"})
    place = book.find(NamedPlace(None, "Medang Deras", "Lalang", "MELATI 1"))
    assert (place.posyandu_code, place.unmapped) == (f"{DESA}.P001", None)


def test_no_posyandu_is_no_question() -> None:
    assert find("Lalang", None) == Place(DESA)
    assert find("Lalang", " - ") == Place(DESA)


def test_a_plain_name_is_its_own_plain_name() -> None:
    for name in ("Kec. Sei Balai", "Desa", "Posyandu Pos Melati", "Ujung Kubu"):
        for kind in ("kecamatan", "desa", "posyandu"):
            assert plain_name(kind, plain_name(kind, name)) == plain_name(kind, name)
