"""Words of texts for a language model: blocks of words of one script, and what single words need to be told apart.

A model is trained on texts: among single words, a language of which it has seen little loses to a relative of which it
has seen much. What is added to each language's score makes up for that. And whose words are taken for whose is kept:
a text in one language must not look as if it mixed that with its relatives.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import polars as pl

from weft.language.model import LanguageModel, SingleWords, script_group
from weft.text.buffers import Longs, Strings, string_buffers
from weft.text.mixing import BLOCK, Settings, score_words
from weft.text.words import Words, find_words

CONTEXT, USUAL = 0.2, 20.0
"""Weight of each neighbour's features beside a word's own, and features of a word whose scores count as they are; more
of them count by the root of their number. Found on mixed texts for tuning."""
_TEXTS, _LETTERS = 12, 400
"""Texts of each language by which its words are counted, and characters of each at most."""
_ROUNDS, _PSEUDO = 30, 30.0
_CONFUSED, _AT_RANDOM = 0.01, 0.3
"""Mean probability that words of one label give to another, from which these are relatives; but no less than this
share of what they would if labels were drawn at random, for a model of a few labels."""
_ROWS = 4_096


def words_of(model: LanguageModel, strings: Strings) -> Words:
    """Words of texts; groups from the number of the model's own on are of scripts that it does not have."""
    groups = model.competition.of_script[:-1]
    others = len(model.competition.bounds) // 2 + np.arange(len(groups), dtype=np.int32)
    return find_words(strings, np.where(groups < 0, others, groups).astype(np.int32))


def blocks_of(row: npt.NDArray[np.int32], group: npt.NDArray[np.int32]) -> tuple[Longs, npt.NDArray[np.int32]]:
    """Blocks of words that are sorted by row, then group: where they begin (and the last ends), and their groups.

    A block is of one row and group, and of equal size as the others of these.
    """
    if not len(row):
        return np.zeros(1, np.int64), np.empty(0, np.int32)
    new = np.r_[True, (row[1:] != row[:-1]) | (group[1:] != group[:-1])]
    start = np.flatnonzero(new)
    size = np.diff(np.r_[start, len(row)])
    parts = -(-size // BLOCK)
    number = np.arange(parts.sum()) - np.repeat(np.cumsum(parts) - parts, parts)
    starts = np.repeat(start, parts) + number * np.repeat(size, parts) // np.repeat(parts, parts)
    return np.r_[starts, len(row)].astype(np.int64), group[starts]


def with_single_words(model: LanguageModel, texts: pl.DataFrame, seed: int = 1) -> LanguageModel:
    """The model with what single words need, by a sample of the texts to train on (columns as in `read_texts`).

    To be done again whenever a model's labels change.
    """
    order = np.random.Generator(np.random.PCG64(seed)).permutation(texts.height)
    drawn = texts[order].group_by("language", maintain_order=True).head(_TEXTS)
    drawn = drawn.filter(pl.col("language").is_in(model.labels)).with_columns(pl.col("text").str.slice(0, _LETTERS))
    place = {label: n for n, label in enumerate(model.labels)}
    label = drawn["language"].replace_strict(place, return_dtype=pl.Int32).to_numpy()
    strings = string_buffers(drawn["text"].to_arrow())
    words = words_of(model, strings)
    written = list(dict.fromkeys(script_group(name.rpartition("_")[2]) for name in model.labels))
    own = np.array([written.index(script_group(name.rpartition("_")[2])) for name in model.labels])
    bias, pairs = np.zeros(len(model.labels), np.float32), [np.empty((0, 2), np.int64)]
    for group in range(len(written)):
        first, last = model.competition.bounds[2 * group : 2 * group + 2]
        held = words.take(np.flatnonzero((words.group == group) & (own[label[words.row]] == group)))
        if last - first > 1 and len(held.row):
            found, confused = _balanced(model, strings, held, label[held.row] - first, slice(first, last))
            bias[first:last] = found
            akin = np.maximum(confused, confused.T) > max(_CONFUSED, _AT_RANDOM / (last - first))
            pairs.append(first + np.argwhere(np.triu(akin, 1)))
    return replace(model, words=SingleWords(bias, np.concatenate(pairs).astype(np.int32)))


def _balanced(
    model: LanguageModel, strings: Strings, words: Words, label: npt.NDArray[np.int32], labels: slice
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """The bias of the labels of one group, and (labels, labels) the mean probability of each for words of each.

    Over words of all languages alike, as many words are expected of a language as there are: the condition of a
    maximum-likelihood intercept, found by iterative scaling (Darroch and Ratcliff 1972). `label` counts from the first
    label of the group.
    """
    starts, _ = blocks_of(words.row, words.group)
    output = np.ascontiguousarray(model.output[:, labels])
    bias = np.zeros(output.shape[1], np.float32)
    settings = Settings(0, 0, 0, CONTEXT, USUAL, 0)
    scores = score_words(strings.data, (words.begin, words.end), starts, (model.embedding, output, bias), settings)
    size = np.bincount(label, minlength=len(bias))
    weight = (len(label) / (size[label] * np.count_nonzero(size))).astype(np.float32)
    wanted = np.bincount(label, weight, len(bias)) + _PSEUDO
    parts = [slice(begin, begin + _ROWS) for begin in range(0, len(label), _ROWS)]
    for _ in range(_ROUNDS):
        expected = np.full(len(bias), _PSEUDO)
        for rows in parts:
            expected += weight[rows] @ _chances(scores[rows] + bias)
        bias = bias + np.log(wanted / expected).astype(np.float32)
    confused = np.zeros((len(bias), len(bias)), np.float32)
    for rows in parts:
        own = label[rows][:, None] == np.arange(len(bias), dtype=np.int32)
        confused += own.astype(np.float32).T @ _chances(scores[rows] + bias)
    counted = np.maximum(size, 1).astype(np.float32)
    centred: npt.NDArray[np.float32] = bias - bias.mean()
    return centred, (confused / counted[:, None]).astype(np.float32)


def _chances(scores: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Softmax of each row."""
    found = np.exp(scores - scores.max(axis=1, keepdims=True))
    made: npt.NDArray[np.float32] = found / found.sum(axis=1, keepdims=True)
    return made
