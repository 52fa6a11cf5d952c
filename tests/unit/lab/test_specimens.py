"""The way of a specimen: its steps in their order, and whether it kept until it was received."""

from datetime import UTC, date, datetime, timedelta

import pytest

from services.lab.domain.catalogue import load
from services.lab.domain.order_rules import FILE, order_rules, read
from services.lab.domain.specimens import Way, too_old, way_problem

DRAWN = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)  # nine in the morning of the place
DAY = date(2026, 11, 20)  # begins at 17:00 UTC of the day before
NOW = DRAWN + timedelta(days=9)
SECOND = timedelta(seconds=1)


def after(hours: float) -> datetime:
    return DRAWN + timedelta(hours=hours)


@pytest.mark.parametrize(
    ("way", "step"),
    [
        (Way(DAY, DRAWN), "collected"),
        (Way(DAY, DRAWN, sent_at=after(1)), "sent"),
        (Way(DAY, DRAWN, after(1), after(2)), "received"),
        (Way(DAY, DRAWN, received_at=after(2)), "received"),  # nobody wrote down that it was sent
    ],
)
def test_the_last_step_known_is_the_step(way: Way, step: str) -> None:
    assert way.step == step
    assert way_problem(way, "received_at", NOW) is None


@pytest.mark.parametrize(
    "way",
    [
        Way(DAY, DRAWN, sent_at=DRAWN - SECOND),
        Way(DAY, DRAWN, sent_at=after(2), received_at=after(2) - SECOND),
        Way(DAY, DRAWN, received_at=NOW + SECOND),
        Way(DAY, None, sent_at=datetime(2026, 11, 19, 16, 59, 59, tzinfo=UTC)),
    ],
)
def test_steps_out_of_turn_or_in_the_future_are_refused(way: Way) -> None:
    wrong = way_problem(way, "sent_at", NOW)
    assert wrong is not None
    assert (wrong.code, wrong.field) == ("step_time_impossible", "sent_at")
    assert all(wrong.texts())


def test_steps_at_the_same_moment_are_in_turn() -> None:
    assert way_problem(Way(DAY, DRAWN, DRAWN, DRAWN), "sent_at", DRAWN) is None
    assert way_problem(Way(DAY, None, datetime(2026, 11, 19, 17, tzinfo=UTC)), "sent_at", NOW) is None


@pytest.mark.parametrize(
    ("way", "old"),
    [
        (Way(DAY, DRAWN, received_at=after(24)), False),
        (Way(DAY, DRAWN, received_at=after(24) + SECOND), True),
        (Way(DAY, DRAWN), None),
        (Way(DAY, DRAWN, sent_at=after(1)), None),
        # The time of day is not known: drawn between 17:00 UTC of the day before and 17:00.
        (Way(DAY, received_at=datetime(2026, 11, 20, 17, tzinfo=UTC)), False),
        (Way(DAY, received_at=datetime(2026, 11, 20, 17, 0, 1, tzinfo=UTC)), None),
        (Way(DAY, received_at=datetime(2026, 11, 21, 17, tzinfo=UTC)), None),
        (Way(DAY, received_at=datetime(2026, 11, 21, 17, 0, 1, tzinfo=UTC)), True),
    ],
)
def test_a_specimen_is_too_old_only_where_it_certainly_lay_longer_than_it_keeps(way: Way, *, old: bool | None) -> None:
    assert too_old(way, 24) is old


def test_a_specimen_for_several_tests_keeps_as_long_as_the_most_delicate() -> None:
    rules = order_rules()
    assert rules.keeps_hours(["blood_count"]) == 24
    assert rules.keeps_hours(["blood_count", "zinc"]) == 8
    assert rules.keeps_hours(["unheard_of"]) == rules.keeps_hours([]) == rules.default_hours


def test_every_sign_asks_for_tests_that_can_be_ordered_and_says_where_it_is_from() -> None:
    for sign in order_rules().signs.values():
        assert set(sign.tests) <= set(load().orderables)
        assert sign.tests
        assert sign.source
        assert sign.status in {"S", "S2", "P"}
        assert sign.text_id
        assert sign.text_en
    assert set(order_rules().stable_hours) <= set(load().orderables)


@pytest.mark.parametrize(
    ("old", "new"), [('code = "goitre"', 'code = "pallor"'), ("default_hours = 24", "default_hours = 0"),
                     ("zinc = 8", 'zinc = "8"'), ("text_en = ", "text_english = ")]
)  # fmt: skip
def test_broken_rules_are_refused(old: str, new: str) -> None:
    text = FILE.read_text(encoding="utf-8")
    assert old in text
    with pytest.raises((ValueError, TypeError)):
        read(text.replace(old, new, 1).encode())
