"""Positions in the feed as clients hold them: words that say nothing, bound to one feed."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from typing import Final
from uuid import UUID

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from services.reporting.store.feed import FeedState
from shared.http.kinds import CURSOR_INVALID

NUMBER_BYTES: Final = 8
FEED_BYTES: Final = 4
_NOTHING: Final = bytes(16 - NUMBER_BYTES - FEED_BYTES)
BEGINNING: Final = 0


class FeedCursors:
    """Makes and reads cursors. The number counts changes of all areas, which is nobody's business: it is enciphered.

    One block of AES is a permutation of numbers, so a cursor is the same word each time, and its last bytes tell one
    of ours from another's. `key`: 32 bytes, of the deployment.
    """

    def __init__(self, key: bytes) -> None:
        derived = hmac.digest(key, b"tumbuh feed cursor", hashlib.sha256)
        self._cipher = Cipher(algorithms.AES(derived), modes.ECB())  # noqa: S305 - a single block, never two

    def cursor(self, feed_id: UUID, sequence: int) -> str:
        """The word for a position."""
        block = sequence.to_bytes(NUMBER_BYTES, "big") + feed_id.bytes[:FEED_BYTES] + _NOTHING
        encryptor = self._cipher.encryptor()
        return base64.urlsafe_b64encode(encryptor.update(block) + encryptor.finalize()).decode().rstrip("=")

    def position(self, cursor: str | None, state: FeedState) -> int:
        """The number in `cursor`. Problem `cursor_invalid`.

        Without one, and in a feed that was made anew since (a restored database), the beginning: everything is told
        again, nothing is left out.
        """
        if cursor is None:
            return BEGINNING
        try:
            sealed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
            decryptor = self._cipher.decryptor()
            block = decryptor.update(sealed) + decryptor.finalize()
        except (binascii.Error, ValueError):
            raise CURSOR_INVALID.problem() from None
        if len(block) != len(_NOTHING) + NUMBER_BYTES + FEED_BYTES or not block.endswith(_NOTHING):
            raise CURSOR_INVALID.problem()
        sequence = int.from_bytes(block[:NUMBER_BYTES], "big")
        is_this = block[NUMBER_BYTES : -len(_NOTHING)] == state.feed_id.bytes[:FEED_BYTES]
        return sequence if is_this and sequence <= state.sequence else BEGINNING
