"""Which language a text looks like: what weft's identifier says, and what trusted texts say of languages it mixes up.

The identifier serves languages that it knows. Those that it takes for one another, and those that it does not know,
are told apart by naive Bayes over n-grams of the trusted texts themselves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from weft.language.model import LanguageModel, answers, packaged, script_group
from weft.text.buffers import string_buffers
from weft.text.columns import readable

Floats = npt.NDArray[np.float64]
TOP = 16
_READ = 2_000
_BITS = 16
_ADDED = 0.3
"""Texts that every language is taken to have of every n-gram."""
_LEAST = 1e-9
_SAME = {"Hans": "Hani", "Hant": "Hani", "Jpan": "Hira", "Kore": "Hang", "Aran": "Arab"}


@dataclass(frozen=True)
class Contrast:
    """Languages in one script: `table` (2**bits, languages) int8 times `scale` is what an n-gram says for each."""

    labels: tuple[str, ...]
    table: npt.NDArray[np.int8]
    scale: float


def identifier() -> LanguageModel:
    """The model that weft carries."""
    return packaged("default")


def group(language: str) -> str:
    """The scripts whose languages are compared with one another."""
    return script_group(language.rpartition("_")[2])


def script_shares(frame: pl.DataFrame) -> pl.Series:
    """The share of letters in the script of each text's language, null without letters.

    Where another script has most letters, what that leaves: the share is at most that.
    """
    from weft.text.scripts import dominant_script
    from weft.text.unicode import tables

    names = np.array([*tables().script_names, "Zyyy"], object)
    number, share, _ = dominant_script(string_buffers(frame["text"].to_arrow()), _READ)
    written = frame["language"].fill_null("").str.slice(4).replace(_SAME).to_numpy()
    found = np.array([_SAME.get(name, name) for name in names], object)[number]
    # Japanese of Chinese characters alone is Japanese.
    same = (written == found) | ((written == "Hira") & (found == "Hani"))
    value = np.where(same, share, np.minimum(share, 1 - share))
    return pl.Series("share", np.where(number < 0, np.nan, value)).fill_nan(None)


def identified(model: LanguageModel, frame: pl.DataFrame, groups: Sequence[tuple[str, ...]]) -> pl.DataFrame:
    """`margin` and `answer` of each text.

    `margin`: log probability of its language less that of the likeliest other one that it may not be taken for, null
    where the model does not know the language or reads no letters, and where most letters are of another script: it
    would compare languages of that one. `answer`: the likeliest label.
    """
    given = answers(model, readable(frame["text"].to_arrow(), _READ), top=TOP)
    label, chance = given.label, given.chance.astype(np.float64)
    known = {name: number for number, name in enumerate(model.labels)}
    families = (*model.families.values(), *groups)
    margin = np.full(len(label), np.nan)
    asked = frame["language"].fill_null("").to_numpy()
    for language in sorted(set(asked.tolist()) & known.keys()):
        competing = np.array([group(name) == group(language) for name in (*model.labels, "")])
        rows = np.flatnonzero((asked == language) & (label[:, 0] >= 0) & competing[label[:, 0]])
        near = [known[name] for each in families if language in each for name in each if name in known]
        own = label[rows] == known[language]
        other = (label[rows] >= 0) & ~own & ~np.isin(label[rows], near)
        mine = np.where(own, chance[rows], 0).sum(axis=1)
        theirs = np.where(other, chance[rows], 0).max(axis=1)
        margin[rows] = np.log(mine + _LEAST) - np.log(theirs + _LEAST)
    names = np.array([*model.labels, ""], object)
    told = {
        "margin": pl.Series(margin).fill_nan(None),
        "answer": pl.Series(names[label[:, 0]].tolist(), dtype=pl.String),
    }
    sure = np.log(chance[:, 0] + _LEAST) - np.log(chance[:, 1] + _LEAST)
    return pl.DataFrame(told | {"sure": np.where(label[:, 0] >= 0, sure, 0.0)})


def fit_contrast(texts: pl.DataFrame, labels: tuple[str, ...], bits: int = _BITS) -> Contrast:
    """Naive Bayes of the texts (language, text) of languages in one script."""
    from weft.text.bayes import count

    place = {name: number for number, name in enumerate(labels)}
    number = texts["language"].replace_strict(place, return_dtype=pl.Int32).to_numpy()
    counts = count(string_buffers(texts["text"].to_arrow()), number, len(labels), bits).astype(np.float64)
    table = np.log((counts + _ADDED) / (np.bincount(number, minlength=len(labels)) + 2 * _ADDED))
    table[counts.sum(axis=1) == 0] = 0.0
    table -= table.mean(axis=1, keepdims=True)
    scale = float(np.abs(table).max()) / 127 or 1.0
    return Contrast(labels, np.rint(table / scale).astype(np.int8), scale)


def competing(
    model: LanguageModel, groups: Sequence[tuple[str, ...]], trusted: Sequence[str]
) -> dict[str, tuple[str, ...]]:
    """Of each language the trusted ones that only trusted text tells it from: those that the identifier confuses it
    with, and where the identifier does not know the language, all in its script."""
    families = (*model.families.values(), *groups)
    known, made = set(model.labels), {}
    for language in sorted(set(trusted)):
        near = {name for each in families if language in each for name in each}
        others = [name for name in sorted(set(trusted)) if name != language and group(name) == group(language)]
        chosen = tuple(name for name in others if language not in known or name in near)
        if chosen:
            made[language] = chosen
    return made


def contrasted(held: Mapping[str, Contrast], rivals: Mapping[str, tuple[str, ...]], frame: pl.DataFrame) -> pl.Series:
    """`contrast`: what n-grams say for each text's language less what they say for the best of its rivals.

    Divided by the square root of its characters, by which chance grows. Null where nothing is to compare.
    """
    from weft.text.bayes import evidence

    out = np.full(frame.height, np.nan)
    asked = frame["language"].fill_null("").to_numpy()
    size = np.sqrt(np.maximum(frame["text"].fill_null("").str.len_chars().to_numpy(), 1))
    for language in sorted(set(asked.tolist()) & rivals.keys()):
        each = held[group(language)]
        rows = np.flatnonzero(asked == language)
        columns = [each.labels.index(name) for name in (language, *rivals[language])]
        strings = string_buffers(readable(frame["text"].to_arrow().take(rows), _READ))
        table = np.ascontiguousarray(each.table[:, columns].astype(np.float32))
        score = evidence(strings, table).astype(np.float64) * each.scale
        out[rows] = (score[:, 0] - score[:, 1:].max(axis=1)) / size[rows]
    return pl.Series("contrast", out).fill_nan(None)


@dataclass(frozen=True)
class Words:
    """What is common in a language, as `weft.text.coverage` keeps it: 4-grams and words in filters."""

    grams: npt.NDArray[np.uint64]
    words: npt.NDArray[np.uint64]


_GRAMS, _WORDS, _GRAM_BITS, _WORD_BITS = 10_000, 8_000, 17, 17


def fit_words(texts: pl.Series) -> Words:
    """The commonest 4-grams and words of trusted texts that occur twice at least."""
    from weft.text import coverage

    grams, words = coverage.hashes(string_buffers(texts.to_arrow()))
    made = Words(coverage.empty_filter(_GRAM_BITS), coverage.empty_filter(_WORD_BITS))
    coverage.insert(made.grams, coverage.commonest(grams, _GRAMS), 0)
    coverage.insert(made.words, coverage.commonest(words, _WORDS), 0)
    return made


def covered(held: Mapping[str, Words], frame: pl.DataFrame) -> pl.DataFrame:
    """`grams` and `words`: the shares of each text's 4-grams and words that trusted text of its language has."""
    from weft.text import coverage

    out: Any = np.full((frame.height, 2), np.nan)
    asked = frame["language"].fill_null("").to_numpy()
    for language in sorted(set(asked.tolist()) & held.keys()):
        rows = np.flatnonzero(asked == language)
        strings = string_buffers(readable(frame["text"].to_arrow().take(rows), _READ))
        own = held[language]
        out[rows] = coverage.shares(strings, np.zeros(len(rows), np.int32), own.grams, own.words)
    return pl.DataFrame(out, ["grams", "words"], orient="row").with_columns(pl.all().fill_nan(None))
