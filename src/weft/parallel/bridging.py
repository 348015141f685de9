"""A lexicon made ready for two corpora: their words by number, and every cell that can join a word of each."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from weft.parallel.lexicon import Lexicon, Side
from weft.text.bridges import Bridge
from weft.text.ibm1 import Cells
from weft.text.inverted import Texts
from weft.text.located import located
from weft.text.translated import ALIKE


class Bridged(NamedTuple):
    """Texts of both sides with the words of both numbered, and the bridge of each direction."""

    texts: tuple[Texts, Texts]
    bridges: tuple[Bridge, Bridge]


Words = npt.NDArray[np.int32]
Cell = tuple[Words, Words, npt.NDArray[np.float32]]


def bridged(lexicon: Lexicon, sides: tuple[Side, Side]) -> Bridged:
    """Words that the lexicon does not know but both corpora have, or that sound alike, are one word in both."""
    numbers, shared, sizes = _numbered(lexicon, sides)
    # An unknown word of one side is met by its equal in the other, known there or not.
    known = [len(held.hashes) for held in lexicon.vocabularies]
    equal = []
    for n in (1, 0):
        fresh = shared[n] > known[n]
        equal.append((shared[0][fresh], shared[1][fresh], shared[2][fresh]))
    forth, back = _cells(lexicon.cells[0]), _cells(lexicon.cells[1])
    e, f, there, again = _joined([forth, equal[0]], [(back[1], back[0], back[2]), equal[1]])
    usual = [_usual(lexicon, n, sizes[n]) for n in range(2)]
    texts = [Texts(side.tokens.starts, number) for side, number in zip(sides, numbers, strict=True)]
    bridges = (
        _bridge(e, f, there, again, sizes[0], (*usual[1], *usual[0])),
        _bridge(f, e, again, there, sizes[1], (*usual[0], *usual[1])),
    )
    return Bridged((texts[0], texts[1]), bridges)


def _numbered(lexicon: Lexicon, sides: tuple[Side, Side]) -> tuple[list[Words], Cell, list[int]]:
    """Words of the texts by number; of words that are shared the numbers and the chance; how many numbers."""
    new = _in_both([side.tokens.hashes for side in sides])
    in_vocabulary = [held.numbers(new) for held in lexicon.vocabularies]
    new = new[(in_vocabulary[0] == 0) | (in_vocabulary[1] == 0)]
    # Unknown words that are not written alike may sound alike.
    unshared = [(side.numbers == 0) & ~np.isin(side.tokens.hashes, new) for side in sides]
    alike = _in_both([side.sounds[mine] for side, mine in zip(sides, unshared, strict=True)])
    alike = alike[alike != 0]
    numbers, shared, sizes = [], [], []
    for held, side, mine in zip(lexicon.vocabularies, sides, unshared, strict=True):
        number = np.concatenate([held.numbers(new), np.zeros(len(alike), np.int32)])
        unknown = np.flatnonzero(number == 0)
        number[unknown] = len(held.hashes) + 1 + np.arange(len(unknown))
        own = side.numbers.copy()
        _put(own, own == 0, side.tokens.hashes, new, number[: len(new)])
        _put(own, mine, side.sounds, alike, number[len(new) :])
        numbers.append(own)
        shared.append(number)
        sizes.append(len(held.hashes) + 1 + len(unknown))
    chance = np.concatenate([np.ones(len(new)), np.full(len(alike), ALIKE)]).astype(np.float32)
    return numbers, (shared[0], shared[1], chance), sizes


def _in_both(sides: list[npt.NDArray[np.uint64]]) -> npt.NDArray[np.uint64]:
    return np.intersect1d(np.unique(sides[0]), np.unique(sides[1]), assume_unique=True)


def _put(own: Words, where: npt.NDArray[np.bool_], keys: Any, held: npt.NDArray[np.uint64], number: Words) -> None:
    """Set `own` to the number of the held key where there is one; `held` is ascending."""
    at = located(held, keys)
    found = where & (at >= 0)
    own[found] = number[at[found]]


def _usual(lexicon: Lexicon, side: int, size: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Of the words of one language: their probability given NULL, and anywhere."""
    usual = lexicon.vocabularies[side].background
    cells = lexicon.cells[1 - side]
    null = np.zeros(size, np.float32)
    null[cells.target[: cells.starts[1]]] = cells.value[: cells.starts[1]]
    return null, np.concatenate([usual, np.full(size - len(usual), usual[0], np.float32)])


def _cells(cells: Cells) -> Cell:
    """Given word, other word and probability of all cells but those of NULL."""
    given = np.repeat(np.arange(len(cells.starts) - 1), np.diff(cells.starts)).astype(np.int32)
    first = int(cells.starts[1])
    return given[first:], cells.target[first:], cells.value[first:]


def _joined(
    forward: list[Cell], backward: list[Cell]
) -> tuple[Words, Words, npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Cells of both directions by (source word, target word), with the probability of each direction."""
    keys = []
    for cells in (forward, backward):
        e, f = (np.concatenate([one[n] for one in cells]).astype(np.int64) for n in range(2))
        keys.append((e << 32) | f)
    every = np.unique(np.concatenate(keys))
    out = []
    for key, cells in zip(keys, (forward, backward), strict=True):
        value = np.zeros(len(every), np.float32)
        value[np.searchsorted(every, key)] = np.concatenate([one[2] for one in cells])
        out.append(value)
    return (every >> 32).astype(np.int32), (every & 0xFFFFFFFF).astype(np.int32), out[0], out[1]


def _bridge(
    own: Words, other: Words, there: npt.NDArray[np.float32], back: npt.NDArray[np.float32], words: int, usual: Any
) -> Bridge:
    order = np.lexsort((other, own))
    starts = np.searchsorted(own[order], np.arange(words + 1)).astype(np.int64)
    return Bridge(starts, other[order], there[order], back[order], *usual)
