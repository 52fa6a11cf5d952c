"""The order as a function of the case and of what was done."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.lab.domain.orders import WAITING, Need, Order, Work, keep_order, waiting_since
from services.lab.domain.routing import Laboratory, area_of, route

DAY = date(2026, 3, 2)
CODES = ("blood_count", "ferritin", "crp", "agp", "zinc")


def need(*required: str, live: bool = True, day: date = DAY, urgent: bool = False) -> Need:
    return Need(required, live, urgent, None if live else "recovered", day)


def kept(old: Order | None, asked: Need, work: Work | None = None, laboratory: str | None = "LAB.1.A") -> Order:
    order = keep_order(old, asked, work or Work(), laboratory)
    assert order is not None
    return order


def test_no_need_no_order() -> None:
    assert keep_order(None, need(), Work(), None) is None
    assert keep_order(None, need("crp", live=False), Work(), None) is None


def test_a_result_counts_before_a_specimen_and_a_specimen_before_the_end_of_the_case() -> None:
    order = kept(None, need("blood_count", "ferritin", "crp"))
    work = Work(resulted={"blood_count": DAY}, collected={"blood_count", "ferritin"}, rejections={"crp": 2})
    ended = kept(order, need("blood_count", "ferritin", "crp", live=False), work)
    assert [(test.state, test.rejections) for test in ended.tests] == [
        ("resulted", 0),
        ("collected", 0),
        ("cancelled", 2),
    ]
    assert (ended.state, ended.cancel_reason) == ("open", "case_recovered")


def test_complete_is_dated_by_the_last_result_and_taken_back_by_a_new_need() -> None:
    order = kept(None, need("ferritin", "crp"))
    later = DAY + timedelta(days=3)
    complete = kept(order, need("ferritin", "crp"), Work(resulted={"ferritin": DAY, "crp": later}))
    assert (complete.state, complete.completed_on) == ("complete", later)
    work = Work(resulted={"ferritin": DAY, "crp": later})
    again = kept(complete, need("ferritin", "crp", "zinc", day=later), work)
    assert (again.state, again.completed_on, again.tests[-1].added_on) == ("open", None, later)


def test_some_resulted_and_the_rest_cancelled_is_complete() -> None:
    order = kept(None, need("ferritin", "crp"))
    assert kept(order, need(live=False), Work(resulted={"crp": DAY})).state == "complete"
    assert kept(order, need(live=False)).state == "cancelled"


def test_a_test_called_off_waits_no_more_and_what_is_drawn_or_resulted_of_it_still_counts() -> None:
    asked = need("ferritin", "crp")
    order = kept(None, asked)
    off = kept(order, asked, Work(cancelled={"crp": "declined"}))
    assert ([test.state for test in off.tests], off.state, off.cancel_reason) == (
        ["ordered", "cancelled"], "open", "test_declined",
    )  # fmt: skip
    done = kept(off, asked, Work(resulted={"ferritin": DAY}, cancelled={"crp": "declined"}))
    assert (done.state, done.completed_on) == ("complete", DAY)
    drawn = kept(off, asked, Work(collected={"crp"}, cancelled={"crp": "declined"}))
    assert ([test.state for test in drawn.tests], drawn.cancel_reason) == (["ordered", "collected"], None)
    ended = kept(off, need("ferritin", "crp", live=False), Work(cancelled={"crp": "declined"}))
    assert (ended.state, ended.cancel_reason) == ("cancelled", "case_recovered")


def test_only_what_is_not_drawn_goes_to_another_laboratory() -> None:
    order = kept(None, need("ferritin", "crp"))
    assert kept(order, need("ferritin", "crp"), laboratory="LAB.2.B").laboratory_code == "LAB.2.B"
    collected = Work(collected={"ferritin", "crp"})
    assert kept(order, need("ferritin", "crp"), collected, "LAB.2.B").laboratory_code == "LAB.1.A"
    partly = Work(collected={"ferritin"})
    assert kept(order, need("ferritin", "crp"), partly, "LAB.2.B").laboratory_code == "LAB.2.B"


def test_a_test_that_waits_again_waits_since_then() -> None:
    order = kept(None, need("crp"))
    ended = kept(order, need("crp", live=False, day=DAY + timedelta(days=5)))
    assert waiting_since(ended.tests) is None
    again = kept(ended, need("crp", day=DAY + timedelta(days=9)))
    assert waiting_since(again.tests) == DAY + timedelta(days=9)


def test_the_priority_stays_when_the_case_is_over() -> None:
    order = kept(None, need("crp", urgent=True))
    assert order.priority == "urgent"
    assert kept(order, need("crp", live=False)).priority == "urgent"
    assert kept(order, need("crp")).priority == "routine"


DAYS = st.integers(0, 30).map(lambda days: DAY + timedelta(days=days))
NEEDS = st.builds(
    lambda codes, live, day: need(*codes, live=live, day=day),
    st.lists(st.sampled_from(CODES), unique=True),
    st.booleans(),
    DAYS,
)
WORKS = st.builds(
    Work,
    resulted=st.dictionaries(st.sampled_from(CODES), DAYS),
    collected=st.sets(st.sampled_from(CODES)),
    rejections=st.dictionaries(st.sampled_from(CODES), st.integers(0, 3)),
)


@given(steps=st.lists(st.tuples(NEEDS, WORKS), min_size=1, max_size=6))
def test_whatever_happens_tests_only_grow_and_nothing_changes_twice(steps: list[tuple[Need, Work]]) -> None:
    order: Order | None = None
    for asked, work in steps:
        before = {test.orderable for test in order.tests} if order else set()
        order = keep_order(order, asked, work, "LAB.1.A")
        if order is None:
            assert not before
            continue
        assert before <= {test.orderable for test in order.tests}
        assert keep_order(order, asked, work, "LAB.1.A") == order  # the same again is silence
        waits = any(test.state in WAITING for test in order.tests)
        assert (order.state == "open") is waits
        assert (order.completed_on is not None) is (order.state == "complete")
        if asked.live:
            assert set(asked.required) <= {test.orderable for test in order.tests if test.state != "cancelled"}


LABORATORIES = [
    Laboratory("LAB.12.19.RSUD", "RSUD", ("12.19",), 240),
    Laboratory("LAB.12.19.02.PKM", "Puskesmas", ("12.19.02", "12.19.03.2001"), 60),
    Laboratory("LAB.12.19.03.PKM", "Puskesmas", ("12.19.03",), 60),
    Laboratory("LAB.12.19.ZZ", "Klinik", ("12.19",), 10),
]


@pytest.mark.parametrize(
    ("desa", "code"),
    [
        ("12.19.01.2003", "LAB.12.19.RSUD"),  # of two that serve the same area, the first by code
        ("12.19.02.2001", "LAB.12.19.02.PKM"),
        ("12.19.03.2001", "LAB.12.19.02.PKM"),
        ("12.19.03.2002", "LAB.12.19.03.PKM"),
        ("12.19.020.2001", "LAB.12.19.RSUD"),  # no kecamatan 02
        ("12.20.01.2001", None),
        (None, None),
    ],
)
def test_the_longest_served_area_wins(desa: str | None, code: str | None) -> None:
    assert route(desa, LABORATORIES) == code


@pytest.mark.parametrize(("code", "area"), [("LAB.12.19.RSUD", "12.19"), ("LAB.12.19.02.PKM", "12.19.02")])
def test_a_laboratory_lies_in_the_area_of_its_code(code: str, area: str) -> None:
    assert area_of(code) == area
