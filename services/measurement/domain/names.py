"""Names made comparable: for matching only, what is stored and shown stays as it was written."""

from __future__ import annotations

import re
import unicodedata
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
