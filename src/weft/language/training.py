"""Training: labelled texts to weights, by the same sequence of steps each time."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from weft.errors import WeftError
from weft.language.model import LanguageModel, competitors, script_group
from weft.language.recipe import Shape
from weft.text.buffers import string_buffers
from weft.text.linear import Weights, train
from weft.text.scripts import dominant_script
from weft.text.unicode import tables

STEPS = 50_000
"""Draws between two reports of progress."""
_SHORT, _SHORTEST, _LONGEST = 0.7, 8, 150
"""The share of draws cut to so many letters, evenly on a logarithmic scale: a model has to know short texts."""
_CLIP = {8: 5.0, 4: 2.5}
"""Standard deviations at which an embedding is cut off before it becomes a number of so many bits."""


class Drawn(NamedTuple):
    """The steps of a training: rows of the texts, letters each is cut to (0: all), and a seed for each."""

    row: npt.NDArray[np.int32]
    cut: npt.NDArray[np.int32]
    seed: npt.NDArray[np.uint64]


Progress = Callable[[int, float], None]
"""Is told the draws that are done and the mean loss of the last ones."""


def in_their_script(texts: pl.DataFrame) -> pl.DataFrame:
    """Texts whose dominant script is that of their label: the others are noise, and can never be asked."""
    names = tables().script_names
    number, _, _ = dominant_script(string_buffers(texts["text"].to_arrow()), 1_000)
    written = pl.Series([script_group(names[n]) if n >= 0 else "" for n in number], dtype=pl.String)
    wanted = texts["language"].str.split("_").list.last()
    groups = {script: script_group(script) for script in wanted.unique().drop_nulls()}
    return texts.filter(wanted.replace_strict(groups, return_dtype=pl.String) == written)


def known_labels(texts: pl.DataFrame, shape: Shape) -> tuple[str, ...]:
    """Languages with enough text to be learnt, sorted by the group of their script, then by code."""
    size = texts.group_by("language").agg(pl.len().alias("rows"), pl.col("text").str.len_chars().sum().alias("chars"))
    enough = size.filter(pl.col("rows") >= shape.min_rows, pl.col("chars") >= shape.min_characters)["language"]
    return tuple(sorted(enough, key=lambda code: (script_group(code.rpartition("_")[2]), code)))


def draw(texts: pl.DataFrame, label: npt.NDArray[np.int32], shape: Shape) -> Drawn:
    """Draw texts: languages by size to the power of `evenness`, texts by source and the root of their length."""
    weight = np.sqrt(texts["text"].str.len_chars().to_numpy() / 100) * texts["weight"].to_numpy()
    size = np.bincount(label, weight)
    chance = weight / size[label] * (size**shape.evenness)[label]
    random = np.random.Generator(np.random.PCG64(shape.seed))
    row = random.choice(len(label), shape.draws, p=chance / chance.sum()).astype(np.int32)
    length = np.exp(random.uniform(np.log(_SHORTEST), np.log(_LONGEST), shape.draws))
    cut = np.where(random.random(shape.draws) < _SHORT, length, 0).astype(np.int32)
    return Drawn(row, cut, random.integers(0, 2**63, shape.draws).astype(np.uint64))


def fit(texts: pl.DataFrame, shape: Shape, progress: Progress = lambda done, loss: None) -> LanguageModel:
    """A model of all languages that have enough of these texts; raises WeftError when there are fewer than two."""
    texts = in_their_script(texts)
    labels = known_labels(texts, shape)
    if len(labels) < 2:
        raise WeftError(
            f"{len(labels)} languages have {shape.min_rows} texts and {shape.min_characters} characters; expected two"
        )
    texts = texts.filter(pl.col("language").is_in(labels))
    place = {name: n for n, name in enumerate(labels)}
    label = texts["language"].replace_strict(place, return_dtype=pl.Int32).to_numpy()
    drawn = draw(texts, label, shape)
    random = np.random.Generator(np.random.PCG64([shape.seed, 1]))
    weights = Weights.start(1 << shape.bits, shape.width, len(labels), random)
    groups, bounds = competitors(labels)
    own = np.array([groups[script_group(name.rpartition("_")[2])] for name in labels])
    rivals = bounds.reshape(-1, 2)[own].reshape(-1)
    strings = string_buffers(texts["text"].to_arrow())
    for begin in range(0, shape.draws, STEPS):
        end = min(begin + STEPS, shape.draws)
        rates = tuple(shape.rate * (1 - at / shape.draws) for at in (begin, end))
        steps = tuple(part[begin:end] for part in drawn)
        progress(end, train(strings, label, rivals, steps, weights, rates, shape.keep) / (end - begin))
    return compact(weights, labels, shape.depth)


def compact(weights: Weights, labels: tuple[str, ...], depth: int) -> LanguageModel:
    """The model with `depth` bits for a number of the embedding; its scale, one per dimension, goes to the output."""
    most = 2 ** (depth - 1) - 1
    scale = np.maximum(_CLIP[depth] / most * weights.embedding.std(axis=0), 1e-12).astype(np.float32)
    embedding = np.clip(np.rint(weights.embedding / scale), -most, most).astype(np.int8)
    return LanguageModel(labels, embedding, np.ascontiguousarray(weights.output * scale[:, None]), depth=depth)
