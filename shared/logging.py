"""Structured logs: one JSON object a line, bound to the request or message at work, free of personal data.

Call `configure_logging` once per process, then `structlog.get_logger(__name__)` anywhere. Log ids, codes and counts;
never a body. The standard library's loggers (uvicorn, aiokafka, asyncio) pass through the same processors.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, Final, Literal, TextIO

import orjson
import structlog
from structlog.contextvars import bind_contextvars, clear_contextvars, merge_contextvars
from structlog.types import EventDict, Processor, WrappedLogger

from shared.redaction import REDACTED, describe_exception, describe_traceback, is_personal_key, redact
from shared.trace import Trace, continue_trace

# Libraries that narrate; their warnings stay.
_QUIET: Final = ("aiokafka", "httpx", "httpcore", "asyncio", "uvicorn.access")
# Set by ourselves from a fixed vocabulary, so no need to look inside.
_OWN_KEYS: Final = frozenset(
    {"event", "level", "timestamp", "logger", "service", "trace_id", "request_id", "exception"}
)


def configure_logging(
    service: str,
    log_format: Literal["json", "console"] = "json",
    *,
    level: int = logging.INFO,
    out: TextIO | None = None,
) -> None:
    """Route every log of this process to `out` (standard output), each line naming `service`."""
    shared: list[Processor] = [
        merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _Name(service),
        render_exception,
        redact_event,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=False,
    )
    renderer: Processor = structlog.dev.ConsoleRenderer(colors=False) if log_format == "console" else _render_json
    handler = logging.StreamHandler(out if out is not None else sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in ("uvicorn", "uvicorn.error"):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [], True


def begin_request(*, request_id: str, method: str, traceparent: str | None) -> Trace:
    """Forget the previous work of this context and bind the request: every line until the answer carries its ids."""
    clear_contextvars()
    trace = continue_trace(traceparent)
    bind_contextvars(request_id=request_id, method=method, trace_id=trace.trace_id)
    return trace


def begin_message(*, topic: str, partition: int, offset: int, traceparent: str | None = None) -> Trace:
    """The same for a record, or for a batch by its first record."""
    clear_contextvars()
    trace = continue_trace(traceparent)
    bind_contextvars(topic=topic, partition=partition, offset=offset, trace_id=trace.trace_id)
    return trace


def begin_work(**ids: str | int) -> Trace:
    """The same for work that nobody outside asked for: a job, a sweep."""
    clear_contextvars()
    trace = continue_trace(None)
    bind_contextvars(trace_id=trace.trace_id, **ids)
    return trace


def redact_event(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Blank what may be personal, in every key but our own."""
    for key, value in event.items():
        if key.startswith("_"):  # the formatter's own record
            continue
        if key == "event":
            event[key] = redact(value)
        elif key not in _OWN_KEYS:
            event[key] = REDACTED if is_personal_key(key) else redact(value)
    return event


def render_exception(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Turn `exc_info` into `exception`: types and frames, no texts (see `shared.redaction`)."""
    info: Any = event.pop("exc_info", None)
    if info is True:
        info = sys.exc_info()
    error = info[1] if isinstance(info, tuple) else info
    if isinstance(error, BaseException):
        event["error"] = describe_exception(error)
        event["exception"] = describe_traceback(error)
    return event


class _Name:
    """Adds the service to each line."""

    def __init__(self, service: str) -> None:
        self.service = service

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        event["service"] = self.service
        return event


def _render_json(_logger: WrappedLogger, _method: str, event: MutableMapping[str, Any]) -> str:
    return orjson.dumps(event, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
