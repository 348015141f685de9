"""Vectors of the sentences of documents that are aligned: from files or an encoder, and whether they are used."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from weft.engine.encoders import Encoder
from weft.errors import WeftError
from weft.parallel.alignment import Document, Weights
from weft.parallel.alignment_passes import Seed
from weft.parallel.alignment_vectors import LEAST_RISE, fitted
from weft.parallel.encoder_trial import Trial
from weft.parallel.lexicon import Folding
from weft.parallel.scorer import LEAST_PAIRS, train
from weft.parallel.vector_candidates import read_vectors
from weft.text.cosine import SCALE

Pairs = list[tuple[Document, Document]]
Tell = Callable[[str, int, int | None], None]


class Meant(NamedTuple):
    """Documents with vectors where these are used, weights of the search, and what is said of that."""

    pairs: Pairs
    weights: Weights | None
    told: dict[str, Any]


def from_files(
    files: tuple[Path, Path], pairs: Pairs, places: tuple[Sequence[int], Sequence[int]], counts: Sequence[Sequence[int]]
) -> Meant:
    """Vectors of .npy files, a row for each sentence of all documents of a side in their order.

    `places` are the numbers of the documents of `pairs`, `counts` the sentences of every document of either side.
    Raises WeftError for files that have other rows.
    """
    held = []
    for file, own in zip(files, counts, strict=True):
        total = int(sum(own))
        held.append(read_vectors(file, total, np.arange(1, total + 1)))
    if held[0].shape[1] != held[1].shape[1]:
        raise WeftError(f"--vectors: {held[0].shape[1]} and {held[1].shape[1]} numbers; expected one encoder's")
    starts = [np.concatenate([[0], np.cumsum(own)]) for own in counts]
    made = []
    for n, pair in enumerate(pairs):
        rows = [slice(starts[k][places[k][n]], starts[k][places[k][n] + 1]) for k in range(2)]
        made.append((replace(pair[0], vectors=held[0][rows[0]]), replace(pair[1], vectors=held[1][rows[1]])))
    return _weighed(made, {"name": f"{files[0]}, {files[1]}"})


def from_encoder(
    encoder: Encoder,
    pairs: Pairs,
    languages: tuple[str, str],
    foldings: tuple[Folding, Folding],
    seed: Seed | None,
    tell: Tell,
) -> Meant:
    """Vectors of an encoder, where it declares the languages and, with a seed, beats the lexicon on it."""
    told: dict[str, Any] = {"name": encoder.told["name"], "used": False}
    if missing := [code for code in languages if code not in encoder.declared]:
        return Meant(pairs, None, told | {"why": f"it does not declare {' and '.join(missing)}"})
    if seed is not None and len(seed.source) >= LEAST_PAIRS:
        tell("try the encoder on the seed", 0, None)
        trial = Trial(encoder.embed, encoder.told, encoder.declared)
        scorer = train(seed.source.to_list(), seed.target.to_list(), languages, foldings, trial=trial)
        tried = scorer.facts["encoder"]
        if not tried["used"]:
            return Meant(pairs, None, told | {"why": tried["why"]})
    made = []
    for n, pair in enumerate(pairs):
        tell("embed", n, len(pairs))
        one, other = (_embedded(own, encoder) for own in pair)
        made.append((one, other))
    return _weighed(made, told)


def _embedded(own: Document, encoder: Encoder) -> Document:
    found = encoder.embed(own.sentences.to_list())
    return replace(own, vectors=np.asarray(found.values / np.float32(SCALE), np.float32))


def _weighed(pairs: Pairs, told: dict[str, Any]) -> Meant:
    every = [(one.vectors, other.vectors) for one, other in pairs]
    fit = fitted([(one, other) for one, other in every if one is not None and other is not None])
    told = told | {"used": fit.weight > 0, "order": round(fit.rise, 3)}
    if not fit.weight:
        why = f"nearest sentences do not stand in the same order (correlation {fit.rise:.2f}, least {LEAST_RISE})"
        return Meant(pairs, None, told | {"why": why})
    return Meant(pairs, Weights(vectors=fit.weight, level=fit.level), told)
