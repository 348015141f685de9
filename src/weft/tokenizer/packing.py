"""Which tokens of which documents a sequence holds: stream and best-fit, over lengths alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, cast, get_args

import numpy as np
import numpy.typing as npt
import polars as pl

from weft.errors import ShardError, WeftError
from weft.text.best_fit import best_fit
from weft.text.buffers import string_buffers
from weft.text.folded import plain_hashes

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Method = Literal["stream", "best-fit"]
Order = Literal["release", "shuffle", "curriculum"]
Interleave = Literal["none", "related"]
METHODS, ORDERS, INTERLEAVES = get_args(Method), get_args(Order), get_args(Interleave)


@dataclass(frozen=True)
class Reading:
    """Documents in the order in which they are read, those that are read several times as often as that.

    `document` (readings,): number of the document; `copy` (readings,): which of its times it is, from 1; `value`
    (readings,): what a curriculum is sorted by, else None.
    """

    document: Integers
    copy: Integers
    value: Floats | None = None


@dataclass(frozen=True)
class Pieces:
    """Pieces of documents, sequence by sequence, and in each from its first token on.

    All (pieces,): `sequence` from 0 without gaps; `reading`, a row of Reading; `start`, the first token in the
    document; `length` in tokens, at least 1. `dropped`: tokens that are in no sequence. `cut`: readings in
    several pieces.
    """

    sequence: Integers
    reading: Integers
    start: Integers
    length: Integers
    dropped: int
    cut: int

    @property
    def sequences(self) -> int:
        """Number of sequences."""
        return int(self.sequence[-1]) + 1 if self.sequence.size else 0


def in_order(
    repeats: Integers,
    copies: Integers,
    order: Order,
    *,
    ids: pl.Series,
    seed: int,
    values: Floats | None = None,
    languages: pl.Series | None = None,
) -> Reading:
    """Documents as often as `repeats` (documents,) says, in an order.

    `release`: as they come, and those that are read again after all others, an epoch apart. `shuffle`: by a hash of
    seed, id and copy. `curriculum`: by `values` (documents,), lowest first, those that are no number last; equal ones
    as in `release`. `copies` (documents,): the number of the first copy, where files hold copies as rows of their own.
    With `languages` (documents,) values are places as a release states them, phase by phase; what is read several times
    then has the places that it has in a release which holds copies as rows.
    """
    document = np.repeat(np.arange(repeats.size, dtype=np.int64), repeats)
    before = np.cumsum(repeats) - repeats
    again = np.arange(document.size, dtype=np.int64) - np.repeat(before, repeats)
    first = np.argsort(again, kind="stable")
    document, copy = document[first], copies[document[first]] + again[first]
    if order == "shuffle":
        each = pl.DataFrame({"id": ids.gather(document).cast(pl.String), "copy": copy})
        named = each.select(pl.format("{}\n{}\n{}", pl.lit(seed), pl.col("id").fill_null(""), "copy")).to_series()
        place = np.argsort(plain_hashes(string_buffers(named.to_arrow())), kind="stable")
    elif order == "curriculum":
        if values is None:
            raise ValueError("an order by values needs them")
        value = values[document]
        if languages is not None and repeats.max(initial=1) > 1:
            value = _places(value, copy, languages.gather(document))
        place = np.argsort(value, kind="stable")  # NumPy puts NaN last
        return Reading(document[place], copy[place], value[place])
    else:
        return Reading(document, copy)
    return Reading(document[place], copy[place])


def _places(value: Floats, copy: Integers, languages: pl.Series) -> Floats:
    """Phase, plus the share of the language's readings in it that come before: by copy, then by `value`.

    All (readings,). Equal values alone would put the copies of a document next to each other.
    """
    rows = pl.DataFrame({"language": languages, "phase": np.floor(value), "copy": copy, "value": value})
    of = ("language", "phase")
    rank = pl.struct("copy", "value").rank("ordinal").over(of) - 1
    return rows.select((pl.col("phase") + rank / pl.len().over(of)).alias("place"))["place"].to_numpy()


def stream(lengths: Integers, length: int, *, keep_last: bool) -> Pieces:
    """Documents one after another, cut where a sequence of `length` tokens is full (GPT-3, Brown et al. 2020).

    `lengths` (readings,): tokens of each, at least 1. The last sequence is dropped where it is not full,
    unless `keep_last`.
    """
    ends = np.cumsum(lengths)
    total = int(ends[-1]) if ends.size else 0
    bounds = np.union1d(ends, np.arange(length, total + 1, length))
    starts = np.concatenate([[0], bounds])[: bounds.size].astype(np.int64)
    reading = np.searchsorted(ends, starts, side="right").astype(np.int64)
    cut = _in_several(reading)
    sequence = starts // length
    pieces = (sequence, reading, starts - (ends - lengths)[reading], (bounds - starts).astype(np.int64))
    dropped = 0 if keep_last else total % length
    if dropped:
        whole = sequence < total // length
        pieces = cast(tuple[Integers, Integers, Integers, Integers], tuple(part[whole] for part in pieces))
    return Pieces(*pieces, dropped=dropped, cut=cut)


def fitted(lengths: Integers, copies: Integers, length: int) -> Pieces:
    """Best-fit decreasing (Ding et al. 2024, arXiv 2404.10830): only what is longer than `length` is cut.

    `lengths` (readings,): tokens of each, at least 1; `copies` (readings,): which time the document is read. Copies are
    packed time by time, so that no sequence has a document twice. A sequence takes the place of its longest piece, and
    holds its pieces in the order of reading.
    """
    count = -(-lengths // length)
    reading = np.repeat(np.arange(lengths.size, dtype=np.int64), count)
    start = (np.arange(reading.size, dtype=np.int64) - np.repeat(np.cumsum(count) - count, count)) * length
    size = np.minimum(lengths[reading] - start, length)
    bins, opened = np.empty(size.size, np.int64), 0
    by_size = np.lexsort((-size, copies[reading]))
    groups = np.unique(copies[reading][by_size], return_index=True)[1]
    for part in np.split(by_size, groups[1:]) if size.size else ():
        bins[part] = best_fit(size[part], length) + opened
        opened = int(bins[part].max()) + 1
    _, longest = np.unique(bins[by_size], return_index=True)
    sequence = np.empty(opened, np.int64)
    sequence[np.argsort(by_size[longest])] = np.arange(opened)
    placed = np.argsort(sequence[bins], kind="stable")
    pieces = (sequence[bins][placed], reading[placed], start[placed], size[placed])
    return Pieces(*pieces, dropped=0, cut=int(np.count_nonzero(count > 1)))


def check_conserved(pieces: Pieces, lengths: Integers, length: int) -> None:
    """Raise ShardError unless every token is in one sequence or counted as dropped, and no sequence is too long.

    `lengths` (readings,): tokens of each.
    """
    order = np.lexsort((pieces.start, pieces.reading))
    reading, start, size = pieces.reading[order], pieces.start[order], pieces.length[order]
    begins = np.concatenate([[True], reading[1:] != reading[:-1]])[: reading.size]
    after = np.concatenate([[0], (start + size)[:-1]])[: reading.size]
    joined = bool(np.all(start == np.where(begins, 0, after)))
    held = np.bincount(reading, size, lengths.size).astype(np.int64)
    missing = lengths - held
    filled = np.bincount(pieces.sequence, pieces.length) if pieces.sequences else np.zeros(1)
    if not joined or np.any(missing < 0) or int(missing.sum()) != pieces.dropped or filled.max() > length:
        raise ShardError(
            f"packing: {int(lengths.sum())} tokens, {int(held.sum())} in sequences of up to {int(filled.max())}, "
            f"{pieces.dropped} dropped; expected each once"
        )


def checked_choice(option: str, given: str, known: tuple[str, ...]) -> str:
    """`given`, which must be one of `known`; raises WeftError."""
    if given not in known:
        raise WeftError(f"{option} {given}: expected {', '.join(known)}")
    return given


def _in_several(reading: Integers) -> int:
    """How many readings have several pieces, which lie side by side."""
    return int(np.count_nonzero(np.unique(reading, return_counts=True)[1] > 1))
