"""A scorer of pairs, learnt from a seed of right ones alone: no encoder has to know the languages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from weft.errors import WeftError
from weft.language.logistic import logistic
from weft.parallel import expected_length
from weft.parallel import lexicon as lexicons
from weft.parallel.encoder_trial import Meaning, Trial, tried
from weft.parallel.encoding import Embed
from weft.parallel.evidence import Floats, Languages, evidence, strings
from weft.parallel.heads import HEADS, RIGHT, Head, learn
from weft.parallel.lexicon import Folding, Lexicon
from weft.parallel.negatives import FOLDS, KINDS, folds, stretch
from weft.text import char_model
from weft.text.buffers import string_buffers
from weft.text.folded import folded_hashes

LEAST_PAIRS = 100
"""A seed of less teaches nothing."""
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
    meaning: Meaning | None = None
    """What was learnt of an encoder, where one serves these languages better than the lexicon."""
    seen: npt.NDArray[np.uint64] = field(default_factory=lambda: np.empty(0, np.uint64))
    """`pair_keys` of the seed, ascending: what was learnt from says nothing of how well a pair is found."""

    @property
    def languages(self) -> tuple[str, str]:
        return self.lexicon.languages

    def score(self, source: Any, target: Any, embed: Embed | None = None) -> pl.DataFrame:
        """Of each pair `score` (log-likelihood ratio), `probability`, `keep`, `reasons` (HEADS that it fails).

        Beside them a column of every head's value. With `embed`, vectors of the encoder that the scorer was trained
        with, mismatches are judged by them too, and `encoded` says of which pairs.
        """
        seen = evidence(self.lexicon, self.models, source, target)
        heads: Mapping[str, Any] = self.heads
        weights, more = self.weights, {}
        if embed is not None and self.meaning is not None:
            texts = [strings(side).to_pylist() for side in (source, target)]
            seen = self.meaning.widened(seen, texts[0], texts[1], embed)
            heads, weights = self.meaning.heads(self.heads), self.meaning.weights
            more = {"encoded": ~np.isnan(seen[:, -1])}
        values = {name: heads[name].values(seen) for name in HEADS}
        failed = np.column_stack([values[name] < heads[name].least for name in HEADS])
        masks, place = np.unique(failed @ (1 << np.arange(len(HEADS))), return_inverse=True)
        listed = [[name for n, name in enumerate(HEADS) if mask >> n & 1] for mask in masks.tolist()]
        return pl.DataFrame(
            {
                "score": (seen[:, 0] + seen[:, 5]) / 2,
                "probability": _probability(_margins(values, heads) @ np.asarray(weights)),
                "keep": ~failed.any(axis=1),
                "reasons": pl.Series(listed, dtype=pl.List(pl.String)).gather(place.astype(np.uint32)),
                **{name: values[name].astype(np.float32) for name in HEADS},
                **more,
            }
        )


def _probability(log_odds: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(log_odds, -30, 30))))


def _margins(values: Mapping[str, Floats], heads: Mapping[str, Any]) -> Floats:
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
    trial: Trial | None = None,
) -> Scorer:
    """A scorer from pairs that are right, in the order of their documents.

    Evidence of a fifth of the seed comes from a lexicon and models of the rest, so that heads learn what pairs that
    were never seen look like. The encoder of a `trial` is used where it beats the lexicon on the seed; `facts` say
    whether. Raises WeftError for fewer than 100 pairs.
    """
    if len(source) < LEAST_PAIRS:
        raise WeftError(f"a seed of {len(source)} pairs; expected {LEAST_PAIRS} at least, better 2,000")
    learnt = [parts(*without(source, target, fold), languages, foldings) for fold in range(FOLDS)]
    right, wrong = crossed(learnt, source, target, seed)
    facts = {"pairs": len(source), "kept": kept, "seed": seed}
    made = put_together(parts(source, target, languages, foldings), right, wrong, kept, facts)
    made = replace(made, seen=np.unique(pair_keys(source, target)))
    return made if trial is None else encoded(made, trial, (source, target), right, wrong, kept, seed)


def put_together(whole: Parts, right: Any, wrong: dict[str, Any], kept: float, facts: Mapping[str, Any]) -> Scorer:
    """A scorer of what was learnt from the whole seed, with heads from what is known of pairs that were held out."""
    heads, values = learn(right, wrong, kept)
    weights, measured = _calibrated(values, heads)
    return Scorer(*whole, heads, weights, {**facts, "auc": measured})


def encoded(
    scorer: Scorer,
    trial: Trial,
    sides: tuple[Sequence[str], Sequence[str]],
    right: Any,
    wrong: dict[str, Any],
    kept: float,
    seed: int,
) -> Scorer:
    """A scorer of this seed with the encoder of a trial, where that beats the lexicon; `facts` say whether."""
    heads, languages = scorer.heads, scorer.languages
    found, told = tried(trial, *sides, languages, right, wrong, heads, kept, seed, _calibrated_on)
    return replace(scorer, meaning=found, facts={**scorer.facts, "encoder": told})


def pair_keys(source: Any, target: Any) -> npt.NDArray[np.uint64]:
    """A 64-bit key of each pair, the same for both directions; case and runs of white space are folded."""
    sides = [folded_hashes(string_buffers(strings(side)))[0] for side in (source, target)]
    return np.asarray(sides[0] + sides[1])


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


def without(source: Sequence[str], target: Sequence[str], fold: int) -> tuple[list[str], list[str]]:
    """The seed without one fold."""
    first, last = stretch(len(source), fold)
    return [*source[:first], *source[last:]], [*target[:first], *target[last:]]


def crossed(
    learnt: Sequence[Parts], source: Sequence[str], target: Sequence[str], seed: int
) -> tuple[Any, dict[str, Any]]:
    """Evidence of the seed's pairs and of wrong ones made of them, each from what was learnt of the other folds."""
    right: list[Any] = []
    wrong: dict[str, list[Any]] = {name: [] for name, _ in KINDS}
    for known, (first, last, planted) in zip(learnt, folds(source, target, seed), strict=True):
        right.append(evidence(*known, list(source[first:last]), list(target[first:last])))
        for name, made in planted.items():
            wrong[name].append(evidence(*known, made.source, made.target))
    return np.concatenate(right), {name: np.concatenate(found) for name, found in wrong.items()}


def _calibrated(
    values: Mapping[str, Mapping[str, Floats]], heads: Mapping[str, Any]
) -> tuple[tuple[float, ...], dict[str, float]]:
    """Weights of the probability that a pair is right, where half are, the others of each kind alike; and AUCs.

    `values` of the heads are by kind of pair, RIGHT or that of a mistake, then by head.
    """
    right = values[RIGHT]
    rows = [_margins(right, heads)]
    known, weight = [np.ones(len(rows[0]))], [np.full(len(rows[0]), 0.5 / len(rows[0]))]
    kinds = [name for name, held in values.items() if name != RIGHT and len(held[HEADS[0]])]
    measured = {}
    for name in kinds:
        rows.append(_margins(values[name], heads))
        known.append(np.zeros(len(rows[-1])))
        weight.append(np.full(len(rows[-1]), 0.5 / len(rows[-1]) / len(kinds)))
        head = next(head for head in HEADS if name.startswith(head) or name == "adjacent")
        measured[name] = auc(right[head], values[name][head])
    weights = logistic(np.concatenate(rows), np.concatenate(known), np.concatenate(weight), 1e-3)
    return tuple(map(float, weights)), measured


def _calibrated_on(
    right: Any, wrong: Mapping[str, Any], heads: Mapping[str, Any]
) -> tuple[tuple[float, ...], dict[str, float]]:
    """`_calibrated` by what heads say of this evidence."""
    seen = {RIGHT: right, **wrong}
    return _calibrated({kind: {name: heads[name].values(rows) for name in HEADS} for kind, rows in seen.items()}, heads)


def auc(right: Any, wrong: Any) -> float:
    """How often a right pair has more than a wrong one, ties counting half (Mann and Whitney 1947)."""
    order = np.sort(np.asarray(wrong))
    below = np.searchsorted(order, right, "left") + np.searchsorted(order, right, "right")
    return float(below.mean() / 2 / max(len(order), 1))
