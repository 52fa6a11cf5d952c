"""What one page has read is not read again; another page reads anew."""

from __future__ import annotations

import pytest

from shared.postgres.page import one_page, read_once

pytestmark = pytest.mark.bare


async def test_the_same_question_is_asked_once_on_a_page_and_anew_elsewhere() -> None:
    asked: list[str] = []

    async def answer() -> int:
        asked.append("asked")
        return len(asked)

    assert [await read_once("key", answer), await read_once("key", answer)] == [1, 2]  # on no page
    with one_page():
        assert [await read_once("key", answer), await read_once("key", answer)] == [3, 3]
        assert await read_once("another key", answer) == 4
        with one_page():  # who sees other areas
            assert await read_once("key", answer) == 5
        assert await read_once("key", answer) == 3
    assert await read_once("key", answer) == 6
