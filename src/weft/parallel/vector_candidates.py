"""The nearest texts by vectors that an encoder gave: exact, block by block, the same on any machine."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from weft.errors import WeftError
from weft.parallel.candidates import KEPT, Best, Floats, Tell
from weft.text.buffers import Longs
from weft.text.cosine import MOST_NUMBERS, SCALE, lengths, nearest, whole_numbers

_ROWS, _COLUMNS = 1_024, 8_192


def read_vectors(file: Path, total: int, lines: Longs) -> Floats:
    """Vectors of length one of the given lines (from 1), from a .npy file that has one for each of `total` rows.

    Raises WeftError for another shape, for numbers that are not finite, and for a vector of length 0.
    """
    try:
        held = np.load(file, mmap_mode="r", allow_pickle=False)
    except OSError as error:
        raise WeftError(f"--vectors {file}: cannot be read: {error.strerror or error}; expected a .npy file") from None
    except (ValueError, EOFError):
        raise WeftError(f"--vectors {file}: is no .npy file of numbers; numpy.save writes one") from None
    if held.ndim != 2 or len(held) != total or not 0 < held.shape[1] <= MOST_NUMBERS or held.dtype.kind != "f":
        raise WeftError(
            f"--vectors {file}: {held.dtype} of shape {held.shape}; expected floats, a vector of at most "
            f"{MOST_NUMBERS} numbers for each of {total} rows"
        )
    found = np.ascontiguousarray(held[lines - 1], np.float32)
    size = lengths(found)
    bad = np.flatnonzero(~np.isfinite(size) | (size == 0))
    if len(bad):
        raise WeftError(f"--vectors {file}: row {lines[bad[0]]} has no direction; expected numbers that are not all 0")
    return np.asarray(found / size[:, None], np.float32)


def vector_neighbours(vectors: tuple[Floats, Floats], tell: Tell) -> tuple[Best, Best]:
    """The best texts of each text of both sides by cosine; rows have length one.

    Raises WeftError where the sides have vectors of different lengths.
    """
    if vectors[0].shape[1] != vectors[1].shape[1]:
        raise WeftError(f"--vectors: {vectors[0].shape[1]} and {vectors[1].shape[1]} numbers; expected one encoder's")
    whole = (whole_numbers(vectors[0]), whole_numbers(vectors[1]))
    return _nearest(whole[0], whole[1], "neighbours forth", tell), _nearest(whole[1], whole[0], "neighbours back", tell)


def by_cosine(rows: Floats, columns: Floats, wanted: int) -> Best:
    """The `wanted` texts `columns` of highest cosine for each of `rows`; vectors have length one."""
    return _nearest(whole_numbers(rows), whole_numbers(columns), "neighbours", lambda name, done, of: None, wanted)


def _nearest(rows: Floats, columns: Floats, name: str, tell: Tell, wanted: int = KEPT) -> Best:
    texts, scores = np.full((len(rows), wanted), -1, np.int32), np.full((len(rows), wanted), -1e30, np.float32)
    for first in range(0, len(rows), _ROWS):
        tell(name, first, len(rows))
        block = rows[first : first + _ROWS]
        found, values = [], []
        for start in range(0, len(columns), _COLUMNS):
            products = block @ columns[start : start + _COLUMNS].T
            best = nearest(products, wanted)
            found.append(best + np.int32(start))
            values.append(np.take_along_axis(products, best.astype(np.int64), 1))
        every, value = np.concatenate(found, 1), np.ascontiguousarray(np.concatenate(values, 1))
        top = nearest(value, wanted).astype(np.int64)
        held = slice(first, first + len(block)), slice(0, top.shape[1])
        texts[held] = np.take_along_axis(every, top, 1)
        cosine = np.take_along_axis(value, top, 1) / np.float32(SCALE * SCALE)
        scores[held] = np.clip(cosine, -1, 1)
    return Best(texts, scores)
