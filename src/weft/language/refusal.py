"""When not to answer: a text whose likeliest language is improbable, or that has little of what is common in it.

Two dissimilar witnesses: the classifier's probability, and the share of the text's 4-grams and words that are common
in the language it named. How much they say, each and two of them together, is learnt from whole languages that a model
was trained without.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from weft.language.tents import Floats, linear, score
from weft.text.buffers import Strings
from weft.text.coverage import shares as shares_of

WITNESSES = ("log_odds", "grams", "words", "log_letters")
_USUAL = (-6.0, -4.5, -3.0, -2.0, -1.0, 0.0, 1.0)
KNOTS = (
    (-1.0, 0.0, 1.0, 2.0, 3.0, 3.6, 4.0),  # where a script has one label, the probability is always 1
    _USUAL,
    _USUAL,
    tuple(math.log(letters) for letters in (8, 14, 24, 40, 70, 120, 200, 300)),
)
"""Of each of WITNESSES, where the slope of its part in the score may change."""


def plain_weights() -> npt.NDArray[np.float32]:
    """Weights of a score that is linear in the witnesses: for texts unlike those that any others were learnt from."""
    return linear((0.6, 0.35, 0.7, 0.5), -1.7, KNOTS).astype(np.float32)


@dataclass(frozen=True)
class Refusal:
    """Filters of what is common; `mean` and `spread` (labels, 2) of the shares of grams and words that are usual.

    `weights` are those of the score by KNOTS (`weft.language.tents`). An answer whose score is below its label's
    `threshold` (labels) is refused. `keys` (labels,) are the numbers of the labels in the filters; None: their places.
    """

    grams: npt.NDArray[np.uint64]
    words: npt.NDArray[np.uint64]
    mean: npt.NDArray[np.float32]
    spread: npt.NDArray[np.float32]
    weights: npt.NDArray[np.float32]
    threshold: npt.NDArray[np.float32]
    keys: npt.NDArray[np.int32] | None = None

    def scores(
        self,
        strings: Strings,
        label: npt.NDArray[np.int32],
        chance: npt.NDArray[np.float32],
        letters: npt.NDArray[np.int32],
    ) -> Floats:
        """How surely each text is of the language that it was given; minus infinity where it was given none."""
        held = label if self.keys is None else np.where(label < 0, -1, self.keys[label]).astype(np.int32)
        shares = shares_of(strings, np.ascontiguousarray(held), self.grams, self.words)
        seen = witnesses(self.mean, self.spread, shares, label, chance, letters)
        return np.where(label < 0, -np.inf, scored(seen, self.weights))


def witnesses(
    mean: npt.NDArray[np.float32],
    spread: npt.NDArray[np.float32],
    shares: npt.NDArray[np.float32],
    label: npt.NDArray[np.int32],
    chance: npt.NDArray[np.float32],
    letters: npt.NDArray[np.int32],
) -> Floats:
    """(texts, 4): what WITNESSES names; shares as distances from those usual in the language, in its spreads."""
    inside = np.clip(chance.astype(np.float64), 1e-6, 1 - 1e-6)
    usual = (shares.astype(np.float64) - mean[label]) / spread[label]
    return np.column_stack([np.log(inside / (1 - inside)), usual, np.log(np.maximum(letters, 1))])


def scored(seen: Floats, weights: npt.NDArray[np.float32]) -> Floats:
    """(texts,): the score by the witnesses (texts, 4) that were seen."""
    return score(seen, KNOTS, weights.astype(np.float64))
