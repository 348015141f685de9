"""Pre-tokens of texts and how often each language has them, weighed so that small languages count."""

from __future__ import annotations

import functools
import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

Weights = dict[str, float]
"""Pre-tokens and their weight, in an order that the texts alone decide: sums of fractions depend on it."""


def count_words(
    rows: pl.DataFrame, tokenizer: Any, tell: Callable[[int], None] = lambda _: None
) -> dict[str, Counter[str]]:
    """How often each language has each pre-token, as the tokenizer's normalizer and pre-tokenizer cut them.

    `tell` hears the number of texts that are done. Languages and pre-tokens in alphabetical order.
    """
    normal = tokenizer.normalizer.normalize_str if tokenizer.normalizer else str
    before = tokenizer.pre_tokenizer
    # Without a pre-tokenizer a whole text is one word, as some SentencePiece files have it: lines are cut there.
    cut: Callable[[str], Iterable[tuple[str, Any]]] = before.pre_tokenize_str if before else _lines
    done, found = 0, {}
    for (language,), part in rows.sort("language", maintain_order=True).group_by("language", maintain_order=True):
        counts: Counter[str] = Counter()
        for text in part["text"]:  # once for each text of a training, as the library takes them
            counts.update(map(_first, cut(normal(text))))
            done += 1
            if done % 1_000 == 0:
                tell(done)
        counts.pop("", None)
        found[str(language)] = Counter(dict(sorted(counts.items())))
    tell(done)
    return found


def _first(pair: tuple[str, Any]) -> str:
    return pair[0]


def _lines(text: str) -> list[tuple[str, None]]:
    return [(line, None) for line in text.splitlines(keepends=True)]


def shares(sizes: npt.NDArray[np.float64], temperature: float) -> npt.NDArray[np.float64]:
    """(languages,) share of the training that each language gets, adding up to 1: proportional to size^temperature.

    `temperature` 1 leaves proportions as they are, 0 makes all equal (Conneau et al. 2020, who write it α). Nothing
    has none.
    """
    wanted = np.where(sizes > 0, sizes / max(sizes.max(initial=0.0), 1.0), 0.0)
    wanted = np.where(wanted > 0, np.power(wanted, temperature), 0.0)
    return np.asarray(wanted / max(wanted.sum(), np.finfo(np.float64).tiny))


def weigh(counted: Mapping[str, Counter[str]], temperature: float) -> tuple[Weights, dict[str, float]]:
    """All pre-tokens with their weight, and the share that each language got; weights add up to the number of them.

    A language's size is its number of characters.
    """
    sizes = np.array([sum(len(w) * n for w, n in counts.items()) for counts in counted.values()], np.float64)
    got = shares(sizes, temperature)
    found: Weights = {}
    for share, size, counts in zip(got, sizes, counted.values(), strict=True):
        factor = float(share * sizes.sum() / size) if size else 0.0
        for word, count in counts.items():
            found[word] = found.get(word, 0.0) + factor * count
    return found, dict(zip(counted, map(float, got), strict=True))


def together(counted: Mapping[str, Counter[str]]) -> Weights:
    """How often each pre-token occurs in all languages, in the order of `weigh`."""
    found: Weights = {}
    for counts in counted.values():
        for word, count in counts.items():
            found[word] = found.get(word, 0.0) + count
    return found


def characters(weights: Weights) -> Weights:
    """Weight of each character."""
    found: dict[str, float] = {}
    for word, weight in weights.items():
        for character in word:
            found[character] = found.get(character, 0.0) + weight
    return found


def alphabet(weights: Weights, coverage: float, most: int | None = None) -> list[str]:
    """Characters by weight until `coverage` of the text is made of them, at most `most`; printable ASCII
    always.

    In order of their code points.
    """
    held = characters(weights)
    ordered = sorted(held.items(), key=lambda item: (-item[1], item[0]))
    limit = coverage * sum(held.values())
    before = itertools.accumulate((weight for _, weight in ordered), initial=0.0)
    chosen = [character for (character, _), so_far in zip(ordered, before, strict=False) if so_far < limit]
    return sorted({*_ascii(), *chosen[:most]})


@functools.cache
def _ascii() -> tuple[str, ...]:
    return ("\n", *map(chr, range(0x20, 0x7F)))
