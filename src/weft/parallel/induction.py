"""A bilingual word list from aligned pairs, with the probability that each translation is right."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from weft.parallel.word_alignment import Aligned

_COEFFICIENTS = (-0.932, 0.757, 0.407)
"""Of the confidence: constant, log-odds of the share of the word's occurrences, logarithm of the count.

Fitted on first translations of English words into Ganda, Lingala and Central Kurdish (docs/word-alignment.md).
"""
LEAST_COUNT = 0.5


def induced(aligned: Aligned, least: float = 0.0, most: int = 5) -> pl.DataFrame:
    """Translations of each word of the source, the most confident first, at most `most` of `least` confidence each.

    Columns: `word` and `translation` as they are written most often; `forward` and `backward`, the share of the word's
    occurrences that are linked to the other; `count`, how often they are expected to translate each other (the
    geometric mean of both directions); `confidence`, 0 to 1; `rank`, from 1 on. Symbols and numbers are left out.
    """
    source, target = aligned.cells[:, 0] - 1, aligned.cells[:, 1] - 1
    totals = (aligned.source.counts[source], aligned.target.counts[target])
    count = np.sqrt(aligned.counts[:, 0] * aligned.counts[:, 1])
    kept = np.flatnonzero(count >= LEAST_COUNT)
    forward, backward = aligned.counts[kept, 0] / totals[0][kept], aligned.counts[kept, 1] / totals[1][kept]
    table = pl.DataFrame(
        {
            "word": pl.Series(aligned.source.forms.take(source[kept])),
            "translation": pl.Series(aligned.target.forms.take(target[kept])),
            "forward": np.minimum(forward, 1.0),
            "backward": np.minimum(backward, 1.0),
            "count": count[kept],
            "confidence": confidence(count[kept], totals[0][kept]),
        }
    )
    letters = pl.col("word").str.contains(r"\p{L}") & pl.col("translation").str.contains(r"\p{L}")
    order = ["word", "confidence", "translation"]
    return (
        table.filter(letters, pl.col("confidence") >= least)
        .sort(order, descending=[False, True, False])
        .with_columns(rank=pl.int_range(1, pl.len() + 1).over("word"))
        .filter(pl.col("rank") <= most)
    )


def confidence(count: npt.NDArray[np.float64], words: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Probability that a translation is right: a logistic model of the log-odds and the logarithm of the count.

    `words` is how often the word stands in the pairs; its share is shrunk by one occurrence more.
    """
    share = np.clip((count + 0.01) / (words + 1.0), 1e-3, 1 - 1e-3)
    constant, odds, often = _COEFFICIENTS
    score = constant + odds * np.log(share / (1.0 - share)) + often * np.log(np.maximum(count, 0.05))
    return np.asarray(1.0 / (1.0 + np.exp(-score)))
