"""Whether a file is a whole fastText classifier: its library divides by zero, never ends, or answers wrongly if not.

The layout is that of fastText 0.9 (versions 11 and 12 of its format): arguments, dictionary, input and output matrix.
"""

from __future__ import annotations

import mmap
import struct
from pathlib import Path

import numpy as np

from weft.errors import WeftError

PREFIX = "__label__"
_MAGIC = 793_712_314
_SUPERVISED = 3
_MOST_COUNT = 10**15  # more than this is more than the library's tree of labels can hold
_CENTROIDS = 256


class _Damaged(Exception):
    """What is wrong with the file."""


class _Walk:
    """Reads a file from start to end, and says where it ends too early."""

    def __init__(self, data: mmap.mmap) -> None:
        self.data, self.at = data, 0

    def numbers(self, form: str) -> tuple[int, ...]:
        start = self.at
        self.skip(struct.calcsize(f"<{form}"))
        return struct.unpack_from(f"<{form}", self.data, start)

    def skip(self, size: int) -> None:
        if size < 0 or self.at + size > len(self.data):
            raise _Damaged(f"it ends after {len(self.data)} bytes; expected more")
        self.at += size

    def word(self) -> bytes:
        end = self.data.find(b"\0", self.at)
        if end < 0:
            raise _Damaged(f"it ends after {len(self.data)} bytes, in its dictionary; expected more")
        start, self.at = self.at, end + 1
        return self.data[start:end]


def labels_of(file: Path) -> list[str]:
    """The labels of a fastText classifier, without their prefix.

    Raises WeftError when the file cannot be read, is no fastText file, is cut or damaged, or classifies nothing.
    """
    try:
        with file.open("rb") as stream:
            if not stream.read(1):
                raise _Damaged("it is empty")
            with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
                return _labels(data)
    except OSError as error:
        raise WeftError(
            f"{file}: cannot be read: {error.strerror}; expected a fastText model (.bin or .ftz)"
        ) from error
    except _Damaged as fault:
        raise WeftError(f"{file}: no fastText classifier: {fault}") from None


def _labels(data: mmap.mmap) -> list[str]:
    walk = _Walk(data)
    if len(data) < 8 or walk.numbers("i") != (_MAGIC,):
        raise _Damaged("its first bytes are not fastText's; expected a model file (.bin or .ftz)")
    (version,) = walk.numbers("i")
    if version not in (11, 12):
        raise _Damaged(f"version {version} of the format; expected 11 or 12")
    dim, _, _, _, _, ngrams, loss, kind, bucket, minn, maxn, _ = walk.numbers("12i")
    walk.skip(8)
    if kind != _SUPERVISED:
        raise _Damaged("it holds word vectors and no labels; expected a model trained with `supervised`")
    hashed = ngrams > 1 or (version > 11 and maxn > 0)
    if dim < 1 or min(bucket, ngrams, minn, maxn) < 0 or (hashed and bucket < 1) or loss not in (1, 2, 3, 4):
        raise _Damaged("its arguments are no possible ones")
    words, labels, rest = _dictionary(walk)
    (quantised,) = walk.numbers("?")
    if rest >= 0 and not quantised:
        raise _Damaged("its n-grams are pruned and its weights are not quantised")
    _matrix(walk, "input", words + (bucket if rest < 0 else rest), dim, bool(quantised))
    (both,) = walk.numbers("?")
    _matrix(walk, "output", len(labels), dim, bool(quantised and both))
    if walk.at != len(data):
        raise _Damaged(f"{len(data) - walk.at} bytes follow its end")
    return labels


def _dictionary(walk: _Walk) -> tuple[int, list[str], int]:
    """How many words, the labels, and how many n-grams pruning has left (-1: all)."""
    size, words, labels = walk.numbers("3i")
    _, pruned = walk.numbers("2q")
    if words < 1 or labels < 1 or size != words + labels or pruned < -1:
        raise _Damaged("its dictionary has no possible size")
    found = []
    for number in range(size):
        word = walk.word()
        count, kind = walk.numbers("qb")
        if kind != (number >= words) or not 0 <= count <= _MOST_COUNT:
            raise _Damaged(f"entry {number} of its dictionary is no possible one")
        if kind:
            found.append(word)
    try:
        names = [label.decode() for label in found]
    except UnicodeDecodeError as error:
        raise _Damaged(f"a label is not UTF-8: {error.object[:40]!r}") from None
    if not all(label.startswith(PREFIX) for label in names):
        wrong = next(label for label in names if not label.startswith(PREFIX))
        raise _Damaged(f"a label is {wrong[:40]!r}; expected one like {PREFIX}swh_Latn")
    if pruned > 0:
        start = walk.at
        walk.skip(8 * pruned)
        rows = np.frombuffer(walk.data[start : walk.at], "<i4")[1::2]
        if rows.min() < 0 or rows.max() >= pruned:
            raise _Damaged("its list of pruned n-grams points outside its matrix")
    return words, [label.removeprefix(PREFIX) for label in names], pruned


def _matrix(walk: _Walk, name: str, rows: int, dim: int, quantised: bool) -> None:
    norms = bool(walk.numbers("?")[0]) if quantised else False
    if walk.numbers("2q") != (rows, dim):
        raise _Damaged(f"its {name} matrix is not {rows} by {dim}")
    if not quantised:
        walk.skip(4 * rows * dim)
        return
    (codes,) = walk.numbers("i")
    walk.skip(codes)
    if codes != rows * _quantiser(walk, dim):
        raise _Damaged(f"its {name} matrix has {codes} codes")
    if norms:
        walk.skip(rows)
        _quantiser(walk, 1)


def _quantiser(walk: _Walk, dim: int) -> int:
    """How many codes a row has."""
    given, parts, width, last = walk.numbers("4i")
    if given != dim or width < 1 or parts != -(-dim // width) or last != (dim % width or width):
        raise _Damaged("its quantiser is no possible one")
    walk.skip(4 * dim * _CENTROIDS)
    return parts
