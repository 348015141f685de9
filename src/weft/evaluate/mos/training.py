"""An estimator learnt from ratings, and what it is worth on ratings that it had not seen."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from weft.errors import WeftError
from weft.evaluate.mos import guards, shape
from weft.evaluate.mos.calibration import calibrate
from weft.evaluate.mos.card import measured, signature
from weft.evaluate.mos.estimator import (
    GLASS,
    PARALLEL,
    TEXT,
    VECTORS,
    Estimator,
    PairModel,
    Tell,
    Trained,
    grams_of,
)
from weft.evaluate.mos.heads import BITS, Seen, crossed, fit, folds_of
from weft.evaluate.mos.ratings import KINDS, Ratings
from weft.evaluate.mos.shape import Known
from weft.evaluate.mos.vectors import PairEmbed
from weft.text.hashed_grams import rarity, scaled

LEAST_RATINGS = 200
"""Of a pair of languages; of fewer nothing is learnt that would hold."""
FOLDS = 5
Pair = tuple[str, str]
Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Plan:
    """`parallel` are texts (source, target) that translate each other by pair of languages, beside the ratings.

    `embed` gives vectors of pairs, of the encoder that `encoder` tells of.
    """

    parallel: Mapping[Pair, tuple[Sequence[str], Sequence[str]]] = field(default_factory=dict)
    embed: PairEmbed | None = None
    encoder: Mapping[str, Any] = field(default_factory=dict)
    folds: int = FOLDS
    seed: int = 1


def train(ratings: Ratings, plan: Plan, tell: Tell = lambda what, done, total: None) -> Estimator:
    """An estimator of all pairs of languages with enough ratings, each for itself.

    Raises WeftError where no pair has enough.
    """
    models: dict[Pair, PairModel] = {}
    facts: list[dict[str, Any]] = []
    few: dict[str, int] = {}
    groups = ratings.frame.partition_by("source_language", "target_language", maintain_order=True)
    for number, frame in enumerate(groups):
        pair = (frame["source_language"][0], frame["target_language"][0])
        tell(f"{pair[0]}-{pair[1]}", number, len(groups))
        if frame.height < LEAST_RATINGS:
            few["-".join(pair)] = frame.height
            continue
        models[pair], told = _pair(pair, frame, ratings.kind, plan)
        facts.append(told)
    if not models:
        most = max(few, key=lambda name: few[name], default="no pair of languages")
        rows = ratings.facts.get("rows", 0)
        raise WeftError(
            f"{most}: {few.get(most, 0):,} rated translations, of {rows:,} rows; expected {LEAST_RATINGS} of a pair of "
            "languages at least (rows of one source and one translation are one)"
        )
    lacking = sorted("-".join(pair) for pair in plan.parallel if pair not in models)
    card = {
        "kind": ratings.kind, "ratings": dict(ratings.facts), "pairs": facts, "too_few": few,
        "seed": plan.seed, "folds": plan.folds, "parallel_unused": lacking,
        "encoder": {name: value for name, value in plan.encoder.items() if name != "seconds"},
        "signature": signature(ratings, plan.seed),
    }  # fmt: skip
    return Estimator(models, ratings.kind, card)


def _pair(pair: Pair, frame: pl.DataFrame, kind: str, plan: Plan) -> tuple[PairModel, dict[str, Any]]:
    """The model of a pair of languages, and its facts."""
    began = time.process_time()
    source, target = frame["source"].to_list(), frame["translation"].to_list()
    scores = frame["score"].to_numpy().astype(np.float64)
    groups = (frame["document"] if "document" in frame.columns else frame["source"]).cast(pl.String).to_list()
    if len(set(groups)) < plan.folds:
        raise WeftError(
            f"{'-'.join(pair)}: ratings of {len(set(groups))} documents or sources; expected {plan.folds} at least, "
            "the folds of the cross-validation (--document names the column)"
        )
    folds = folds_of(groups, plan.folds, plan.seed)
    columns, external = _columns(pair, source, target, folds, plan)
    more: dict[str, Any] = {}
    if GLASS in frame.columns and frame[GLASS].null_count() < frame.height:
        more[GLASS] = frame[GLASS].fill_null(float("nan")).to_numpy().astype(np.float32)[:, None]
    vectors = None if plan.embed is None else plan.embed(source, target)
    counts = grams_of(source), grams_of(target)
    rare = rarity(counts[0], BITS), rarity(counts[1], BITS)
    grams = scaled(counts[0], rare[0]), scaled(counts[1], rare[1])
    domains = frame["domain"].cast(pl.String).to_list() if "domain" in frame.columns else None
    beside = {**columns, **more} | ({} if vectors is None else {VECTORS: vectors[:, -1:]})
    heads, found = {}, {}
    for name, looks_at in variants(external is not None, GLASS in more, vectors is not None).items():
        held = np.concatenate([columns[TEXT], *(beside[one] for one in looks_at)], axis=1)
        seen = Seen(grams, held, vectors if VECTORS in looks_at else None)
        values = crossed(seen, scores, folds, plan.seed)
        calibration = calibrate(values, scores, folds, KINDS[kind], domains)
        heads[name] = Trained(fit(seen, scores, plan.seed), calibration, looks_at)
        found[name] = measured(values, scores, folds, groups, domains, KINDS[kind])
    known = shape.known(source, target, pair)
    floor = float(np.quantile(scores, 0.01))
    told = {
        "languages": list(pair), "rows": frame.height, "groups": len(set(groups)),
        "by": "document" if "document" in frame.columns else "source", "heads": found,
        "parallel_pairs": len(plan.parallel[pair][0]) if pair in plan.parallel else 0,
    }  # fmt: skip
    told["cpu_seconds"] = round(time.process_time() - began, 1)
    mistaken = guards.taken_for(target, scores.tolist(), pair[1])
    return PairModel(pair, known, external, rare, heads, floor, mistaken), told


def variants(parallel: bool, glass: bool, vectors: bool) -> dict[str, tuple[str, ...]]:
    """Heads by name, and what each looks at beside the two texts."""
    more = (PARALLEL,) if parallel else ()
    found: dict[str, tuple[str, ...]] = {TEXT: ()}
    if parallel:
        found[PARALLEL] = more
    if glass:
        found[GLASS] = (*more, GLASS)
    if vectors:
        found[VECTORS] = (*more, VECTORS)
    if glass and vectors:
        found[f"{VECTORS}+{GLASS}"] = (*more, GLASS, VECTORS)
    return found


def _columns(
    pair: Pair, source: list[str], target: list[str], folds: npt.NDArray[np.int64], plan: Plan
) -> tuple[dict[str, Any], Known | None]:
    """Columns of each pair by what was learnt of words and characters of the other folds, and external parallel text.

    Heads so learn what pairs look like whose words nobody had seen.
    """
    held = np.empty((len(source), len(shape.NAMES)), np.float32)
    for fold in range(plan.folds):
        own, others = np.flatnonzero(folds == fold), np.flatnonzero(folds != fold)
        if not len(own):
            continue
        known = shape.known([source[n] for n in others], [target[n] for n in others], pair)
        held[own] = shape.columns(known, [source[n] for n in own], [target[n] for n in own])
    found = {TEXT: held}
    external = None
    if pair in plan.parallel:
        external = shape.known(*plan.parallel[pair], pair)
        found[PARALLEL] = shape.parallel(external, source, target)
    return found, external
