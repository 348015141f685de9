"""A scorer of pairs, learnt from a seed of right ones alone: no encoder has to know the languages."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from weft.errors import WeftError
from weft.language.logistic import logistic
from weft.parallel import expected_length
from weft.parallel import lexicon as lexicons
from weft.parallel.evidence import Floats, Languages, evidence, strings
from weft.parallel.heads import HEADS, Head, learn
from weft.parallel.lexicon import Folding, Lexicon
from weft.parallel.negatives import KINDS
from weft.text import char_model
from weft.text.buffers import string_buffers

LEAST_PAIRS = 100
"""A seed of less teaches nothing."""
FOLDS = 5
KEPT = 0.995
"""Share of right pairs that each head lets pass."""
Parts = tuple[Lexicon, Languages]


@dataclass(frozen=True)
class Scorer:
    """Lexicon, language models and heads of two languages, and what turns the heads' values into a probability."""

    lexicon: Lexicon
    models: Languages
    heads: Mapping[str, Head]
    weights: tuple[float, ...]
    facts: Mapping[str, Any] = field(default_factory=dict)
    """What was learnt from what, and how well it does on parts of the seed that it had not seen."""

    @property
    def languages(self) -> tuple[str, str]:
        return self.lexicon.languages

    def score(self, source: Any, target: Any) -> pl.DataFrame:
        """Of each pair `score` (log-likelihood ratio), `probability`, `keep`, `reasons` (HEADS that it fails).

        Beside them a column of every head's value.
        """
        seen = evidence(self.lexicon, self.models, source, target)
        values = {name: head.values(seen) for name, head in self.heads.items()}
        failed = np.column_stack([values[name] < self.heads[name].least for name in HEADS])
        masks, place = np.unique(failed @ (1 << np.arange(len(HEADS))), return_inverse=True)
        listed = [[name for n, name in enumerate(HEADS) if mask >> n & 1] for mask in masks.tolist()]
        return pl.DataFrame(
            {
                "score": (seen[:, 0] + seen[:, 5]) / 2,
                "probability": _probability(_margins(values, self.heads) @ np.asarray(self.weights)),
                "keep": ~failed.any(axis=1),
                "reasons": pl.Series(listed, dtype=pl.List(pl.String)).gather(place.astype(np.uint32)),
                **{name: values[name].astype(np.float32) for name in HEADS},
            }
        )


def _probability(log_odds: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(log_odds, -30, 30))))


def _margins(values: Mapping[str, Floats], heads: Mapping[str, Head]) -> Floats:
    """Ones, the margin of every head, and the lowest of them: one that fails is enough."""
    held = [heads[name].margins(values[name]) for name in HEADS]
    return np.column_stack([np.ones(len(held[0])), *held, np.min(held, axis=0)])


def train(
    source: Sequence[str],
    target: Sequence[str],
    languages: tuple[str, str],
    foldings: tuple[Folding, Folding] = (Folding(), Folding()),
    kept: float = KEPT,
    seed: int = 1,
) -> Scorer:
    """A scorer from pairs that are right, in the order of their documents.

    Evidence of a fifth of the seed comes from a lexicon and models of the rest, so that heads learn what pairs that
    were never seen look like. Raises WeftError for fewer than 100 pairs.
    """
    if len(source) < LEAST_PAIRS:
        raise WeftError(f"a seed of {len(source)} pairs; expected {LEAST_PAIRS} at least, better 2,000")
    folds = [parts(*without(source, target, fold), languages, foldings) for fold in range(FOLDS)]
    found = crossed(folds, source, target, seed)
    facts = {"pairs": len(source), "kept": kept, "seed": seed}
    return put_together(parts(source, target, languages, foldings), *found, kept, facts)


def put_together(whole: Parts, right: Any, wrong: dict[str, Any], kept: float, facts: Mapping[str, Any]) -> Scorer:
    """A scorer of what was learnt from the whole seed, with heads from what is known of pairs that were held out."""
    heads = learn(right, wrong, kept)
    weights, measured = _calibrated(right, wrong, heads)
    return Scorer(*whole, heads, weights, {**facts, "auc": measured})


def parts(
    source: Sequence[str], target: Sequence[str], languages: tuple[str, str], foldings: tuple[Folding, Folding]
) -> Parts:
    """What is learnt from right pairs alone: a lexicon, and models of both languages."""
    texts = [strings(list(source)), strings(list(target))]
    held = [string_buffers(side) for side in texts]
    lexicon = lexicons.train(texts[0], texts[1], languages, foldings)
    sides, sizes = [lexicon.side(n, side) for n, side in enumerate(texts)], [np.diff(side.offsets) for side in held]
    lengths = [
        expected_length.learn(sides[n], sizes[n], sizes[1 - n], len(lexicon.vocabularies[n].counts)) for n in range(2)
    ]
    models = [char_model.train(side) for side in held]
    return lexicon, Languages(models[0], models[1], (lengths[0], lengths[1]))


def _places(size: int, fold: int) -> slice:
    """Folds are stretches of the seed: texts of one document are in one of them."""
    return slice(size * fold // FOLDS, size * (fold + 1) // FOLDS)


def without(source: Sequence[str], target: Sequence[str], fold: int) -> tuple[list[str], list[str]]:
    """The seed without one fold."""
    held = _places(len(source), fold)
    return [*source[: held.start], *source[held.stop :]], [*target[: held.start], *target[held.stop :]]


def crossed(
    folds: Sequence[Parts], source: Sequence[str], target: Sequence[str], seed: int
) -> tuple[Any, dict[str, Any]]:
    """Evidence of the seed's pairs and of wrong ones made of them, each from what was learnt of the other folds."""
    right: list[Any] = []
    wrong: dict[str, list[Any]] = {name: [] for name, _ in KINDS}
    for fold, learnt in enumerate(folds):
        held = _places(len(source), fold)
        sides = list(source[held]), list(target[held])
        right.append(evidence(*learnt, *sides))
        for name, make in KINDS:
            random = np.random.default_rng([seed, fold, zlib.crc32(name.encode())])
            made = make(*sides, random)
            wrong[name].append(evidence(*learnt, made.source, made.target))
    return np.concatenate(right), {name: np.concatenate(found) for name, found in wrong.items()}


def _calibrated(
    right: Any, wrong: Mapping[str, Any], heads: Mapping[str, Head]
) -> tuple[tuple[float, ...], dict[str, float]]:
    """Weights of the probability that a pair is right, where half are, the others of each kind alike; and AUCs."""
    rows, known, weight = [_values(right, heads)], [np.ones(len(right))], [np.full(len(right), 0.5 / len(right))]
    kinds = [name for name, held in wrong.items() if len(held)]
    for name in kinds:
        held = wrong[name]
        rows.append(_values(held, heads))
        known.append(np.zeros(len(held)))
        weight.append(np.full(len(held), 0.5 / len(held) / len(kinds)))
    weights = logistic(np.concatenate(rows), np.concatenate(known), np.concatenate(weight), 1e-3)
    measured = {}
    for name in kinds:
        head = next(head for head in HEADS if name.startswith(head) or name == "adjacent")
        measured[name] = auc(heads[head].values(right), heads[head].values(wrong[name]))
    return tuple(map(float, weights)), measured


def _values(seen: Any, heads: Mapping[str, Head]) -> Floats:
    return _margins({name: heads[name].values(seen) for name in HEADS}, heads)


def auc(right: Any, wrong: Any) -> float:
    """How often a right pair has more than a wrong one, ties counting half (Mann and Whitney 1947)."""
    order = np.sort(np.asarray(wrong))
    below = np.searchsorted(order, right, "left") + np.searchsorted(order, right, "right")
    return float(below.mean() / 2 / max(len(order), 1))
