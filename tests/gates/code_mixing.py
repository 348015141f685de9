"""Token-level language of mixed sentences: the tags of three treebanks, two baselines, and the scores of a model.

`python -m tests.gates.code_mixing MODEL [tune|test]` prints a table. A sentence belongs to the half `tune` when the
hash of its id is in the lower half; nothing was tuned on the other.
"""

from __future__ import annotations

import gzip
import json
import re
import sys
from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
import pyarrow as pa

from weft.language.model import LanguageModel, load_model
from weft.language.recipe import data_folder, load_recipe
from weft.language.spans import tag_words
from weft.language.texts import place_of, read_texts

TAGS = {
    "fry-nld": {"fy": "fry_Latn", "nl": "nld_Latn"},
    "arq-fra": {"ar_dz": "ary_Latn", "ar_msa": "ary_Latn", "msa": "ary_Latn", "fr": "fra_Latn"},
    "tel-eng": {"te": "und_Latn", "en": "eng_Latn"},
}
"""Tags that count, and the label that is right. Arabic in Latin letters of Algeria has no texts to train on: that of
Morocco is the answer. Nor has Telugu in Latin letters: no language is. All other tags are left out: third languages
(en, es, pt, it, de beside Arabic and French; en beside Frisian), `univ` and `?` (undecided); and tokens without
letters."""
ALSO = {"arb_Latn": "ary_Latn"}
"""Where all languages compete, Standard Arabic in Latin letters counts as Arabic."""
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_SAMPLES = 200
FILE = "codemix/codemix_train.jsonl.gz"


class Sentence(NamedTuple):
    """Tokens and their labels; None where a token does not count."""

    pair: str
    tokens: list[str]
    labels: list[str | None]


def sentences(folder: Path, half: str) -> list[Sentence]:
    """The sentences of one half of the file, `tune` or `test`."""
    with gzip.open(folder / FILE, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return [
        Sentence(
            row["lang"],
            row["tokens"],
            [_label(row["lang"], *each) for each in zip(row["tokens"], row["tags"], strict=True)],
        )
        for row in rows
        if (place_of("code-mix", row["id"]) < 0.5) == (half == "tune")
    ]


def _label(pair: str, token: str, tag: str) -> str | None:
    return TAGS[pair].get(tag) if any(char.isalpha() for char in token) else None


def by_model(model: LanguageModel, held: Sequence[Sentence], among: Collection[str] | None) -> list[list[str]]:
    """The language of each token's first word."""
    texts = pa.array([" ".join(sentence.tokens) for sentence in held], pa.large_string())
    words = tag_words(model, texts, among=among).partition_by("row", as_dict=True)
    return [_of_tokens(sentence.tokens, words.get((row,))) for row, sentence in enumerate(held)]


def _of_tokens(tokens: Sequence[str], words: pl.DataFrame | None) -> list[str]:
    if words is None:
        return [""] * len(tokens)
    size = np.array([len(token) for token in tokens])
    begin = np.cumsum(size + 1) - size - 1
    place = np.searchsorted(words["end"].to_numpy(), begin, side="right")
    last = np.minimum(place, words.height - 1)
    there = (place < words.height) & (words["begin"].to_numpy()[last] < begin + size)
    names = np.where(there, words["language"].gather(last).to_numpy().astype(object), "")
    return [ALSO.get(name, name) for name in names.tolist()]


def word_lists(texts: pl.DataFrame, labels: Collection[str]) -> dict[str, str]:
    """Every word of some texts to train on, and the language in which it is commonest (of equals the first)."""
    best: dict[str, tuple[float, str]] = {}
    for label in sorted(labels):
        rows = texts.filter(pl.col("language") == label)["text"]
        count = Counter(word for text in rows for word in _WORD.findall(text.lower()))
        total = sum(count.values())
        for word, size in count.items():
            if size / total > best.get(word, (0.0, ""))[0]:
                best[word] = (size / total, label)
    return {word: label for word, (_, label) in best.items()}


def by_lists(lists: dict[str, str], held: Sequence[Sentence], other: str) -> list[list[str]]:
    """The language of each word by its list, `other` for one that is in none."""
    return [[lists.get(token.lower(), other) for token in sentence.tokens] for sentence in held]


def scores(held: Sequence[Sentence], found: Sequence[Sequence[str]]) -> dict[str, float]:
    """F1, mean over the languages of the pair, with a 95 % interval over sentences drawn again; accuracy; tokens."""
    names = sorted(set(TAGS[held[0].pair].values()))
    counts = np.array([_counts(names, *each) for each in zip(held, found, strict=True)], np.int64)
    random = np.random.Generator(np.random.PCG64(1))
    drawn = [_f1(counts[random.integers(0, len(counts), len(counts))].sum(axis=0)) for _ in range(_SAMPLES)]
    low, high = np.quantile(drawn, [0.025, 0.975])
    whole = counts.sum(axis=0)
    right, tokens = int(whole[0].sum()), int(whole[1].sum())
    figures = {"f1": _f1(whole), "low": low, "high": high, "accuracy": right / tokens, "tokens": tokens}
    return {name: round(float(value), 4) for name, value in figures.items()}


def _counts(names: list[str], sentence: Sentence, found: Sequence[str]) -> list[list[int]]:
    """Right answers, tokens and answers of each language of the pair."""
    pairs = [(own, said) for own, said in zip(sentence.labels, found, strict=True) if own is not None]
    return [
        [sum(own == said == name for own, said in pairs) for name in names],
        [sum(own == name for own, _ in pairs) for name in names],
        [sum(said == name for _, said in pairs) for name in names],
    ]


def _f1(counts: Any) -> float:
    right, has, got = counts
    return float(np.mean(2 * right / np.maximum(has + got, 1)))


def measure(model: LanguageModel, texts: pl.DataFrame, held: Sequence[Sentence]) -> dict[str, dict[str, Any]]:
    """For each pair the scores of the baselines and the model, where the pair is given and where all compete."""
    train = texts.filter(pl.col("split") == "train")
    everything = word_lists(train, model.labels)
    made: dict[str, dict[str, Any]] = {}
    for pair, tags in TAGS.items():
        own = [sentence for sentence in held if sentence.pair == pair]
        labels = [label for label in sorted(set(tags.values())) if label in model.labels]
        # Both baselines know from the answers which language is the commoner one.
        most = Counter(label for sentence in own for label in sentence.labels if label).most_common(1)[0][0]
        other = most if len(labels) > 1 else "und_Latn"
        tried: dict[str, list[list[str]]] = {
            "majority": [[most] * len(sentence.tokens) for sentence in own],
            "word lists": by_lists(word_lists(train, labels), own, other),
            "model": by_model(model, own, sorted(set(tags.values()))),
            "word lists, open": by_lists(everything, own, "und_Latn"),
            "model, open": by_model(model, own, None),
        }
        made[pair] = {name: scores(own, found) for name, found in tried.items()}
    return made


def fallen_apart(model: LanguageModel, texts: pl.Series) -> dict[str, float]:
    """Share of texts in one language in which words of another are found, and such texts and words by 1,000 words."""
    words = tag_words(model, texts.to_arrow()).filter(~pl.col("language").str.starts_with("und"))
    sizes = (
        words.group_by("row", "language")
        .len()
        .group_by("row")
        .agg(pl.col("len").sum(), pl.col("len").max().alias("most"))
    )
    other = sizes.filter(pl.col("most") < pl.col("len"))
    stray = int((other["len"] - other["most"]).sum())
    return {
        "texts": round(other.height / len(texts), 4),
        "texts_per_1000_words": round(1000 * other.height / words.height, 2),
        "words_per_1000_words": round(1000 * stray / words.height, 2),
    }


def training_texts(folder: Path) -> pl.DataFrame:
    """The texts of which weft's own model is made."""
    from weft.language import recipe

    return read_texts(load_recipe(Path(recipe.__file__).with_name("default.yaml")), folder)


def main(arguments: list[str]) -> None:
    """Print scores by pair, and how often texts in one language of the part `dev` fall apart."""
    model, texts = load_model(Path(arguments[0])), training_texts(data_folder())
    held = sentences(data_folder(), arguments[1] if len(arguments) > 1 else "tune")
    for pair, found in measure(model, texts, held).items():
        for name, figures in found.items():
            sys.stdout.write(f"{pair}\t{name}\t{json.dumps(figures)}\n")
    dev = texts.filter(pl.col("split") == "dev")
    for source in ("sib200", "udhr", "oldi"):
        apart = fallen_apart(model, dev.filter(pl.col("source") == source)["text"])
        sys.stdout.write(f"{source}\tin one language\t{json.dumps(apart)}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
