"""Pairs of two made-up languages whose words translate one for one, in another order."""

from __future__ import annotations

import numpy as np

WORDS = 120


def word(number: int, language: int) -> str:
    """A word that only its own language has."""
    syllables = (("ba", "ke", "mi", "do", "lu", "sa"), ("tol", "ern", "ish", "ung", "ard", "osk"))[language]
    return syllables[number % 6] + syllables[number // 6 % 6] + syllables[number // 36 % 6]


def bitext(count: int, seed: int = 1) -> tuple[list[str], list[str]]:
    """So many pairs of six to fourteen words, every third with a number."""
    random = np.random.default_rng(seed)
    source, target = [], []
    for row in range(count):
        chosen = random.choice(WORDS, int(random.integers(6, 15)), replace=False)
        number = [str(int(random.integers(10, 9999)))] if row % 3 == 0 else []
        source.append(" ".join([*(word(int(n), 0) for n in chosen), *number]) + ".")
        target.append(" ".join([*number, *(word(int(n), 1) for n in reversed(chosen))]) + ".")
    return source, target
