"""Names made comparable: for matching only, what is stored and shown stays as it was written."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from typing import Final

_NOT_LETTERS: Final = re.compile(r"[^a-z0-9]+")
_QUOTES: Final = re.compile(r"['`\u2018\u2019\u02bc]")
# Written before a name, no part of it: Anak, Bayi (Nyonya), Nyonya, Tuan, Almarhum(ah), Haji, Hajah.
_TITLES: Final = frozenset({"an", "by", "bayi", "ny", "tn", "alm", "almh", "h", "hj"})
# One name, many spellings; a bare "M" is left alone, it may be any name.
_MUHAMMAD: Final = re.compile(r"(muh|moh|mhd|mohd|muhd|mochd|moch|mu[hc]+am+ad|mo[hc]+am+ad|muhamed)")


def normalise_name(name: str) -> str:
    """Lower case, no accents, marks or titles, single spaces. Different names stay different by a single letter.

    >>> normalise_name("By. Ny  SITI-AISYAH")
    'siti aisyah'
    """
    plain = _QUOTES.sub("", name).casefold()
    if not plain.isascii():
        plain = "".join(c for c in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(c))
    words = _NOT_LETTERS.sub(" ", plain).split()
    while len(words) > 1 and words[0] in _TITLES:
        words = words[1:]
    return " ".join(["muhammad" if word[0] == "m" and _MUHAMMAD.fullmatch(word) else word for word in words])


NEAR_EDITS: Final = 2  # letters of difference between two spellings of one name
NEAR_SIMILARITY: Final = 0.8  # and of ten letters two at most


def similarity(left: str, right: str) -> float:
    """How alike two normalised names are, 0 to 1: one minus edits by letters, whatever the order of their words."""
    longest = max(len(left), len(right))
    if longest == 0:
        return 0.0
    edits = min(edit_distance(left, right), edit_distance(_sorted(left), _sorted(right)))
    return round(1 - edits / longest, 2)


def are_near(left: str, right: str) -> bool:
    """Whether two different normalised names may be two spellings of one."""
    common = sum((Counter(left) & Counter(right)).values())
    if max(len(left), len(right)) - common > NEAR_EDITS:  # an edit mends one letter at most: most pairs end here
        return False
    edits = min(edit_distance(left, right), edit_distance(_sorted(left), _sorted(right)))
    return edits <= NEAR_EDITS and similarity(left, right) >= NEAR_SIMILARITY


def is_part(left: str, right: str) -> bool:
    """Whether one normalised name holds every word of the other: a call name and the full one."""
    words = sorted((set(left.split()), set(right.split())), key=len)
    return bool(words[0]) and words[0] <= words[1]


def edit_distance(left: str, right: str) -> int:
    """Insertions, deletions, substitutions and swaps of neighbours (optimal string alignment) between two texts.

    >>> edit_distance("hasan", "hasin"), edit_distance("aldi", "alid")
    (1, 1)
    """
    before: list[int] = []
    row = list(range(len(right) + 1))
    for i, letter in enumerate(left, start=1):
        before, last, row = row, before, [i]
        for j, other in enumerate(right, start=1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == right[j - 2] and left[i - 2] == other:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
    return row[-1]


def _sorted(name: str) -> str:
    return " ".join(sorted(name.split()))
