"""Whose word a fact stands on, and what stands again when a file takes its word back.

Each row of a file that recorded or changed a fact made one revision of it: a word. A word is dead once its file is
taken back, unless another file has stated the fact since. Dead words are taken off the top, one after the other, until
a live one stands, or a person's, or nothing: then the fact itself is void.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, NamedTuple

Fate = Literal["voided", "restored", "kept_changed_since", "kept_other_file"]


class Word(NamedTuple):
    """One row's word: the revision it made, the one at which that state stands now, and whether it made the fact."""

    revision: int
    stands: int
    is_first: bool
    is_taken_back: bool
    said_at: datetime


class Standing(NamedTuple):
    """What becomes of a fact. `revision` = whose state stands again where it is restored."""

    fate: Fate
    revision: int


def take_back(current: int, words: Sequence[Word], stated_at: Sequence[datetime]) -> Standing:
    """The fact at revision `current`, once the files that are taken back say nothing any more.

    `stated_at` = when each file that is not taken back came that states the fact, in its own words or not.
    """
    word = _newest([word for word in words if word.stands == current])
    if word is None:
        return Standing("kept_changed_since", current)
    revision = current
    while word is not None and word.is_taken_back and not any(said > word.said_at for said in stated_at):
        if word.is_first:
            return Standing("voided", current)
        revision = word.revision - 1
        word = _newest([word for word in words if revision in {word.revision, word.stands}])
    return Standing("kept_other_file" if revision == current else "restored", revision)


def _newest(words: Sequence[Word]) -> Word | None:
    return max(words, key=lambda word: word.revision, default=None)
