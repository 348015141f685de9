"""When not to answer: a text whose likeliest language is improbable, or that has little of what is common in it.

Two dissimilar witnesses: the classifier's probability, and the share of the text's 4-grams and words that are common
in the language it named. How much each counts is learnt from whole languages that a model was trained without.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from weft.text.buffers import Strings
from weft.text.coverage import shares as shares_of

Floats = npt.NDArray[np.float64]

_MOST_ODDS = 4.0
"""Log odds above which a probability says no more: where a script has one label it is always 1."""
_LONGEST = 300
"""Letters beyond which a text counts as no longer: weights are learnt from sentences and paragraphs."""
WITNESSES = ("one", "log_odds", "grams", "words", "log_letters", "grams_by_length", "words_by_length")


@dataclass(frozen=True)
class Refusal:
    """Filters of what is common; `mean` and `spread` (labels, 2) of the shares of grams and words that are usual.

    `weights` are those of WITNESSES. An answer whose score is below its label's `threshold` (labels) is refused. `keys`
    (labels,) are the numbers of the labels in the filters; None: their places.
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
        return np.where(label < 0, -np.inf, seen @ self.weights.astype(np.float64))


def witnesses(
    mean: npt.NDArray[np.float32],
    spread: npt.NDArray[np.float32],
    shares: npt.NDArray[np.float32],
    label: npt.NDArray[np.int32],
    chance: npt.NDArray[np.float32],
    letters: npt.NDArray[np.int32],
) -> Floats:
    """(texts, 7): what WITNESSES names; shares as distances from those usual in the language, in its spreads."""
    inside = np.clip(chance.astype(np.float64), 1e-6, 1 - 1e-6)
    odds = np.minimum(np.log(inside / (1 - inside)), _MOST_ODDS)
    usual = (shares.astype(np.float64) - mean[label]) / spread[label]
    length = np.clip(letters, 1, _LONGEST)
    by_length = usual * np.sqrt(length / 100)[:, None]
    return np.column_stack([np.ones(len(label)), odds, usual, np.log(length), by_length])
