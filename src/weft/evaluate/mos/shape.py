"""What a pair of texts looks like in numbers: lengths, signs, capitals, repetitions, and what a lexicon says of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from weft.parallel import evidence
from weft.parallel.lexicon import MOST_TOKENS, Folding, Lexicon
from weft.parallel.scorer import Parts, parts
from weft.text import pair_signals
from weft.text.buffers import string_buffers
from weft.text.hashed_grams import rows
from weft.text.tokens import tokens

Floats = npt.NDArray[np.float32]
_SIDE = (
    *("length", "signs_share", "signs", "digits", "upper", "repeated", "longest_word", "word_length"),
    *("split", "numbers", "scripted", "stops"),
)
SHAPE = (*(f"source_{name}" for name in _SIDE), *(f"target_{name}" for name in _SIDE), *pair_signals.BOTH)
"""Columns of what both texts look like; `split` is how many more tokens than words there are."""
FOLDINGS = (Folding(), Folding(prefix=4))
"""Words as they are, and their first four letters: of a few thousand pairs a lexicon of whole words knows too few."""
_VARIETY = ("words_once", "pairs_once", "characters_once")
_RARE = ("rarity", "unseen", "hardly_seen", "rarest")
_MORE = (*_VARIETY, *_RARE)
_OF_WORDS = tuple(
    n for n, name in enumerate(evidence.NAMES) if name not in ("characters_ratio", "numbers", "copied", "final")
)
_STEMS = tuple(f"stems_{evidence.NAMES[n]}" for n in _OF_WORDS)
NAMES = (
    *evidence.NAMES,
    *_STEMS,
    *SHAPE,
    *(f"source_{name}" for name in _MORE),
    *(f"target_{name}" for name in _MORE),
)
"""Columns that need no more than the two texts. `once` are logarithms of the share of different ones among words, among
pairs of words, and among runs of up to four characters; `rarity` is the mean surprise of words by their counts."""
PARALLEL = tuple(f"parallel_{one}{evidence.NAMES[n]}" for one in ("", "stems_") for n in _OF_WORDS)
"""Columns of what external parallel text says."""
Known = tuple[Parts, ...]
"""What was learnt of words and characters, by each of FOLDINGS."""
_BITS, _HARDLY = 18, 2
_NOTHING = pair_signals.known((), np.empty(0, np.uint64))


def _of_side(held: dict[str, Any], side: str) -> list[Any]:
    of = {name.removeprefix(side): value for name, value in held.items() if name.startswith(side)}
    characters, units = np.maximum(of["characters"], 1), np.maximum(of["units"], 1)
    return [
        np.log1p(of["length"]),
        of["signs"] / characters,
        np.log1p(of["signs"]),
        of["digits"] / characters,
        of["upper"] / np.maximum(of["letters"], 1),
        of["repeated"] / units,
        np.log1p(of["longest_word"]),
        characters / units,
        of["tokens"] - of["units"],
        of["numbers"],
        of["scripted"] / characters,
        of["english_stops"],
    ]


def shape(source: Any, target: Any) -> Floats:
    """SHAPE of each pair of two Arrow columns: (pairs, 29)."""
    seen = pair_signals.measure(pair_signals.texts(source), pair_signals.texts(target), _NOTHING, _NOTHING)
    held = dict(zip(pair_signals.COLUMNS, seen.astype(np.float64).T, strict=True))
    both = [held[name] for name in pair_signals.BOTH]
    made = np.column_stack([*_of_side(held, "source_"), *_of_side(held, "target_"), *both])
    return np.asarray(made, np.float32)


def known(source: Sequence[str], target: Sequence[str], languages: tuple[str, str]) -> Known:
    """What is learnt of pairs, by each of FOLDINGS."""
    return tuple(parts(source, target, languages, (folding, folding)) for folding in FOLDINGS)


def columns(held: Known, source: Sequence[str], target: Sequence[str]) -> Floats:
    """NAMES of each pair: (pairs, columns)."""
    sides = evidence.strings(source), evidence.strings(target)
    made = [evidence.evidence(*held[0], *sides), evidence.evidence(*held[1], *sides)[:, _OF_WORDS], shape(*sides)]
    for which, side in enumerate(sides):
        made += [_variety(side), _rare(held[0][0], which, side)]
    return np.concatenate(made, axis=1, dtype=np.float32)


def parallel(held: Known, source: Sequence[str], target: Sequence[str]) -> Floats:
    """PARALLEL of each pair."""
    sides = evidence.strings(source), evidence.strings(target)
    return np.concatenate([evidence.evidence(*one, *sides)[:, _OF_WORDS] for one in held], axis=1)


def _variety(texts: Any) -> Floats:
    """How much of each text is not said twice: translations of a model that is lost go round in circles."""
    held = string_buffers(texts)
    found = tokens(held, fold_marks=True, prefix=0, most=MOST_TOKENS)
    made = []
    for characters, words in ((0, 1), (0, 2), (4, 0)):
        counted = rows(held, found, _BITS, characters, words)
        sizes = np.diff(counted.starts)
        which = np.repeat(np.arange(len(sizes)), sizes)
        whole = np.bincount(which, np.exp(counted.values.astype(np.float64) - 1), len(sizes))
        made.append(np.log((sizes + 1) / (whole + 1)))
    return np.asarray(np.column_stack(made), np.float32)


def _rare(lexicon: Lexicon, which: int, texts: Any) -> Floats:
    """How often the words of each text were seen."""
    side, vocabulary = lexicon.side(which, texts), lexicon.vocabularies[which]
    surprise = -np.log(vocabulary.background.astype(np.float64))[side.numbers]
    counts = np.concatenate([[0], vocabulary.counts])[side.numbers]
    sizes = np.diff(side.tokens.starts)
    row = np.repeat(np.arange(len(sizes)), sizes)
    of_words = [surprise, counts == 0, counts <= _HARDLY]
    means = [np.bincount(row, one, len(sizes)) / np.maximum(sizes, 1) for one in of_words]
    rarest = np.zeros(len(sizes))
    np.maximum.at(rarest, row, surprise)
    return np.asarray(np.column_stack([*means, rarest]), np.float32)
