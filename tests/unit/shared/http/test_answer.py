"""What routes answer with, as bytes."""

import uuid
from datetime import date

import pytest
from asyncpg.pgproto import pgproto

from shared.http.answer import json_answer
from shared.http.cursor import decode_cursor, encode_cursor

CHILD = uuid.UUID("01890a5d-ac96-774b-bcce-b302099a8057")


def test_ids_of_the_database_driver_are_written_like_any_other() -> None:
    answer = json_answer(200, {"own": CHILD, "driver": pgproto.UUID(str(CHILD)), "on": date(2026, 1, 2)})
    assert answer.body == f'{{"own":"{CHILD}","driver":"{CHILD}","on":"2026-01-02"}}'.encode()


def test_what_has_no_json_form_is_an_error_and_never_a_guess() -> None:
    with pytest.raises(TypeError):
        json_answer(200, {"value": object()})


def test_a_cursor_takes_ids_as_the_database_driver_gives_them() -> None:
    assert decode_cursor(encode_cursor(date(2026, 1, 2), pgproto.UUID(str(CHILD))), date, uuid.UUID) == (
        date(2026, 1, 2),
        CHILD,
    )
