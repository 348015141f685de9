"""What weft's identifier says of the sides of pairs: one label for each, or nothing where it does not know."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from weft.language.model import LanguageModel, answers
from weft.text.buffers import large_strings
from weft.text.columns import readable
from weft.text.fields import gathered
from weft.text.pair_signals import Texts

MOST_LETTERS = 150
"""Letters of a text that are read."""
_FEWEST_LETTERS = 30
"""Letters below which nothing is said."""
_LEAST_CHANCE = 0.6


def labels(model: LanguageModel, texts: Texts, most_letters: int = MOST_LETTERS) -> npt.NDArray[Any]:
    """The most probable label of each text; None where the model refuses or gives it a chance under 0.6.

    Nor is anything said of texts with under 30 letters.
    """
    head = readable(large_strings(*gathered(*texts)), 2 * most_letters)
    found = answers(model, head, top=1, most_letters=most_letters)
    names = np.array([*model.labels, None], dtype=object)
    told = (
        found.known
        & (found.chance[:, 0] >= _LEAST_CHANCE)
        & (found.letters >= _FEWEST_LETTERS)
        & (found.label[:, 0] >= 0)
    )
    return np.asarray(names[np.where(told, found.label[:, 0], len(names) - 1)])
