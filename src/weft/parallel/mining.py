"""Pairs of sentences that translate each other, mined from two corpora that nobody aligned.

A seed of pairs teaches a lexicon; an inverted index over it finds candidates, a distance margin and a model learnt on
held-out pairs of the seed rank them, and each sentence is in one pair at most (docs/mining.md).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from weft.parallel.candidates import Best, Floats, Pairs, Tell, candidate_pairs, neighbours
from weft.parallel.choosing import chosen
from weft.parallel.judging import Judge, Numbers, features, judge, matched, shifted, threshold
from weft.parallel.lexicon import Folding, Lexicon, Side, train
from weft.parallel.seed_vectors import FEATURES, Alike, SeedVectors, alike, learn_vectors
from weft.parallel.vector_candidates import vector_neighbours
from weft.text.buffers import Longs

FOLDS = 4
MOST_HELD = 2_000
"""Pairs of a fold that are held out: with more the threshold does not move."""
DISTRACTORS = 4_000
"""Sentences of each corpus that the held-out pairs stand among."""
BLOCK = 100_000
"""Candidate pairs that are judged at once."""
EACH, EACH_WITH_VECTORS = 2, 4
"""Candidates of each text that are judged, those of best margin: vectors may prefer one behind the first two."""
LEAST_LOSS = 0.01
"""F1 on held-out pairs that vectors may cost: beyond the seed's own kind of text they bring more than on it."""
MANY = 1_000_000
"""Sentences from which on the margin looks at sixteen neighbours and not at four (Schwenk et al. 2021)."""


@dataclass(frozen=True)
class Plan:
    """What is asked for: languages, the share of mined pairs that shall be right, and how many threads work.

    `paired` is the share of sentences that are thought to have a translation in the other corpus. `vectors` says
    whether vectors are learnt from the seed, and used unless they find fewer of its held-out pairs.
    """

    languages: tuple[str, str]
    precision: float = 0.9
    paired: float = 0.5
    threads: int = 1
    vectors: bool = False


class Learnt(NamedTuple):
    """From the seed alone: foldings, the model of pairs, its threshold, and what it reaches on held-out pairs.

    `vectors` are None where they were not asked for or find fewer held-out pairs.
    """

    foldings: tuple[Folding, Folding]
    vectors: SeedVectors | None
    judge: Judge
    threshold: float
    figures: dict[str, float]

    def least(self, plan: Plan) -> float | None:
        """The threshold as pairs are written with it; None where none reaches the precision."""
        if not np.isfinite(self.threshold):
            return None
        return float(shifted(np.array([self.threshold]), plan.paired)[0])


class Known(NamedTuple):
    """Held-out candidate pairs: what the model sees, whether they are true, where they stand, how many are true."""

    seen: Numbers
    true: npt.NDArray[np.bool_]
    pairs: Pairs
    sizes: tuple[int, int]
    there: int


def evenly(texts: pl.Series, most: int) -> pl.Series:
    """At most `most` of the texts, from all over."""
    return texts if len(texts) <= most else texts.gather(np.arange(most) * len(texts) // most)


def unpaired(held: Longs, turn: int) -> tuple[Longs, Longs]:
    """Sources and targets of held-out pairs that stay: a third has both, so half of each side has no partner."""
    place = (np.arange(len(held)) + turn) % 3
    return held[place != 2], held[place != 1]


def learn(
    seed: tuple[pl.Series, pl.Series],
    corpora: tuple[pl.Series, pl.Series],
    plan: Plan,
    tell: Tell,
    known_lexicon: Lexicon | None = None,
) -> Learnt:
    """Foldings, model and threshold from the pairs of the seed, each judged by a lexicon that has not seen it.

    That is one of the other pairs of the seed, or `known_lexicon`, which no pair of the seed was used for.
    """
    foldings = chosen(*seed, plan.languages, tell) if known_lexicon is None else known_lexicon.foldings
    size = len(seed[0])
    fold = np.arange(size) % FOLDS
    apart = [texts.filter(~texts.is_in(own.implode())) for texts, own in zip(corpora, seed, strict=True)]
    among = (evenly(apart[0], DISTRACTORS), evenly(apart[1], DISTRACTORS))
    known = []
    for n in range(FOLDS):
        tell("learn from held-out pairs", n, FOLDS)
        rest = [texts.gather(np.flatnonzero(fold != n)) for texts in seed]
        lexicon = known_lexicon or train(rest[0], rest[1], plan.languages, foldings)
        vectors = learn_vectors(rest[0], rest[1], foldings) if plan.vectors else None
        held = unpaired(np.flatnonzero(fold == n)[:MOST_HELD], n)
        known.append(_known(lexicon, vectors, seed, held, among, plan))
    there = sum(one.there for one in known)
    value, true = _judged(known)
    reached = {}
    if plan.vectors:
        plain = [one._replace(seen=one.seen[:, : -len(FEATURES)]) for one in known]
        without = _judged(plain)
        reached = {"f1_with_vectors": _most_f1(value, true, there), "f1_without_vectors": _most_f1(*without, there)}
        if reached["f1_with_vectors"] <= reached["f1_without_vectors"] - LEAST_LOSS:
            learnt = learn(seed, corpora, replace(plan, vectors=False), tell, known_lexicon)
            return learnt._replace(figures={**learnt.figures, **reached})
    least = threshold(value, true, plan.precision, plan.paired)
    above = value >= least
    figures = {
        "held_out_pairs": float(there),
        "precision": _precision(true[above], plan.paired),
        "recall": float(true[above].sum() / max(there, 1)),
        **reached,
    }
    model = judge(np.concatenate([one.seen for one in known]), np.concatenate([one.true for one in known]))
    return Learnt(foldings, learn_vectors(*seed, foldings) if plan.vectors else None, model, least, figures)


def _most_f1(value: Numbers, true: npt.NDArray[np.bool_], there: int) -> float:
    """F1 of the pairs from some value on, at the value that is best, where so many are to be found."""
    good = np.cumsum(true[np.argsort(-value, kind="stable")])
    return float((2 * good / (np.arange(len(good)) + 1 + there)).max(initial=0.0))


def _judged(known: list[Known]) -> tuple[Numbers, npt.NDArray[np.bool_]]:
    """Probability and truth of the one-to-one pairs of every fold, by a model of the other folds."""
    values, truths = [], []
    for n, one in enumerate(known):
        others = [held for k, held in enumerate(known) if k != n]
        model = judge(np.concatenate([held.seen for held in others]), np.concatenate([held.true for held in others]))
        value = model.probability(one.seen)
        taken = matched(one.pairs, value, one.sizes)
        values.append(value[taken])
        truths.append(one.true[taken])
    return np.concatenate(values), np.concatenate(truths)


def _precision(true: npt.NDArray[np.bool_], paired: float) -> float:
    """Share of right pairs, false ones counted as often as there are where this share of the texts has a partner."""
    wrong = float((~true).sum()) * (1 - paired) / paired
    return float(true.sum()) / max(float(true.sum()) + wrong, 1.0)


def _known(
    lexicon: Lexicon,
    vectors: SeedVectors | None,
    seed: tuple[pl.Series, pl.Series],
    held: tuple[Longs, Longs],
    among: tuple[pl.Series, pl.Series],
    plan: Plan,
) -> Known:
    """Candidates of held-out texts among those of the corpora; pairs of two texts of the corpora are left out."""
    texts = [pl.concat([seed[n].gather(held[n]), among[n]]) for n in range(2)]
    sides = (lexicon.side(0, texts[0]), lexicon.side(1, texts[1]))
    forth, back = neighbours(lexicon, sides, plan.threads, lambda *_: None)
    near = None if vectors is None else alike(vectors, (texts[0], texts[1]), (forth, back), plan.threads)
    pairs = candidate_pairs(forth, back, 4, each=EACH if near is None else EACH_WITH_VECTORS)
    mine = (pairs.rows < len(held[0])) | (pairs.columns < len(held[1]))
    pairs = pairs.part(mine)
    names = [np.concatenate([one, np.full(len(among[n]), -1 - n)]) for n, one in enumerate(held)]
    true = names[0][pairs.rows] == names[1][pairs.columns]
    sizes = (len(texts[0]), len(texts[1]))
    return Known(_seen(pairs, lexicon, sides, near), true, pairs, sizes, len(np.intersect1d(*held)))


def usual(lexicon: Lexicon) -> float:
    """Mean log ratio of words, target to source, in the pairs of the lexicon."""
    return float(np.log(lexicon.vocabularies[1].counts.sum() / lexicon.vocabularies[0].counts.sum()))


def _seen(pairs: Pairs, lexicon: Lexicon, sides: tuple[Side, Side], near: Alike | None) -> Numbers:
    """What the model sees of pairs, last what vectors say."""
    found = features(pairs, lexicon, sides, usual(lexicon))
    return found if near is None else np.concatenate([found, near.features(pairs)], axis=1)


def candidates(
    corpora: tuple[pl.Series, pl.Series], lexicon: Lexicon, learnt: Learnt, plan: Plan, tell: Tell
) -> tuple[Pairs, Numbers]:
    """Candidate pairs of the corpora, and the probability of each."""
    sides = (lexicon.side(0, corpora[0]), lexicon.side(1, corpora[1]))
    found: tuple[Best, Best] = neighbours(lexicon, sides, plan.threads, tell)
    near = None
    if learnt.vectors is not None:
        tell("vectors of sentences", 0, None)
        near = alike(learnt.vectors, corpora, found, plan.threads)
    each = EACH if near is None else EACH_WITH_VECTORS
    pairs = candidate_pairs(*found, _looked_at((len(sides[0]), len(sides[1]))), each=each)
    out = np.empty(len(pairs.rows))
    for first in range(0, len(out), BLOCK):
        tell("judge candidates", first, len(out))
        part = pairs.part(slice(first, first + BLOCK))
        out[first : first + BLOCK] = learnt.judge.probability(_seen(part, lexicon, sides, near))
    return pairs, out


class Mined(NamedTuple):
    """Pairs by value, highest first: places in both corpora, score, margin, and probability."""

    rows: Longs
    columns: Longs
    score: npt.NDArray[np.float32]
    margin: npt.NDArray[np.float32]
    probability: Numbers


def mine(
    corpora: tuple[pl.Series, pl.Series], lexicon: Lexicon, learnt: Learnt, plan: Plan, tell: Tell, least: float
) -> Mined:
    """One-to-one pairs of the corpora of at least the probability `least`."""
    pairs, value = candidates(corpora, lexicon, learnt, plan, tell)
    taken = matched(pairs, value, (len(corpora[0]), len(corpora[1])))
    taken = taken[value[taken] >= least]
    return Mined(
        pairs.rows[taken],
        pairs.columns[taken],
        pairs.score[taken],
        pairs.margin[taken],
        shifted(value[taken], plan.paired),
    )


def mine_vectors(vectors: tuple[Floats, Floats], least: float, tell: Tell) -> Mined:
    """One-to-one pairs of texts whose vectors have at least this ratio margin; no probability is known of them."""
    sizes = (len(vectors[0]), len(vectors[1]))
    pairs = candidate_pairs(*vector_neighbours(vectors, tell), _looked_at(sizes), ratio=True)
    taken = matched(pairs, pairs.margin.astype(np.float64), sizes)
    taken = taken[pairs.margin[taken] >= least]
    nothing = np.full(len(taken), np.nan)
    return Mined(pairs.rows[taken], pairs.columns[taken], pairs.score[taken], pairs.margin[taken], nothing)


def _looked_at(sizes: tuple[int, int]) -> int:
    return 16 if max(sizes) > MANY else 4


def table(found: Mined, tables: tuple[pl.DataFrame, pl.DataFrame], codes: tuple[str, str]) -> pl.DataFrame:
    """A row for each pair: both texts in columns named by language, figures, lines, and ids where there are any."""
    sides = [held[places] for held, places in zip(tables, (found.rows, found.columns), strict=True)]
    names = ("source", "target")
    columns = {code: side["text"] for code, side in zip(codes, sides, strict=True)}
    columns |= {name: pl.Series(np.asarray(getattr(found, name))) for name in ("probability", "score", "margin")}
    columns |= {f"{name}_line": side["line"] for name, side in zip(names, sides, strict=True)}
    columns |= {f"{n}_id": side["id"] for n, side in zip(names, sides, strict=True) if side["id"].null_count() == 0}
    if np.isnan(found.probability).any():
        del columns["probability"]
    return pl.DataFrame(columns)
