"""How a use case refuses a change of a fact, in every service alike; `shared/http/refusals.py` tells the client."""

from __future__ import annotations


class UnknownFactError(Exception):
    """No such fact, or none that the caller may see: the two are told apart to nobody."""


class StaleError(Exception):
    """The client saw another revision than the stored one."""

    def __init__(self, stored: tuple[int, int]) -> None:
        super().__init__(stored)
        self.stored = stored
