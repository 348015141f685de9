"""Within a family of languages that are told apart badly: a second opinion by naive Bayes over distinct n-grams.

The classifier shares its embedding among all languages; a few hundred sentences of each of ten close varieties say more
when their n-grams are counted for these ten alone. The opinion counts little (WEIGHT, found on texts for tuning): where
it counts more, texts of other domains lose.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from weft.text.bayes import count, evidence
from weft.text.buffers import Strings, string_buffers

WEIGHT = 0.02
_BITS = 16
_ADDED = 0.3
"""Texts that every language is taken to have of every n-gram."""
RIVALS = 16
"""Most probable labels of a text among which a family's members are looked for."""
_LEAST = 1e-6


class Refiner(NamedTuple):
    """`table` (2**bits, members) int8 times `scale` are log probabilities, less their mean over the members."""

    table: npt.NDArray[np.int8]
    scale: float


def fit_refiner(texts: pl.DataFrame, members: tuple[str, ...], bits: int = _BITS) -> Refiner:
    """Count the n-grams of each member's texts.

    A source that holds one member alone tells its domain, not its language: it serves only members that have no other.
    """
    rows = texts.filter(pl.col("language").is_in(members))
    together = rows.group_by("source").agg(pl.col("language").n_unique().alias("members"))
    shared = together.filter(pl.col("members") > 1)["source"]
    used = rows.filter(pl.col("source").is_in(shared.implode()))
    alone = rows.filter(~pl.col("language").is_in(used["language"].unique().implode()))
    used = pl.concat([used, alone])
    place = {name: n for n, name in enumerate(members)}
    label = used["language"].replace_strict(place, return_dtype=pl.Int32).to_numpy()
    counts = count(string_buffers(used["text"].to_arrow()), label, len(members), bits)
    table = np.log((counts + _ADDED) / (counts.sum(axis=0) + 2 * _ADDED))
    table[counts.sum(axis=1) == 0] = 0.0
    table -= table.mean(axis=1, keepdims=True)
    scale = float(np.abs(table).max()) / 127 or 1.0
    return Refiner(np.rint(table / scale).astype(np.int8), scale)


def refined(
    refiner: Refiner,
    strings: Strings,
    members: npt.NDArray[np.int64],
    label: npt.NDArray[np.int32],
    chance: npt.NDArray[np.float32],
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]]:
    """Labels and probabilities (texts, n), the members' shared out anew: the best member first, then by probability.

    What the members have together stays as it is, and so no other label overtakes them when it is divided.
    """
    said = np.full((len(label), len(members)), _LEAST)
    for place, member in enumerate(members):
        said[:, place] = np.maximum(np.where(label == member, chance, 0.0).max(axis=1), _LEAST)
    score = np.log(said) + WEIGHT * refiner.scale * evidence(strings, refiner.table.astype(np.float32))
    share = np.exp(score - score.max(axis=1, keepdims=True))
    share *= (np.where(np.isin(label, members), chance, 0.0).sum(axis=1) / share.sum(axis=1))[:, None]
    found = chance.astype(np.float64)
    for place, member in enumerate(members):
        found = np.where(label == member, share[:, place : place + 1], found)
    best = np.where(np.isin(label, members), found, -1.0).argmax(axis=1)[:, None]
    rank = -found
    np.put_along_axis(rank, best, -np.inf, axis=1)
    order = np.argsort(rank, axis=1, kind="stable")
    return np.take_along_axis(label, order, axis=1), np.take_along_axis(found, order, axis=1).astype(np.float32)


def fit_refiners(texts: pl.DataFrame, families: Mapping[str, tuple[str, ...]], bits: int = _BITS) -> dict[str, Refiner]:
    """A refiner for each family, from the texts to train on."""
    return {name: fit_refiner(texts, members, bits) for name, members in families.items()}
