"""The calendar, octet by octet against RFC 5545."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.calendar_feed import CalendarEvent, calendar, escaped, folded

EVENT = CalendarEvent(
    uid="01939a3e-8e20-7c31-9c41-3123456789ab",
    sequence=2,
    revised_at=datetime(2026, 4, 28, 3, 5, 7, tzinfo=timezone(timedelta(hours=7))),
    on=date(2026, 5, 5),
    summary="Ukur ulang, dua kali; selisih 0,7 cm",
    description="Anak 1\nPosyandu P001",
    location="Posyandu P001",
    category="petugas gizi",
    priority=5,
)


def test_an_event_is_written_line_by_line_as_the_rfc_says() -> None:
    stream = calendar("Tugas", [EVENT]).decode()
    assert stream.endswith("\r\n")
    lines = stream.split("\r\n")[:-1]
    assert lines[:5] == [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Tumbuh//Tindak lanjut//ID",
        "CALSCALE:GREGORIAN",
        "X-WR-CALNAME:Tugas",
    ]
    start = lines.index("BEGIN:VEVENT")
    assert lines[start:] == [
        "BEGIN:VEVENT",
        "UID:01939a3e-8e20-7c31-9c41-3123456789ab",
        "DTSTAMP:20260427T200507Z",
        "LAST-MODIFIED:20260427T200507Z",
        "SEQUENCE:2",
        "DTSTART;VALUE=DATE:20260505",
        r"SUMMARY:Ukur ulang\, dua kali\; selisih 0\,7 cm",
        r"DESCRIPTION:Anak 1\nPosyandu P001",
        "LOCATION:Posyandu P001",
        "CATEGORIES:petugas gizi",
        "PRIORITY:5",
        "STATUS:CONFIRMED",
        "TRANSP:TRANSPARENT",
        "END:VEVENT",
        "END:VCALENDAR",
    ]


def test_an_empty_calendar_still_holds_a_component_and_the_same_tasks_give_the_same_bytes() -> None:
    empty = calendar("Tugas", []).decode().split("\r\n")
    assert empty.count("BEGIN:VTIMEZONE") == empty.count("END:VTIMEZONE") == 1
    assert "BEGIN:VEVENT" not in empty
    assert calendar("Tugas", [EVENT]) == calendar("Tugas", [EVENT])


@pytest.mark.parametrize(
    ("text", "written"),
    [
        (r"a\b", r"a\\b"),
        ("a;b,c", r"a\;b\,c"),
        ("a\nb\r\nc", r"a\nb\nc"),
        (r"a\n", r"a\\n"),
        ('"a":b', '"a":b'),
    ],
)
def test_text_is_escaped_and_nothing_else_of_it_changes(text: str, written: str) -> None:
    assert escaped(text) == written


@pytest.mark.parametrize(("octets", "parts"), [(74, 1), (75, 1), (76, 2), (149, 2), (150, 3)])
def test_a_line_is_folded_after_75_octets_the_space_counted(octets: int, parts: int) -> None:
    assert [len(part) for part in folded("x" * octets)][:-1] == [75] * (parts - 1)
    assert len(list(folded("x" * octets))) == parts


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=400))
def test_folding_cuts_no_character_and_unfolds_to_the_line(line: str) -> None:
    parts = list(folded(line))
    assert all(len(part) <= 75 for part in parts)
    assert all(part.startswith(b" ") for part in parts[1:])
    assert "".join(part.decode() for part in (parts[0], *(part[1:] for part in parts[1:]))) == line


def test_a_stamp_is_in_utc() -> None:
    late = replace(EVENT, revised_at=datetime(2026, 1, 1, tzinfo=UTC))
    assert b"DTSTAMP:20260101T000000Z\r\n" in calendar("Tugas", [late])
