"""Log lines are written as in production: structlog's own default prints locals, slowly."""

import io
import logging
from collections.abc import Iterator

import pytest
import structlog

from shared.logging import configure_logging


@pytest.fixture(autouse=True)
def log() -> Iterator[io.StringIO]:
    """The log lines of the test."""
    root = logging.getLogger()
    before = (root.handlers, root.level)
    lines = io.StringIO()
    configure_logging("lab", out=lines)
    yield lines
    root.handlers = before[0]
    root.setLevel(before[1])
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
