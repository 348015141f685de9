"""How much a text reads as if it were made or translated: a linear classifier of character n-grams.

It is built only where both kinds of text are given: native texts, and texts of the kind to be told from them (round
trips, word-for-word translations, a model's answers). It is no gate of the chain: what it learns is the difference of
the texts that it is given, of subject and source as well as of style.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from weft.errors import WeftError
from weft.synthesize.gates.bands import bound
from weft.text.bayes import count, evidence
from weft.text.buffers import string_buffers
from weft.text.columns import readable

_BITS = 18
_ADDED = 0.5
_READ = 2_000
_FOLDS = 5
FEWEST = 50
"""Texts of each kind that it takes."""


@dataclass(frozen=True)
class Translationese:
    """`table` (2**bits, 1): how much more an n-gram speaks for a made text. Native texts lie below `high` but for a
    share; `auc` is that of texts the classifier had not seen."""

    table: npt.NDArray[np.float32]
    high: float
    auc: float
    texts: tuple[int, int]

    def scores(self, texts: pl.Series) -> npt.NDArray[np.float64]:
        """Of each text: above 0 it is more like the made ones. The mean over its distinct n-grams."""
        return _scores(self.table, texts)


def learn(native: pl.Series, made: pl.Series, loss: float = 0.05) -> Translationese:
    """From native texts and made ones, in any order; of native texts the share `loss` lies above `high`.

    Naive Bayes over the distinct n-grams of a text, weighed by its log odds (a linear classifier). Scores for the
    band and for `auc` are of folds that were left out. Raises WeftError with fewer than FEWEST texts of a kind.
    """
    if min(len(native), len(made)) < FEWEST:
        raise WeftError(
            f"translationese: {len(native)} native texts and {len(made)} made ones; expected {FEWEST} of each or more"
        )
    unseen = [np.zeros(len(native)), np.zeros(len(made))]
    for fold in range(_FOLDS):
        inside = [np.arange(len(each)) % _FOLDS == fold for each in (native, made)]
        seen = [each.filter(pl.Series(~mask)) for each, mask in zip((native, made), inside, strict=True)]
        table = _table(*seen)
        for scores, each, mask in zip(unseen, (native, made), inside, strict=True):
            scores[mask] = _scores(table, each.filter(pl.Series(mask)))
    high = -bound(-unseen[0], loss)
    return Translationese(_table(native, made), high, auc(unseen[0], unseen[1]), (len(native), len(made)))


def auc(native: npt.NDArray[np.float64], made: npt.NDArray[np.float64]) -> float:
    """The share of all two texts, one of each kind, of which the made one scores higher; of equals a half."""
    both = pl.Series(np.concatenate([native, made])).rank("average").to_numpy()
    above = both[len(native) :].sum() - len(made) * (len(made) + 1) / 2
    return float(above / (len(native) * len(made)))


def _table(native: pl.Series, made: pl.Series) -> npt.NDArray[np.float32]:
    texts = _read(pl.concat([native, made]))
    label = np.repeat(np.array([0, 1], np.int32), [len(native), len(made)])
    counts = count(string_buffers(texts), label, 2, _BITS).astype(np.float64)
    share = (counts + _ADDED) / (np.array([len(native), len(made)]) + 2 * _ADDED)
    odds = np.log(share[:, 1]) - np.log(share[:, 0])
    # An n-gram that few texts have says little, whichever they are.
    held = counts.sum(axis=1)
    made_table: npt.NDArray[np.float32] = (odds * held / (held + 2.0)).astype(np.float32)
    return made_table[:, None]


def _scores(table: npt.NDArray[np.float32], texts: pl.Series) -> npt.NDArray[np.float64]:
    strings = string_buffers(_read(texts))
    total = evidence(strings, table)[:, 0].astype(np.float64)
    size = evidence(strings, np.ones_like(table))[:, 0].astype(np.float64)
    made: npt.NDArray[np.float64] = total / np.maximum(size, 1.0)
    return made


def _read(texts: pl.Series) -> Any:
    return readable(texts.to_arrow(), _READ)
