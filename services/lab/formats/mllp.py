"""MLLP: messages out of a stream of bytes, each between a vertical tab and a file separator.

What stands outside a frame is no message and is skipped, also the carriage return that ends one; so a frame that a peer
breaks off is forgotten when it begins the next.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

START: Final = b"\x0b"
END: Final = b"\x1c"


class FrameTooLargeError(Exception):
    """A frame grew beyond the limit: nothing that follows on the connection can be trusted."""


class Frames:
    """The frames of one connection, fed as bytes arrive."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._open: bytearray | None = None

    @property
    def inside(self) -> bool:
        """Whether a frame has begun and not ended."""
        return self._open is not None

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The messages that `data` completes. Raises FrameTooLargeError."""
        while data:
            if self._open is None:
                _, began, data = data.partition(START)
                if not began:
                    return
                self._open = bytearray()
            part, ended, data = data.partition(END)
            again = part.rfind(START)
            if again >= 0:
                self._open.clear()
                part = part[again + 1 :]
            self._open += part
            if len(self._open) > self._limit_bytes:
                raise FrameTooLargeError
            if ended:
                yield bytes(self._open)
                self._open = None


def framed(message: bytes) -> bytes:
    """A message as it is sent."""
    return START + message + END + b"\r"
