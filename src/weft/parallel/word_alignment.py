"""Which words of two texts translate each other, learnt from the pairs themselves."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from weft.errors import WeftError
from weft.parallel.lexicon import MOST_TOKENS
from weft.parallel.word_tokens import Division, Words, words_of
from weft.text import alignment_sampler as sampler
from weft.text import cognates
from weft.text.alignment_sampler import Floats, Grid, Prior, Sweeps
from weft.text.buffers import Longs, Strings, string_buffers
from weft.text.ibm1 import Bitext
from weft.text.located import located
from weft.text.symmetrised import METHODS, Links, Method, links
from weft.text.tokens import tokens

FEW_PAIRS, PREFIX = 2000, 4
"""Of fewer pairs than these, words count by their first letters only, unless the caller says otherwise."""
TOGETHER = 20_000
"""Pairs that are sampled together; the next ones know what was counted in those before."""
_SAMPLED = 1000.0
_ALIKE = 0.6

Similarity = Callable[[Words, Words], Floats]
"""Of an encoder: cosine of every two words of a pair, end to end as `alignment_sampler.Grid` has its places."""


@dataclass(frozen=True)
class Settings:
    """How words are aligned; the defaults were tuned on the development part that docs/word-alignment.md names.

    `prior`: pseudo-count of every two words; `cognate`: of those that are alike; `null`: weight of words without a
    translation; `tension`: how strongly the diagonal draws; `encoder`: weight of a similarity that is given.
    """

    method: Method = "mean"
    least: float = 0.3
    division: Division = "words"
    prefix: int | None = None
    prior: float = 1e-3
    cognate: float = 0.3
    null: float = 0.1
    tension: float = 4.0
    encoder: float = 5.0
    seed: int = 1


@dataclass(frozen=True)
class Aligned:
    """Pairs with the links of their words.

    `cells` are all two words that stand in one pair: (cells, 2) numbers of them, and `counts` their expected links,
    (cells, 2): where target words are drawn to source words, and the other way round.
    """

    source: Words
    target: Words
    links: Links
    cells: npt.NDArray[np.int32]
    counts: npt.NDArray[np.float64]


def align(source: Any, target: Any, settings: Settings | None = None, similarity: Similarity | None = None) -> Aligned:
    """Links of the words of texts `source[n]` and `target[n]`; nothing else is learnt from.

    Raises WeftError for texts that are not as many on both sides, or none, and for settings that do not exist.
    """
    given = settings or Settings()
    if given.method not in METHODS:
        raise WeftError(f"method {given.method}: expected one of {', '.join(METHODS)}")
    if len(source) != len(target) or not len(source):
        raise WeftError(f"{len(source)} texts and {len(target)} of the other language; expected pairs")
    prefix = given.prefix if given.prefix is not None else PREFIX * (len(source) < FEW_PAIRS)
    sides = (words_of(source, given.division, prefix), words_of(target, given.division, prefix))
    near = similarity(*sides) if similarity is not None else None
    blocks = [(first, min(first + TOGETHER, len(source))) for first in range(0, len(source), TOGETHER)]
    known = _Counts(np.empty(0, np.uint64), np.empty((0, 2)))
    made: list[Links] = []
    place = 0
    for first, last in blocks:
        bitext = _block(sides, first, last)
        size = int((np.diff(bitext.source_starts) * np.diff(bitext.target_starts)).sum())
        given_near = near[place : place + size] if near is not None else None
        forward, backward, known = _sampled(sides, bitext, given, known, given_near)
        made.append(links(bitext.source_starts, bitext.target_starts, forward, backward, given.method, given.least))
        place += size
    cells = np.stack([known.keys >> np.uint64(32), known.keys & np.uint64(0xFFFFFFFF)], 1).astype(np.int32)
    return Aligned(*sides, _joined(made), cells, known.values)


@dataclass(frozen=True)
class _Counts:
    """Expected links by (source word << 32 | target word), ascending, of both directions."""

    keys: npt.NDArray[np.uint64]
    values: npt.NDArray[np.float64]

    def of(self, keys: npt.NDArray[np.uint64]) -> npt.NDArray[np.float64]:
        if not len(self.keys):
            return np.zeros((len(keys), 2))
        at = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        return np.where((self.keys[at] == keys)[:, None], self.values[at], 0.0)

    def with_more(self, keys: npt.NDArray[np.uint64], values: npt.NDArray[np.float64]) -> _Counts:
        if not len(self.keys):
            return _Counts(keys, values)
        every, place = np.unique(np.concatenate([self.keys, keys]), return_inverse=True)
        whole = np.concatenate([self.values, values])
        return _Counts(every, np.stack([np.bincount(place, whole[:, k], len(every)) for k in range(2)], 1))


def _block(sides: tuple[Words, Words], first: int, last: int) -> Bitext:
    held: list[Any] = []
    for side in sides:
        begin, end = side.starts[first], side.starts[last]
        held += [side.starts[first : last + 1] - begin, side.numbers[begin:end]]
    return Bitext(*held)


def _sampled(
    sides: tuple[Words, Words], bitext: Bitext, given: Settings, known: _Counts, similarity: Floats | None
) -> tuple[Floats, Floats, _Counts]:
    """Probabilities of both directions by place of the grid, and what is known after these pairs."""
    keys, place = np.unique(sampler.grid_keys(bitext), return_inverse=True)
    cells = place.astype(np.int32)
    near = sampler.diagonal(bitext.source_starts, bitext.target_starts, given.tension)
    if similarity is not None:
        near *= np.exp(np.float32(given.encoder) * (similarity - np.float32(1.0)))
    pairs = max(len(bitext.source_starts) - 1, 1)
    often = int(min(max(_SAMPLED / np.sqrt(pairs), 6), 60))
    sweeps = Sweeps(max(often // 3, 2), often, often)
    counted = known.of(keys)
    alike = _cognates(sides, keys, given)
    back = Bitext(bitext.target_starts, bitext.target, bitext.source_starts, bitext.source)
    found: list[sampler.Sampled] = []
    for which, texts in enumerate((bitext, back)):
        grid = Grid(cells, near)
        if which:
            grid = Grid(*(sampler.transposed(bitext.source_starts, bitext.target_starts, one) for one in grid))
        prior = _prior(keys, sides, which, alike + counted[:, which], known, given)
        found.append(sampler.sample(texts, grid, prior, sweeps, given.seed + which))
    backward = sampler.transposed(back.source_starts, back.target_starts, found[1].links)
    more = np.stack([one.cells for one in found], 1)
    return found[0].links, backward, known.with_more(keys, more)


def _prior(
    keys: npt.NDArray[np.uint64], sides: tuple[Words, Words], which: int, extra: Any, known: _Counts, given: Settings
) -> Prior:
    """Pseudo-counts: a little for each two words, more for those that are alike, and what was counted before."""
    words = _numbers(keys, which)
    kinds = [len(side.forms) for side in sides]
    masses = given.prior * kinds[1 - which] + np.bincount(words, extra, kinds[which] + 1)
    # What was counted of words of this block with others that it does not hold is mass all the same.
    masses += np.bincount(_numbers(known.keys, which), known.values[:, which], kinds[which] + 1)
    masses -= np.bincount(words, known.of(keys)[:, which], kinds[which] + 1)
    return Prior((given.prior + extra).astype(np.float32), masses.astype(np.float64), given.null)


def _numbers(keys: npt.NDArray[np.uint64], which: int) -> npt.NDArray[np.int64]:
    """The words of cells on one side."""
    return np.asarray(keys & np.uint64(0xFFFFFFFF) if which else keys >> np.uint64(32)).astype(np.int64)


def _cognates(sides: tuple[Words, Words], keys: npt.NDArray[np.uint64], given: Settings) -> npt.NDArray[np.float64]:
    """Pseudo-counts of names, loans, numbers and symbols: words that are written alike."""
    numbers = [(_numbers(keys, which) - 1).astype(np.int32) for which in range(2)]
    found = cognates.alike(*_buffers(sides), numbers[0], numbers[1]).astype(np.float64)
    forms = [side.forms.to_numpy(zero_copy_only=False) for side in sides]
    same = np.isin(forms[0], forms[1])
    where = np.flatnonzero(same[numbers[0]])
    found[where[forms[0][numbers[0][where]] == forms[1][numbers[1][where]]]] = 1.0
    return np.where(found >= _ALIKE, found, 0.0) ** 4 * given.cognate


def _buffers(sides: tuple[Words, Words]) -> tuple[Strings, Strings]:
    return string_buffers(sides[0].forms), string_buffers(sides[1].forms)


def _joined(parts: list[Links]) -> Links:
    starts = np.cumsum(np.concatenate([[0], *(np.diff(one.starts) for one in parts)])).astype(np.int64)
    return Links(starts, *(np.concatenate([one[k] for one in parts]) for k in range(1, 4)))


@dataclass(frozen=True)
class Learnt:
    """What was learnt of some pairs, so that others are aligned by it, each by itself.

    `hashes` of the words of both sides, ascending: word k + 1 has `hashes[k]`. `keys` are (source << 32 | target) of
    words that stood in one pair, ascending, `counts` (keys, 2) their expected links in both directions.
    """

    settings: Settings
    hashes: tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint64]]
    keys: npt.NDArray[np.uint64]
    counts: npt.NDArray[np.float64]

    @functools.cached_property
    def masses(self) -> list[npt.NDArray[np.float64]]:
        """Of each word of either side, from 1 on, the expected links of all that it stood with."""
        sizes = [len(own) + 1 for own in self.hashes]
        found = [np.bincount(_numbers(self.keys, which), self.counts[:, which], sizes[which]) for which in range(2)]
        return [np.asarray(one, np.float64) for one in found]

    def align(self, source: str, target: str) -> Aligned:
        """Links of the words of one pair, as a table of one pair.

        The first `lexicon.MOST_TOKENS` words of a text are looked at.
        """
        given, prefix = self.settings, self.settings.prefix or 0
        sides = (words_of([source], given.division, prefix), words_of([target], given.division, prefix))
        bitext = _block(sides, 0, 1)
        if not len(bitext.source) or not len(bitext.target):
            none = np.empty(0, np.int32)
            found = Links(np.zeros(2, np.int64), none, none, np.empty(0, np.float32))
            return Aligned(*sides, found, none.reshape(0, 2), np.empty((0, 2)))
        mine = [located(own, _hashes(side, prefix)) + 1 for own, side in zip(self.hashes, sides, strict=True)]
        forward, backward, known = _sampled(sides, bitext, given, self._known(bitext, mine), None)
        made = links(bitext.source_starts, bitext.target_starts, forward, backward, given.method, given.least)
        cells = np.stack([_numbers(known.keys, 0), _numbers(known.keys, 1)], 1).astype(np.int32)
        return Aligned(*sides, made, cells, known.values)

    def _known(self, bitext: Bitext, mine: Sequence[npt.NDArray[np.int32]]) -> _Counts:
        """Counts of the cells of a pair, in the numbers of its texts; `mine[side][k]` is word k + 1 as it was learnt.

        Word 0 stands for all words that are not in the pair: it has what a word was linked with there, and the
        pseudo-counts of the whole vocabulary, so that probabilities are as they were where they were learnt.
        """
        own = [np.unique(words) for words in (bitext.source, bitext.target)]
        here = [side[words - 1] for side, words in zip(mine, own, strict=True)]
        values = _Counts(self.keys, self.counts).of(_keys(here[0], here[1]))
        grid = values.reshape(len(own[0]), len(own[1]), 2)
        keys, counts = [_keys(own[0], own[1])], [values]
        for which in range(2):
            rest = np.maximum(self.masses[which][here[which]] - grid[:, :, which].sum(1 - which), 0.0)
            rest += self.settings.prior * len(self.hashes[1 - which])
            keys.append(own[which].astype(np.uint64) << np.uint64(0 if which else 32))
            counts.append(np.stack([rest * (1 - which), rest * which], 1))
        order = np.argsort(every := np.concatenate(keys))
        return _Counts(every[order], np.concatenate(counts)[order])


def learnt(source: Any, target: Any, settings: Settings | None = None) -> Learnt:
    """What the words of texts `source[n]` and `target[n]` say of one another, to align other pairs by.

    Words are weft's own. Raises WeftError as `align` does, and for another division.
    """
    given = settings or Settings()
    if given.division != "words":
        raise WeftError(f"tokens {given.division}: expected words; others cannot be found again in other texts")
    aligned = align(source, target, given)
    prefix = given.prefix if given.prefix is not None else PREFIX * (len(source) < FEW_PAIRS)
    keys = _keys(aligned.cells[:, 0], aligned.cells[:, 1], False)
    hashes = (_hashes(aligned.source, prefix), _hashes(aligned.target, prefix))
    return Learnt(replace(given, prefix=prefix), hashes, keys, aligned.counts)


def _hashes(side: Words, prefix: int) -> npt.NDArray[np.uint64]:
    """Hashes of the words of a side, by number: they are numbered in this order."""
    return np.unique(tokens(side.strings, fold_marks=True, prefix=prefix, most=MOST_TOKENS).hashes)


def _keys(source: Any, target: Any, every: bool = True) -> npt.NDArray[np.uint64]:
    """Keys of words of both sides: of each with each, or of those at the same places."""
    one, other = (np.asarray(numbers).astype(np.uint64) for numbers in (source, target))
    found = (one[:, None] if every else one) << np.uint64(32) | other
    return np.asarray(found.ravel(), np.uint64)


def cosines(vectors: Callable[[list[str]], Any]) -> Similarity:
    """The similarity of an encoder: `vectors` takes words of a text in order and returns an array (words, width)."""

    def similar(source: Words, target: Words) -> Floats:
        made: list[Floats] = []
        for n in range(len(source)):
            one, other = (_unit(vectors(side.surfaces(n))) for side in (source, target))
            made.append((other @ one.T).ravel() if len(one) and len(other) else np.empty(0, np.float32))
        return np.concatenate(made).astype(np.float32) if made else np.empty(0, np.float32)

    return similar


def _unit(vectors: Any) -> Floats:
    held = np.asarray(vectors, np.float32)
    if not len(held):
        return held.reshape(0, 1)
    return np.asarray(held / np.maximum(np.linalg.norm(held, axis=1, keepdims=True), 1e-12), np.float32)


def pair_links(aligned: Aligned, pair: int) -> tuple[Longs, Floats]:
    """Links of one pair, (links, 2) places of its words, and their probabilities."""
    first, last = aligned.links.starts[pair], aligned.links.starts[pair + 1]
    found = np.stack([aligned.links.source[first:last], aligned.links.target[first:last]], 1)
    return found.astype(np.int64), aligned.links.probability[first:last]


def pharaoh(aligned: Aligned) -> pl.Series:
    """Of each pair its links as `0-0 1-2`, source word first; an empty text where there are none."""
    found = aligned.links
    table = pl.DataFrame({"source": found.source, "target": found.target})
    return _together(table.select(pl.format("{}-{}", "source", "target")).to_series(), found.starts, " ")


def json_lines(aligned: Aligned, first: int, last: int) -> pl.Series:
    """Of the pairs from `first` to `last`, exclusive, a line of JSON each with its line end.

    `pair` from 0, `source_words` and `target_words` as [begin, end] in characters, `links` as [source, target,
    probability].
    """
    fields: dict[str, pl.Series] = {}
    for name, words in (("source_words", aligned.source), ("target_words", aligned.target)):
        ends = pl.DataFrame(words.characters(first, last), ["begin", "end"])
        fields[name] = _together(ends.select(_list("begin", "end")).to_series(), words.starts[first : last + 1], ",")
    starts = aligned.links.starts[first : last + 1]
    _, source, target, probability = (held[int(starts[0]) : int(starts[-1])] for held in aligned.links)
    # Exact: 24 bits times 14 are fewer than the 53 of a double. So it is the number that round() gives.
    share = pl.Series(_SHARES).gather(np.rint(probability.astype(np.float64) * 10_000).astype(np.int64))
    table = pl.DataFrame({"source": source, "target": target, "share": share})
    fields["links"] = _together(table.select(_list("source", "target", "share")).to_series(), starts, ",")
    pairs = pl.DataFrame({"pair": np.arange(first, last), **fields})
    parts = ['{"pair":', ',"source_words":[', '],"target_words":[', '],"links":[', "]}\n"]
    pieces = [piece for part, name in zip(parts, pairs.columns, strict=False) for piece in (pl.lit(part), pl.col(name))]
    return pairs.select(pl.concat_str(*pieces, pl.lit(parts[-1])).alias("line")).to_series()


_SHARES = [str(n / 10_000) for n in range(10_001)]


def _list(*names: str) -> pl.Expr:
    return pl.concat_str(pl.lit("["), pl.concat_str(*names, separator=","), pl.lit("]"))


def _together(items: pl.Series, starts: Longs, mark: str) -> pl.Series:
    """The texts from `starts[n]` to `starts[n + 1]`, counted from `starts[0]`, as one each; empty of none."""
    lists = pa.LargeListArray.from_arrays(starts - starts[0], items.to_arrow().cast(pa.large_string()))
    return pl.Series(pl.from_arrow(lists)).list.join(mark)
