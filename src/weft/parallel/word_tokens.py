"""Words of pairs as the word aligner sees them: numbered, with their places in the text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from weft.errors import WeftError
from weft.parallel.lexicon import MOST_TOKENS
from weft.text.buffers import Longs, Strings, string_buffers
from weft.text.tokens import tokens

Division = Literal["words", "space"]
DIVISIONS: tuple[str, ...] = get_args(Division)


@dataclass(frozen=True)
class Words:
    """Words of texts: those of text `n` are from `starts[n]` to `starts[n + 1]`; `numbers` from 1 on.

    `places` are (words, 2) bytes in `strings.data`, the end exclusive; `forms[k]` is the most frequent spelling of word
    k + 1, and `counts[k]` how often it stands in the texts.
    """

    strings: Strings
    starts: Longs
    numbers: npt.NDArray[np.int32]
    places: Longs
    forms: pa.Array
    counts: Longs

    def __len__(self) -> int:
        return len(self.starts) - 1

    def characters(self, text: int, last: int | None = None) -> Longs:
        """Places of the words of a text in its characters, (words, 2); or of the texts from it to `last`, exclusive."""
        last = text + 1 if last is None else last
        offsets, starts = self.strings.offsets[text : last + 1], self.starts[text : last + 1]
        data = self.strings.data[int(offsets[0]) : int(offsets[-1])]
        before = np.concatenate([[0], np.cumsum((data & 0xC0) != 0x80)])
        own = np.repeat(before[offsets[:-1] - offsets[0]], np.diff(starts))
        return np.asarray(before[self.places[starts[0] : starts[-1]] - offsets[0]] - own[:, None], np.int64)

    def surfaces(self, text: int) -> list[str]:
        """The words of a text as they are written."""
        found = self.places[self.starts[text] : self.starts[text + 1]]
        return [bytes(self.strings.data[begin:end]).decode("utf-8", "replace") for begin, end in found]


def words_of(texts: Any, division: Division, prefix: int) -> Words:
    """Words of texts (Arrow or Polars strings, or a list): weft's own, or what stands between white space.

    Case, marks and digits are folded; of a word only the first `prefix` letters count where it is not 0.
    Raises WeftError for a division that does not exist.
    """
    if division not in DIVISIONS:
        raise WeftError(f"tokens {division}: expected one of {', '.join(DIVISIONS)}")
    array = pl.Series(texts, dtype=pl.String).to_arrow() if isinstance(texts, list) else texts
    strings = string_buffers(array.to_arrow() if hasattr(array, "to_arrow") else array)
    if division == "words":
        found = tokens(strings, fold_marks=True, prefix=prefix, most=MOST_TOKENS)
        return _numbered(strings, found.starts, found.hashes, found.places)
    return _numbered(strings, *_between_spaces(strings, prefix))


def _between_spaces(strings: Strings, prefix: int) -> tuple[Longs, npt.NDArray[np.uint64], Longs]:
    """Starts, hashes and places of what stands between spaces; a hash is that of its tokens together."""
    space = np.concatenate([[True], np.isin(strings.data, (0x20, 0x09, 0x0A, 0x0D)), [True]])
    edge = np.zeros(len(strings.data) + 1, bool)
    edge[strings.offsets] = True
    begins = np.flatnonzero(~space[1:-1] & (space[:-2] | edge[:-1]))
    ends = np.flatnonzero(~space[1:-1] & (space[2:] | edge[1:])) + 1
    inside = (begins >= strings.offsets[0]) & (begins < strings.offsets[-1])
    places = np.stack([begins[inside], ends[inside]], 1).astype(np.int64)
    text = np.searchsorted(strings.offsets, places[:, 0], "right") - 1
    starts = np.searchsorted(text, np.arange(len(strings.offsets))).astype(np.int64)
    kept = np.arange(len(places)) - starts[text] < MOST_TOKENS
    places, text = places[kept], text[kept]
    starts = np.searchsorted(text, np.arange(len(strings.offsets))).astype(np.int64)
    data, offsets = _gathered(strings.data, places)
    parts = tokens(Strings(data, offsets, np.ones(len(places), np.uint8)), fold_marks=True, prefix=prefix)
    order = np.arange(len(parts.hashes)) - np.repeat(parts.starts[:-1], np.diff(parts.starts))
    with np.errstate(over="ignore"):
        mixed = parts.hashes * (2 * order.astype(np.uint64) + np.uint64(1))
    sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(mixed, dtype=np.uint64)])
    return starts, sums[parts.starts[1:]] - sums[parts.starts[:-1]], places


def _gathered(data: npt.NDArray[np.uint8], places: Longs) -> tuple[npt.NDArray[np.uint8], Longs]:
    """The bytes of these places end to end, with their offsets."""
    sizes = places[:, 1] - places[:, 0]
    offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    where = np.repeat(places[:, 0] - offsets[:-1], sizes) + np.arange(offsets[-1])
    # Kernels may read past the last byte of a text that ends within a character.
    return np.concatenate([data[where], np.zeros(4, np.uint8)]), offsets


def _numbered(strings: Strings, starts: Longs, hashes: npt.NDArray[np.uint64], places: Longs) -> Words:
    data, offsets = _gathered(strings.data, places)
    surfaces = pa.Array.from_buffers(pa.large_binary(), len(places), [None, pa.py_buffer(offsets), pa.py_buffer(data)])
    table = pl.DataFrame({"hash": hashes, "form": pl.from_arrow(surfaces), "at": np.arange(len(hashes))})
    told = (
        table.group_by("hash", "form").agg(pl.len(), pl.col("at").min())
        .sort(["hash", "len", "at"], descending=[False, True, False])
        .group_by("hash", maintain_order=True).agg(pl.col("form").first(), pl.col("len").sum())
        .sort("hash")
    )  # fmt: skip
    forms = pl.Series([bytes(one).decode("utf-8", "replace") for one in told["form"]], dtype=pl.String)
    numbers = np.searchsorted(told["hash"].to_numpy(), hashes) + 1
    return Words(
        strings, starts, numbers.astype(np.int32), places, forms.to_arrow().cast(pa.large_string()),
        told["len"].to_numpy().astype(np.int64),
    )  # fmt: skip
