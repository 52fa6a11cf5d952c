"""What stands of a fact when files take their words back."""

from datetime import UTC, datetime, timedelta

from services.measurement.domain.words_of_files import Standing, Word, take_back

START = datetime(2026, 1, 1, tzinfo=UTC)


def day(number: int) -> datetime:
    return START + timedelta(days=number)


def word(revision: int, *, back: bool = False, stands: int | None = None) -> Word:
    return Word(revision, stands or revision, revision == 1, back, day(revision))


def test_a_record_whose_file_is_taken_back_is_void() -> None:
    assert take_back(1, [word(1, back=True)], []) == Standing("voided", 1)


def test_a_record_that_a_later_file_states_too_stays() -> None:
    assert take_back(1, [word(1, back=True)], [day(2)]).fate == "kept_other_file"


def test_a_correction_gives_way_to_the_word_before_it() -> None:
    assert take_back(2, [word(1), word(2, back=True)], [day(1)]) == Standing("restored", 1)


def test_dead_words_are_taken_off_one_after_the_other() -> None:
    assert take_back(3, [word(1), word(2, back=True), word(3, back=True)], [day(1)]) == Standing("restored", 1)
    assert take_back(3, [word(n, back=True) for n in (1, 2, 3)], []).fate == "voided"


def test_a_dead_word_below_a_living_one_is_left() -> None:
    assert take_back(3, [word(1), word(2, back=True), word(3)], [day(1), day(3)]).fate == "kept_other_file"


def test_a_persons_word_is_never_taken_off() -> None:
    assert take_back(2, [word(1, back=True)], []).fate == "kept_changed_since"
    # 1 a file, 2 a person, 3 a file that is taken back: what the person said stands again.
    assert take_back(3, [word(1), word(3, back=True)], [day(1)]) == Standing("restored", 2)


def test_a_word_that_stands_again_is_known_by_where_it_stands() -> None:
    # 3 was taken back: 2 stands as 4. Then 2 is taken back too: 1 stands again.
    words = [word(1), word(2, back=True, stands=4), word(3, back=True)]
    assert take_back(4, words, [day(1)]) == Standing("restored", 1)
    # 5 corrected what stood as 4, and is taken back: 2 stands once more.
    assert take_back(5, [word(1), word(2, stands=4), word(5, back=True)], [day(1), day(2)]) == Standing("restored", 4)
