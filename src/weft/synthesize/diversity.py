"""How varied machine-made text is, how much its texts resemble one another, and how far it is from text by people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from weft.synthesize.balance import drawn

Keys = npt.NDArray[np.uint64]
Longs = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
ORDERS = (1, 2, 3, 4)
CHARACTERS = 4
"""Characters of the n-grams whose distribution is compared."""
SHINGLE = 5
"""Characters of the n-grams by whose sets texts are compared."""
_PRIME = np.uint64(0x9E3779B97F4A7C15)
_FIGURES = ("divergence", "baseline", "excess", "low", "high")
DIVERSITY = {
    **{"language": pl.String, "recipe": pl.String, "texts": pl.Int64, "words": pl.Int64},
    **{f"distinct_{n}": pl.Float64 for n in ORDERS},
    **{"similarity_best": pl.Float64, "similarity_mean": pl.Float64},
    **{f"{what}_{figure}": pl.Float64 for what in ("words", "characters") for figure in _FIGURES},
}
"""Of each language and recipe (null: text by people), what was measured on a sample of its texts.

`texts`, `words`: of the sample. `distinct_n`: different word n-grams as a share of all, in windows of one size, mean;
null where no window is full. `similarity_best`: of each text the Jaccard similarity of its character 5-grams with the
text that is most like it, mean; `similarity_mean`: with all others. `*_divergence`: Jensen-Shannon divergence (bits, 0
to 1) of words and of character 4-grams from one half of the text by people; `*_baseline`: of the other half from it;
`*_excess`: how much the first exceeds the second, `*_low` and `*_high` its 95 % interval (bootstrap over texts)."""


@dataclass(frozen=True)
class Sizes:
    """How much is measured. Figures of other sizes are not comparable."""

    texts: int = 2000
    """Texts of a language and recipe."""
    characters: int = 2000
    """Of each text, its beginning."""
    window: int = 1000
    """Word n-grams in which different ones are counted."""
    compared: int = 300
    """Texts of which each is compared with each."""
    words: int = 20_000
    """Words whose distribution is compared."""
    resamples: int = 200


def diversity(texts: pl.DataFrame, seed: int, sizes: Sizes | None = None) -> pl.DataFrame:
    """DIVERSITY of texts with `id`, `text`, `language` and `recipe` (null: a person wrote it).

    Samples are drawn by id and seed: the order of rows changes nothing. Distances are null where either side has fewer
    words than a window. Words of scripts without spaces are single characters and pairs of them.
    """
    sizes = sizes or Sizes()
    held = texts.filter(pl.col("text").is_not_null() & pl.col("language").is_not_null())
    held = held.select(
        pl.col("id", "language", "recipe").cast(pl.String), pl.col("text").cast(pl.String).str.head(sizes.characters)
    )
    held = held.with_columns(pl.Series("draw", drawn(held["id"], seed), dtype=pl.UInt64))
    held = held.sort("language", "recipe", "draw", "id", "text", nulls_last=False)
    held = held.filter(pl.int_range(pl.len()).over("language", "recipe") < sizes.texts)
    made = []
    for (language,), part in held.group_by("language", maintain_order=True):
        people = _Stream(part.filter(pl.col("recipe").is_null())["text"])
        halves = people.halves()
        for (recipe,), own in part.group_by("recipe", maintain_order=True):
            stream = people if recipe is None else _Stream(own["text"])
            row = {"language": language, "recipe": recipe, "texts": own.height, "words": len(stream.words)}
            row |= _distinct(stream, sizes.window) | _similarity(own["text"], sizes.compared)
            if recipe is not None:
                row |= _distances(stream, halves, sizes, seed)
            made.append(row)
    return pl.DataFrame(made, DIVERSITY)


class _Stream:
    """Words and character n-grams of texts, end to end, with the text that each is of."""

    def __init__(self, texts: pl.Series) -> None:
        from weft.text.buffers import string_buffers
        from weft.text.char_model import codes
        from weft.text.tokens import NUMBER, SIGN, tokens

        strings = string_buffers(texts.cast(pl.String).to_arrow(compat_level=pl.CompatLevel.oldest()))
        found = tokens(strings)
        text = np.repeat(np.arange(len(found.starts) - 1), np.diff(found.starts))
        known = (found.kinds != SIGN) & (found.kinds != NUMBER)
        self.words, self.word_text = found.hashes[known], text[known]
        starts, held = codes(strings)
        of = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
        self.characters, self.character_text = _grams(held.astype(np.uint64) + np.uint64(1), of, CHARACTERS)

    def halves(self) -> tuple[_Stream, _Stream]:
        """Every second text, and the others."""
        return self._some(0), self._some(1)

    def _some(self, rest: int) -> _Stream:
        part = object.__new__(_Stream)
        word, character = self.word_text % 2 == rest, self.character_text % 2 == rest
        part.words, part.word_text = self.words[word], self.word_text[word]
        part.characters, part.character_text = self.characters[character], self.character_text[character]
        return part


def _grams(values: Keys, text: Longs, order: int) -> tuple[Keys, Longs]:
    """Hashes of the n-grams that lie within one text, and the text of each."""
    size = len(values) - order + 1
    if size <= 0:
        return np.empty(0, np.uint64), np.empty(0, np.int64)
    keys = np.zeros(size, np.uint64)
    for n in range(order):
        keys = (keys ^ values[n : n + size]) * _PRIME
        keys ^= keys >> np.uint64(29)
    whole = text[:size] == text[order - 1 :]
    return keys[whole], text[:size][whole]


def _distinct(stream: _Stream, window: int) -> dict[str, float | None]:
    made: dict[str, float | None] = {}
    for order in ORDERS:
        keys, _ = _grams(stream.words, stream.word_text, order)
        whole = keys[: len(keys) // window * window].reshape(-1, window)
        ordered = np.sort(whole, axis=1)
        different = (np.diff(ordered, axis=1) != 0).sum(1) + 1
        made[f"distinct_{order}"] = float(different.mean() / window) if len(whole) else None
    return made


def _similarity(texts: pl.Series, most: int) -> dict[str, float | None]:
    """Best and mean Jaccard similarity of each text with the others, by character 5-grams."""
    from weft.text.buffers import string_buffers
    from weft.text.char_model import codes
    from weft.text.jaccard import similarities, sorted_sets

    some = texts.head(most)
    starts, held = codes(string_buffers(some.to_arrow(compat_level=pl.CompatLevel.oldest())))
    of = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    keys, text = _grams(held.astype(np.uint64) + np.uint64(1), of, SHINGLE)
    offsets = np.searchsorted(text, np.arange(len(some) + 1)).astype(np.int64)
    if len(some) < 2:
        return {"similarity_best": None, "similarity_mean": None}
    values, offsets = sorted_sets(keys, offsets)
    first, second = (place.astype(np.int64) for place in np.triu_indices(len(some), 1))
    found = similarities(values, offsets, first, second).astype(np.float64)
    best = np.zeros(len(some))
    np.maximum.at(best, first, found)
    np.maximum.at(best, second, found)
    return {"similarity_best": float(best.mean()), "similarity_mean": float(found.mean())}


def _distances(stream: _Stream, halves: tuple[_Stream, _Stream], sizes: Sizes, seed: int) -> dict[str, float | None]:
    made: dict[str, float | None] = {}
    for what, text_of in (("words", "word_text"), ("characters", "character_text")):
        sides = [(getattr(one, what), getattr(one, text_of)) for one in (stream, *halves)]
        size = min(sizes.words, *(len(keys) for keys, _ in sides))
        if size < sizes.window:
            continue
        figures = _compared([(keys[:size], text[:size]) for keys, text in sides], sizes.resamples, seed)
        made |= {f"{what}_{name}": value for name, value in zip(_FIGURES, figures, strict=True)}
    return made


def _compared(sides: list[tuple[Keys, Longs]], resamples: int, seed: int) -> tuple[float, ...]:
    """Divergence of the first from the third, of the second half from it, the excess and its interval."""
    made, half, other = sides
    _, numbers = np.unique(np.concatenate([keys for keys, _ in sides]), return_inverse=True)
    ends = np.cumsum([len(keys) for keys, _ in sides])[:-1]
    size = int(numbers.max()) + 1
    parts = [
        _Counted(part, text, size) for part, (_, text) in zip(np.split(numbers, ends), (made, half, other), strict=True)
    ]
    random = np.random.default_rng(seed)

    def distances(counts: list[Floats]) -> tuple[float, float]:
        return divergence(counts[0], counts[1]), divergence(counts[2], counts[1])

    found = distances([part.counts(None) for part in parts])
    drawn_again = [distances([part.counts(random) for part in parts]) for _ in range(resamples)]
    excess = np.array([one - two for one, two in drawn_again])
    # What resampling adds to both distances it does not add alike: the interval is moved to the measured excess.
    measured = found[0] - found[1]
    low, high = np.quantile(excess - excess.mean(), [0.025, 0.975]) + measured
    return found[0], found[1], measured, float(low), float(high)


class _Counted:
    """Numbers of n-grams by text, which can be counted with every text as often as it is drawn."""

    def __init__(self, numbers: Any, text: Longs, size: int) -> None:
        texts, self._of = np.unique(text, return_inverse=True)
        self._numbers, self._size, self._texts = numbers, size, len(texts)

    def counts(self, random: np.random.Generator | None) -> Floats:
        if random is None:
            return np.bincount(self._numbers, minlength=self._size).astype(np.float64)
        times = np.bincount(random.integers(0, self._texts, self._texts), minlength=self._texts)
        weights = times[self._of].astype(np.float64)
        return np.bincount(self._numbers, weights, self._size).astype(np.float64)


def divergence(one: Floats, other: Floats) -> float:
    """Jensen-Shannon divergence (Lin 1991) of two distributions given as counts, in bits: 0 alike, 1 nothing shared."""
    p, q = one / one.sum(), other / other.sum()
    middle = (p + q) / 2

    def against(held: Floats) -> float:
        there = held > 0
        return float((held[there] * np.log2(held[there] / middle[there])).sum())

    return min(max((against(p) + against(q)) / 2, 0.0), 1.0)
