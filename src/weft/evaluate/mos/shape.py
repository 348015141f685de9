"""What a pair of texts looks like in numbers: lengths, signs, capitals, repetitions, and what a lexicon says of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from weft.parallel import evidence
from weft.parallel.scorer import Parts
from weft.text import pair_signals

Floats = npt.NDArray[np.float32]
_SIDE = (
    *("length", "signs_share", "signs", "digits", "upper", "repeated", "longest_word", "word_length"),
    *("split", "numbers", "scripted", "stops"),
)
SHAPE = (*(f"source_{name}" for name in _SIDE), *(f"target_{name}" for name in _SIDE), *pair_signals.BOTH)
"""Columns of what both texts look like; `split` is how many more tokens than words there are."""
NAMES = (*evidence.NAMES, *SHAPE)
"""Columns that need no more than the two texts."""
_OF_WORDS = tuple(
    n for n, name in enumerate(evidence.NAMES) if name not in ("characters_ratio", "numbers", "copied", "final")
)
PARALLEL = tuple(f"parallel_{evidence.NAMES[n]}" for n in _OF_WORDS)
"""Columns of what external parallel text says."""
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


def columns(parts: Parts, source: Sequence[str], target: Sequence[str]) -> Floats:
    """NAMES of each pair: (pairs, 58)."""
    sides = evidence.strings(source), evidence.strings(target)
    return np.concatenate([evidence.evidence(*parts, *sides), shape(*sides)], axis=1)


def parallel(parts: Parts, source: Sequence[str], target: Sequence[str]) -> Floats:
    """PARALLEL of each pair."""
    return evidence.evidence(*parts, source, target)[:, _OF_WORDS]
