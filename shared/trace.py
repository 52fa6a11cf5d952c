"""W3C trace context: one trace from the request that brought a fact to the last projection that shows it."""

from __future__ import annotations

import re
import secrets
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

_TRACEPARENT: Final = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})")


@dataclass(frozen=True, slots=True)
class Trace:
    """Where we are: the whole trace, our own step in it, and whether somebody records it."""

    trace_id: str
    span_id: str
    flags: str = "00"

    @property
    def traceparent(self) -> str:
        """The header for whoever we call or tell next."""
        return f"00-{self.trace_id}-{self.span_id}-{self.flags}"


_CURRENT: ContextVar[Trace | None] = ContextVar("trace", default=None)


def continue_trace(traceparent: str | None) -> Trace:
    """A new step of the trace in `traceparent`; of a new trace where there is none or it is malformed."""
    match = _TRACEPARENT.fullmatch(traceparent.strip().lower()) if traceparent else None
    trace_id, flags = (match.group(1), match.group(3)) if match else (secrets.token_hex(16), "00")
    trace = Trace(trace_id, secrets.token_hex(8), flags)
    _CURRENT.set(trace)
    return trace


def current_traceparent() -> str | None:
    """The header of the step under way, for messages made in it."""
    trace = _CURRENT.get()
    return trace.traceparent if trace is not None else None
