"""Texts cut into windows of tokens, and windows put into batches of one shape.

A matrix product may round differently in another shape. So on a CPU a batch of windows of some width always has the
same number of rows, filled up with empty ones: what a text gets does not depend on those beside it. On a GPU, where a
batch is large and filling it up would cost as much as the texts do, the last batch of a width has the rows it needs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from weft.text.buffers import Longs

Ints = npt.NDArray[np.int32]

BATCH_TOKENS = {"cpu": 512, "cuda": 65_536}
"""Tokens of a batch where the recipe does not say it. A CPU is as fast with few, and fewer empty rows are computed."""
CAUSAL_TOKENS = {"cpu": 512, "cuda": 8_192}
"""The same for language models, which make a number for each token of the vocabulary at each place."""
_TEXTS, _CHARACTERS = 512, 1 << 20
"""Texts and characters that the tokenizer takes at once: what it says of them takes some 20 times their size."""
_NARROWEST, _TO_AN_OCTAVE = 16, 8
"""Widths up to which they are two apart, and how many there are to each doubling above."""


class Windows(NamedTuple):
    """Tokens of windows end to end, special ones among them; window `n` has `ids[offsets[n]:offsets[n + 1]]`.

    For each window the number of the text that it is of, how many tokens of that text it has, and how many of these are
    unknown to the vocabulary.
    """

    ids: Ints
    offsets: Longs
    text: Longs
    tokens: Longs
    unknown: Longs

    @property
    def sizes(self) -> Longs:
        return np.diff(self.offsets)


class Batch(NamedTuple):
    """Windows of one width: their numbers, and the rows that a batch of them has."""

    width: int
    chosen: Longs
    rows: int


def cut(
    tokenizer: Any,
    texts: Sequence[str],
    unknown: int | None,
    prepare: Callable[[str], str] | None = None,
    *,
    only_first: bool = False,
) -> Windows:
    """The windows of texts, as long as the truncation of the tokenizer (of the library tokenizers) says.

    `prepare` makes what is tokenized of a text; with `only_first` a text has one window, its first. A text without
    tokens has a window of special tokens alone.
    """
    ids: list[Ints] = []
    rows: list[tuple[int, int, int]] = []
    for start, part in parts(texts):
        given = [prepare(text) for text in part] if prepare is not None else list(part)
        for number, first in enumerate(tokenizer.encode_batch(given)):
            for window in (first,) if only_first else (first, *first.overflowing):
                special = sum(window.special_tokens_mask)
                ids.append(np.array(window.ids, np.int32))
                rows.append((start + number, len(window.ids) - special, window.ids.count(unknown)))
    columns = np.array(rows, np.int64).reshape(-1, 3)
    joined, offsets = flat(ids)
    return Windows(joined, offsets, *(np.ascontiguousarray(columns[:, n]) for n in range(3)))


def flat(ids: Sequence[Ints]) -> tuple[Ints, Longs]:
    """Arrays end to end, and where each begins."""
    offsets = np.cumsum([0, *(len(one) for one in ids)], dtype=np.int64)
    return (np.concatenate(ids) if ids else np.empty(0, np.int32)), offsets


def parts(texts: Sequence[str], most: int = _TEXTS, characters: int = _CHARACTERS) -> Iterator[tuple[int, list[str]]]:
    """Runs of at most so many texts and, but for a text that is longer, characters; with the number of the first."""
    start, held = 0, 0
    for number, text in enumerate(texts):
        if number > start and (number - start >= most or held + len(text) > characters):
            yield start, list(texts[start:number])
            start, held = number, 0
        held += len(text)
    if start < len(texts):
        yield start, list(texts[start:])


def steps(sizes: Longs) -> Longs:
    """How far apart the widths are around each size: windows of one width differ by less."""
    over = np.maximum(sizes, _NARROWEST + 1).astype(np.float64)
    octave = np.ceil(np.log2(over)).astype(np.int64) - 1  # above 2^octave, up to its double
    return np.where(sizes <= _NARROWEST, 2, (1 << octave) // _TO_AN_OCTAVE)


def widths(sizes: Longs, most: int) -> Longs:
    """The width of each window: its size or a little more, no more than `most`, and never nothing."""
    step = steps(sizes)
    return np.asarray(np.minimum(-(-np.maximum(sizes, 1) // step) * step, max(most, 1)))


def batches(sizes: Longs, most: int, batch_tokens: int, *, filled: bool) -> Iterator[Batch]:
    """Windows by width, the widest first, in the order in which they came; `filled`: every batch has all its rows."""
    width = widths(sizes, most)
    for one in np.unique(width)[::-1].tolist():
        rows = np.flatnonzero(width == one)
        size = max(1, batch_tokens // one)
        for start in range(0, len(rows), size):
            chosen = rows[start : start + size]
            yield Batch(one, chosen, size if filled else len(chosen))


def padded_share(sizes: Longs, most: int, batch_tokens: int, *, filled: bool) -> float:
    """The share of what is computed that is no token: ends of windows, and empty rows."""
    computed = sum(batch.width * batch.rows for batch in batches(sizes, most, batch_tokens, filled=filled))
    return 1 - int(sizes.sum()) / computed if computed else 0.0


def table(windows: Windows, batch: Batch, padding: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Tokens and mask of a batch, (rows, width).

    An empty row shows one token: a row that sees nothing would be no number.
    """
    tokens = np.full((batch.rows, batch.width), padding, np.int64)
    mask = np.zeros((batch.rows, batch.width), np.int64)
    mask[:, 0] = 1
    for row, window in enumerate(batch.chosen.tolist()):
        first, last = windows.offsets[window], windows.offsets[window + 1]
        tokens[row, : last - first] = windows.ids[first:last]
        mask[row, : last - first] = 1
    return tokens, mask
