"""What the vectors of both sides of a pair say together."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from weft.parallel.encoding import Embed
from weft.text.cosine import SCALE

Floats = npt.NDArray[np.float32]
PairEmbed = Callable[[Sequence[str], Sequence[str]], Floats]


def of_pairs(embed: Embed) -> PairEmbed:
    """Of each pair (pairs, 4 x numbers + 1): both vectors, products and distances of their numbers, and their cosine.

    The features of Conneau et al. (2017, InferSent) and of COMET's estimators (Rei et al. 2020). NaN where a side has
    no vector. An encoder is asked for each different text once.
    """

    def made(source: Sequence[str], target: Sequence[str]) -> Floats:
        texts = list(dict.fromkeys([*source, *target]))
        place = {text: number for number, text in enumerate(texts)}
        held = embed(texts)
        values = np.asarray(held.values, np.float32) / np.float32(SCALE)
        values[~held.known] = np.nan
        one, other = (values[[place[text] for text in side]] for side in (source, target))
        product = one * other
        # In the order of the numbers, whatever else is in the batch.
        cosine = np.einsum("nd->n", product.astype(np.float64))[:, None]
        return np.concatenate([one, other, product, np.abs(one - other), cosine], axis=1).astype(np.float32)

    return made
