"""All-day events as an iCalendar stream (RFC 5545): CRLF, lines folded at 75 octets, text escaped.

The stream has no METHOD: it is the whole of what there is now, for calendars that fetch it again and again. What is
not in it any more is gone. `DTSTAMP` then is when the event was last revised (RFC 5545 §3.8.7.2), so that the same
events give the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final

MAX_EVENTS: Final = 5_000  # of one calendar
MEDIA_TYPE: Final = "text/calendar; charset=utf-8"
LINE_OCTETS: Final = 75  # RFC 5545 §3.1, without the line break
# A calendar must hold a component, even when there is nothing to do (RFC 5545 §3.6): the zone of the dates always is.
ZONE: Final = (
    "BEGIN:VTIMEZONE",
    "TZID:Asia/Jakarta",
    "BEGIN:STANDARD",
    "DTSTART:19700101T000000",
    "TZOFFSETFROM:+0700",
    "TZOFFSETTO:+0700",
    "TZNAME:WIB",
    "END:STANDARD",
    "END:VTIMEZONE",
)


@dataclass(frozen=True, slots=True)
class CalendarEvent:
    """Something due on a day. `uid` never changes, `sequence` counts the changes; `priority` 1 (highest) to 9."""

    uid: str
    sequence: int
    revised_at: datetime
    on: date
    summary: str
    description: str
    location: str
    category: str
    priority: int


def calendar(name: str, events: Iterable[CalendarEvent]) -> bytes:
    """The stream, UTF-8."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Tumbuh//Tindak lanjut//ID", "CALSCALE:GREGORIAN"]
    lines += [f"X-WR-CALNAME:{escaped(name)}", *ZONE]
    for event in events:
        lines += _event(event)
    lines.append("END:VCALENDAR")
    return b"".join(part + b"\r\n" for line in lines for part in folded(line))


def _event(event: CalendarEvent) -> Iterator[str]:
    stamp = f"{event.revised_at.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    yield "BEGIN:VEVENT"
    yield f"UID:{escaped(event.uid)}"
    yield f"DTSTAMP:{stamp}"
    yield f"LAST-MODIFIED:{stamp}"
    yield f"SEQUENCE:{event.sequence}"
    yield f"DTSTART;VALUE=DATE:{event.on:%Y%m%d}"  # without an end it lasts that day (RFC 5545 §3.6.1)
    yield f"SUMMARY:{escaped(event.summary)}"
    yield f"DESCRIPTION:{escaped(event.description)}"
    yield f"LOCATION:{escaped(event.location)}"
    yield f"CATEGORIES:{escaped(event.category)}"
    yield f"PRIORITY:{event.priority}"
    yield "STATUS:CONFIRMED"
    yield "TRANSP:TRANSPARENT"  # a due date takes nobody's time
    yield "END:VEVENT"


def escaped(text: str) -> str:
    """A value of type TEXT (RFC 5545 §3.3.11)."""
    for plain, written in (("\\", "\\\\"), (";", "\\;"), (",", "\\,"), ("\r\n", "\\n"), ("\n", "\\n")):
        text = text.replace(plain, written)
    return text


def folded(line: str) -> Iterator[bytes]:
    """The line in parts of at most 75 octets, no character cut; each part but the first begins with a space."""
    rest, lead = line.encode(), b""
    while len(lead) + len(rest) > LINE_OCTETS:
        cut = LINE_OCTETS - len(lead)
        while rest[cut] & 0xC0 == 0x80:  # the next part would begin inside a character
            cut -= 1
        yield lead + rest[:cut]
        rest, lead = rest[cut:], b" "
    yield lead + rest
