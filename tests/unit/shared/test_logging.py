"""Logs: one JSON object a line, bound to the work at hand, free of personal data."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from shared.logging import begin_message, begin_request, begin_work, configure_logging
from shared.trace import continue_trace, current_traceparent

NIK = "1219014507230003"
TRACEPARENT = f"00-{'a1' * 16}-{'b2' * 8}-01"


class Lines(io.StringIO):
    def all(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.getvalue().splitlines()]

    def last(self) -> dict[str, Any]:
        return self.all()[-1]


@pytest.fixture
def lines() -> Iterator[Lines]:
    root = logging.getLogger()
    before = (root.handlers, root.level)
    out = Lines()
    configure_logging("measurement", out=out)
    structlog.contextvars.clear_contextvars()
    yield out
    root.handlers = before[0]
    root.setLevel(before[1])
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


@pytest.mark.parametrize(
    "key",
    ["name", "child_name", "motherName", "NIK", "nik_ibu", "nama", "father", "alamat", "phone", "notes", "free_text",
     "Authorization", "token", "request-body", "payload", "parent", "birth_date", "query"],
)  # fmt: skip
def test_a_key_that_may_hold_personal_data_is_blanked_at_every_depth(lines: Lines, key: str) -> None:
    structlog.get_logger("t").info("seen", **{key: "Siti Aminah"}, deep={"list": [{key: "Siti Aminah"}]})
    assert "Siti" not in lines.getvalue()
    assert lines.last()[key] == "[redacted]"


@pytest.mark.parametrize("text", [NIK, f"nik:{NIK}.", "1219 0145 0723 0003", "12.19.01.45.07.23.0003"])
def test_sixteen_digits_are_masked_in_any_text_even_in_the_message(lines: Lines, text: str) -> None:
    structlog.get_logger("t").info(f"row {text}", code=text, numbers=[int(NIK)])
    assert NIK not in lines.getvalue()
    assert text not in lines.getvalue()


def test_ids_dates_codes_and_counts_stay_readable(lines: Lines) -> None:
    kept = {
        "child_id": "0190c1d4-7a4e-7c3e-9c1a-1234567890ab",
        "measured_on": "2026-04-30",
        "desa_code": "12.19.01.2003",
        "rows": 120_000,
        "seconds": 1.5,
        "topic": "tumbuh.lab.v1",
        "lease_token": 4,
        "ok": True,
    }
    structlog.get_logger("t").info("done", **kept)
    assert {key: lines.last()[key] for key in kept} == kept


def test_an_exception_shows_type_and_frames_but_never_its_text(lines: Lines) -> None:
    try:
        float("Siti Aminah")
    except ValueError as error:
        structlog.get_logger("t").exception("failed")
        structlog.get_logger("t").warning("again", cause=error)
        logging.getLogger("uvicorn.error").exception("from a library")
    assert "Siti" not in lines.getvalue()
    first, second, third = lines.all()
    assert "test_logging.py" in first["exception"]
    assert first["error"] == second["cause"] == third["error"] == "ValueError"


def test_the_cause_of_an_exception_is_shown(lines: Lines) -> None:
    def fail() -> None:
        try:
            raise ConnectionRefusedError(111, "Connection refused")
        except OSError as error:
            raise RuntimeError("secret text") from error

    try:
        fail()
    except RuntimeError:
        structlog.get_logger("t").exception("failed")
    assert "ConnectionRefusedError: [Errno 111] Connection refused" in lines.last()["exception"]
    assert "secret text" not in lines.getvalue()


def test_library_logs_are_routed_into_the_same_lines(lines: Lines) -> None:
    logging.getLogger("uvicorn.error").info("started %d", 7)
    logging.getLogger("aiokafka.consumer").info("chatter")
    logging.getLogger("aiokafka.consumer").warning("broker %s", NIK)
    assert [line["event"] for line in lines.all()] == ["started 7", "broker [redacted]"]
    assert lines.last()["logger"] == "aiokafka.consumer"
    assert lines.last()["service"] == "measurement"


def test_each_piece_of_work_starts_with_a_clean_context(lines: Lines) -> None:
    log = structlog.get_logger("t")
    begin_request(request_id="r-1", method="POST", traceparent=TRACEPARENT)
    log.info("in the request")
    begin_message(topic="tumbuh.lab.v1", partition=3, offset=9)
    log.info("in the message")
    begin_work(job_id="j-1")
    log.info("in the job")
    request, message, job = lines.all()
    assert (request["request_id"], request["trace_id"]) == ("r-1", "a1" * 16)
    assert "request_id" not in message
    assert message["offset"] == 9
    assert "topic" not in job
    assert len({request["trace_id"], message["trace_id"], job["trace_id"]}) == 3


def test_a_trace_goes_on_with_a_span_of_its_own() -> None:
    trace = continue_trace(TRACEPARENT)
    assert trace.trace_id == "a1" * 16
    assert trace.span_id != "b2" * 8
    assert trace.flags == "01"
    assert current_traceparent() == trace.traceparent


@pytest.mark.parametrize("header", [None, "", "00-zz", f"00-{'0' * 32}-{'b2' * 8}-01", f"{TRACEPARENT}-extra", NIK])
def test_a_malformed_traceparent_starts_a_new_trace(header: str | None) -> None:
    trace = continue_trace(header)
    assert len(trace.trace_id) == 32
    assert trace.trace_id != "0" * 32
    assert continue_trace(trace.traceparent).trace_id == trace.trace_id
