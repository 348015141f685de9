"""Which pages could take an extractor long. Its time grows with the square of depth and of attributes in one tag."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LARGE = 5_000_000
MANY_TAGS = 60_000
FEW_TAGS = 4_000
"""Not even all of so many tags nested take half a second."""
DEEP = 1_000
LONG_TAG = 20_000
"""Characters; a tag below holds some 7,000 attributes at most, which take a tenth of a second."""
_OPEN_ENDED = ("img", "inp", "met", "lin", "hr", "br", "wbr", "col", "sou", "are", "bas", "emb", "par", "tra",
               "p", "li", "opt", "td", "tr", "th", "dt", "dd")  # fmt: skip
"""Beginnings of the names of elements that need no end tag and do not nest."""


def is_suspicious(html: str) -> bool:
    """Whether a page is very large, deep, or may have thousands of attributes in a tag.

    One linear pass. A page that hides such a tag among others still ends in seconds, for it is small.
    """
    tags = html.count("<")
    return len(html) > LARGE or tags > MANY_TAGS or _has_long_tag(html) or (tags > FEW_TAGS and _is_deep(html))


def _has_long_tag(html: str) -> bool:
    """Whether more than `LONG_TAG` characters follow a `<` before the next, and may belong to its tag."""
    for place in range(LONG_TAG, len(html), LONG_TAG):
        # A gap of that length covers one of these places, so few characters are looked at.
        begin = html.rfind("<", place - LONG_TAG, place + 1)
        if begin < 0:
            begin = html.rfind("<", 0, place)
        end = html.find("<", place + 1)
        end = len(html) if end < 0 else end
        if begin >= 0 and end - begin > LONG_TAG and _is_tag_long(html[begin:end]):
            return True
    return False


def _is_tag_long(part: str) -> bool:
    tag = part.partition(">")[0]
    inside_quotes = tag.count('"') % 2 or tag.count("'") % 2
    return bool(inside_quotes) or len(tag.split(None, DEEP)) > DEEP


def _is_deep(html: str) -> bool:
    """Whether elements nest deeply by their tags alone, or so many are unbalanced that tags do not tell."""
    data = np.frombuffer(html.encode("utf-8", "replace") + b"\0\0\0\0\0", dtype=np.uint8)
    at = np.flatnonzero(data[:-5] == ord("<"))
    closing = data[at + 1] == ord("/")
    names = _names(data, at + 1 + closing)
    counted = (names > 0xFFFF) & ~np.isin(names, _codes(_OPEN_ENDED))
    step = np.where(closing[counted], -1, 1)
    if step.size == 0:
        return False
    depth = np.cumsum(step)
    # An end tag without its element closes nothing: depth counts from the lowest point so far.
    deepest = int((depth - np.minimum.accumulate(np.minimum(depth, 0))).max())
    _, which = np.unique(names[counted], return_inverse=True)
    unbalanced = int(np.abs(np.bincount(which, weights=step)).sum())
    return deepest > DEEP or unbalanced > DEEP


def _names(data: NDArray[np.uint8], at: NDArray[np.intp]) -> NDArray[np.int64]:
    """The first three letters of tag names, lower case, as one number; other characters are zero."""
    code = np.zeros(at.size, dtype=np.int64)
    alive = np.ones(at.size, dtype=bool)
    for place in range(3):
        letter = data[at + place] | 32
        alive &= (letter >= ord("a")) & (letter <= ord("z"))
        code = (code << 8) | np.where(alive, letter, 0)
    return code


def _codes(names: tuple[str, ...]) -> NDArray[np.int64]:
    return np.array([int.from_bytes(name.encode().ljust(3, b"\0"), "big") for name in names], dtype=np.int64)
