"""Numbers by part on the disk, and the ranges of documents that are looked at one at a time."""

from __future__ import annotations

import os
import tempfile
from array import array
from collections.abc import Iterator
from typing import BinaryIO, cast

import numpy as np
import numpy.typing as npt

from weft.engine.dividing import blocks

Longs = npt.NDArray[np.int64]
Keys = npt.NDArray[np.uint64]

DOCUMENTS_TOGETHER = 1 << 19
"""Documents of neighbouring shards that are looked at at once."""
MOST_DOCUMENTS = 2**32
"""Two numbers of documents are one number of 64 bits, see `packed`."""
_BUFFERED, _READ, _RUN = 1 << 17, 1 << 18, 1 << 9
"""Numbers that wait to be written, at least; those that are read at once; those of a part that are written at once, on
average: where they are takes two numbers in memory."""
_HIGH, _LOW = np.uint64(32), np.uint64(0xFFFFFFFF)


def packed(first: npt.NDArray[np.integer], second: npt.NDArray[np.integer]) -> Keys:
    """Pairs of numbers below 2^32 as one number each, the first on top."""
    return np.asarray((first.astype(np.uint64) << _HIGH) | second.astype(np.uint64))


def unpacked(pairs: Keys) -> tuple[Longs, Longs]:
    """The two numbers of each pair."""
    return (pairs >> _HIGH).astype(np.int64), (pairs & _LOW).astype(np.int64)


def distinct(values: Keys) -> Keys:
    """The values without repeats, sorted: by sorting, where numpy's own takes a table of hashes that costs more."""
    held = np.sort(values)
    fresh = np.ones(len(held), np.bool_)
    np.not_equal(held[1:], held[:-1], out=fresh[1:])
    return held[fresh]


class Ranges:
    """Neighbouring shards that have some DOCUMENTS_TOGETHER documents together, or one that has more."""

    def __init__(self, offsets: Longs) -> None:
        """`offsets`: the number of each shard's first document, and the total at the end."""
        block = blocks(np.diff(offsets), DOCUMENTS_TOGETHER)
        first = np.flatnonzero(np.diff(block, prepend=-1))
        self.starts: Longs = np.unique(np.append(offsets[first], offsets[-1]))

    def __len__(self) -> int:
        return len(self.starts) - 1

    def of(self, documents: Longs) -> Longs:
        """The range of each document."""
        return np.asarray(np.searchsorted(self.starts, documents, side="right") - 1, np.int64)

    def bounds(self, number: int) -> tuple[int, int]:
        """The first document of a range, and the first one after it."""
        return int(self.starts[number]), int(self.starts[number + 1])


class Parts:
    """Numbers by part, some of them in memory and the others in a temporary file."""

    def __init__(self, count: int) -> None:
        self._runs = [array("q") for _ in range(count)]
        self._file: BinaryIO | None = None
        self._end = 0
        self._held: list[tuple[Longs, Keys]] = []
        self._waiting = 0
        self._most = max(_BUFFERED, _RUN * count)
        self.size = 0

    def add(self, place: Longs, values: Keys) -> None:
        """Put each value into the part that `place` says."""
        if len(values):
            self._held.append((place, values))
            self._waiting += len(values)
            self.size += len(values)
            if self._waiting >= self._most:
                self._write()

    def read(self, part: int) -> Iterator[Keys]:
        """The values of a part, some at a time; what is added meanwhile is not among them."""
        runs = np.array(self._runs[part], np.int64).reshape(-1, 2)
        waiting = [values[place == part] for place, values in self._held]
        together: list[Keys] = []
        size = 0
        for start, count in runs.tolist():
            assert self._file is not None
            together.append(np.frombuffer(os.pread(self._file.fileno(), 8 * count, 8 * start), np.uint64))
            size += count
            if size >= _READ:
                yield np.concatenate(together)
                together, size = [], 0
        together += waiting
        if any(map(len, together)):
            yield np.concatenate(together)

    def _write(self) -> None:
        place, values = (np.concatenate([one[n] for one in self._held]) for n in (0, 1))
        order = np.argsort(place, kind="stable")
        place = place[order]
        if self._file is None:
            self._file = cast(BinaryIO, tempfile.TemporaryFile(prefix="weft-"))  # noqa: SIM115 - it goes with this object
        self._file.write(values[order].tobytes())
        self._file.flush()
        found, starts = np.unique(place, return_index=True)
        for part, start, stop in zip(found, starts, [*starts[1:], len(place)], strict=True):
            self._runs[part].extend((self._end + int(start), int(stop - start)))
        self._end += len(place)
        self._held, self._waiting = [], 0
