"""Names in a file are codes of the register, or a question for a person."""

import pytest

from services.measurement.domain.places import (
    MappingKey,
    NamedEntry,
    NamedPlace,
    Place,
    PlaceBook,
    Suggestion,
    key_of,
    key_text,
    plain_name,
)

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
    assert PlaceBook(ENTRIES, {}).suggest(("posyandu", DESA, "melati1")) == [
        Suggestion(f"{DESA}.P001", "Posyandu Melati I", 0.86)
    ]


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


PUSKESMAS = NamedEntry("puskesmas", "PKM-1", "Puskesmas Medang Deras", KEC, (DESA,))


def test_an_unknown_kecamatan_is_a_question_of_the_kabupaten() -> None:
    place = find("Lalang", kec="Medang Dras")
    assert (place.problem, place.unmapped) == ("unknown_desa", ("kecamatan", KAB, "medangdras"))
    assert [found.code for found in PlaceBook(ENTRIES, {}).suggest(("kecamatan", KAB, "medangdras"))] == [KEC]
    decided = PlaceBook(ENTRIES, {("kecamatan", KAB, "medangdras"): KEC})
    assert decided.find(NamedPlace(None, "Medang Dras", "Lalang", None)).desa_code == DESA


def test_a_name_of_another_kabupaten_is_no_question_of_this_one() -> None:
    assert find("Lalang", kab="Asahan").asked == ()


def test_suggestions_come_from_the_area_above_only() -> None:
    book = PlaceBook([*ENTRIES, NamedEntry("desa", "12.19.02.2009", "Pakamm", "12.19.02")], {})
    assert [found.code for found in book.suggest(("desa", "12.19.02", "pakamm"))] == ["12.19.02.2009"]
    assert [found.similarity for found in book.suggest(("desa", KEC, "pakamm"))] == [0.91, 0.91]
    assert book.suggest(("desa", KEC, "sungai rakyat")) == []


def test_the_word_before_a_name_outweighs_a_decision_on_the_bare_name() -> None:
    """B104."""
    book = PlaceBook(ENTRIES, {("desa", KEC, "pakam"): "12.19.01.1006"})
    assert book.find(NamedPlace(None, "Medang Deras", "Desa Pakam", None)).desa_code == "12.19.01.2014"


def test_a_puskesmas_is_asked_for_only_where_the_register_has_any_and_never_holds_a_row_back() -> None:
    names = NamedPlace(None, "Medang Deras", "Lalang", None, "Medang Derras")
    assert PlaceBook(ENTRIES, {}).find(names) == Place(DESA)
    place = PlaceBook([*ENTRIES, PUSKESMAS], {}).find(names)
    assert (place.desa_code, place.unmapped) == (DESA, None)
    assert place.asked == (("puskesmas", KAB, "medangderras"),)


def test_a_puskesmas_tells_the_desa_where_no_kecamatan_is_named() -> None:
    book = PlaceBook([*ENTRIES, PUSKESMAS], {})
    assert book.find(NamedPlace(None, None, "Lalang", None, "Puskesmas Medang Deras")).desa_code == DESA
    assert book.find(NamedPlace(None, None, "Pakam", None, "Puskesmas Medang Deras")).problem == "unknown_desa"


def test_a_key_survives_as_text() -> None:
    key: MappingKey = ("posyandu", DESA, "melati1")
    assert key_of(key_text(key)) == key
