"""Work that is done again and again: what cannot be done now is done later, anything else ends the process."""

import asyncio

import pytest

from shared.jobs.repeat import repeat


class Turns:
    """Fails with the given errors, turn by turn, then asks to stop."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.stop = asyncio.Event()
        self.done = 0

    async def __call__(self) -> None:
        self.done += 1
        if self.errors:
            raise self.errors.pop(0)
        self.stop.set()


async def test_a_turn_that_cannot_be_done_now_is_done_later() -> None:
    turns = Turns(ConnectionRefusedError(), TimeoutError())
    await repeat(turns, 0.001, turns.stop)
    assert turns.done == 3


async def test_any_other_error_is_raised_at_once() -> None:
    turns = Turns(KeyError("bug"))
    with pytest.raises(KeyError):
        await repeat(turns, 0.001, turns.stop)
    assert turns.done == 1


async def test_it_stops_without_waiting_for_the_next_turn() -> None:
    turns = Turns()
    await asyncio.wait_for(repeat(turns, 3600.0, turns.stop), 5)
    assert turns.done == 1


async def test_who_is_stopped_already_does_nothing() -> None:
    turns = Turns()
    turns.stop.set()
    await repeat(turns, 0.001, turns.stop)
    assert turns.done == 0
