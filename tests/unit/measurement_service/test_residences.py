"""Where a child lives, from what is reported and where it is seen."""

from datetime import date, timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from services.measurement.domain.residences import Stay, Stays, moved_to, seen_at

A, A2, B = ("12.19.01.2003", "12.19.01.2003.P001"), ("12.19.01.2003", "12.19.01.2003.P002"), ("12.19.01.2004", None)
UNMAPPED = ("12.19.01.2003", None)


def day(number: int) -> date:
    return date(2025, 1, 1) + timedelta(days=number)


def stay(number: int, place: tuple[str, str | None]) -> Stay:
    return Stay(day(number), *place)


def seen(*visits: tuple[int, tuple[str, str | None]]) -> Stays:
    """The stays after these visits, in the order they became known."""
    stays: Stays = ()
    newest: date | None = None
    for number, place in visits:
        stays = seen_at(stays, day(number), *place, newest)
        newest = max(day(number), newest or day(number))
    return stays


def test_a_stay_begins_on_the_first_day_it_is_known_of() -> None:
    assert seen((30, A), (60, A), (10, A)) == (stay(10, A),)


def test_a_later_visit_elsewhere_is_a_move() -> None:
    assert seen((10, A), (40, B)) == (stay(10, A), stay(40, B))


def test_an_old_file_does_not_send_a_child_back() -> None:
    assert seen((10, A), (60, B), (30, A)) == (stay(10, A), stay(60, B))
    assert seen((60, A), (10, A), (30, B)) == (stay(10, A),)


def test_an_earlier_place_is_put_before_the_first() -> None:
    assert seen((60, B), (10, A)) == (stay(10, A), stay(60, B))


def test_a_visit_of_the_same_day_elsewhere_moves_nobody() -> None:
    assert seen((10, A), (10, B)) == (stay(10, A),)


def test_a_posyandu_that_is_not_known_is_no_other_place_and_is_filled_in_later() -> None:
    assert seen((10, A), (40, UNMAPPED)) == (stay(10, A),)
    assert seen((10, UNMAPPED), (40, A)) == (stay(10, A),)
    assert seen((10, A), (40, A2)) == (stay(10, A), stay(40, A2))


def test_a_reported_move_stands_in_its_place_in_time() -> None:
    stays = (stay(10, A), stay(60, B))
    assert moved_to(stays, stay(30, A2)) == (stay(10, A), stay(30, A2), stay(60, B))
    assert moved_to(stays, stay(60, A2)) == (stay(10, A), stay(60, A2))
    assert moved_to(stays, stay(30, A)) == stays


VISITS = st.lists(st.tuples(st.integers(0, 6), st.sampled_from([A, A2, B, UNMAPPED])), min_size=1, max_size=8)


@given(VISITS)
def test_stays_are_always_in_order_and_the_same_visit_again_changes_nothing(
    visits: list[tuple[int, tuple[str, str | None]]],
) -> None:
    stays = seen(*visits)
    days = [found.valid_from for found in stays]
    assert days == sorted(set(days))
    assert days[0] == day(min(number for number, _ in visits))
    assert seen_at(stays, day(visits[-1][0]), *visits[-1][1], day(max(number for number, _ in visits))) in (
        stays,
        seen(*visits, visits[-1]),
    )
    assert seen(*visits, visits[-1]) == seen(*visits, visits[-1], visits[-1])


@given(VISITS.filter(lambda visits: len({number for number, _ in visits}) == len(visits)), st.randoms())
def test_whatever_the_order_of_files_the_newest_visit_says_where_a_child_lives(
    visits: list[tuple[int, tuple[str, str | None]]], random: Random
) -> None:
    mapped = [(number, place) for number, place in visits if place != UNMAPPED]
    if not mapped:
        return
    shuffled = list(mapped)
    random.shuffle(shuffled)
    newest = max(mapped)
    assert seen(*shuffled)[-1][1:] == newest[1]
