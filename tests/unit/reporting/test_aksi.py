"""Rules of the convergence board: programmes, values, states, and what is told of who blocks."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reporting.domain.aksi_board import (
    CLOSED,
    MOVES,
    OPEN,
    STATES,
    Act,
    NotAllowedError,
    State,
    Unit,
    gate_of,
    moved,
    row_of,
)
from services.reporting.domain.aksi_programme import programme_of, read_indicators, shipped
from services.reporting.domain.aksi_submission import Area, Change, Content, changes, in_order
from services.reporting.domain.aksi_values import (
    By,
    Entry,
    Prefill,
    Value,
    entered,
    findings,
    missing_of,
    prefilled,
    refusal,
)
from services.reporting.domain.decisions import Decision, decision_problems

DESA = "12.19.01.2003"
NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
BY = By("operator", NOW)
FACT = Prefill(12, date(2026, 3, 1), "height_measured")
ACTS: tuple[Act, ...] = ("change", "verify", "return", "submit", "accept", "ask_revision", "reopen")


def value(number: int | None, code: str = "DS3", **other: Any) -> Value:
    fields = {"source": "typed", "fact": None, "reason": None, "revision": 1, "changed_by": "operator"}
    return Value(DESA, code, number, changed_at=NOW, **(fields | other))


def unit(state: State, code: str = DESA, missing: int = 0, **other: Any) -> Unit:
    fields: dict[str, Any] = {"since": date(2026, 1, 1), "changed_on": date(2026, 2, 10)} | other
    return Unit(code, code, code[:8], state, missing=missing, **fields)


def test_each_year_has_the_programme_that_had_begun() -> None:
    told = {year: (one.code, len(one.aksi), len(one.indicators)) for year in (2018, 2024, 2025, 2030)
            if (one := programme_of(year)) is not None}  # fmt: skip
    assert told == {
        2018: ("aksi-8", 8, 5 + 29), 2024: ("aksi-8", 8, 5 + 29),
        2025: ("aksi-2025", 6, 5 + 31), 2030: ("aksi-2025", 6, 5 + 31),
    }  # fmt: skip
    assert programme_of(2017) is None
    # Names that the ministry's own text was not read for say so.
    assert [one.confirmed for one in shipped()] == [False, False]
    supporting = [one.code for one in shipped()[1].aksi if one.kind == "supporting"]
    assert supporting == ["regulasi", "publikasi"]


def test_a_list_of_indicators_is_told_all_that_is_wrong_with_it() -> None:
    good = {"code": "L01", "aksi": "a", "name_id": "x", "name_en": "x", "unit": "anak", "source": "typed",
            "confirmed": True, "denominator": None}  # fmt: skip
    rows: list[dict[str, Any]] = [
        good, {**good, "source": "facts:nothing"}, {**good, "code": "l2", "denominator": "L99"},
        {**good, "code": "L03", "aksi": "b", "confirmed": None, "unit": ""},
    ]  # fmt: skip
    indicators, problems = read_indicators(rows, {"a": "desa", "b": "kecamatan"})
    assert indicators == ()
    assert sorted((one.place, one.code) for one in problems) == [
        (1, "indicator_code_twice"), (1, "unknown_source"), (2, "indicator_code_form"), (2, "unknown_denominator"),
        (3, "aksi_takes_no_values"), (3, "confirmed_missing"), (3, "indicator_text_missing"),
    ]  # fmt: skip
    assert read_indicators([good], {"a": "desa"})[1] == []


@pytest.mark.parametrize(
    ("entry", "stored", "code"),
    [
        (Entry(DESA, "DS3", 0), None, None),
        (Entry(DESA, "DS3", -1), None, "negative"),
        (Entry(DESA, "DS3", 10**7), None, "too_large"),
        (Entry(DESA, "XX", 1), None, "unknown_indicator"),
        (Entry("12.19.01.2099", "DS3", 1), None, "unknown_desa"),
        (Entry(DESA, "DS3", None), None, "reason_for_nothing"),
        (Entry(DESA, "DS3", None, "belum didata"), None, None),
        (Entry(DESA, "DS3", 3, seen=0), value(4), "stale"),
        (Entry(DESA, "DS3", 4, seen=0), value(4), None),  # sent again: it is what stands there
        (Entry(DESA, "DS3", 3, seen=1), value(4), None),
        (Entry(DESA, "DS3", 3, seen=1), value(12, fact=FACT), "reason_against_facts"),
        (Entry(DESA, "DS3", 12, seen=1), value(3, fact=FACT), None),
    ],
)
def test_what_cannot_be_taken_has_a_reason(entry: Entry, stored: Value | None, code: str | None) -> None:
    programme = programme_of(2026)
    assert programme is not None
    assert refusal(entry, stored, programme, {DESA}) == code


def test_a_fact_stays_beside_what_a_person_said_and_never_takes_its_place() -> None:
    filled = prefilled((DESA, "DS3"), FACT, None, BY)
    assert filled is not None
    assert (filled.value, filled.source, filled.revision) == (12, "facts", 1)
    said = entered(Entry(DESA, "DS3", 15, "tiga di rumah sakit"), filled, By("other", NOW))
    assert (said.value, said.source, said.fact, said.changed_by) == (15, "typed", FACT, "other")
    assert prefilled((DESA, "DS3"), FACT, said, BY) is None
    newer = prefilled((DESA, "DS3"), Prefill(14, date(2026, 6, 1), "height_measured"), said, BY)
    assert newer is not None
    assert (newer.value, newer.fact.value if newer.fact else None, newer.changed_by) == (15, 14, "other")
    back = entered(Entry(DESA, "DS3", 14), newer, BY)
    assert (back.source, back.reason) == ("facts", None)


def test_a_value_that_may_be_true_is_remarked_on_and_not_refused() -> None:
    programme = programme_of(2026)
    assert programme is not None
    values = [value(10, "DS3"), value(6, "DS4"), value(6, "DS5"), value(9, "DS2"), value(5, "DS1"),
              value(15, "L01", fact=FACT)]  # fmt: skip
    assert {(one.indicator_code, one.code, one.other) for one in findings(values, programme)} == {
        ("DS2", "above_denominator", 5), ("DS3", "parts_above_whole", 10), ("L01", "differs_from_facts", 12),
    }  # fmt: skip
    assert findings([value(10, "DS3"), value(4, "DS4"), value(None, "DS5")], programme) == []
    assert missing_of(programme, "analisis-situasi", [one.indicator_code for one in values]) == 36 - 6


@given(st.lists(st.sampled_from(ACTS), max_size=30))
def test_a_unit_is_submitted_only_when_verified_since_its_last_change(acts: list[Act]) -> None:
    state: State = "draft"
    verified = sent = False
    for act in acts:
        if (state, act) not in MOVES:
            with pytest.raises(NotAllowedError):
                moved(state, act)
            continue
        after = moved(state, act)
        if act == "submit":
            assert verified
        if act == "change":
            assert state not in CLOSED
            assert after in OPEN
        verified = after == "verified" or (verified and act != "change")
        sent = sent or after == "submitted"
        assert not (after in {"reviewed", "revised"} and not sent)
        state = after
    assert state in STATES


@pytest.mark.parametrize(
    ("one", "turn", "since"),
    [
        (unit("draft", missing=3), "kecamatan", date(2026, 1, 1)),
        (unit("draft"), "camat", date(2026, 2, 10)),  # complete since the last entry
        (unit("revised", since=date(2026, 4, 1)), "camat", date(2026, 4, 1)),
        (unit("verified"), "district", date(2026, 1, 1)),
        (unit("verified", missing=1), "kecamatan", date(2026, 1, 1)),  # an indicator was added since
        (unit("submitted"), "province", date(2026, 1, 1)),
        (unit("reviewed"), None, date(2026, 1, 1)),
    ],
)
def test_it_is_the_turn_of_whoever_can_move_it_since_they_can(one: Unit, turn: str | None, since: date) -> None:
    assert (one.turn, one.waiting_since) == (turn, since)


def test_a_kecamatan_is_as_far_as_its_last_desa_and_the_gate_counts_kecamatan() -> None:
    today = date(2026, 3, 1)
    desa = [unit("verified", "12.19.01.2001"), unit("draft", "12.19.01.2002"),
            unit("draft", "12.19.01.2003", missing=2)]  # fmt: skip
    row = row_of(desa, today)
    assert (row["state"], row["turn"], row["days"], row["units_done"]) == ("draft", "kecamatan", 59, 1)
    assert [(one["area_code"], one["turn"], one["days"]) for one in row["blocking"]] == [
        ("12.19.01.2002", "camat", 19), ("12.19.01.2003", "kecamatan", 59),
    ]  # fmt: skip
    named = {"kecamatan_code": "12.19.01", "kecamatan_name": "Satu"}
    other = {"kecamatan_code": "12.19.02", "kecamatan_name": "Dua", **row_of([unit("verified")], today)}
    gate = gate_of([{**named, **row}, other])
    assert (gate["ready"], gate["kecamatan"], gate["can_submit"]) == (1, 2, False)
    assert [one["kecamatan_code"] for one in gate["blocked_by"]] == ["12.19.01"]
    assert gate_of([other])["can_submit"]
    assert not gate_of([])["can_submit"]
    # What was sent already has nothing new to send.
    assert not gate_of([{**named, **row_of([unit("submitted")], today)}])["can_submit"]


def test_the_digest_is_of_the_content_and_of_nothing_else() -> None:
    areas = in_order([Area("12.19.01.2004", "B", "12.19.01", "K"), Area(DESA, "A", "12.19.01", "K")])
    assert [area.desa_code for area in areas] == [DESA, "12.19.01.2004"]
    values = {(DESA, "DS1"): 4, (DESA, "DS2"): None}
    content = Content("12.19", 2026, "a", 1, date(2026, 3, 1), ("aksi-2025", 0), areas, values, {})
    same = replace(content, values=dict(reversed(values.items())))
    assert same.digest() == content.digest()
    assert len({content.digest(), replace(content, values={**values, (DESA, "DS1"): 5}).digest(),
                replace(content, version=2).digest()}) == 3  # fmt: skip
    assert changes(None, values) == []
    assert changes({(DESA, "DS1"): 3, (DESA, "DS9"): 1}, values) == [
        Change(DESA, "DS1", 3, 4), Change(DESA, "DS9", 1, None),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "codes"),
    [
        ({}, []),
        ({"state": "done"}, ["evidence_missing"]),
        ({"state": "dropped"}, ["decision_reason_missing"]),
        ({"state": "dropped", "reason": "sudah ada program lain"}, []),
        ({"owner": "X"}, ["unknown_office"]),
        ({"due_on": date(2026, 1, 1)}, ["due_before_meeting"]),
        ({"met_on": date(2027, 1, 1), "due_on": date(2027, 2, 1)}, ["meeting_to_come"]),
    ],
)
def test_a_decision_has_an_owner_a_time_and_an_end_that_can_be_shown(fields: dict[str, Any], codes: list[str]) -> None:
    one = Decision(area_code="12.19", text="x", owner="DINKES", met_on=date(2026, 2, 1), due_on=date(2026, 3, 1))
    today = date(2026, 3, 2)
    assert [code for _, code in decision_problems(replace(one, **fields), one, today)] == codes
    assert one.is_overdue(today)
    assert not replace(one, state="dropped").is_overdue(today)
    dropped = replace(one, state="dropped", reason="a")
    assert [code for _, code in decision_problems(replace(dropped, state="done"), dropped, today)] == [
        "state_not_next", "evidence_missing",
    ]  # fmt: skip
