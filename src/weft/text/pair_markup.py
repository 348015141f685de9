"""Addresses, tags, placeholders and wiki markup of a text, counted."""

from __future__ import annotations

from typing import Any

import numpy as np

from weft.text.jit import part
from weft.text.pair_characters import DENSE, DIGIT, KIND, OPENS_MARKUP, POINT, SPACED, WHITE

_SEVEN = np.uint64(7)
_TAG, _BRACES, _ENTITY = 200, 40, 9
"""Characters that a tag, a placeholder in braces and an entity may have."""
_LESS, _MORE, _BRACE, _UNBRACE, _PERCENT, _AND, _SEMICOLON, _EQUAL, _COLON, _SLASH, _AT = (
    np.uint64(ord(c)) for c in "<>{}%&;=:/@"
)
_HASH, _ROUND, _DOLLAR, _EXCLAMATION = (np.uint64(ord(c)) for c in "#($!")
_S, _D, _I, _F, _U = (np.uint64(ord(c)) for c in "sdifu")


@part
def _letter(entry: Any) -> bool:
    kind = (entry >> KIND) & _SEVEN
    return kind in (SPACED, DENSE)


@part
def _closes(held: Any, at: int, size: int, mark: Any, most: int) -> int:
    """The place behind `mark`, where it stands within some characters; else 0."""
    for n in range(at, min(size, at + most)):
        if held[n] & POINT == mark:
            return n + 1
    return 0


@part
def _placeholder(held: Any, at: int, size: int) -> bool:
    """Whether a per cent sign begins one of printf: %s, %1$s, %(name)s; 5%s and 100% do not."""
    if at > 0 and (held[at - 1] >> KIND) & _SEVEN == DIGIT:
        return False
    n = at + 1
    if n < size and held[n] & POINT == _ROUND:
        return _closes(held, n, size, np.uint64(0x29), _BRACES) > 0
    while n < size and ((held[n] >> KIND) & _SEVEN == DIGIT or held[n] & POINT == _DOLLAR):
        n += 1
    if n >= size:
        return False
    point = held[n] & POINT
    named = point in (_S, _D, _I, _F, _U, _AT)
    return named and not (n + 1 < size and _letter(held[n + 1]))


@part
def _entity(held: Any, at: int, size: int) -> bool:
    n = at + 1
    while n < size and n < at + _ENTITY:
        point = held[n] & POINT
        if point == _SEMICOLON:
            return n > at + 2
        if not (_letter(held[n]) or point == _HASH or (held[n] >> KIND) & _SEVEN == DIGIT):
            return False
        n += 1
    return False


@part
def _address(held: Any, at: int, size: int) -> bool:
    """Whether `://`, or the `@` of a mail address, stands here."""
    point = held[at] & POINT
    if point == _COLON:
        return at + 2 < size and held[at + 1] & POINT == _SLASH and held[at + 2] & POINT == _SLASH
    if point != _AT or at == 0 or at + 1 >= size or held[at - 1] & WHITE or not _letter(held[at + 1]):
        return False
    return _closes(held, at, size, np.uint64(0x2E), _BRACES) > 0 and _letter(held[at - 1])


@part
def marked_up(held: Any, size: int) -> tuple[int, int]:
    """How many addresses a text has, and how many tags, placeholders, entities and beginnings of wiki markup."""
    addresses, count, at = 0, 0, 0
    while at < size:
        if held[at] & OPENS_MARKUP == 0:
            at += 1
            continue
        point, after, more = held[at] & POINT, at + 1, np.uint64(0)
        if after < size:
            more = held[after] & POINT
        if point in (_COLON, _AT):
            addresses += _address(held, at, size)
        elif point == _PERCENT:
            count += _placeholder(held, at, size)
        elif point == _AND:
            count += _entity(held, at, size)
        elif point in (_BRACE, _LESS):
            tag = point == _LESS
            end = 0
            if not tag or more in (_SLASH, _EXCLAMATION) or (after < size and _letter(held[after])):
                end = _closes(held, after, size, _MORE if tag else _UNBRACE, _TAG if tag else _BRACES)
            if end:
                count += 1
                after = end
        elif more == point:  # [[ and ==
            count += 1
            while after < size and held[after] & POINT == point:
                after += 1
        at = after
    return addresses, count
